"""Are the keywords of queries those that a person would name? Beside what is usual.

Labelled queries are those of a simulated log, by who made them, or of a log that somebody labelled:
a JSON object of the first 16 hexadecimal digits of the SHA-256 of a normalised query to the places
of its keywords, `[[begin, characters], …]`. Phrases are left out on both sides.

Precision, recall and F1 are of all pairs of query and keyword together.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from silgeom.evaluate.log import EvaluationError
from silgeom.simulate.labels import keywords_of_queries

#: So many labelled queries of a simulated log are drawn.
DRAWN: Final = 500
_SEED: Final = 16

#: Of soynlp: parts of at most so many characters, counted from so many words on.
_MOST: Final = 10
_LEAST_COUNT: Final = 5

#: What says the keywords of a query.
Method = Callable[[str], Iterable[str]]


@dataclass(frozen=True)
class Labelled:
    """A query and its keywords."""

    query: str
    keywords: frozenset[str]


def evaluate(root: Path, *, labels: Path | None, without_kiwi: Path | None) -> tuple[str, Any]:
    """Measure the words of a root that `keywords` was run on.

    Args:
        root: of the log with the labelled queries.
        labels: by hash; None: those of the simulator.
        without_kiwi: the root of a run of the same log with --without-kiwi, if any.

    Returns:
        What was measured, and a table of it.

    Raises:
        EvaluationError: there are no words, or no labelled queries.
    """
    queries = _queries(root)
    gold = _by_hash(queries, labels) if labels else _by_maker(queries)
    if not gold:
        raise EvaluationError(
            f"{root} has no labelled query: name their labels with --labels, or a root of a "
            "simulated log"
        )
    methods: dict[str, Method] = {"Silgeom": _ours(root)}
    if without_kiwi:
        methods["Silgeom, without Kiwi"] = _ours(without_kiwi)
    kiwi = _kiwi()
    if kiwi:
        methods["Kiwi's nouns"] = kiwi
    methods["soynlp's cohesion"] = _soynlp(queries)
    methods["white space"] = str.split
    rows = [{"method": name, **_figures(gold, method)} for name, method in methods.items()]
    return f"{len(gold):,} labelled queries of {len(queries):,}", pd.DataFrame(rows)


def _figures(gold: Sequence[Labelled], method: Method) -> dict[str, float]:
    found = [frozenset(method(each.query)) for each in gold]
    right = sum(len(mine & each.keywords) for mine, each in zip(found, gold, strict=True))
    named, wanted = sum(map(len, found)), sum(len(each.keywords) for each in gold)
    exact = sum(mine == each.keywords for mine, each in zip(found, gold, strict=True))
    return {
        "precision": right / max(named, 1),
        "recall": right / max(wanted, 1),
        "F1": 2 * right / max(named + wanted, 1),
        "whole query right": exact / len(gold),
    }


# --- Labels ----------------------------------------------------------------------------------


def _by_maker(queries: Sequence[str]) -> list[Labelled]:
    """Queries of a simulated log as they were typed: with spaces left out, but without slips."""
    known = keywords_of_queries()
    found = [
        Labelled(query, frozenset(known[key]))
        for query in queries
        if (key := query.replace(" ", "")) in known and known[key]
    ]
    chosen = np.random.default_rng(_SEED).permutation(len(found))[:DRAWN]
    return [found[place] for place in sorted(chosen)]


def _by_hash(queries: Sequence[str], labels: Path) -> list[Labelled]:
    places = json.loads(labels.read_text("utf-8"))
    found = []
    for query in queries:
        spans = places.get(hashlib.sha256(query.encode()).hexdigest()[:16])
        if spans is not None:
            words = frozenset(query[begin : begin + size] for begin, size in spans)
            found.append(Labelled(query, words))
    return found


# --- What is stored --------------------------------------------------------------------------


def _newest(root: Path, dataset: str) -> Path:
    days = sorted(root.glob(f"{dataset}/dt=*/*.parquet"))
    if not days:
        raise EvaluationError(f"there are no words in {root}: run silgeom run keywords first")
    return days[-1]


def _queries(root: Path) -> list[str]:
    """Different queries of the weeks that the newest words were told from, by text."""
    newest = _newest(root, "words").parent.name
    files = sorted(root.glob("daily_counts/dt=*/*.parquet"))
    kept = [file for file in files if file.parent.name <= newest][-28:]
    return sorted({text for file in kept for text in _column(file, "query")})


def _column(file: Path, name: str) -> list[str]:
    found: list[str] = pq.ParquetFile(file).read([name])[name].to_pylist()
    return found


def _ours(root: Path) -> Method:
    """Keywords by the words of a root; punctuation at the edges of words goes, as there."""
    newest = _newest(root, "words").parent
    days = sorted(newest.parent.glob("dt=*/*.parquet"))[-2:]
    # Of a day that is not over only what came since the day before is there.
    known: dict[str, list[str]] = {}
    for file in days:
        known |= zip(_column(file, "token"), _column(file, "keywords"), strict=True)  # type: ignore[arg-type]

    def keywords(query: str) -> Iterable[str]:
        for token in query.split(" "):
            for word in known.get(token, known.get(token.strip("()[]\"'.,!?·"), ())):
                if len(word) > 1 or word == token:
                    yield word

    return keywords


# --- Rivals ----------------------------------------------------------------------------------


def _kiwi() -> Method | None:
    """Kiwi alone, as it is most often used: nouns of two and more characters; None: it is away."""
    try:
        from kiwipiepy import Kiwi

        kiwi = Kiwi()
    except Exception:
        return None

    def nouns(query: str) -> Iterable[str]:
        for each in kiwi.tokenize(query):
            is_long = len(each.form) > 1 or each.form == query
            if each.tag in ("NNG", "NNP", "SL", "SH") and is_long:
                yield each.form

    return nouns


def _soynlp(queries: Sequence[str]) -> Method:
    """The L part of each word by cohesion, as soynlp's LTokenizer takes it, made anew.

    Cohesion of the first n characters of words is (count of them / count of the first one) to the
    power of 1 / (n - 1); of a word the part of the highest cohesion is its L, the longer of equals
    (Kim Hyunjoong, soynlp: WordExtractor and LTokenizer).
    """
    counts: dict[str, int] = {}
    for query in queries:
        for word in query.split(" "):
            for size in range(1, min(len(word), _MOST) + 1):
                counts[word[:size]] = counts.get(word[:size], 0) + 1

    def cohesion(part: str) -> float:
        if len(part) == 1 or counts.get(part, 0) < _LEAST_COUNT:
            return 0.0
        return float((counts[part] / counts[part[0]]) ** (1 / (len(part) - 1)))

    def keywords(query: str) -> Iterable[str]:
        for word in query.split(" "):
            parts = [word[:size] for size in range(1, len(word) + 1)]
            if parts:
                best = max(parts, key=lambda part: (cohesion(part), len(part)))
                yield best

    return keywords
