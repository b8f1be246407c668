"""Ask the completions of some days for what was typed on the days after: MRR@10 by keystroke.

    python tools/evaluate_autocomplete.py [--root output] [--days 3]

Completions are made as of the day before the last `--days` days of the root. Then each query of
those days is typed again, once for each search: what the box holds after each key (카캉 on the way
to 카카오) is a question, and its score is 1 / rank of the query, whatever its spacing, 0 if it is
not among ten. The mean of all questions is compared with completion by plain prefixes of the text,
spaces left out, of the same completions. Queries nobody typed before score 0 in both.
"""

import argparse
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from pipeline.autocomplete import completions
from pipeline.schemas import DAILY_COUNTS
from pipeline.session import spark_session
from silgeom.complete import Completer
from silgeom.hangul import states_of_input
from silgeom.tables import table
from silgeom.text import normalized_query

TOP: Final = 10

#: What a box shows for what it holds.
Box = Callable[[str], list[str]]


def by_text(result: pa.Table) -> Box:
    """Completion by plain prefixes of the text, from the texts of a result and their weights."""
    rows = zip(*(result[name].to_pylist() for name in ("weight", "completion")), strict=True)
    boxes: dict[str, list[str]] = defaultdict(list)
    for _, text in sorted(set(rows), key=lambda row: (-row[0], row[1])):
        squeezed = same(text)
        for length in range(1, len(squeezed) + 1):
            box = boxes[squeezed[:length]]
            if len(box) < TOP:
                box.append(text)
    return lambda held: boxes.get(same(held), [])


def by_keys(completer: Completer) -> Box:
    """Completion as `silgeom.complete` does it."""
    return lambda held: [each.text for each in completer.complete(held, TOP)]


def same(text: str) -> str:
    """What a query is compared by: its normalised form without spaces."""
    return normalized_query(text).replace(" ", "")


def reciprocal_ranks(box: Box, queries: Mapping[str, int]) -> tuple[float, float, int]:
    """Type every query as often as it was searched for.

    Returns:
        The sum of 1 / rank over all questions, the sum of questions with the query among ten, and
        the questions.
    """
    shown: dict[str, list[str]] = {}
    total, hits, questions = 0.0, 0, 0
    for query, searches in queries.items():
        wanted = same(query)
        for held in states_of_input(query):
            if held not in shown:
                shown[held] = [same(text) for text in box(held)]
            questions += searches
            if wanted in shown[held]:
                total += searches / (1 + shown[held].index(wanted))
                hits += searches
    return total, hits, questions


def scripts(queries: Iterable[str]) -> dict[str, list[str]]:
    """Queries by what they are typed with: Hangul, or anything else."""
    of: dict[str, list[str]] = defaultdict(list)
    for query in queries:
        of["Hangul" if any("가" <= letter <= "힣" for letter in query) else "other"].append(query)
    return of


def _daily_counts(spark: SparkSession, root: Path) -> DataFrame:
    days = spark.read.parquet(f"file://{root}/daily_counts")
    return days.select(F.col("dt").cast("string").alias("dt"), *DAILY_COUNTS.names)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--root", default="output", help="with daily_counts (default: output)")
    parser.add_argument("--days", type=int, default=3, help="the last so many ask (default: 3)")
    args = parser.parse_args()
    root = Path(args.root).resolve()
    known = sorted(folder.name[3:] for folder in root.glob("daily_counts/dt=*"))
    if len(known) <= args.days:
        parser.error(f"{root} has counts of {len(known)} days: run jobs/autocomplete.py on more")
    as_of = date.fromisoformat(known[-1]) - timedelta(days=args.days)
    with spark_session("evaluate_autocomplete") as spark:
        counts = _daily_counts(spark, root)
        result = completions(counts, as_of=as_of).toArrow()
        later = counts.where(F.col("dt") > str(as_of)).groupBy("query").agg(F.sum("searches"))
        asked = Counter({query: int(searches) for query, searches in later.collect()})
    boxes = {"plain text": by_text(result), "keys": by_keys(Completer(result))}
    rows = []
    for script, queries in {"all": list(asked), **scripts(asked)}.items():
        for name, box in boxes.items():
            total, hits, questions = reciprocal_ranks(box, {each: asked[each] for each in queries})
            rows.append((script, name, questions, total / questions, hits / questions))
    print(f"Completions as of {as_of}, asked by the searches of the {args.days} days after\n")  # noqa: T201
    print(table(["queries", "completed by", "questions", "MRR@10", "found"], rows))  # noqa: T201


if __name__ == "__main__":
    main()
