"""Related searches of any query, as the results of a root say; no Spark.

    python -m silgeom.related 카카오톡

Corrections come first, then what is likeliest: what the same people search for in one sitting, what
has words in common with the query among the completions of the same root, and what is popular. The
rows of the result `related` count as many sessions as they are of; words and popularity count like
a few sessions. That is much for a query that few typed, all there is for one that nobody did, and
nothing for one that everybody types. In a program, load once and ask often:

    relater = Relater.load("output")
    relater.related("제주도 흑돼지")
"""

import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from silgeom.commands import MAX_LIMIT, ArgumentParser, command, fail, place_name, say, whole
from silgeom.hangul import keystrokes
from silgeom.tables import table
from silgeom.text import normalized_query

#: Score and text of what is related to a query.
Rows = Iterable[tuple[float, str]]

#: What two steps over the graph of pairs count beside one: found on a log of Korean sessions.
WALK: Final = 0.3

#: Sessions that what is popular counts for, and what shares words with the query: with these no log
#: that was tried is served worse than by counts filled up with popular queries: docs/evaluation.md.
POPULARITY: Final = 3.0
WORDS: Final = 1.0
#: So many of the nearest by words share that session.
NEAREST: Final = 30

_RELATED: Final = ["query", "kind", "rank", "related_query", "related_surface", "score"]
_SESSIONS: Final = ["sessions", "next_probability"]
_COMPLETIONS: Final = ["key_kind", "completion", "weight"]


class RelatedError(Exception):
    """There is nothing to be related; its text is one sentence that says what to do."""


@dataclass(frozen=True, slots=True)
class Related:
    """A search that the same people may want next.

    Attributes:
        text: as most people typed it.
        kind: `correction` of the query; `together`, searched in the same sessions, or at one step
            from what is; `words`, shares words with it; `popular`, with everybody. Of what is
            several of these the first.
        score: of a correction its share of the query's sessions; of others how likely it is as the
            next search, which orders them.
    """

    text: str
    kind: str
    score: float


class Vocabulary:
    """Queries that may be suggested, by the words they have."""

    def __init__(self, texts: Sequence[str], weights: Sequence[float]) -> None:
        """Take normalised queries and how heavy each is, the heaviest first."""
        self.texts = list(texts)
        self.weights: npt.NDArray[np.float64] = np.asarray(weights, dtype=np.float64)
        places: dict[str, list[int]] = defaultdict(list)
        of_text = [terms(text) for text in self.texts]
        for place, found in enumerate(of_text):
            for term in found:
                places[term].append(place)
        self._places = {term: np.array(found) for term, found in places.items()}
        self._sums = np.array([sum(map(self._rarity, found)) for found in of_text])

    def __len__(self) -> int:
        return len(self.texts)

    def alike(
        self, query: str, limit: int, less: Mapping[int, float] | None = None
    ) -> list[tuple[float, int]]:
        """Queries that share words with another one: back-off for what has no pairs.

        Their order is the share of words in common, each as heavy as it is rare (Jaccard's index,
        weighted by inverse document frequency), times the logarithm of their weight.

        Args:
            query: normalised.
            limit: so many at most.
            less: by place in `texts`, what is to be taken off the weight.

        Returns:
            Score and place in `texts`, the best first.
        """
        wanted = terms(query)
        shared = np.zeros(len(self.texts))
        for term in wanted & self._places.keys():
            shared[self._places[term]] += self._rarity(term)
        near = np.flatnonzero(shared)
        weights = self.weights[near]
        if less:
            weights = weights - np.array([less.get(place, 0.0) for place in near.tolist()])
        union = sum(map(self._rarity, wanted)) + self._sums[near] - shared[near]
        scores = shared[near] / union * np.log1p(np.maximum(weights, 0.0))
        best = np.lexsort((near, -scores))[:limit]
        return [(float(scores[at]), int(near[at])) for at in best.tolist() if scores[at] > 0]

    def _rarity(self, term: str) -> float:
        return float(np.log1p(len(self.texts) / max(1, len(self._places.get(term, ())))))


class Relater:
    """The related searches as of one day, in memory."""

    def __init__(self, related: pa.Table, completions: pa.Table | None = None) -> None:
        """Take rows with the columns of `RELATED` and of `AUTOCOMPLETE` (pipeline/schemas.py)."""
        ordered = related.select(_RELATED + _SESSIONS).sort_by(
            [(name, "ascending") for name in ("query", "kind", "rank")]
        )
        self._shown: dict[str, str] = {}
        self._rows: dict[tuple[str, str], list[tuple[float, str]]] = defaultdict(list)
        #: Of each query.
        self._sessions: dict[str, float] = {}
        columns = [ordered[name].to_pylist() for name in _RELATED + _SESSIONS]
        for query, kind, _, other, surface, score, both, after in zip(*columns, strict=True):
            self._rows[kind, query].append((score, other))
            self._shown.setdefault(other, surface)
            # score = (after + both / n) / 2, n being the query's sessions
            self._sessions.setdefault(query, both / (2 * score - after))
        self._same = {query.replace(" ", ""): query for _, query in self._rows}
        heaviest = _heaviest(completions)
        self._surfaces = list(heaviest)
        self._vocabulary = Vocabulary(
            [normalized_query(text) for text in heaviest], list(heaviest.values())
        )
        self._weight = sum(heaviest.values()) or 1.0

    @staticmethod
    def load(root: str | Path) -> "Relater":
        """Read the newest related searches, and completions if there are any, of a root here.

        Raises:
            RelatedError: there are none.
        """
        name = str(root).removeprefix("file://")
        if "://" in name:
            raise RelatedError(
                f"look-ups read files of this machine, not {name}: copy the folders related and "
                "autocomplete here (hdfs dfs -get) and name the folder that holds them"
            )
        related, completions = _newest(name, "related"), _newest(name, "autocomplete")
        if related is None:
            raise RelatedError(
                f"no related searches in {name}: run jobs/related.py or silgeom run related, "
                "or name another --root"
            )
        try:
            return Relater(
                pq.read_table(related, columns=_RELATED + _SESSIONS, partitioning=None),
                completions and pq.read_table(completions, columns=_COMPLETIONS, partitioning=None),
            )
        except (OSError, pa.ArrowException, KeyError) as error:
            raise RelatedError(
                f"{related} is no result of this version ({error}): run jobs/related.py again"
            ) from error

    def related(self, query: str, limit: int = 10) -> list[Related]:
        """What to offer beside the results of a query.

        Args:
            query: as typed; of a query nobody typed before, spacing aside, its words tell.
            limit: so many at most.

        Returns:
            Corrections, then the likeliest first. No two differ in spacing alone.
        """
        asked = normalized_query(query)
        known = asked if ("related", asked) in self._rows else None
        known = known or self._same.get(asked.replace(" ", ""), asked)
        found = {keystrokes(asked): Related(asked, "", 0.0)}

        def add(each: Related) -> None:
            if len(found) <= limit:
                found.setdefault(keystrokes(normalized_query(each.text)), each)

        for score, text in self._with_surfaces(self._rows.get(("correction", known), ())):
            add(Related(text, "correction", score))
        sessions = self._sessions.get(known, 0.0)
        together = walked(
            self._rows.get(("related", known), ()),
            lambda other: self._rows.get(("related", other), ()),
        )
        popular = zip(self._vocabulary.weights.tolist(), self._surfaces, strict=True)
        mixed = mixture(
            sessions,
            self._with_surfaces(together),
            [
                (score, self._surfaces[place])
                for score, place in self._vocabulary.alike(asked, NEAREST)
            ],
            [(weight / self._weight, text) for weight, text in islice(popular, 3 * limit)],
        )
        for score, kind, text in mixed:
            add(Related(text, kind, score))
        return list(found.values())[1:]

    def _with_surfaces(self, rows: Rows) -> list[tuple[float, str]]:
        return [(score, self._shown[text]) for score, text in rows]


def terms(query: str) -> set[str]:
    """What a query is compared by: its words, and of Hangul and ideographs each two in a row.

    Spaces say little there: 제주도맛집 shares 맛집 with 제주도 맛집.
    """
    words = [word for part in query.split(" ") for word in part.split(".") if word]
    pairs = {
        word[place : place + 2]
        for word in words
        if any("가" <= each <= "힣" or "一" <= each <= "鿿" for each in word)
        for place in range(len(word) - 1)
    }
    return pairs.union(words)


def walked(rows: Rows, rows_of: Callable[[str], Rows]) -> list[tuple[float, str]]:
    """Add what is searched with what is searched with a query: one step more over the graph.

    A score is a share of sessions, so two in a row multiply (the query-flow graph's short walk:
    Boldi and others, CIKM 2008, here over pairs in either order); each path counts `WALK`.

    Args:
        rows: score and text, of the query.
        rows_of: the same of another query.

    Returns:
        Scores and texts, the highest first, of equals the least text.
    """
    direct = list(rows)
    scores: dict[str, float] = defaultdict(float)
    for score, other in direct:
        scores[other] += score
        for further_score, further in rows_of(other):
            scores[further] += WALK * score * further_score
    return [(score, text) for text, score in sorted(scores.items(), key=lambda s: (-s[1], s[0]))]


def mixture(
    sessions: float, together: Rows, alike: Rows, popular: Rows
) -> list[tuple[float, str, str]]:
    """How likely each query is to be searched next: what is counted, words, and popularity.

    As in Dirichlet's smoothing of language models (Zhai and Lafferty, TOIS 22, 2): the query's own
    sessions, with `POPULARITY` and `WORDS` sessions more that are shared out by what is known of
    any query.

    Args:
        sessions: of the query; 0: nobody typed it.
        together: share of these and text.
        alike: likeness and text of the `NEAREST` by words.
        popular: share of all searches and text.

    Returns:
        Score, kind (of which it is first) and text: the highest first, of equals the least text. Of
        texts that differ in spacing alone the first one given.
    """
    words = sum(score for score, _ in alike) or 1.0
    parts = (
        ("together", sessions, together),
        ("words", WORDS / words, alike),
        ("popular", POPULARITY, popular),
    )
    found: dict[str, tuple[float, str, str]] = {}
    for kind, weight, rows in parts:
        for score, text in rows:
            keys = keystrokes(normalized_query(text))
            before, first, shown = found.get(keys, (0.0, kind, text))
            found[keys] = (before + weight * score, first, shown)
    whole = sessions + WORDS + POPULARITY
    ordered = sorted(found.values(), key=lambda each: (-each[0], each[2]))
    return [(score / whole, kind, text) for score, kind, text in ordered]


def _heaviest(completions: pa.Table | None) -> dict[str, float]:
    """Each completed query once, the heaviest first."""
    if completions is None:
        return {}
    whole = completions.filter(pc.equal(completions["key_kind"], "keystrokes"))
    once = whole.group_by("completion").aggregate([("weight", "max")])
    best_first = once.sort_by([("weight_max", "descending"), ("completion", "ascending")])
    texts, weights = best_first["completion"].to_pylist(), best_first["weight_max"].to_pylist()
    return dict(zip(texts, weights, strict=True))


def _newest(root: str, dataset: str) -> Path | None:
    files = Path(root).glob(f"{dataset}/dt=*/*.parquet")
    try:
        return max((file.parent for file in files), default=None)
    except OSError as error:
        raise RelatedError(f"{root} cannot be read: {error.strerror}") from error


def main(argv: Sequence[str] | None = None) -> None:
    """What a search page would offer beside the results of a query."""
    parser = ArgumentParser(
        prog="python -m silgeom.related",
        description="What a search page would offer beside the results of a query.",
        epilog="Exit status: 0 done, 2 to be mended (one sentence says what).",
    )
    parser.add_argument("word", nargs="+", metavar="WORD", help="the query, as 카카오톡")
    parser.add_argument(
        "--root",
        type=place_name,
        default=os.environ.get("SEARCH_ROOT", "output"),
        metavar="FOLDER",
        help="where the jobs wrote (default: $SEARCH_ROOT, else output)",
    )
    parser.add_argument(
        "--limit",
        type=whole(1, MAX_LIMIT),
        default=10,
        metavar="N",
        help="related searches (default: 10)",
    )
    with command(parser.prog):
        args = parser.parse_args(argv)
        try:
            found = Relater.load(args.root).related(" ".join(args.word), args.limit)
        except RelatedError as error:
            fail(parser.prog, str(error))
        rows = [(each.text, each.kind, each.score) for each in found]
        say(table(["related", "kind", "score"], rows))


if __name__ == "__main__":
    main()
