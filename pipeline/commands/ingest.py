"""Take what is new in the landing folder into the root; the other jobs do this first as well.

Reads   the landing folder (--landing): each file once, whatever its format
Writes  ledger, searches/dt=, rejects/dt= under the root (--root)
"""

import argparse

from pipeline.carriers.session import Session
from pipeline.commands.cli import add_corrections, arg_parser, prepared_root
from pipeline.runs.take_in import read_ledger
from silgeom.commands import say


def parser() -> argparse.ArgumentParser:
    parser = arg_parser("ingest", __doc__)
    add_corrections(parser)
    return parser


def run(session: Session, args: argparse.Namespace) -> None:
    with prepared_root(session, args) as root:
        ledger = read_ledger(root).values()
        accepted = sum(entry.accepted for entry in ledger)
        say(f"Ledger    {len(ledger):,} files, {accepted:,} searches in {root.address}")
