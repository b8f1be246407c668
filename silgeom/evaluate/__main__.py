"""Command line of the evaluations: `python -m silgeom.evaluate autocomplete ROOT`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from silgeom.commands import ArgumentParser, command, complain, number, place_name, say, whole
from silgeom.evaluate import autocomplete, keywords, personal, related, trending
from silgeom.evaluate.log import EvaluationError, Split, read_log, split
from silgeom.evaluate.report import draw, text_table
from silgeom.evaluate.trend_counts import FLOOR
from silgeom.evaluate.trend_truth import read_attacks

#: What `all` measures: the tables of related searches have a row of the keyword tool.
OF_ALL = ("autocomplete", "related", "trending", "keywords", "personal")
RESULTS = (*OF_ALL, "keyword_tool")


def arg_parser() -> argparse.ArgumentParser:
    """The options."""
    parser = ArgumentParser(
        prog="python -m silgeom.evaluate",
        description="How good the results are, beside all rivals, on any log that the jobs have "
        "taken in. Completions and related searches are learnt from what came first and asked by "
        "what came later, each person's own searches left out; trending keywords are held against "
        "planted bursts, keywords against labels; personal is what a person's own searches, the "
        "sitting and the segment bring beside what everybody gets.",
        epilog="Exit status: 0 done; 2 to be mended (one sentence says what). Of all, what "
        "the log has too little for is told by a sentence, and the others are measured.",
    )
    parser.add_argument("result", choices=(*RESULTS, "all"), help="what is measured")
    parser.add_argument(
        "root", type=place_name, metavar="ROOT", help="where the jobs wrote, on this machine"
    )
    parser.add_argument(
        "--truth",
        type=Path,
        metavar="FILE",
        help="truth.json of a simulated log: what burst (default: bursts are planted) and what "
        "attackers typed",
    )
    parser.add_argument(
        "--quiet",
        type=Path,
        metavar="ROOT",
        help="for trending: of a log with nothing but habits, for the false alarms",
    )
    parser.add_argument(
        "--quiet-truth",
        type=Path,
        metavar="FILE",
        help="its truth.json: what comes once a month is no false alarm",
    )
    parser.add_argument(
        "--labels",
        type=Path,
        metavar="FILE",
        help="for keywords: labelled queries by hash (default: those of the simulator)",
    )
    parser.add_argument(
        "--without-kiwi",
        type=Path,
        metavar="ROOT",
        help="for keywords: of a run of the same log with --without-kiwi, to compare",
    )
    parser.add_argument("--plot", type=Path, metavar="FOLDER", help="draw the figures there, too")
    parser.add_argument(
        "--k",
        type=whole(1, 1_000_000_000),
        default=2,
        metavar="K",
        help="people who must have typed what is completed or related, the one who asks left out "
        f"(default: 2; trending keywords: {FLOOR} within an hour)",
    )
    parser.add_argument(
        "--most",
        type=whole(1, 1_000_000_000),
        default=3000,
        metavar="N",
        help="different queries of users that ask at most (default: 3000)",
    )
    parser.add_argument(
        "--share",
        type=number(0.01, 0.99),
        default=0.75,
        metavar="S",
        help="of the searches, so many come first and are learnt from (default: 0.75)",
    )
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print; returns the exit code."""
    parser = arg_parser()
    with command(parser.prog):
        return _measured(parser, argv)
    return 0  # nobody reads the output any more


def _measured(parser: argparse.ArgumentParser, argv: Sequence[str] | None) -> int:
    args = parser.parse_args(argv)
    wanted = OF_ALL if args.result == "all" else (args.result,)
    not_measured = []
    for result in wanted:
        try:
            _measure(result, args)
        except (EvaluationError, ValueError, OSError) as error:
            which = f"{result}: " if len(wanted) > 1 else ""
            complain(parser.prog, f"{which}{error}")
            not_measured.append(result)
    return 2 if len(not_measured) == len(wanted) else 0


#: What is asked by what came later.
_ASKED: Final = {
    "autocomplete": "Completions",
    "related": "Related searches",
    "keyword_tool": "Keywords near a seed",
}


def _measure(result: str, args: argparse.Namespace) -> None:
    if result == "keywords":
        about, measured = keywords.evaluate(
            Path(args.root), labels=args.labels, without_kiwi=args.without_kiwi
        )
        say(f"Keywords: {about}\n\n{text_table(measured)}\n")
        return
    if result == "personal":
        parts = _parts(args)
        tables = personal.told(parts, floor=args.k, most=args.most)
        say(f"One person, k = {args.k}: {parts}\n\n{tables}\n")
        return
    if result == "trending":
        title = f"Trending keywords, k = {FLOOR} within an hour"
        measured = trending.evaluate(
            Path(args.root), args.truth, quiet=args.quiet, quiet_truth=args.quiet_truth
        )
        tables, measures, over = trending.told(measured), trending.MEASURES, "days"
    else:
        parts = _parts(args)
        title = f"{_ASKED[result]}, k = {args.k}: {parts}"
        if result == "autocomplete":
            measured = autocomplete.evaluate(parts, floor=args.k, most=args.most)
            tables = text_table(measured)
        else:
            only = related.BESIDE_TOOL if result == "keyword_tool" else ()
            measured = related.evaluate(parts, floor=args.k, most=args.most, only=only)
            tables = related.told(measured)
        over = "users"
        if result == "autocomplete" and args.truth:
            tables += _attacks(args)
        measures = ["mrr", "saved"] if result == "autocomplete" else ["mrr", "hit10"]
    say(f"{title}\n\n{tables}\n")
    if args.plot:
        draw(measured, measures, title, args.plot / f"{result}.png", over=over)


def _attacks(args: argparse.Namespace) -> str:
    attacks = read_attacks(args.truth)
    if not attacks:
        return ""
    found = autocomplete.pushed(read_log(args.root)[0], attacks, floor=FLOOR)
    return (
        f"\n\nKeys after which the query of an attack is completed, k = {FLOOR} (–: never)\n\n"
        f"{text_table(found)}"
    )


def _parts(args: argparse.Namespace) -> Split:
    log, zone = read_log(args.root)
    return split(log, zone, args.share)


if __name__ == "__main__":
    sys.exit(main())
