"""Complete what is typed into a search box, as the autocomplete result of a root says; no Spark.

    python -m silgeom.complete 카카오톡

shows what a box would show at each key of a word. In a program, load once and ask often (a server
maps an index instead: silgeom/lookups.py):

    completer = Completer.load("output")
    completer.complete("카캉")

For one person, whose own searches come first, and what goes with those of this sitting:

    completer.complete("카캉", user=history, session=["카카오뱅크"])
"""

import os
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from silgeom.arrays import Arrays, numbered
from silgeom.commands import MAX_LIMIT, ArgumentParser, command, fail, place_name, say, whole
from silgeom.hangul import INITIALS, choseong, keystrokes, other_keyboard, states_of_input
from silgeom.personal import (
    OWN,
    Finder,
    History,
    Next,
    Searched,
    begins_with,
    history_of,
    in_order,
    next_searches,
    with_sitting,
)
from silgeom.profiles import Profiles
from silgeom.related import Relater, add_person
from silgeom.results import ResultError, newest_files, rows_of
from silgeom.tables import table
from silgeom.text import SPACES, normalized_query

if TYPE_CHECKING:
    import polars as pl

#: So much heavier than all that was typed must be what the other keyboard makes of it, to be shown
#: beside it: the, and, for are words, and whole syllables on the other keyboard.
OTHER_KEYBOARD_ODDS: Final = 10

#: Where the ending of a query may begin: after a space, at a dot, and at each ideograph or syllable
#: of those who write without spaces.
_BEGINS: Final = re.compile(r"(?<= )[^ ]|(?<!^)\.|(?<=[^ ])[一-鿿가-힣]")

#: How much likelier a text is for people of a kind than for everybody: 1 is as likely.
Lift = Callable[[str], float]

#: What tails are taken for beside whole queries, whose weight theirs is not.
TAIL_SHARE: Final = 1e-6

#: So many sittings are remembered, and so many searches of each looked at.
REMEMBERED_SITTINGS: Final = 1_024
REMEMBERED_SEARCHES: Final = 50

_SPACES: Final = frozenset(SPACES + " ")

_COLUMNS: Final = ["key_kind", "prefix", "rank", "completion", "searchers", "weight"]

_KINDS: Final = ("choseong", "keystrokes", "tail")


class CompletionError(ResultError):
    """There is nothing to complete from; its text is one sentence that says what to do."""


@dataclass(frozen=True, slots=True)
class Completion:
    """What a prefix may become.

    Attributes:
        text: as most people typed it.
        searchers: different people.
        weight: searcher-days, each halved per half-life of its age.
        key: what found it: keystrokes, choseong, other keyboard or tail. Of a tail the first words
            are those in the box, and the people and the weight are those of the last words. For one
            person also own, what that person searched for before (the weight is that of occasions,
            and there are no people); sitting, what they typed in this sitting; and next, what goes
            with that. Of the latter two, people and weight are 0 unless everybody is shown them.
    """

    text: str
    searchers: int
    weight: float
    key: str


@dataclass(frozen=True, slots=True)
class _OfKind:
    """Where the prefixes of one key kind stand, and how long the longest is, spaces aside."""

    first: int
    end: int
    longest: int


def completion_arrays(completions: pa.Table) -> Arrays:
    """What a `Completer` answers from.

    Args:
        completions: rows with the columns of `AUTOCOMPLETE` (pipeline/schemas.py), in any order.

    Returns:
        `prefix`, sorted within each key kind; its rows are those of `row` from `first_row` on, by
        rank. `row` says where each row's `text`, `searchers` and `weight` stand: the heaviest
        first, since many prefixes share them. The notes say where each kind begins, and what all
        whole queries weigh.
    """
    import polars as pl  # only to build: who answers from a file goes without

    # A number for each text: rows are many, texts a few.
    text, different = numbered(completions["completion"])
    rows = pl.DataFrame(
        {
            "kind": pl.from_arrow(pc.index_in(completions["key_kind"], pa.array(_KINDS))),
            "prefix": pl.from_arrow(completions["prefix"]),
            "rank": pl.from_arrow(completions["rank"]),
            "text": text,
            "searchers": pl.from_arrow(completions["searchers"]),
            "weight": pl.from_arrow(completions["weight"]),
        }
    ).drop_nulls("kind")
    texts = pl.Series(pl.from_arrow(different))
    del completions
    order = ["kind", "prefix", "rank"]
    if not _is_sorted(rows, order):  # the job writes them in this order
        rows = rows.sort(order)
    answer = [rows[name].to_numpy() for name in ("text", "searchers", "weight")]
    by_answer = np.lexsort(answer)
    is_new = np.ones(len(rows), np.bool_)
    is_new[1:] = np.any([each[by_answer][1:] != each[by_answer][:-1] for each in answer], axis=0)
    shown = rows[by_answer[is_new]].select("text", "searchers", "weight")
    shown = shown.with_columns(completion=texts.gather(shown["text"]))
    heaviest = shown.select(
        pl.arg_sort_by("weight", "searchers", "completion", descending=[True, True, False])
    ).to_series()
    shown, place = shown[heaviest], np.empty(len(shown), np.uint32)
    place[heaviest] = np.arange(len(shown))
    row = np.empty(len(rows), np.uint32)
    row[by_answer] = place[np.cumsum(is_new) - 1]
    prefixes = rows.select("kind", "prefix")
    is_first = pl.any_horizontal(pl.all() != pl.all().shift()).fill_null(value=True)
    starts = np.flatnonzero(prefixes.select(is_first).to_series())
    prefixes = prefixes[starts]
    of_kind = {}
    for number, kind in enumerate(_KINDS):
        first, end = np.searchsorted(prefixes["kind"].to_numpy(), [number, number + 1]).tolist()
        lengths = prefixes["prefix"][first:end].str.strip_chars_end(" ").str.len_chars()
        of_kind[kind] = [first, end, lengths.max() or 0]
    columns = {
        "prefix": prefixes["prefix"],
        "first_row": pl.Series(np.append(starts, len(rows))).cast(pl.UInt32),
        "row": pl.Series(row),
        "text": shown["completion"],
        "searchers": shown["searchers"].cast(pl.Int64),
        "weight": shown["weight"].cast(pl.Float64),
    }
    whole = rows.filter(pl.col("kind") == _KINDS.index("keystrokes"))
    weight = float(whole.group_by("text").agg(pl.col("weight").max())["weight"].sum())
    made = {name: each.to_arrow() for name, each in columns.items()}
    return Arrays(made, {"kinds": of_kind, "weight": weight})


def _is_sorted(rows: "pl.DataFrame", by: Sequence[str]) -> bool:
    import polars as pl

    before = pl.lit(value=False)
    for name in reversed(by):
        column = pl.col(name)
        before = (column < column.shift()) | ((column == column.shift()) & before)
    return not rows.select(before.fill_null(value=False).any()).item()


class Completer:
    """The completions as of one day, in memory or on disk: a look-up is a few binary searches."""

    def __init__(self, completions: pa.Table | Arrays, *, relater: Relater | None = None) -> None:
        """Take completions.

        Args:
            completions: rows with the columns of `AUTOCOMPLETE` (pipeline/schemas.py), in any
                order; or `completion_arrays` of such, which may lie in a file.
            relater: knows what goes with the searches of a sitting.

        Raises:
            ArraysError: the arrays are others.
        """
        arrays = completions if isinstance(completions, Arrays) else completion_arrays(completions)
        self._of_kind = {kind: _OfKind(*arrays.note("kinds")[kind]) for kind in _KINDS}
        self._prefixes = arrays.texts("prefix")
        self._first_rows = arrays.numbers("first_row", pa.uint32())
        self._rows_of_all = arrays.numbers("row", pa.uint32())
        self._texts = arrays.texts("text")
        self._searchers = arrays.numbers("searchers", pa.int64())
        self._weights = arrays.numbers("weight", pa.float64())
        self._weight = float(arrays.note("weight")) or 1.0
        following = relater.following if relater else None
        # A sitting asks at each key.
        self._near = lru_cache(maxsize=REMEMBERED_SITTINGS)(
            lambda session: next_searches(session, following)
        )

    @staticmethod
    def load(root: str | Path, *, relater: Relater | None = None) -> "Completer":
        """Read the newest completions under a root on this machine.

        Args:
            root: a folder.
            relater: knows what goes with the searches of a sitting.

        Raises:
            CompletionError: there are none.
        """
        return Completer(_rows_in(_newest(root)), relater=relater)

    def complete(
        self,
        prefix: str,
        limit: int = 10,
        *,
        user: History | str | None = None,
        profiles: Finder | None = None,
        session: Sequence[str] = (),
        segment: Lift | None = None,
    ) -> list[Completion]:
        """What may be meant by an unfinished query, the likeliest first.

        Args:
            prefix: as the box holds it: half a syllable at its end, or the keyboard in the wrong
                state, will do. Its case matters only for the latter.
            limit: so many at most; a result has ten a prefix unless it was made with more.
            user: what the person who types searched for; or who it is, as in the log.
            profiles: where such a user is looked up: `silgeom.profiles.Profiles`.
            session: what the person typed in this sitting, the latest last.
            segment: how much likelier a completion is for people of this person's kind.

        Returns:
            What everybody types, in the order of the segment if there is one, and with `session` of
            what goes with it; the person's own searches before that, if they make searches again
            (`silgeom.personal.REPEATS`), else behind the first three. No two differ in spacing
            alone.

        Raises:
            ValueError: `user` is a name, and there are no profiles.
        """
        shown = self._of_everybody(prefix, limit)
        if segment is not None:
            shown = sorted(shown, key=lambda each: _in_segment(each, segment))
        if session:
            shown = self._in_sitting(prefix, shown, session)
        history = history_of(user, profiles)
        if history is not None:
            own = [_own(each) for each in history.complete(prefix, OWN)]
            shown = [each for some in in_order(history, own, shown) for each in some]
        if session or history is not None:
            shown = _without_repeats(shown)
        return shown[:limit]

    def _in_sitting(
        self, prefix: str, shown: Sequence[Completion], session: Sequence[str]
    ) -> list[Completion]:
        """What everybody is shown and what is likely in this sitting, the likeliest first."""
        near = self._near(tuple(session[-REMEMBERED_SEARCHES:]))
        texts = {key: each.text for key, each in near.items()}
        fit = {key: near[key] for key in begins_with(prefix, texts)}
        known = {keystrokes(normalized_query(each.text)): each for each in shown}
        shares = {
            key: TAIL_SHARE if each.key == "tail" else each.weight / self._weight
            for key, each in known.items()
        }
        found = []
        for key in with_sitting(list(shares.items()), {k: each.score for k, each in fit.items()}):
            each = known.get(key) or Completion(fit[key].text, 0, 0.0, "")
            is_near = key in fit and fit[key].score > shares.get(key, 0.0)
            found.append(replace(each, key=_tier(fit[key])) if is_near else each)
        return found

    def _of_everybody(self, prefix: str, limit: int) -> list[Completion]:
        """What everybody is shown.

        Returns:
            Completions of the keys typed, or of initials where there are only such; after a space
            those with a new word there come first. If those are fewer than `limit`, also what the
            other keyboard makes of the keys, so far as it is `OTHER_KEYBOARD_ODDS` times as heavy
            as all that begins with what was typed; then what the last words may become. What is in
            the box already, however it is spaced, is none.
        """
        is_word_over = prefix[-1:] in _SPACES
        query = normalized_query(prefix)
        typed = keystrokes(query)
        as_typed = self._by_keys(query, is_word_over, limit)
        # What the box holds already is no completion of it.
        found = [each for each in as_typed if keystrokes(normalized_query(each.text)) != typed]
        if len(found) < limit:
            raw = unicodedata.normalize("NFC", prefix)
            least = OTHER_KEYBOARD_ODDS * max((each.weight for each in as_typed), default=0.0)
            meant = self._by_keys(normalized_query(other_keyboard(raw)), is_word_over, limit)
            likely = [replace(each, key="other keyboard") for each in meant if each.weight >= least]
            found = _united(found, likely)
        if len(found) < limit and not INITIALS.fullmatch(query):
            found = self._with_tails(found, query, is_word_over, limit)
        return found[:limit]

    def _by_keys(self, query: str, is_word_over: bool, limit: int) -> list[Completion]:
        # What begins with these very consonants has them for its initials too: nothing is left out.
        if INITIALS.fullmatch(query):
            return self._rows("choseong", choseong(query), limit)
        typed = keystrokes(query)
        words = self._rows("keystrokes", typed + " ", limit) if is_word_over and typed else []
        if len(words) >= limit:
            return words
        return _united(words, self._rows("keystrokes", typed, limit))

    def _with_tails(
        self, found: list[Completion], query: str, is_word_over: bool, limit: int
    ) -> list[Completion]:
        """Add what the last words typed may become, from the longest of them to the shortest.

        They become an ending of other queries, or after a space a whole one (the idea of suffix
        candidates: Mitra and Craswell, Query auto-completion for rare prefixes, CIKM 2015).
        """
        known = {keystrokes(normalized_query(each.text)) for each in found}
        united = list(found)
        for head, rest in contexts(query):
            typed = keystrokes(rest) + " " * is_word_over
            kinds = ("tail", "keystrokes") if head.endswith(" ") else ("tail",)
            endings = [each for kind in kinds for each in self._rows(kind, typed, limit)]
            for ending in sorted(endings, key=lambda each: (-each.weight, each.text)):
                text = head + ending.text
                keys = keystrokes(normalized_query(text))
                if keys not in known and keys != keystrokes(query):
                    known.add(keys)
                    united.append(replace(ending, text=text, key="tail"))
                if len(united) == limit:
                    return united
        return united

    def _rows(self, kind: str, typed: str, limit: int) -> list[Completion]:
        of_kind = self._of_kind[kind]
        if typed.endswith(" ") and len(typed) > of_kind.longest + 1:
            typed = typed[:-1]
        prefix = typed if typed.endswith(" ") else typed[: of_kind.longest]
        of_key = choseong if kind == "choseong" else keystrokes
        at = self._prefixes.place(prefix, of_kind.first, of_kind.end)
        if at is None:
            return []
        first, end = self._first_rows[at : at + 2].tolist()
        found: list[Completion] = []
        for row in self._rows_of_all[first:end].tolist():
            if len(found) == limit:
                break
            text = self._texts[row]
            # No prefix is longer than the result's longest: what was typed after that must fit.
            if typed == prefix or of_key(normalized_query(text)).startswith(typed):
                searchers, weight = int(self._searchers[row]), float(self._weights[row])
                found.append(Completion(text, searchers, weight, kind))
        return found


def _own(each: Searched) -> Completion:
    return Completion(each.text, 0, each.weight, "own")


def _tier(each: Next) -> str:
    return "sitting" if each.is_return else "next"


def _in_segment(each: Completion, segment: Lift) -> tuple[bool, float]:
    """Where one comes: tails last, as their weight is another."""
    return each.key == "tail", -each.weight * segment(each.text)


def _without_repeats(completions: Sequence[Completion]) -> list[Completion]:
    """Of those that differ in spacing alone the first."""
    found: dict[str, Completion] = {}
    for each in completions:
        found.setdefault(keystrokes(normalized_query(each.text)), each)
    return list(found.values())


def contexts(query: str) -> list[tuple[str, str]]:
    """What was typed, cut in two where an ending may begin, the longest ending first.

    >>> contexts("www.daum.n")
    [('', 'www.daum.n'), ('www', '.daum.n'), ('www.daum', '.n')]
    """
    places = [0, *(found.start() for found in _BEGINS.finditer(query))]
    return [(query[:place], query[place:]) for place in places if query[place:]]


def _united(first: list[Completion], then: list[Completion]) -> list[Completion]:
    known = {each.text for each in first}
    return first + [each for each in then if each.text not in known]


def complete(root: str | Path, prefix: str, limit: int = 10) -> list[Completion]:
    """`Completer.complete` on the newest completions under a root, which stay loaded.

    Raises:
        CompletionError: there are none.
    """
    folder = _newest(root)
    return _loaded(folder, folder.stat().st_mtime_ns).complete(prefix, limit)


@lru_cache(maxsize=4)
def _loaded(folder: Path, changed_at: int) -> Completer:  # noqa: ARG001  a new file, a new entry
    return _read(folder)


def _read(folder: Path) -> Completer:
    return Completer(_rows_in(folder))


def _rows_in(folder: Path) -> pa.Table:
    return read_completions(sorted(folder.glob("*.parquet")))


def read_completions(files: Sequence[Path]) -> pa.Table:
    """The rows of a result that look-ups need; of no files none.

    Raises:
        CompletionError: a file cannot be read.
    """
    return rows_of(files, _COLUMNS, "jobs/autocomplete.py", CompletionError)


def _newest(root: str | Path) -> Path:
    """The folder of the newest completions."""
    name = str(root).removeprefix("file://")
    if "://" in name:
        raise CompletionError(
            f"look-ups read files of this machine, not {name}: "
            "copy the folder autocomplete here (hdfs dfs -get) and name the folder that holds it"
        )
    files = newest_files(Path(name), "autocomplete", CompletionError)
    if not files:
        raise CompletionError(
            f"no completions in {name}: run jobs/autocomplete.py or silgeom run autocomplete, "
            "or name another --root"
        )
    return files[0].parent


def main(argv: Sequence[str] | None = None, prog: str = "python -m silgeom.complete") -> None:
    """What a search box would show at each key of a word."""
    parser = ArgumentParser(
        prog=prog,
        description="What a search box would show at each key of a word.",
        epilog="Exit status: 0 done, 2 to be mended (one sentence says what).",
    )
    parser.add_argument("word", nargs="+", metavar="WORD", help="what is typed, as 카카오톡")
    parser.add_argument(
        "--root",
        type=place_name,
        default=os.environ.get("SEARCH_ROOT", "output"),
        metavar="FOLDER",
        help="where jobs/autocomplete.py wrote (default: $SEARCH_ROOT, else output)",
    )
    parser.add_argument(
        "--limit",
        type=whole(1, MAX_LIMIT),
        default=5,
        metavar="N",
        help="completions a key (default: 5)",
    )
    add_person(parser)
    with command(parser.prog):
        args = parser.parse_args(argv)
        try:
            relater = Relater.of_root(args.root) if args.session else None
            completer = Completer.load(args.root, relater=relater)
            history = None if args.user is None else Profiles(args.root).of(args.user)
        except ResultError as error:
            fail(parser.prog, str(error))
        rows = []
        for shown in states_of_input(" ".join(args.word)):
            found = completer.complete(shown, args.limit, user=history, session=args.session)
            rows.append((shown, ", ".join({each.key: "" for each in found}), _texts(found)))
        say(table(["typed", "found by", "completions"], rows))


def _texts(completions: Sequence[Completion]) -> str:
    return " | ".join(each.text for each in completions)


if __name__ == "__main__":
    main()
