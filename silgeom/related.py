"""Related searches of any query, as the results of a root say; no Spark.

    python -m silgeom.related 카카오톡
    python -m silgeom.related 카카오톡 --use topic

Corrections come first. What follows depends on the use:

* `next`: what is likeliest to be typed next. That is what the same people search for in one
  sitting, what has words in common with the query among the completions of the same root, and what
  is popular. The rows of the result `related` count as many sessions as they are of; words and
  popularity count like a few sessions. That is much for a query that few typed, all there is for
  one that nobody did, and nothing for one that everybody types.
* `topic`: what is about the same. Popularity counts for nothing, and what everybody types
  anyway comes later: a likelihood is divided by the share of all searches (the pair's lift). Where
  nothing is known to be about the same the list is shorter, or empty.
* `near`: between the two, for the keyword tool: as `topic`, but divided by the root of that share.

In a program, load once and ask often (a server maps an index instead: silgeom/lookups.py):

    relater = Relater.load("output")
    relater.related("제주도 흑돼지")
    relater.related("제주도 흑돼지", use="topic")

For one person, what goes with the searches of the sitting counts, too, and what the person searched
for already is told as such:

    relater.related("제주도 흑돼지", user=history, session=["제주도 맛집"])
"""

import os
import re
from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, TypeVar, get_args

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from silgeom.arrays import Arrays, numbered
from silgeom.commands import MAX_LIMIT, ArgumentParser, command, fail, place_name, say, whole
from silgeom.hangul import keystrokes
from silgeom.personal import (
    SITTING_DECAY,
    SITTING_LENGTH,
    Finder,
    History,
    history_of,
    typed_searches,
)
from silgeom.profiles import Profiles
from silgeom.results import ResultError, newest_files, rows_of
from silgeom.tables import table
from silgeom.text import normalized_query

if TYPE_CHECKING:
    import polars as pl

    _Texts = TypeVar("_Texts", pl.Series, pl.Expr)

#: Score and text of what is related to a query.
Rows = Iterable[tuple[float, str]]

#: A query: its text, or a number in the order of texts.
Q = TypeVar("Q", str, int)

#: What two steps over the graph of pairs count beside one: found on a log of Korean sessions.
WALK: Final = 0.3

#: Sessions that what is popular counts for, and what shares words with the query: with these no log
#: that was tried is served worse than by counts filled up with popular queries: docs/evaluation.md.
POPULARITY: Final = 3.0
WORDS: Final = 1.0
#: So many of the nearest by words share that session.
NEAREST: Final = 30

#: What related searches are for: what is typed next, or what is about the same.
Use = Literal["next", "topic", "near"]
USES: Final[tuple[Use, ...]] = get_args(Use)
#: To which power of its share of all searches a likelihood is divided. Half of a lift loses nothing
#: of what is about the same, and of what is typed next less than a whole one: docs/insights.md.
LIFTS: Final[Mapping[Use, float]] = {"topic": 1.0, "near": 0.5}

#: Share of all searches from which on a query is common: a topic's likelihoods are divided by a
#: share and this. Without it what few typed would come before all else, by chance.
COMMON: Final = 0.001

#: In a sitting: how likely a correction of a search before is to be typed, of so many; and how many
#: queries it is remembered of what follows them.
CORRECTION: Final = 0.2
CORRECTIONS: Final = 3
REMEMBERED: Final = 4_096

#: Scripts whose words are written together, or may be.
_WITHOUT_SPACES: Final = re.compile("[가-힣一-鿿]")

_RELATED: Final = [
    "query",
    "kind",
    "rank",
    "related_query",
    "related_surface",
    "score",
    "sessions",
    "next_probability",
]
_KINDS: Final = ("correction", "related")
_COMPLETIONS: Final = ["key_kind", "completion", "weight"]


class RelatedError(ResultError):
    """There is nothing to be related; its text is one sentence that says what to do."""


@dataclass(frozen=True, slots=True)
class Related:
    """A search that the same people may want next.

    Attributes:
        text: as most people typed it.
        kind: `correction` of the query; `together`, searched in the same sessions, or at one step
            from what is; `words`, shares words with it; `popular`, with everybody. Of what is
            several of these the first.
        score: of a correction its share of the query's sessions. Of others it orders them: how
            likely it is as the next search; with a use of `LIFTS` that, popularity left out, by its
            share of all searches (and `COMMON`) to that power.
        searched: by the person who asks: `sitting`, in this sitting; `own`, before; "": not known.
    """

    text: str
    kind: str
    score: float
    searched: str = ""


def vocabulary_arrays(
    texts: Iterable[str], weights: Sequence[float] | npt.NDArray[np.float64]
) -> dict[str, pa.Array]:
    """What a `Vocabulary` answers from.

    Args:
        texts: normalised queries, the heaviest first.
        weights: how heavy each is.

    Returns:
        `weight` of each query and `rarities`, the sum of its terms'; `term`, sorted, each with the
        `place` of the queries that have it, from its `first_place` on, in their order.
    """
    numbers: dict[str, int] = {}
    of_query, lengths = array("I"), array("I")
    for text in texts:
        found = sorted(terms(text))
        of_query.extend(numbers.setdefault(term, len(numbers)) for term in found)
        lengths.append(len(found))
    known = sorted(numbers)
    # Terms were numbered as they came; from here on their number is their place among all.
    new_number = np.empty(len(known), np.int64)
    new_number[[numbers[term] for term in known]] = np.arange(len(known))
    term = new_number[np.frombuffer(of_query, np.uint32)]
    query = np.repeat(np.arange(len(lengths), dtype=np.uint32), np.asarray(lengths, np.int64))
    counts = np.bincount(term, minlength=len(known))
    rarity = _rarity(len(lengths), counts)
    return {
        "weight": pa.array(np.asarray(weights, np.float64)),
        "rarities": pa.array(np.bincount(query, rarity[term], len(lengths)).astype(np.float64)),
        "term": pa.array(known, pa.large_string()),
        "first_place": pa.array(np.append(0, np.cumsum(counts)).astype(np.uint32)),
        "place": pa.array(query[np.argsort(term, kind="stable")]),
    }


class Vocabulary:
    """Queries that may be suggested, by the words they have."""

    def __init__(self, arrays: Arrays) -> None:
        """Take `vocabulary_arrays`, which may lie in a file."""
        self.weights = arrays.numbers("weight", pa.float64())
        self._rarities = arrays.numbers("rarities", pa.float64())
        self._terms = arrays.texts("term")
        self._first_places = arrays.numbers("first_place", pa.uint32())
        self._places = arrays.numbers("place", pa.uint32())

    @staticmethod
    def of(texts: Sequence[str], weights: Sequence[float]) -> "Vocabulary":
        """Make one of normalised queries and how heavy each is, the heaviest first."""
        return Vocabulary(Arrays(vocabulary_arrays(texts, weights), {}))

    def __len__(self) -> int:
        return len(self.weights)

    def alike(
        self, query: str, limit: int, less: Mapping[int, float] | None = None
    ) -> list[tuple[float, int]]:
        """Queries that share words with another one: back-off for what has no pairs.

        Their order is the share of words in common, each as heavy as it is rare (Jaccard's index,
        weighted by inverse document frequency), times the logarithm of their weight.

        Args:
            query: normalised.
            limit: so many at most.
            less: by place among the queries, what is to be taken off the weight.

        Returns:
            Score and place, the best first.
        """
        having = [self._having(term) for term in sorted(terms(query))]
        sizes = np.array([len(places) for places in having], np.int64)
        rarity = _rarity(len(self), sizes)
        if not sizes.any():
            return []
        near, at = np.unique(np.concatenate(having), return_inverse=True)
        shared = np.bincount(at, np.repeat(rarity, sizes))
        weights = self.weights[near]
        if less:
            weights = weights - np.array([less.get(place, 0.0) for place in near.tolist()])
        union = rarity.sum() + self._rarities[near] - shared
        scores = shared / union * np.log1p(np.maximum(weights, 0.0))
        if len(scores) > limit:  # only those that may be among the best are put in order
            likely = np.flatnonzero(scores >= np.partition(scores, -limit)[-limit])
            near, scores = near[likely], scores[likely]
        best = np.lexsort((near, -scores))[:limit]
        return [(float(scores[at]), int(near[at])) for at in best.tolist() if scores[at] > 0]

    def _having(self, term: str) -> npt.NDArray[np.uint32]:
        """The places of the queries that have a term."""
        at = self._terms.place(term)
        first, end = (0, 0) if at is None else self._first_places[at : at + 2].tolist()
        return self._places[first:end]


def _rarity(queries: int, having: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """How heavy terms are, by how many queries have them."""
    rarity: npt.NDArray[np.float64] = np.log1p(queries / np.maximum(1, having))
    return rarity


def related_arrays(related: pa.Table, completions: pa.Table | None = None) -> Arrays:
    """What a `Relater` answers from.

    Args:
        related: rows with the columns of `RELATED` (pipeline/schemas.py), in any order.
        completions: and of `AUTOCOMPLETE`.

    Returns:
        `query`, sorted, of all that have rows or are in one, each with its `surface` (empty where
        it is in no row), its `own_sessions` (0 where it has no rows), the `own_weight` of its
        completion, whatever its spacing (0 where it has none), and its rows: corrections from
        `first_row[2 * q]` on, related queries from `first_row[2 * q + 1]` on, by rank. A row
        is the place of the `other` query and the `score`. `unspaced` queries, sorted, are those
        with rows that are written with spaces, without them, and `spaced` is the query. Of the
        completions, the heaviest first, the `text`, and their `vocabulary_arrays`. The note
        `weight` is what all completions weigh.
    """
    import polars as pl  # only to build: who answers from a file goes without

    query, queries = numbered(related["query"])
    other, others = numbered(related["related_query"])
    surface, surfaces = numbered(related["related_surface"])
    texts_of_query, texts_of_other = (pl.Series(pl.from_arrow(each)) for each in (queries, others))
    names = pl.concat([texts_of_query, texts_of_other]).unique().sort()
    place = pl.DataFrame({"query": names, "place": np.arange(len(names), dtype=np.uint32)})

    def places(texts: pl.Series) -> npt.NDArray[np.uint32]:
        of_text = texts.alias("query").to_frame()
        found = of_text.join(place, on="query", how="left", maintain_order="left")["place"]
        numbers: npt.NDArray[np.uint32] = found.to_numpy()
        return numbers

    rows = pl.DataFrame(
        {
            "place": places(texts_of_query)[query],
            "kind": pl.from_arrow(pc.index_in(related["kind"], pa.array(_KINDS))),
            "other": places(texts_of_other)[other],
            "surface": surface,
        }
        | {
            name: pl.from_arrow(related[name])
            for name in ("rank", "score", "sessions", "next_probability")
        }
    )
    del related
    rows = rows.drop_nulls("kind").sort("place", "kind", "rank")
    slot = 2 * rows["place"].to_numpy().astype(np.int64) + rows["kind"].to_numpy()
    ends = np.cumsum(np.bincount(slot, minlength=2 * len(names)))
    # score = (after + both / n) / 2, n being the query's sessions
    sessions = rows["sessions"] / (2 * rows["score"] - rows["next_probability"])
    known = rows.select("place", own_sessions=sessions)
    shown = rows.select("surface", place="other")

    def first_with(rows: pl.DataFrame, names: pl.DataFrame) -> pl.DataFrame:
        firsts = rows.unique("place", keep="first", maintain_order=True)
        return names.join(firsts, on="place", how="left", maintain_order="left")

    of_name = first_with(known, first_with(shown, place))
    spaced = of_name.filter(
        pl.col("own_sessions").is_not_null(), pl.col("query").str.contains(" ", literal=True)
    ).select("place", unspaced=_unspaced(pl.col("query")))
    # Of several spellings the last.
    spaced = spaced.unique("unspaced", keep="last", maintain_order=True).sort("unspaced")
    heaviest = _heaviest(completions)
    texts = heaviest["completion"]
    normalised = [normalized_query(text) for text in texts]
    weighed = heaviest.select(unspaced=_unspaced(pl.Series(normalised, dtype=pl.String)))
    weighed = weighed.with_columns(own_weight=heaviest["weight"])
    weighed = weighed.unique("unspaced", keep="first", maintain_order=True)
    own_weight = (
        _unspaced(names)
        .alias("unspaced")
        .to_frame()
        .join(weighed, on="unspaced", how="left", maintain_order="left")["own_weight"]
    )
    columns = {
        "query": names,
        "surface": pl.Series(pl.from_arrow(surfaces)).gather(of_name["surface"]).fill_null(""),
        "own_sessions": of_name["own_sessions"].fill_null(0.0).cast(pl.Float64),
        "own_weight": own_weight.fill_null(0.0),
        "first_row": pl.Series(np.append(0, ends).astype(np.uint32)),
        "other": rows["other"],
        "score": rows["score"].cast(pl.Float64),
        "unspaced": spaced["unspaced"],
        "spaced": spaced["place"].cast(pl.UInt32),
        "text": texts,
    }
    vocabulary = vocabulary_arrays(normalised, heaviest["weight"].to_numpy())
    made = {name: column.to_arrow() for name, column in columns.items()}
    return Arrays(made | vocabulary, {"weight": heaviest["weight"].sum()})


def _unspaced(texts: "_Texts") -> "_Texts":
    """Texts without spaces."""
    return texts.str.replace_all(" ", "", literal=True)


@dataclass(frozen=True, slots=True)
class _Parts:
    """What is known of a query: its sessions; score and place of what is together, and alike."""

    sessions: float
    together: list[tuple[float, int]]
    alike: list[tuple[float, int]]


class Relater:
    """The related searches as of one day, in memory or on disk."""

    def __init__(self, related: pa.Table | Arrays, completions: pa.Table | None = None) -> None:
        """Take related searches, and completions if there are any.

        Args:
            related: rows with the columns of `RELATED` (pipeline/schemas.py), in any order; or
                `related_arrays` of such and of completions, which may lie in a file.
            completions: rows with the columns of `AUTOCOMPLETE`.

        Raises:
            ArraysError: the arrays are others.
        """
        arrays = related if isinstance(related, Arrays) else related_arrays(related, completions)
        self._queries, self._shown = arrays.texts("query"), arrays.texts("surface")
        self._sessions = arrays.numbers("own_sessions", pa.float64())
        self._own_weights = arrays.numbers("own_weight", pa.float64())
        self._first_rows = arrays.numbers("first_row", pa.uint32())
        self._others = arrays.numbers("other", pa.uint32())
        self._scores = arrays.numbers("score", pa.float64())
        self._unspaced = arrays.texts("unspaced")
        self._spaced = arrays.numbers("spaced", pa.uint32())
        self._surfaces = arrays.texts("text")
        self._vocabulary = Vocabulary(arrays)
        self._weight = float(arrays.note("weight")) or 1.0
        self._following = lru_cache(maxsize=REMEMBERED)(self._following_of)

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
        relater = Relater.of_root(name)
        if relater is None:
            raise RelatedError(
                f"no related searches in {name}: run jobs/related.py or silgeom run related, "
                "or name another --root"
            )
        return relater

    @staticmethod
    def of_root(root: str | Path) -> "Relater | None":
        """`load`; None where there are no related searches.

        Raises:
            RelatedError: they cannot be read.
        """
        folder = Path(str(root).removeprefix("file://"))
        files = newest_files(folder, "related", RelatedError)
        completions = newest_files(folder, "autocomplete", RelatedError)
        return Relater(read_related(files), read_completed(completions)) if files else None

    def related(
        self,
        query: str,
        limit: int = 10,
        use: Use = "next",
        *,
        user: History | str | None = None,
        profiles: Finder | None = None,
        session: Sequence[str] = (),
    ) -> list[Related]:
        """What to offer beside the results of a query.

        Args:
            query: as typed; of a query nobody typed before, spacing aside, its words tell.
            limit: so many at most.
            use: `next`: what is typed next; `topic`: what is about the same; `near`: between.
            user: what the person who asks searched for; or who it is, as in the log.
            profiles: where such a user is looked up: `silgeom.profiles.Profiles`.
            session: what the person typed in this sitting before, the latest last.

        Returns:
            Corrections, then the best first. No two differ in spacing alone. What the person typed
            in this sitting is nothing new, but a way back: it comes last, in a third of the places
            at most. What they searched for before has its place, and says so.

        Raises:
            ValueError: there is no such use; or `user` is a name, and there are no profiles.
        """
        if use not in USES:
            raise ValueError(f"related searches are for {', '.join(USES)}, not {use!r}")
        asked = normalized_query(query)
        found = self._offered(asked, limit, use, session)
        history = history_of(user, profiles)
        if history is not None:
            found = [
                replace(each, searched="own")
                if each.text in history and not each.searched
                else each
                for each in found
            ]
        return found[:limit]

    def following(self, query: str) -> Sequence[tuple[str, str, float]]:
        """Keys, text and likelihood of what may be searched next to a query, popularity aside.

        What was asked lately is remembered: a sitting asks for the same at each key.
        """
        return self._following(normalized_query(query))

    def _following_of(self, asked: str) -> Sequence[tuple[str, str, float]]:
        # Popularity has its sessions, but no rows: everybody's completions are looked at elsewhere.
        mixed = self._mixture(self._parts(asked), ())
        found = [(keystrokes(normalized_query(text)), text, score) for score, _, text in mixed]
        known = self._known(asked)
        if known is not None:
            for _, text in self._with_surfaces(self._rows(known, "correction")[:CORRECTIONS]):
                found.append((keystrokes(normalized_query(text)), text, CORRECTION))
        return found

    def _offered(self, asked: str, limit: int, use: Use, session: Sequence[str]) -> list[Related]:
        """What is offered to everybody who typed these searches before."""
        known = self._known(asked)
        rows = [] if known is None else self._with_surfaces(self._rows(known, "correction"))
        parts = self._parts(asked)
        if use in LIFTS:
            weights = {
                self._surfaces[place]: self._vocabulary.weights[place] for _, place in parts.alike
            }
            weights |= {self._shown[other]: self._own_weights[other] for _, other in parts.together}
            shares = {text: float(weight) / self._weight for text, weight in weights.items()}
            mixed = lifted(self._mixture(parts, None), shares, LIFTS[use])
        else:
            heaviest = self._vocabulary.weights[: 3 * limit].tolist()
            popular = [
                (weight / self._weight, self._surfaces[at]) for at, weight in enumerate(heaviest)
            ]
            mixed = self._mixture(parts, popular)
        found = [Related(text, "correction", score) for score, text in rows]
        typed = list(reversed(typed_searches(session).values()))
        if use == "next":
            mixed = with_earlier(mixed, typed, self.following)
        found += [Related(text, kind, score) for score, kind, text in mixed]
        return with_the_way_back(asked, found, typed, limit)

    def _parts(self, asked: str) -> "_Parts":
        """What is known of a normalised query."""
        alike = self._vocabulary.alike(asked, NEAREST)
        known = self._known(asked)
        if known is None:
            return _Parts(0.0, [], alike)
        together = walked(self._rows(known, "related"), lambda other: self._rows(other, "related"))
        return _Parts(float(self._sessions[known]), together, alike)

    def _mixture(self, parts: "_Parts", popular: Rows | None) -> list[tuple[float, str, str]]:
        alike = [(score, self._surfaces[place]) for score, place in parts.alike]
        return mixture(parts.sessions, self._with_surfaces(parts.together), alike, popular)

    def _known(self, asked: str) -> int | None:
        """The place of a query that has rows: this one, or the same with other spaces."""
        own = self._queries.place(asked)
        if own is not None and self._rows(own, "related"):
            return own
        unspaced = asked.replace(" ", "")
        same = self._queries.place(unspaced)
        if same is not None and any(self._rows(same, kind) for kind in _KINDS):
            return same
        at = self._unspaced.place(unspaced)
        return None if at is None else int(self._spaced[at])

    def _rows(self, query: int, kind: str) -> list[tuple[float, int]]:
        """Score and place of what is related to the query at a place, by rank."""
        slot = 2 * query + _KINDS.index(kind)
        first, end = self._first_rows[slot : slot + 2].tolist()
        scores, others = self._scores[first:end].tolist(), self._others[first:end].tolist()
        return list(zip(scores, others, strict=True))

    def _with_surfaces(self, rows: Iterable[tuple[float, int]]) -> list[tuple[float, str]]:
        return [(score, self._shown[place]) for score, place in rows]


def with_earlier(
    mixed: list[tuple[float, str, str]],
    typed: Sequence[str],
    following: Callable[[str], Sequence[tuple[str, str, float]]],
) -> list[tuple[float, str, str]]:
    """With what goes with the searches before, by how long ago they were in the sitting.

    Args:
        mixed: as `mixture` gives it.
        typed: what was searched before in the sitting, the latest last.
        following: as `Relater.following`.
    """
    if not typed:
        return mixed
    found = {keystrokes(normalized_query(each[2])): each for each in mixed}
    for age, query in enumerate(reversed(typed[-SITTING_LENGTH + 1 :]), 1):
        for key, text, score in following(query):
            before, kind, shown = found.get(key, (0.0, "together", text))
            found[key] = (before + SITTING_DECAY**age * score, kind, shown)
    return _best_first(found.values())


def with_the_way_back(
    asked: str, found: Iterable[Related], typed: Sequence[str], limit: int
) -> list[Related]:
    """What is new first, then some of what was typed in this sitting, the latest first.

    Args:
        asked: the query, which is not offered.
        found: what may be offered, the best first; of those that differ in spacing alone the first
            one is.
        typed: what was searched before in the sitting, the latest last.
        limit: so many at most; of what was typed a third.
    """
    asked_keys = keystrokes(normalized_query(asked))
    earlier = {keystrokes(normalized_query(text)): text for text in reversed(typed)}
    earlier.pop(asked_keys, None)
    back = [Related(text, "together", 0.0, "sitting") for text in earlier.values()][: limit // 3]
    fresh: dict[str, Related] = {}
    for each in found:
        key = keystrokes(normalized_query(each.text))
        if key != asked_keys and key not in earlier:
            fresh.setdefault(key, each)
        if len(fresh) + len(back) == limit:
            break
    return [*fresh.values(), *back][:limit]


def terms(query: str) -> set[str]:
    """What a query is compared by: its words, and of Hangul and ideographs each two in a row.

    Spaces say little there: 제주도맛집 shares 맛집 with 제주도 맛집.
    """
    words = [word for part in query.split(" ") for word in part.split(".") if word]
    pairs = {
        word[place : place + 2]
        for word in words
        if _WITHOUT_SPACES.search(word)
        for place in range(len(word) - 1)
    }
    return pairs.union(words)


def walked(
    rows: Iterable[tuple[float, Q]], further_of: Callable[[Q], Iterable[tuple[float, Q]]]
) -> list[tuple[float, Q]]:
    """Add what is searched with what is searched with a query: one step more over the graph.

    A score is a share of sessions, so two in a row multiply (the query-flow graph's short walk:
    Boldi and others, CIKM 2008, here over pairs in either order); each path counts `WALK`.

    Args:
        rows: score and query, of the query.
        further_of: the same of another query.

    Returns:
        Scores and queries, the highest first, of equals the least query.
    """
    direct = list(rows)
    scores: dict[Q, float] = defaultdict(float)
    for score, other in direct:
        scores[other] += score
        for further_score, further in further_of(other):
            scores[further] += WALK * score * further_score
    return [(score, query) for query, score in sorted(scores.items(), key=lambda s: (-s[1], s[0]))]


def mixture(
    sessions: float, together: Rows, alike: Rows, popular: Rows | None
) -> list[tuple[float, str, str]]:
    """How likely each query is to be searched next: what is counted, words, and popularity.

    As in Dirichlet's smoothing of language models (Zhai and Lafferty, TOIS 22, 2): the query's own
    sessions, with `POPULARITY` and `WORDS` sessions more that are shared out by what is known of
    any query.

    Args:
        sessions: of the query; 0: nobody typed it.
        together: share of these and text.
        alike: likeness and text of the `NEAREST` by words.
        popular: share of all searches and text; None: popularity counts for no session.

    Returns:
        Score, kind (of which it is first) and text: the highest first, of equals the least text. Of
        texts that differ in spacing alone the first one given.
    """
    words = sum(score for score, _ in alike) or 1.0
    popularity = 0.0 if popular is None else POPULARITY
    parts = (
        ("together", sessions, together),
        ("words", WORDS / words, alike),
        ("popular", popularity, popular or ()),
    )
    found: dict[str, tuple[float, str, str]] = {}
    for kind, weight, rows in parts:
        for score, text in rows:
            keys = keystrokes(normalized_query(text))
            before, first, shown = found.get(keys, (0.0, kind, text))
            found[keys] = (before + weight * score, first, shown)
    whole = sessions + WORDS + popularity
    return _best_first((score / whole, kind, text) for score, kind, text in found.values())


def lifted(
    mixed: Iterable[tuple[float, str, str]], shares: Mapping[str, float], power: float = 1.0
) -> list[tuple[float, str, str]]:
    """The same by how much likelier each is beside the query than anywhere.

    That is the lift of association rules, P(other | query) / P(other) (Brin and others, SIGMOD
    1997), but that `COMMON` is added below: what is rarer than that is not divided by chance.

    Args:
        mixed: score, kind and text.
        shares: of all searches, by text.
        power: 1 is the lift; 0 leaves the order as it is.

    Returns:
        As `mixture`.
    """
    return _best_first(
        (score / (shares[text] + COMMON) ** power, kind, text) for score, kind, text in mixed
    )


def _best_first(rows: Iterable[tuple[float, str, str]]) -> list[tuple[float, str, str]]:
    """The highest score first, of equals the least text."""
    return sorted(rows, key=lambda each: (-each[0], each[2]))


def read_related(files: Sequence[Path]) -> pa.Table:
    """The rows of a result that look-ups need; of no files none.

    Raises:
        RelatedError: a file cannot be read.
    """
    return rows_of(files, _RELATED, "jobs/related.py", RelatedError)


def read_completed(files: Sequence[Path]) -> pa.Table:
    """The rows of completions that related searches need; of no files none.

    Raises:
        RelatedError: a file cannot be read.
    """
    return rows_of(files, _COMPLETIONS, "jobs/autocomplete.py", RelatedError)


def _heaviest(completions: pa.Table | None) -> "pl.DataFrame":
    """Each completed query once, the heaviest first."""
    import polars as pl

    if completions is None:
        return pl.DataFrame(schema={"completion": pl.String, "weight": pl.Float64})
    rows = pl.DataFrame(pl.from_arrow(completions.select(_COMPLETIONS)))
    whole = rows.filter(pl.col("key_kind") == "keystrokes")
    once = whole.group_by("completion").agg(pl.col("weight").max().cast(pl.Float64))
    once = once.with_columns(pl.col("completion").cast(pl.String))  # from a dictionary's numbers
    return once.sort("weight", "completion", descending=[True, False])


def main(argv: Sequence[str] | None = None, prog: str = "python -m silgeom.related") -> None:
    """What a search page would offer beside the results of a query."""
    parser = ArgumentParser(
        prog=prog,
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
    parser.add_argument(
        "--use",
        choices=USES,
        default="next",
        help="next: what is likeliest to be typed next; topic: what is about the same, popular or "
        "not; near: between the two (default: next)",
    )
    add_person(parser)
    with command(parser.prog):
        args = parser.parse_args(argv)
        try:
            relater = Relater.load(args.root)
            history = None if args.user is None else Profiles(args.root).of(args.user)
        except ResultError as error:
            fail(parser.prog, str(error))
        found = relater.related(
            " ".join(args.word), args.limit, args.use, user=history, session=args.session
        )
        rows = [(each.text, each.kind, each.score, each.searched) for each in found]
        columns = ["related", "kind", "score", "searched"]
        is_personal = history is not None or args.session
        say(table(columns, rows) if is_personal else table(columns[:3], [row[:3] for row in rows]))


def add_person(parser: ArgumentParser) -> None:
    """`--user` and `--session`: who looks something up, and what they typed before."""
    parser.add_argument(
        "--user",
        metavar="USER",
        help="who asks, as in the log: of silgeom run profiles; it stands in the list of processes",
    )
    parser.add_argument(
        "--session",
        action="append",
        default=[],
        metavar="QUERY",
        help="typed before in this sitting; may be given again, the latest last",
    )


if __name__ == "__main__":
    main()
