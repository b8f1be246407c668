"""Categories of queries: declared for some, and spread to the others over the graph of sessions.

Who knows the search service declares a category by examples and by words; people who search for two
queries in one sitting then say that these belong together.
"""

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.errors import InvalidParameterError
from pipeline.language.queries import variant_key, variant_keys
from silgeom.text import normalized_query

#: What a neighbour's category counts beside the declaration (Zhou and others' alpha).
SPREAD: Final = 0.9
#: Steps over the graph; after these nothing moves any more that is shown.
STEPS: Final = 30
#: The least share of all categories' claims on a query with which one of them has it.
MIN_CONFIDENCE: Final = 0.5
#: Claims below this are none: what is so many steps away tells nothing.
_LEAST_CLAIM: Final = 1e-6

#: What a category says a query is told by: its rule, or sessions.
DECLARED: Final = "declared"
BY_SESSIONS: Final = "sessions"

_LISTS: Final = ("queries", "words", "hosts")
#: The kind of a category that has what people want to buy.
SHOPPING: Final = "shopping"
#: The least share of the clicks of a query that go to a category's hosts.
_MOST_CLICKS: Final = 0.5

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Rule:
    """How a category is declared.

    Attributes:
        category: its name.
        queries: examples, as `variant_key`.
        words: a query that contains one, whatever its spacing, is of the category; `variant_key`.
        hosts: a query most of whose clicks go to these, or to hosts below them, is of the category.
        is_shopping: whether people who search for such a query want to buy something.
    """

    category: str
    queries: frozenset[str]
    words: tuple[str, ...]
    hosts: tuple[str, ...] = ()
    is_shopping: bool = False


def parsed_rules(text: str, source: str) -> list[Rule]:
    """The rules of a file of TOML: `[[category]]` with `name`, `queries`, `words` and `hosts`.

    One that says `kind = "shopping"` has what people want to buy.

    Args:
        text: of the file.
        source: its name, for messages.

    Raises:
        InvalidParameterError: it is no such file.
    """
    try:
        found = tomllib.loads(text).get("category")
    except tomllib.TOMLDecodeError as error:
        raise InvalidParameterError(f"{source} is no TOML ({error}): mend it") from error
    if not isinstance(found, list) or not found:
        raise InvalidParameterError(
            f"{source} declares no category: it needs [[category]] with name, queries, words, hosts"
        )
    rules = [_rule(told, f"{source}: [[category]] {at}") for at, told in enumerate(found, 1)]
    if len({rule.category for rule in rules}) < len(rules):
        raise InvalidParameterError(f"{source} declares a category twice: put it into one")
    return rules


def _rule(told: object, where: str) -> Rule:
    name = told.get("name") if isinstance(told, dict) else None
    lists = {key: told.get(key, []) for key in _LISTS} if isinstance(told, dict) else {}
    is_right = (
        isinstance(told, dict)
        and isinstance(name, str)
        and name.strip()
        and set(told) <= {"name", "kind", *_LISTS}
        and all(isinstance(some, list) for some in lists.values())
        and any(lists.values())
        and all(isinstance(each, str) for some in lists.values() for each in some)
    )
    if not is_right:
        raise InvalidParameterError(
            f"{where} must have a name, and queries, words or hosts: lists of texts, "
            "and nothing else"
        )
    kind = told.get("kind") if isinstance(told, dict) else None
    if kind not in (None, SHOPPING):
        raise InvalidParameterError(
            f'{where} has a kind that is none: say kind = "shopping", or no kind'
        )
    hosts = tuple(each.strip().lower().removeprefix("www.") for each in lists.pop("hosts"))
    if not all(_IS_HOST(each) for each in hosts):
        raise InvalidParameterError(f"{where} has hosts that are none: name them as shop.example")
    keys = {key: [variant_key(normalized_query(each)) for each in lists[key]] for key in lists}
    if not all(key for some in keys.values() for key in some):
        raise InvalidParameterError(f"{where} holds a blank text: take it out")
    words = tuple(keys["words"])
    return Rule(str(name).strip(), frozenset(keys["queries"]), words, hosts, kind == SHOPPING)


#: A host as logs have it: no address, no blank.
_IS_HOST: Final = re.compile(r"[^\s/?#@:]+").fullmatch


def declared(
    queries: pl.Series, rules: Sequence[Rule], clicked: pl.DataFrame | None = None
) -> pl.DataFrame:
    """What the rules say of queries.

    Args:
        queries: normalised.
        rules: of the categories.
        clicked: `query`, `host`, `people` who clicked something there; None: it is not known.

    Returns:
        `query` and `category`, a row a query of which exactly one category speaks: by an example,
        which goes before words, by words, which go before hosts, or by hosts.
    """
    rows = pl.DataFrame({"query": queries, "key": variant_keys(queries)})
    schema = {"query": pl.String, "category": pl.String, "way": pl.Int32}
    parts = [pl.DataFrame(schema=schema)]
    for rule in rules:
        words = pl.Series(rule.words, dtype=pl.String)
        by_example = rows.filter(pl.col("key").is_in(list(rule.queries)))
        by_word = rows.filter(pl.col("key").str.contains_any(pl.lit(words).implode()))
        by_host = _led_to(rows, clicked, rule.hosts)
        for way, found in enumerate((by_example, by_word, by_host)):
            category = pl.lit(rule.category)
            parts.append(found.select("query", category=category, way=pl.lit(way, pl.Int32)))
    claims = pl.concat(parts)
    best = claims.filter(pl.col("way") == pl.col("way").min().over("query"))
    once = best.unique(["query", "category"])
    return once.filter(pl.len().over("query") == 1).select("query", "category").sort("query")


def declared_shopping(queries: pl.Series, rules: Sequence[Rule]) -> pl.Series:
    """Those of some queries that examples or words of a category of shopping declare.

    Args:
        queries: normalised.
        rules: of all categories: what two of them claim is of none.
    """
    names = [rule.category for rule in rules if rule.is_shopping]
    if not names:
        return queries.head(0)
    return declared(queries, rules).filter(pl.col("category").is_in(names))["query"]


def _led_to(rows: pl.DataFrame, clicked: pl.DataFrame | None, hosts: Sequence[str]) -> pl.DataFrame:
    """Those of some queries most of whose clicks go to some hosts, or to hosts below them."""
    if clicked is None or not hosts:
        return rows.head(0)
    host = pl.col("host")
    is_theirs = host.is_in(list(hosts))
    for each in hosts:
        is_theirs |= host.str.ends_with(f".{each}")
    people = pl.col("people")
    of_query = clicked.group_by("query").agg(share=people.filter(is_theirs).sum() / people.sum())
    return rows.join(of_query.filter(pl.col("share") > _MOST_CLICKS), on="query", how="semi")


def categories(queries: pl.DataFrame, related: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """Spread the categories of some queries to those that are searched in the same sessions.

    F = a S F + (1 - a) Y, where S are the sessions that two queries share, by the root of what each
    has in all, and Y the declarations (Zhou and others, Learning with local and global consistency,
    NIPS 2003). Each category's declarations weigh the same together, so that one of many examples
    does not take everything (class mass normalisation: Zhu and others, ICML 2003).

    Args:
        queries: `query` of all that may get a category.
        related: `query`, `related_query`, `sessions` that both have; one direction will do.
        known: `query`, `category`.

    Returns:
        `query`, `category`, `confidence` (its share of all claims, 0 to 1), `source` (`declared` or
        `sessions`), by query. A query that no category reaches, or none with `MIN_CONFIDENCE`, has
        no row. What is declared stays so, with a confidence of 1.
    """
    names = sorted(set(known["category"].to_list()))
    texts = queries["query"].unique().sort()
    place = pl.DataFrame({"query": texts}).with_row_index("place")
    if not names or not len(texts):
        return _rows(known.head(0), [])
    claims = _spread(place, related, known, names)
    total = claims.sum(axis=1)
    best = claims.argmax(axis=1)
    confidence = claims[np.arange(len(claims)), best] / np.maximum(total, _LEAST_CLAIM)
    reached = (total >= _LEAST_CLAIM) & (confidence >= MIN_CONFIDENCE)
    found = pl.DataFrame(
        {
            "query": texts,
            "category": pl.Series([names[each] for each in best.tolist()], dtype=pl.String),
            "confidence": confidence,
        }
    ).filter(pl.Series(reached))
    spread = found.join(known, on="query", how="anti")
    own = known.join(place.select("query"), on="query", how="semi")
    return _rows(own, [spread.with_columns(source=pl.lit(BY_SESSIONS))])


def _rows(own: pl.DataFrame, others: list[pl.DataFrame]) -> pl.DataFrame:
    columns = ("query", "category", "confidence", "source")
    told = own.select("query", "category", confidence=pl.lit(1.0), source=pl.lit(DECLARED))
    return pl.concat([told, *(each.select(columns) for each in others)]).sort("query")


def _spread(
    place: pl.DataFrame, related: pl.DataFrame, known: pl.DataFrame, names: Sequence[str]
) -> Floats:
    """The claim of each category on each query: shape (queries, categories)."""
    other = place.rename({"query": "related_query", "place": "other"})
    edges = (
        related.select("query", "related_query", "sessions")
        .join(place, on="query")
        .join(other, on="related_query")
        .filter(pl.col("place") != pl.col("other"))
        .select(
            low=pl.min_horizontal("place", "other"),
            high=pl.max_horizontal("place", "other"),
            sessions="sessions",
        )
        .group_by("low", "high")
        .agg(pl.col("sessions").max())
        .sort("low", "high")
    )
    low, high = edges["low"].to_numpy(), edges["high"].to_numpy()
    start, end = np.append(low, high), np.append(high, low)
    weight = np.tile(edges["sessions"].to_numpy().astype(np.float64), 2)
    count = len(place)
    degree = np.sqrt(np.maximum(np.bincount(start, weight, count), 1e-12))
    share = weight / (degree[start] * degree[end])
    declared = np.zeros((count, len(names)))
    rows = known.join(place, on="query")
    column = {name: at for at, name in enumerate(names)}
    declared[rows["place"].to_numpy(), [column[each] for each in rows["category"]]] = 1.0
    declared /= np.maximum(declared.sum(axis=0), 1.0)
    claims = declared
    for _ in range(STEPS):
        moved = np.column_stack(
            [np.bincount(end, share * claims[start, at], count) for at in range(len(names))]
        )
        claims = SPREAD * moved + (1 - SPREAD) * declared
    scaled: Floats = claims / np.maximum(claims.sum(axis=0).max(), _LEAST_CLAIM)
    return scaled
