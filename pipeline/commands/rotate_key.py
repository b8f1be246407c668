"""Give a root a new key for user ids: who has an old one can no longer tell a user from an id.

Reads   searches, rejects, daily_counts, daily_pairs, daily_clicks, daily_addresses, daily_keywords,
        daily_interests, interests, members and profiles under the root (--root), and its key
Writes  the same with other ids, and the new key, all at once

Results stay as they are. Days with more than 1,023 people in a row are counted again by the next
job that reads them (docs/privacy.md). It needs no Spark, but room for a copy of what it writes.
"""

import argparse

from pipeline.carriers.session import Session
from pipeline.commands import cli
from pipeline.store.rotation import rotate_key
from silgeom.commands import say


def parser() -> argparse.ArgumentParser:
    return cli.arg_parser("rotate_key", __doc__, takes_in=False, landing=False)


def run(session: Session, args: argparse.Namespace) -> None:
    with cli.existing_root(session, args) as root:
        keys = root.user_keys().rotated()
        with root.change() as change:
            files = rotate_key(change, keys)
        say(f"Key       new in {root.address}; {files:,} files written with other ids")
