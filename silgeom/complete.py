"""Complete what is typed into a search box, as the autocomplete result of a root says; no Spark.

    python -m silgeom.complete 카카오톡

shows what a box would show at each key of a word. In a program, load once and ask often:

    completer = Completer.load("output")
    completer.complete("카캉")
"""

import os
import re
import unicodedata
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from silgeom.commands import MAX_LIMIT, ArgumentParser, command, fail, place_name, say, whole
from silgeom.hangul import choseong, keystrokes, other_keyboard, states_of_input
from silgeom.tables import table
from silgeom.text import SPACES, normalized_query

#: So much heavier than all that was typed must be what the other keyboard makes of it, to be shown
#: beside it: the, and, for are words, and whole syllables on the other keyboard.
OTHER_KEYBOARD_ODDS: Final = 10

#: Where the ending of a query may begin: after a space, at a dot, and at each ideograph or syllable
#: of those who write without spaces.
_BEGINS: Final = re.compile(r"(?<= )[^ ]|(?<!^)\.|(?<=[^ ])[一-鿿가-힣]")

#: Initials alone, but for what is no Hangul: ㅇㅇㅍ 15.
_INITIALS: Final = re.compile("[ㄱ-ㅎ][^가-힣ㅏ-ㅣ]*")

_SPACES: Final = frozenset(SPACES + " ")

_COLUMNS: Final = ["key_kind", "prefix", "rank", "completion", "searchers", "weight"]


class CompletionError(Exception):
    """There is nothing to complete from; its text is one sentence that says what to do."""


@dataclass(frozen=True, slots=True)
class Completion:
    """What a prefix may become.

    Attributes:
        text: as most people typed it.
        searchers: different people.
        weight: searcher-days, each halved per half-life of its age.
        key: what found it: keystrokes, choseong, other keyboard or tail. Of a tail the first words
            are those in the box, and the people and the weight are those of the last words.
    """

    text: str
    searchers: int
    weight: float
    key: str


class _OfKind(Sequence[str]):
    """The rows of one key kind, by prefix and rank; as a sequence their prefixes, for `bisect`."""

    def __init__(self, rows: pa.Table) -> None:
        self.rows = rows.combine_chunks()
        # One array: to find the chunk of a row would take longer than to read it.
        self._prefixes = pa.concat_arrays(rows["prefix"].chunks or [pa.array([], pa.string())])
        self.longest = pc.max(pc.utf8_length(pc.utf8_rtrim(self._prefixes, " "))).as_py() or 0

    def __len__(self) -> int:
        return len(self._prefixes)

    def __getitem__(self, place: int) -> str:  # type: ignore[override]
        return str(self._prefixes[place])

    def of(self, prefix: str) -> list[dict[str, Any]]:
        """The rows of a prefix, by rank."""
        first = bisect_left(self, prefix)
        last = first
        while last < len(self) and self[last] == prefix:
            last += 1
        return list(self.rows.slice(first, last - first).to_pylist())


class Completer:
    """The completions as of one day, in memory: a look-up takes well under a millisecond."""

    def __init__(self, completions: pa.Table) -> None:
        """Take rows with the columns of `AUTOCOMPLETE` (pipeline/schemas.py), in any order."""
        rows = completions.select(_COLUMNS).sort_by([(name, "ascending") for name in _COLUMNS[:3]])
        self._of_kind = {
            kind: _OfKind(rows.filter(pc.equal(rows["key_kind"], kind)))
            for kind in ("keystrokes", "choseong", "tail")
        }

    @staticmethod
    def load(root: str | Path) -> "Completer":
        """Read the newest completions under a root on this machine.

        Raises:
            CompletionError: there are none.
        """
        return _read(_newest(root))

    def complete(self, prefix: str, limit: int = 10) -> list[Completion]:
        """What may be meant by an unfinished query, the likeliest first.

        Args:
            prefix: as the box holds it: half a syllable at its end, or the keyboard in the wrong
                state, will do. Its case matters only for the latter.
            limit: so many at most; a result has ten a prefix unless it was made with more.

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
        if len(found) < limit and not _INITIALS.fullmatch(query):
            found = self._with_tails(found, query, is_word_over, limit)
        return found[:limit]

    def _by_keys(self, query: str, is_word_over: bool, limit: int) -> list[Completion]:
        # What begins with these very consonants has them for its initials too: nothing is left out.
        if _INITIALS.fullmatch(query):
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
        return [
            Completion(row["completion"], row["searchers"], row["weight"], kind)
            for row in of_kind.of(prefix)
            # No prefix is longer than the result's longest: what was typed after that must fit.
            if typed == prefix or of_key(normalized_query(row["completion"])).startswith(typed)
        ][:limit]


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
    try:
        return Completer(pq.read_table(folder, columns=_COLUMNS, partitioning=None))
    except (OSError, pa.ArrowException, KeyError) as error:
        raise CompletionError(
            f"{folder} is no result of this version ({error}): run jobs/autocomplete.py again"
        ) from error


def _newest(root: str | Path) -> Path:
    """The folder of the newest completions."""
    name = str(root).removeprefix("file://")
    if "://" in name:
        raise CompletionError(
            f"look-ups read files of this machine, not {name}: "
            "copy the folder autocomplete here (hdfs dfs -get) and name the folder that holds it"
        )
    try:
        folders = [file.parent for file in Path(name).glob("autocomplete/dt=*/*.parquet")]
    except OSError as error:
        raise CompletionError(f"{name} cannot be read: {error.strerror}") from error
    if not folders:
        raise CompletionError(
            f"no completions in {name}: run jobs/autocomplete.py or silgeom run autocomplete, "
            "or name another --root"
        )
    return max(folders)


def main(argv: Sequence[str] | None = None) -> None:
    """What a search box would show at each key of a word."""
    parser = ArgumentParser(
        prog="python -m silgeom.complete",
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
    with command(parser.prog):
        args = parser.parse_args(argv)
        try:
            completer = Completer.load(args.root)
        except CompletionError as error:
            fail(parser.prog, str(error))
        rows = []
        for shown in states_of_input(" ".join(args.word)):
            found = completer.complete(shown, args.limit)
            rows.append((shown, ", ".join({each.key: "" for each in found}), _texts(found)))
        say(table(["typed", "found by", "completions"], rows))


def _texts(completions: Sequence[Completion]) -> str:
    return " | ".join(each.text for each in completions)


if __name__ == "__main__":
    main()
