"""Take people out of the profiles: at once for a service, or with all else that tells of them.

Reads and writes  profiles/dt=

A service lets a person delete their history:

    with open_root(in_process(), "output", say=print) as root:
        forget(root, ["the log's user id"], now=datetime.now(UTC))

It is one change of the root, so it is whole or has not happened, whenever it is cut off; who has
the profiles mapped sees it with the next look-up. The searches stay, and count in everybody's
results: `erase` takes them out, too.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

import polars as pl

from pipeline.reading.user_ids import user_ids
from pipeline.runs.profiling import ProfileOptions, files_of, profiles_version
from pipeline.store.journal import Change
from pipeline.store.profile_files import PROFILES, file_name, parsed_profiles
from pipeline.store.root import Root


def forget(root: Root, users: Sequence[str], *, now: datetime) -> int:
    """Take people out of the profiles; how many of their queries went.

    What they searched for until now does not come back with the next run, so long as the folder of
    the profiles stays; what they search for afterwards counts again.

    Args:
        root: held.
        users: as in the log.
        now: with a zone.
    """
    ids = set(user_ids(pl.Series(users, dtype=pl.String), root.user_keys()).drop_nulls().to_list())
    gone = 0
    with root.change() as change:
        for day in root.days_of(PROFILES):
            for address in files_of(root, day):
                file = parsed_profiles(root.storage.read_bytes(address), address)
                here = {each for each in ids if each % file.buckets == file.bucket}
                if here:
                    left = file.forgetting(here, int(now.timestamp()))
                    gone = max(gone, len(file.rows) - len(left.rows))
                    name = f"{PROFILES}/dt={day}/{address.rpartition('/')[2]}"
                    change.storage.write_bytes(change.address(name), left.written())
            change.add(PROFILES, f"dt={day}", change.address(f"{PROFILES}/dt={day}"))
    return gone


def up_to_date(root: Root) -> dict[str, ProfileOptions]:
    """The days whose profiles are up to date, each with what they were made with."""
    found = {}
    for day in root.days_of(PROFILES):
        for address in files_of(root, day)[:1]:
            file = parsed_profiles(root.storage.read_bytes(address), address)
            options = ProfileOptions(**file.options)
            if root.made_of(PROFILES, f"dt={day}") == profiles_version(root.state, day, options):
                found[day] = options
    return found


def erase_profiles(
    root: Root, change: Change, ids: Collection[int], before: Mapping[str, ProfileOptions]
) -> None:
    """Take erased people out of the profiles, and out of the list of those to be forgotten.

    Args:
        root: held.
        change: in which their searches have gone.
        ids: under all keys of the root.
        before: what was `up_to_date` before that, and stays so.
    """
    for day in root.days_of(PROFILES):
        addresses = files_of(root, day)
        files = [parsed_profiles(root.storage.read_bytes(each), each) for each in addresses]
        if any(each.holds(ids) for each in files):
            for each in files:
                name = f"{PROFILES}/dt={day}/{file_name(each.bucket)}"
                change.storage.write_bytes(change.address(name), each.without(ids).written())
            change.put(PROFILES, f"dt={day}", change.address(f"{PROFILES}/dt={day}"))
        if day in before:
            version = profiles_version(change.state, day, before[day])
            change.note_made_of(PROFILES, f"dt={day}", version)
