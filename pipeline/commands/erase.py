"""Take people out of everything that is kept under the root, and prove that they are in no file.

Reads   every file under the root (--root); the landing folder (--landing), whose files that still
        name them are listed, and never touched
Writes  searches, rejects, ledger and counts without them; who was erased, as a hash

Searches of theirs up to now do not come back when a file is read again: they are withheld as
`erased`. What they search for later counts. Results name nobody; the newest ones are made again.
Exit status 0 only if nothing under the root tells of them any more.
"""

import argparse
import os
import sys
from datetime import UTC, datetime

from pipeline.carriers.session import Session
from pipeline.commands import cli
from pipeline.errors import InvalidParameterError
from pipeline.runs.erasure import erase, known_users, landing_files, prove, require_proof
from pipeline.runs.remaking import remake_newest
from pipeline.runs.stale import SessionRules
from pipeline.runs.take_in import read_ledger
from pipeline.store.storage import qualified
from silgeom.commands import place_name, say


def parser() -> argparse.ArgumentParser:
    parser = cli.arg_parser("erase", __doc__, takes_in=False)
    who = parser.add_mutually_exclusive_group(required=True)
    one = "a user as in the log; it stands in the list of processes and in the shell's history"
    many = "a file with one user a line; -, without spark-submit: standard input"
    who.add_argument("--user", metavar="USER", help=one)
    who.add_argument("--users-from", type=place_name, metavar="FILE", help=many)
    cli.add_session_rules(parser)
    return parser


def run(session: Session, args: argparse.Namespace) -> None:
    users = known_users([args.user] if args.user is not None else listed(session, args.users_from))
    landing = qualified(session, args.landing)
    with cli.existing_root(session, args) as root:
        rules = SessionRules(args.gap_minutes, args.max_queries)
        done = erase(root, users, rules=rules, now=datetime.now(UTC))
        remade, proof = remake_newest(root, rules), prove(root, users)
        for line in [*done.lines(len(users)), *remade.lines(), proof.line()]:
            say(line)
        for address in landing_files(root, users, landing, read_ledger(root)):
            say(f"Landing   still holds them: {address}")
        require_proof(proof)


def listed(session: Session, name: str) -> list[str]:
    if name != "-":
        return list(cli.lines_of(session, name, "users"))
    if "PYSPARK_GATEWAY_PORT" in os.environ:  # its Java keeps standard input, and nothing comes
        raise InvalidParameterError("spark-submit passes no standard input on: name a file")
    return sys.stdin.readlines()
