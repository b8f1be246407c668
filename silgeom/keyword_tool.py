"""The keyword tool: which keywords stand near a word, and how large each is; no Spark.

    silgeom keywords 제습기 --root output

It puts together what jobs have published: related searches and completions say what stands near,
`keyword_tool` how many people search for it. In a program, load once and ask often:

    tool = KeywordTool.load("output")
    tool.near(["제습기"])
"""

import csv
import io
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from silgeom.arrays import Arrays
from silgeom.commands import ArgumentParser, fail, place_name, quoted, say, whole
from silgeom.hangul import keystrokes
from silgeom.related import RelatedError, Relater, terms
from silgeom.results import ResultError, by_keystrokes, newest_files, rows_of
from silgeom.seasons import PATTERN_COLUMNS, Season, season_notes, season_of
from silgeom.tables import spreadsheet_cell, table
from silgeom.text import normalized_query

#: Keywords of one answer at most.
MAX_KEYWORDS: Final = 200
#: So many related searches of a seed are looked at for one that is shown: some are too small.
_LOOKED_AT: Final = 3
#: Letters at the edge of a word that make one of their own.
_EDGE: Final = 2
#: Keywords with the seed's words of which it is asked where people go on to.
_NEGATIVES_TRIED: Final = 20
#: Completions of which so many related searches are looked at there.
_LEADS: Final = 10

_COLUMNS: Final = ["query", "surface", "searchers", "searches", "weekly_searchers", "growth"]
#: What volumes tell of devices: lists of equal length.
DEVICE_COLUMNS: Final = ["devices", "device_searchers", "device_searches"]

#: How searches for a keyword end, of `QUERY_ANALYTICS`.
_CLICKS: Final = ("click_through", "clicks_per_search", "mean_rank")
#: What is read of `CATEGORIES` and of `QUERY_ANALYTICS`.
CATEGORY_COLUMNS: Final = ["query", "category", "confidence"]
CLICK_COLUMNS: Final = ["query", "people", *_CLICKS]
#: And of `CO_CLICKED`.
CO_CLICKED_COLUMNS: Final = ["query", "rank", "co_clicked_query", "score"]
_BESIDES: Final = {
    "categories": ("jobs/categories.py", "categories", CATEGORY_COLUMNS),
    "clicks": ("jobs/analytics.py", "query_analytics", CLICK_COLUMNS),
    "patterns": ("jobs/patterns.py", "patterns", PATTERN_COLUMNS),
    "co_clicked": ("jobs/keyword_tool.py", "co_clicked", CO_CLICKED_COLUMNS),
}

#: The columns of the CSV, in order.
CSV_COLUMNS: Final = (
    *("keyword", "relation", "score", "co_clicked", "searchers", "searches", "growth", "group"),
    *("category", *_CLICKS, "season", "peak", "competition", "weekly_searchers"),
    *("devices", "device_searchers", "device_searches"),
)


class KeywordToolError(ResultError):
    """There are no volumes of keywords; its text is one sentence that says what to do."""


@dataclass(frozen=True, slots=True)
class OnDevice:
    """How large a keyword is on one device, or in another segment of users that the log tells.

    Attributes:
        device: a word, as the log has it.
        searchers: different people of a month with a search there.
        searches: of a month.
    """

    device: str
    searchers: int
    searches: int


@dataclass(frozen=True, slots=True)
class Volume:
    """How large a keyword is.

    Attributes:
        surface: as most people typed it.
        searchers: different people of a month.
        searches: of a month.
        weekly_searchers: different people of each of the last weeks, the newest last; None: fewer
            than the floor.
        growth: people of the last four weeks by those of the four before, less 1; None: unknown.
        category: what jobs/categories.py says; empty: it says nothing.
        click_through: the share of searches with a click, as jobs/analytics.py says; None: it did
            not run, the log has no clicks, or too few people speak of it.
        clicks_per_search: how deep people look: clicks by searches, as there.
        mean_rank: of clicks, as there.
        devices: that of most people first; none: the log does not tell, or of too few people.
        season: when it is searched, as jobs/patterns.py says; None: it did not run, or too few
            people speak of it.
    """

    surface: str
    searchers: int
    searches: int
    weekly_searchers: tuple[int | None, ...]
    growth: float | None
    category: str = ""
    click_through: float | None = None
    clicks_per_search: float | None = None
    mean_rank: float | None = None
    devices: tuple[OnDevice, ...] = ()
    season: Season | None = None


@dataclass(frozen=True, slots=True)
class Keyword:
    """A keyword near the seeds.

    Attributes:
        text: as most people typed it.
        relation: `seed`; `correction`, another spelling of a seed; `together`, searched in the same
            sessions; `words`, shares words with it; `clicked`, leads to the same addresses. Of what
            is several of these the first.
        score: orders what is not a seed: how likely it is as the next search, the best of all
            seeds.
        volume: how large it is.
        co_clicked: how much of what is clicked for it is clicked for a seed, too: a cosine, the
            best of all seeds; 0: nothing that enough people clicked.
        group: the word that it shares with other keywords of the same answer, besides the seeds'
            own; empty: none.
        competition: of advertisers: None, since a search log cannot tell.
    """

    text: str
    relation: str
    score: float
    volume: Volume
    co_clicked: float = 0.0
    group: str = ""
    competition: None = None


@dataclass(frozen=True, slots=True)
class Negative:
    """A word that comes with the seed and leads elsewhere.

    Attributes:
        words: what is typed beside the seed.
        text: the whole keyword.
        searchers: different people of a month.
        leads_to: what the same people search for next.
    """

    words: str
    text: str
    searchers: int
    leads_to: tuple[str, ...]


def volume_arrays(
    volumes: pa.Table,
    categories: pa.Table | None = None,
    clicks: pa.Table | None = None,
    patterns: pa.Table | None = None,
    co_clicked: pa.Table | None = None,
) -> Arrays:
    """What `Volumes` answers from.

    Args:
        volumes: rows with the columns of `KEYWORD_TOOL` (pipeline/schemas.py), in any order.
        categories: and of `CATEGORIES`. Of several spellings the surest counts.
        clicks: and of `QUERY_ANALYTICS`. Of several spellings the one of most people counts.
        patterns: and of `PATTERNS`, likewise.
        co_clicked: and of `CO_CLICKED`.

    Returns:
        `key`, sorted, the keystrokes of each keyword without spaces, with its `surface`,
        `searchers`, `searches`, `growth` (NaN: unknown), `weeks` of `weekly`, one after another
        (-1: too few), `click_through`, `clicks_per_search` and `mean_rank` (NaN: unknown),
        `category`, a place in the note `categories`, of which the first is none, and `season`, a
        place in the note `seasons` from 1 on; `near`, the places of keywords that lead to the same
        addresses, and `cosine`, of each from `first_near` on. Of devices, a keyword's rows are from
        `device_begin` to that of the next keyword: `device` (a place in the note `devices`),
        `device_searchers`, `device_searches`. The note `made` says what was there.
    """
    unknown = float("nan")
    of_clicks = {} if clicks is None else by_keystrokes(clicks.select(CLICK_COLUMNS), "people")
    of_query: dict[str, str] = {}
    if categories is not None:
        surest = by_keystrokes(categories.select(CATEGORY_COLUMNS), "confidence")
        of_query = {key: row["category"] for key, row in surest.items()}
    names = ["", *sorted(set(of_query.values()))]
    numbers = {name: number for number, name in enumerate(names)}
    keys = np.array([keystrokes(each) for each in volumes["query"].to_pylist()], object)
    order = np.array(sorted(range(len(keys)), key=keys.__getitem__), np.int64)
    rows = volumes.take(pa.array(order)).combine_chunks()
    weekly = rows["weekly_searchers"].combine_chunks()
    values = weekly.flatten() if len(rows) else pa.array([], pa.int64())
    columns = {
        "key": pa.array(keys[order].tolist(), pa.large_string()),
        "surface": pa.array(rows["surface"].to_pylist(), pa.large_string()),
        "searchers": pa.array(rows["searchers"].to_numpy(), pa.int64()),
        "searches": pa.array(rows["searches"].to_numpy(), pa.int64()),
        "growth": pa.array(rows["growth"].fill_null(float("nan")).to_numpy(), pa.float64()),
        "weekly": values.fill_null(-1),
        "category": pa.array([numbers[of_query.get(key, "")] for key in keys[order]], pa.int64()),
    }
    for name in _CLICKS:
        known = (of_clicks.get(key, {}).get(name) for key in keys[order])
        columns[name] = pa.array([unknown if one is None else one for one in known], pa.float64())
    seasons: Sequence[object] = ()
    places = [0] * len(keys)
    if patterns is not None:
        places, seasons = season_notes(patterns, keys[order].tolist())
    columns["season"] = pa.array(places, pa.int64())
    columns |= _co_clicks(keys[order], co_clicked)
    of_devices, devices = _device_arrays(rows)
    columns |= of_devices
    weeks = len(values) // len(rows) if len(rows) else 0
    besides = {"categories": categories, "clicks": clicks, "patterns": patterns}
    besides["co_clicked"] = co_clicked
    made = [name for name, of in besides.items() if of is not None]
    notes = {"weeks": weeks, "categories": names, "seasons": list(seasons), "made": made}
    notes["devices"] = devices
    return Arrays(columns, notes)


def _device_arrays(rows: pa.Table) -> tuple[dict[str, pa.Array], list[str]]:
    """What is told of devices, row after row, and their names."""
    if "devices" in rows.column_names:
        devices, searchers, searches = (rows[name].combine_chunks() for name in DEVICE_COLUMNS)
        sizes = pc.fill_null(pc.list_value_length(devices), 0).to_numpy(zero_copy_only=False)
    else:  # of a version that did not tell
        devices, searchers, searches = (
            pa.array([], pa.list_(kind)) for kind in (pa.string(), pa.int64(), pa.int64())
        )
        sizes = np.zeros(len(rows), np.int64)
    texts = devices.flatten().to_pylist()
    names = sorted(set(texts))
    places = {name: place for place, name in enumerate(names)}
    begins = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    columns = {
        "device_begin": pa.array(begins),
        "device": pa.array([places[text] for text in texts], pa.int64()),
        "device_searchers": pa.array(
            searchers.flatten().to_numpy(zero_copy_only=False), pa.int64()
        ),
        "device_searches": pa.array(searches.flatten().to_numpy(zero_copy_only=False), pa.int64()),
    }
    return columns, names


def _co_clicks(keys: np.ndarray, co_clicked: pa.Table | None) -> dict[str, pa.Array]:
    """`first_near`, `near` and `cosine` of `volume_arrays`, by rank; without unknown keywords."""
    place = {key: at for at, key in enumerate(keys.tolist())}
    rows = [] if co_clicked is None else co_clicked.select(CO_CLICKED_COLUMNS).to_pylist()
    found = sorted(
        (own, row["rank"], other, row["score"])
        for row in rows
        if (own := place.get(keystrokes(row["query"]))) is not None
        and (other := place.get(keystrokes(row["co_clicked_query"]))) is not None
    )
    sizes = np.bincount(np.array([own for own, *_ in found], np.int64), minlength=len(keys))
    return {
        "first_near": pa.array(np.append(0, np.cumsum(sizes)), pa.int64()),
        "near": pa.array([other for _, _, other, _ in found], pa.int64()),
        "cosine": pa.array([score for *_, score in found], pa.float64()),
    }


class Volumes:
    """How large keywords are, in memory or on disk: a look-up is a binary search.

    Attributes:
        categories: the names of those that any keyword has.
        made: which of `categories`, `clicks`, `patterns` and `co_clicked` were there.
    """

    def __init__(self, arrays: Arrays) -> None:
        """Take `volume_arrays`, which may lie in a file."""
        self._keys, self._surfaces = arrays.texts("key"), arrays.texts("surface")
        self._searchers = arrays.numbers("searchers", pa.int64())
        self._searches = arrays.numbers("searches", pa.int64())
        self._growth = arrays.numbers("growth", pa.float64())
        self._weekly = arrays.numbers("weekly", pa.int64())
        self._weeks = int(arrays.note("weeks"))
        self._clicks = {name: arrays.numbers(name, pa.float64()) for name in _CLICKS}
        self._first_near = arrays.numbers("first_near", pa.int64())
        self._near = arrays.numbers("near", pa.int64())
        self._cosines = arrays.numbers("cosine", pa.float64())
        self._season = arrays.numbers("season", pa.int64())
        self._seasons = [None, *map(season_of, arrays.note("seasons"))]
        self.made = frozenset[str](arrays.note("made"))
        self._category = arrays.numbers("category", pa.int64())
        self._device_begin, self._device, self._device_searchers, self._device_searches = (
            arrays.numbers(name, pa.int64())
            for name in ("device_begin", "device", "device_searchers", "device_searches")
        )
        self._devices: list[str] = list(arrays.note("devices"))
        self._categories: list[str] = list(arrays.note("categories"))
        self.categories = self._categories[1:]

    def of(self, text: str) -> Volume | None:
        """That of a keyword, whatever its spacing; None: too few people search for it."""
        at = self._keys.place(keystrokes(normalized_query(text)))
        return None if at is None else self._at(at)

    def co_clicked(self, text: str) -> list[tuple[float, Volume]]:
        """What leads to the same addresses as a keyword, with its cosine, the nearest first."""
        at = self._keys.place(keystrokes(normalized_query(text)))
        if at is None:
            return []
        first, end = self._first_near[at : at + 2].tolist()
        near, cosines = self._near[first:end].tolist(), self._cosines[first:end].tolist()
        return [(cosine, self._at(other)) for cosine, other in zip(cosines, near, strict=True)]

    def _at(self, at: int) -> Volume:
        weekly = self._weekly[at * self._weeks : (at + 1) * self._weeks].tolist()
        growth = float(self._growth[at])
        return Volume(
            self._surfaces[at],
            int(self._searchers[at]),
            int(self._searches[at]),
            tuple(None if people < 0 else people for people in weekly),
            _known(growth),
            self._categories[self._category[at]],
            devices=tuple(
                OnDevice(
                    self._devices[self._device[each]],
                    int(self._device_searchers[each]),
                    int(self._device_searches[each]),
                )
                for each in range(self._device_begin[at], self._device_begin[at + 1])
            ),
            **{name: _known(float(values[at])) for name, values in self._clicks.items()},
            season=self._seasons[self._season[at]],
        )


def _known(value: float) -> float | None:
    return None if np.isnan(value) else value


class KeywordTool:
    """The keywords as of one day.

    Attributes:
        categories: the names of those that any keyword has.
        not_made: jobs that did not run, so that what they tell is missing here.
    """

    def __init__(self, volumes: Volumes, relater: Relater) -> None:
        """Take volumes, and what tells which keywords stand near each other."""
        self._volumes, self._relater = volumes, relater
        self.categories: Sequence[str] = volumes.categories
        # What co-clicks are missing of comes with the volumes.
        besides = [name for name in _BESIDES if name != "co_clicked"]
        self.not_made = [_BESIDES[name][0] for name in besides if name not in volumes.made]

    @staticmethod
    def load(root: str | Path) -> "KeywordTool":
        """Read the newest results of a root on this machine.

        Raises:
            KeywordToolError: there are no volumes.
            RelatedError: there are no related searches.
        """
        name = str(root).removeprefix("file://")
        if "://" in name:
            raise KeywordToolError(
                f"look-ups read files of this machine, not {name}: copy the folders keyword_tool, "
                "related and autocomplete here (hdfs dfs -get) and name the folder that holds them"
            )
        files = newest_files(Path(name), "keyword_tool", KeywordToolError)
        if not files:
            raise KeywordToolError(
                f"no volumes of keywords in {name}: run jobs/keyword_tool.py or silgeom run "
                "keyword_tool, or name another --root"
            )
        besides = {}
        for beside, (job, dataset, columns) in _BESIDES.items():
            if of := newest_files(Path(name), dataset, KeywordToolError):
                besides[beside] = rows_of(of, columns, job, KeywordToolError)
        volumes = volume_arrays(read_volumes(files), **besides)
        return KeywordTool(Volumes(volumes), Relater.load(root))

    def near(
        self,
        seeds: Sequence[str],
        limit: int = 50,
        *,
        least_searchers: int = 1,
        containing: str = "",
        without: str = "",
        category: str = "",
    ) -> list[Keyword]:
        """The keywords near some words.

        Args:
            seeds: as typed; spacing does not matter.
            limit: so many at most, seeds aside.
            least_searchers: people of a month that a keyword must have.
            containing: what a keyword must contain, whatever its spacing.
            without: what none may contain.
            category: of which alone keywords are wanted; empty: of any, and of none.

        Returns:
            The seeds that are searched for, then the likeliest first. No two differ in spacing
            alone.
        """
        asked = {keystrokes(query): query for each in seeds if (query := normalized_query(each))}
        found: dict[str, Keyword] = {}
        for query in asked.values():
            of_words = 0.0
            for each in self._relater.related(query, _LOOKED_AT * limit, "near"):
                key = keystrokes(normalized_query(each.text))
                if key in asked or not is_near(query, each.kind, each.text):
                    continue
                score = 0.0 if each.kind == "correction" else each.score
                of_words = max(of_words, score if each.kind == "words" else 0.0)
                known = found.get(key)
                if known is not None:
                    if score > known.score:
                        found[key] = replace(known, score=score)
                    continue
                volume = self._volumes.of(each.text)
                if volume is not None:
                    found[key] = Keyword(volume.surface, each.kind, score, volume)
            for cosine, volume in self._volumes.co_clicked(query):
                key = keystrokes(normalized_query(volume.surface))
                if key in asked:
                    continue
                # As near as the nearest by words, if all that is clicked is the same.
                fresh = Keyword(volume.surface, "clicked", cosine * (of_words or 1.0), volume)
                near = found.get(key, fresh)
                found[key] = replace(near, co_clicked=max(cosine, near.co_clicked))
        wanted, unwanted = (keystrokes(normalized_query(each)) for each in (containing, without))
        chosen = [
            each
            for key, each in found.items()
            if each.volume.searchers >= least_searchers
            and wanted in key
            and not (unwanted and unwanted in key)
            and category in ("", each.volume.category)
        ]
        chosen.sort(key=lambda each: (-each.score, -each.volume.searchers, each.text))
        own = [
            Keyword(volume.surface, "seed", 1.0, volume)
            for query in asked.values()
            if (volume := self._volumes.of(query)) is not None
        ]
        return [*own, *_grouped(chosen[:limit], asked.values())]

    def without_volume(self, seeds: Sequence[str]) -> list[str]:
        """Those of some words, as typed, that too few people searched for by themselves."""
        return [each for each in seeds if self._volumes.of(normalized_query(each)) is None]

    def negatives(self, seed: str, limit: int = 10) -> list[Negative]:
        """Words that come with a seed but lead elsewhere: who buys its ads leaves them out.

        Such a keyword contains the seed; nothing of what the same people search for next does, or
        is searched in the seed's own sessions.

        Args:
            seed: as typed.
            limit: so many at most.

        Returns:
            Those of most people first; none of a seed that nothing is searched together with.
        """
        query = normalized_query(seed)
        own = keystrokes(query)
        near = self._relater.related(query, MAX_KEYWORDS, "topic")
        home = {keystrokes(normalized_query(each.text)) for each in near if each.kind == "together"}
        if not home:
            return []  # nothing is known of where the seed itself leads
        found = []
        beside = (each for each in near if each.kind in ("together", "words"))
        with_seed = [each for each in beside if own in keystrokes(normalized_query(each.text))]
        for each in with_seed[:_NEGATIVES_TRIED]:
            text = normalized_query(each.text)
            key, volume = keystrokes(text), self._volumes.of(text)
            if key == own or key in home or volume is None:
                continue
            leads = [
                other.text
                for other in self._relater.related(text, _LEADS)
                if other.kind == "together"
            ]
            keys = [keystrokes(normalized_query(other)) for other in leads]
            if leads and not any(own in other or other in home for other in keys):
                words = " ".join(word for word in text.split(" ") if keystrokes(word) not in own)
                found.append(
                    Negative(words or text, volume.surface, volume.searchers, tuple(leads[:3]))
                )
        return sorted(found, key=lambda each: (-each.searchers, each.text))[:limit]


def is_near(query: str, kind: str, text: str) -> bool:
    """Whether a related search of a kind is a keyword near a query: not what shares no whole word.

    Words are written together in Korean, so one may be at the beginning or the end of another:
    대전날씨 has 날씨 예보 and 대전 맛집 near it, and 노트북 does not have 롤 패치노트.

    Args:
        query: normalised.
        kind: of `Related`.
        text: of it.
    """
    if kind != "words":
        return kind != "popular"
    other = normalized_query(text)
    key = keystrokes(other)
    is_within = any(keystrokes(word) in key for word in query.split(" "))
    return is_within or not _edges(query).isdisjoint(_edges(other))


def _edges(query: str) -> set[tuple[bool, str]]:
    """The first and the last letters of each word, told apart.

    Of a short word, which no two are written together in, only where they are all of it: 코스피 and
    코스트코 have nothing in common.
    """
    long = 2 * _EDGE
    words = [word for word in query.split(" ") if len(word) == _EDGE or len(word) >= long]
    return {(False, word[:_EDGE]) for word in words} | {(True, word[-_EDGE:]) for word in words}


def _grouped(keywords: Iterable[Keyword], seeds: Iterable[str]) -> list[Keyword]:
    """Keywords, each with the word that it shares with most of the others."""
    known = list(keywords)
    of_seeds = {word for seed in seeds for word in (*terms(seed), *seed.split(" "))}
    words = [
        [word for word in normalized_query(each.text).split(" ") if word not in of_seeds]
        for each in known
    ]
    shared = Counter(word for some in words for word in set(some))
    best = [max(some, key=lambda word: (shared[word], word), default="") for some in words]
    return [
        replace(each, group=word if shared[word] > 1 else "")
        for each, word in zip(known, best, strict=True)
    ]


def as_csv(keywords: Iterable[Keyword]) -> str:
    """Keywords as CSV with a header line.

    Weeks stand in one cell, the oldest first, those of too few people empty; so do devices, that
    of most people first, and their people and searches in the same order. A text that a
    spreadsheet would take for a formula begins with an apostrophe.
    """
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(CSV_COLUMNS)
    for each in keywords:
        weeks = ("" if people is None else str(people) for people in each.volume.weekly_searchers)
        season = each.volume.season
        told = (each.volume.growth, *(getattr(each.volume, name) for name in _CLICKS))
        growth, *clicks = ("" if one is None else f"{one:.4f}" for one in told)
        writer.writerow(
            [
                *(spreadsheet_cell(each.text), each.relation, f"{each.score:.6f}"),
                f"{each.co_clicked:.4f}",
                *(each.volume.searchers, each.volume.searches, growth),
                *(spreadsheet_cell(each.group), spreadsheet_cell(each.volume.category)),
                *clicks,
                *((season.words, season.peak) if season else ("", "")),
                *("", "|".join(weeks)),
                spreadsheet_cell("|".join(one.device for one in each.volume.devices)),
                "|".join(f"{one.searchers}" for one in each.volume.devices),
                "|".join(f"{one.searches}" for one in each.volume.devices),
            ]
        )
    return out.getvalue()


def read_volumes(files: Sequence[Path]) -> pa.Table:
    """The rows of a result that look-ups need.

    Raises:
        KeywordToolError: a file cannot be read.
    """
    return rows_of(files, [*_COLUMNS, *DEVICE_COLUMNS], "jobs/keyword_tool.py", KeywordToolError)


def main(argv: Sequence[str] | None = None) -> None:
    """Parse, look up, and print; called within `command`."""
    parser = ArgumentParser(
        prog="silgeom keywords",
        description="The keywords near a word, and how many people search for each.",
        epilog="Exit status: 0 done, 2 to be mended (one sentence says what).",
    )
    add = parser.add_argument
    add("seed", nargs="+", metavar="WORD", help="a seed; in quotes where it has spaces")
    place = os.environ.get("SEARCH_ROOT", "output")
    where = "where the jobs wrote (default: $SEARCH_ROOT, else output)"
    add("--root", type=place_name, default=place, metavar="FOLDER", help=where)
    add("--limit", type=whole(1, MAX_KEYWORDS), default=30, metavar="N", help="(default: 30)")
    people = "people of a month that a keyword must have (default: 1)"
    add("--least-searchers", type=whole(1, 1_000_000_000), default=1, metavar="N", help=people)
    add("--containing", default="", metavar="TEXT", help="what a keyword must contain")
    add("--without", default="", metavar="TEXT", help="what none may contain")
    subject = "of which alone keywords are wanted (jobs/categories.py)"
    add("--category", default="", metavar="NAME", help=subject)
    add("--csv", action="store_true", help="print CSV")
    args = parser.parse_args(argv)
    try:
        tool = KeywordTool.load(args.root)
    except (KeywordToolError, RelatedError) as error:
        fail(parser.prog, str(error))
    if args.category and args.category not in tool.categories:
        fail(parser.prog, _no_such_category(args.category, tool.categories))
    found = tool.near(
        args.seed,
        args.limit,
        least_searchers=args.least_searchers,
        containing=args.containing,
        without=args.without,
        category=args.category,
    )
    if args.csv:
        say(as_csv(found).rstrip("\r\n"))
        return
    if few := tool.without_volume(args.seed):
        told = ", ".join(quoted(each) for each in few)
        say(f"Too few people search for {told}, so its own size cannot be told.\n")
    headers = ["keyword", "relation", "searchers", "searches", "growth", "clicked", "depth"]
    headers += ["season", "group", "category"]
    has_devices = any(each.volume.devices for each in found)
    rows = [(*_row(each), *([_devices(each.volume)] if has_devices else [])) for each in found]
    say(table([*headers, *(["devices"] if has_devices else [])], rows))
    negatives = [each for seed in args.seed for each in tool.negatives(seed)]
    if negatives:
        elsewhere = [
            (each.words, each.text, each.searchers, " | ".join(each.leads_to)) for each in negatives
        ]
        say("\nWords that come with it and lead elsewhere:\n")
        say(table(["word", "keyword", "searchers", "leads to"], elsewhere))
    say("\nCompetition among advertisers: a search log cannot tell.")
    for job in tool.not_made:
        say(f"{_WHAT_IS_MISSING[job]}: not told, since {job} has not run.")


def _no_such_category(category: str, names: Sequence[str]) -> str:
    if not names:
        return "there are no categories yet: run jobs/categories.py or silgeom run categories"
    return f"there is no category {quoted(category)}: choose one of {', '.join(names)}"


#: What each job would tell beside volumes.
_WHAT_IS_MISSING: Final = {
    "jobs/categories.py": "Category",
    "jobs/analytics.py": "Clicks (clicked, depth)",
    "jobs/patterns.py": "Season",
}


def _devices(volume: Volume) -> str:
    """People by device, and searches in brackets."""
    told = (f"{one.device} {one.searchers:,} ({one.searches:,})" for one in volume.devices)
    return ", ".join(told)


def _row(each: Keyword) -> tuple[object, ...]:
    """What the command shows of a keyword; depth: clicks by searches, at which mean rank."""
    volume = each.volume
    growth = "" if volume.growth is None else f"{volume.growth:+.0%}"
    clicked = "" if volume.click_through is None else f"{volume.click_through:.0%}"
    depth = "" if volume.clicks_per_search is None else f"{volume.clicks_per_search:.2f}"
    depth += "" if volume.mean_rank is None else f" at {volume.mean_rank:.1f}"
    size = volume.searchers, volume.searches, growth, clicked, depth
    season = volume.season.text if volume.season else ""
    return each.text, each.relation, *size, season, each.group, volume.category
