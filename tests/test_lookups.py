"""An index on disk answers as tables in memory do, and is whole or is not there."""

import contextlib
import os
import random
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import product
from math import log1p
from operator import itemgetter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from silgeom.complete import Completer, Completion, CompletionError
from silgeom.hangul import choseong, keystrokes, states_of_input
from silgeom.lookups import FILE, Lookups, LookupsError, build
from silgeom.related import USES, RelatedError, Relater, mixture, terms, walked
from silgeom.text import normalized_query

DRAW = random.Random(20260315)
#: Words that begin alike, are written together or apart, and are typed with the same keys.
WORDS = [
    "카카오",
    "카카오톡",
    "톡",
    "달",
    "닭",
    "갈비",
    "달갈",
    "제주",
    "제주도",
    "Py",
    "thon",
    "고구마",
]
QUERIES = sorted({" ".join(DRAW.choices(WORDS, k=DRAW.randint(1, 3))) for _ in range(400)})
QUERIES += sorted({query.replace(" ", "") for query in QUERIES if DRAW.random() < 0.2})

Rows = list[dict[str, Any]]


def completion_rows() -> Rows:
    """The ten heaviest of each prefix of up to nine keys, as the job chooses them."""
    of_prefix: dict[tuple[str, str], list[tuple[float, str]]] = defaultdict(list)
    for text in sorted(set(QUERIES)):
        weight = float(DRAW.randint(5, 60))
        query = normalized_query(text)
        tail = query.rpartition(" ")[2]
        for kind, keys, shown in (
            ("keystrokes", keystrokes(query), text),
            ("choseong", choseong(query), text),
            ("tail", keystrokes(tail), tail),
        ):
            for length in range(1, min(len(keys), 9) + 1):
                of_prefix[kind, keys[:length]].append((-weight, shown))
    rows: Rows = []
    for (kind, prefix), found in of_prefix.items():
        for rank, (weight, text) in enumerate(sorted(found)[:10], start=1):
            row = {"key_kind": kind, "prefix": prefix, "rank": rank, "completion": text}
            rows.append(row | {"searchers": 5 + len(text), "weight": -weight})
    DRAW.shuffle(rows)
    return rows


def related_rows() -> Rows:
    """Up to five related queries and corrections of two thirds of the queries."""
    rows: Rows = []
    shown = {normalized_query(text): text for text in QUERIES}
    for query in DRAW.sample(sorted(shown), len(shown) * 2 // 3):
        sessions = DRAW.randint(10, 300)
        for kind, most in (("related", 5), ("correction", 1)):
            others = DRAW.sample(sorted(shown), DRAW.randint(0, most))
            for rank, other in enumerate(others, start=1):
                both, after = DRAW.randint(2, 9), DRAW.randint(0, 2) / sessions
                row = {"query": query, "kind": kind, "rank": rank, "related_query": other}
                row |= {"related_surface": shown[other], "sessions": both}
                score = (after + both / sessions) / 2
                rows.append(row | {"score": score, "next_probability": after})
    DRAW.shuffle(rows)
    return rows


COMPLETIONS = completion_rows()
RELATED = related_rows()


def files_of(root: Path, completions: Rows, related: Rows) -> tuple[list[Path], list[Path]]:
    """The Parquet files of two results; a result of no rows has none."""
    files: tuple[list[Path], list[Path]] = ([], [])
    for found, name, rows in zip(
        files, ("autocomplete", "related"), (completions, related), strict=True
    ):
        half = len(rows) // 2
        for number, some in enumerate(filter(None, (rows[:half], rows[half:]))):
            file = root / f"{name}-{number}.parquet"
            pq.write_table(pa.Table.from_pylist(some), file)
            found.append(file)
    return files


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("root")
    build(*files_of(root, COMPLETIONS, RELATED), root / "index")
    return root / "index"


def asked_for() -> Iterator[str]:
    """What boxes hold: keys of what is known, what nobody typed, the wrong keyboard, spaces."""
    draw = random.Random(1)
    for text in draw.sample(QUERIES, 120):
        yield from states_of_input(text)
        yield text + " "
        yield f"{draw.choice(WORDS)} {text[: draw.randint(1, len(text))]}"
    yield from ("", " ", "ㅋ", "ㅋㅋㅇ", "zkzkdh", "ㅔㅛ소ㅜ", "없는 말", "\ud800", "a" * 300)


class Scanned(Completer):
    """Finds the rows of a prefix among plain rows; the rest of a look-up is the same."""

    def __init__(self, rows: Rows) -> None:
        super().__init__(pa.Table.from_pylist(rows))
        self.of_prefix: dict[tuple[str, str], Rows] = defaultdict(list)
        self.longest = dict.fromkeys(("keystrokes", "choseong", "tail"), 0)
        for row in sorted(rows, key=itemgetter("rank")):
            kind, prefix = row["key_kind"], row["prefix"]
            self.of_prefix[kind, prefix].append(row)
            self.longest[kind] = max(self.longest[kind], len(prefix.rstrip(" ")))

    def _rows(self, kind: str, typed: str, limit: int) -> list[Completion]:
        longest = self.longest[kind]
        if typed.endswith(" ") and len(typed) > longest + 1:
            typed = typed[:-1]
        prefix = typed if typed.endswith(" ") else typed[:longest]
        of_key = choseong if kind == "choseong" else keystrokes
        found = [
            Completion(row["completion"], row["searchers"], row["weight"], kind)
            for row in self.of_prefix[kind, prefix]
            if typed == prefix or of_key(normalized_query(row["completion"])).startswith(typed)
        ]
        return found[:limit]


@pytest.mark.slow
def test_completions_are_those_of_plain_rows(index: Path) -> None:
    scanned, in_memory = Scanned(COMPLETIONS), Completer(pa.Table.from_pylist(COMPLETIONS))
    mapped = Lookups.open(index).completer
    boxes = list(asked_for())

    for limit in (10, 3):
        expected = [scanned.complete(box, limit) for box in boxes]
        assert [in_memory.complete(box, limit) for box in boxes] == expected
        assert [mapped.complete(box, limit) for box in boxes] == expected

    assert len(boxes) > 1000
    assert sum(map(bool, expected)) > len(boxes) / 2


def alike_by_hand(
    of_text: list[set[str]], weights: list[float], query: str
) -> list[tuple[float, int]]:
    """Every query compared with this one, by its set of terms; the thirty nearest."""
    asked = terms(query)
    having = Counter(term for found in of_text for term in found)

    def rarity(of: set[str]) -> float:
        return sum(log1p(len(of_text) / max(1, having[term])) for term in sorted(of))

    scores = []
    for at, found in enumerate(of_text):
        if found & asked:
            share = rarity(found & asked) / rarity(found | asked)
            scores.append((-round(share * log1p(weights[at]), 12), at))
    return [(-score, at) for score, at in sorted(scores)[:30]]


#: To which power of its share a likelihood is divided, by use; of the others it is not.
POWERS = {"topic": 1.0, "near": 0.5}


class ByHand:
    """Related searches from plain rows."""

    def __init__(self, related: Rows, completions: Rows) -> None:
        self.rows: dict[tuple[str, str], list[tuple[float, str]]] = defaultdict(list)
        self.shown: dict[str, str] = {}
        self.sessions: dict[str, float] = {}
        for row in sorted(related, key=itemgetter("query", "kind", "rank")):
            query, other = row["query"], row["related_query"]
            self.rows[row["kind"], query].append((row["score"], other))
            self.shown.setdefault(other, row["related_surface"])
            own = row["sessions"] / (2 * row["score"] - row["next_probability"])
            self.sessions.setdefault(query, own)
        self.spellings = {query.replace(" ", ""): query for query in sorted(self.sessions)}
        weights: dict[str, float] = {}
        for row in completions:
            if row["key_kind"] == "keystrokes":
                text = row["completion"]
                weights[text] = max(weights.get(text, 0.0), row["weight"])
        best = sorted(weights.items(), key=lambda each: (-each[1], each[0]))
        self.texts, self.weights = [text for text, _ in best], [weight for _, weight in best]
        self.terms = [terms(normalized_query(text)) for text in self.texts]

    def related(self, query: str, limit: int, use: str) -> list[tuple[str, str]]:
        asked = normalized_query(query)
        known = asked
        if not self.rows["related", asked]:
            known = self.spellings.get(asked.replace(" ", ""), asked)
        near = alike_by_hand(self.terms, self.weights, asked)
        popular = [
            (weight / sum(self.weights), text)
            for weight, text in zip(self.weights, self.texts, strict=True)
        ]
        together = walked(self.rows["related", known], lambda other: self.rows["related", other])
        mixed = mixture(
            self.sessions.get(known, 0.0),
            [(score, self.shown[other]) for score, other in together],
            [(score, self.texts[at]) for score, at in near],
            None if use in POWERS else popular[: 3 * limit],
        )
        if use in POWERS:
            # Of a pair the share of the heaviest completion of its spellings.
            own = {text: share for share, text in popular}
            heaviest = {normalized_query(text).replace(" ", ""): s for s, text in popular[::-1]}

            def share(kind: str, text: str) -> float:
                if kind == "words":
                    return own[text]
                return heaviest.get(normalized_query(text).replace(" ", ""), 0.0)

            by_lift = [
                (-score / (share(kind, text) + 0.001) ** POWERS[use], text, kind)
                for score, kind, text in mixed
            ]
            mixed = [(-score, kind, text) for score, text, kind in sorted(by_lift)]
        corrections = [self.shown[other] for _, other in self.rows["correction", known]]
        offered = [(shown, "correction") for shown in corrections]
        offered += [(text, kind) for _, kind, text in mixed]
        different: dict[str, tuple[str, str]] = {}
        for text, kind in offered:
            different.setdefault(keystrokes(normalized_query(text)), (text, kind))
        different.pop(keystrokes(asked), None)
        return list(different.values())[:limit]


@pytest.mark.slow
def test_related_searches_are_those_of_plain_rows(index: Path) -> None:
    by_hand = ByHand(RELATED, COMPLETIONS)
    in_memory = Relater(pa.Table.from_pylist(RELATED), pa.Table.from_pylist(COMPLETIONS))
    mapped = Lookups.open(index).relater
    assert mapped is not None
    some = random.Random(2).sample(QUERIES, 100)
    asked = [*some, *(query.replace(" ", "") for query in some)]
    asked += ["카카오 없는말", "없는 말", "", "PY THON 카카오", "\ud800"]

    for query, use in product(asked, USES):
        expected = by_hand.related(query, 7, use)
        found = in_memory.related(query, 7, use)
        assert [(each.text, each.kind) for each in found] == expected
        assert mapped.related(query, 7, use) == found

    kinds = Counter(each.kind for query in asked for each in mapped.related(query, 7))
    assert min(kinds[kind] for kind in ("correction", "together", "words", "popular")) > 20
    kinds = Counter(each.kind for query in asked for each in mapped.related(query, 7, "topic"))
    assert min(kinds[kind] for kind in ("correction", "together", "words")) > 20


def one_completion(text: str) -> Rows:
    row = {"key_kind": "keystrokes", "prefix": "ㅇㅏ", "rank": 1, "completion": text}
    return [row | {"searchers": 5, "weight": 5.0}]


def texts(lookups: Lookups) -> list[str]:
    return [each.text for each in lookups.completer.complete("아", 10)]


def test_a_new_index_takes_the_place_of_the_old_one_for_who_opens_it_next(tmp_path: Path) -> None:
    folder = tmp_path / "index"
    build(*files_of(tmp_path, one_completion("어제"), []), folder)
    before = Lookups.open(folder)

    build(*files_of(tmp_path, one_completion("오늘"), []), folder)

    assert texts(Lookups.open(folder)) == ["오늘"]
    assert texts(before) == ["어제"]
    assert [file.name for file in folder.iterdir()] == [FILE]


def test_without_related_searches_there_are_completions_and_the_other_way(tmp_path: Path) -> None:
    build(*files_of(tmp_path, one_completion("어제"), []), tmp_path / "one")
    build(*files_of(tmp_path, [], RELATED), tmp_path / "other")

    assert Lookups.open(tmp_path / "one").relater is None
    other = Lookups.open(tmp_path / "other")
    assert other.completer.complete("카") == []
    assert other.relater is not None
    expected = Relater(pa.Table.from_pylist(RELATED))
    assert other.relater.related(QUERIES[3]) == expected.related(QUERIES[3]) != []


def test_an_index_is_built_once_for_one_result(tmp_path: Path) -> None:
    folder = tmp_path / "index"
    files = files_of(tmp_path, one_completion("어제"), RELATED)
    Lookups.of(*files, folder)
    first = (folder / FILE).stat()

    Lookups.of(*files, folder)
    assert (folder / FILE).stat().st_ino == first.st_ino

    files = files_of(tmp_path, one_completion("오늘"), RELATED)
    assert texts(Lookups.of(*files, folder)) == ["오늘"]


@pytest.mark.parametrize("part", [0.0, 0.3, 0.9, 0.999])
def test_half_an_index_is_one_sentence_and_is_built_again(tmp_path: Path, part: float) -> None:
    files = files_of(tmp_path, COMPLETIONS[:500], RELATED[:500])
    build(*files, tmp_path)
    whole = (tmp_path / FILE).read_bytes()
    (tmp_path / FILE).write_bytes(whole[: int(len(whole) * part)])

    with pytest.raises(LookupsError, match=r"is no whole index .*: build it again") as raised:
        Lookups.open(tmp_path)
    assert "\n" not in str(raised.value)

    assert Lookups.of(*files, tmp_path).completer.complete("카")


def test_where_there_is_no_index_a_sentence_says_so(tmp_path: Path) -> None:
    with pytest.raises(LookupsError, match="no index of look-ups in"):
        Lookups.open(tmp_path / "nowhere")


def test_an_index_of_another_version_is_built_again(tmp_path: Path) -> None:
    files = files_of(tmp_path, one_completion("어제"), [])
    build(*files, tmp_path)
    with pytest.MonkeyPatch.context() as later:
        later.setattr("silgeom.lookups.VERSION", -1)
        with pytest.raises(LookupsError, match="of another version: build it again"):
            Lookups.open(tmp_path)
        assert texts(Lookups.of(*files, tmp_path)) == ["어제"]


def test_a_build_that_is_cut_off_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "index"
    build(*files_of(tmp_path, one_completion("어제"), []), folder)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("silgeom.arrays.os.fsync", full)
        with pytest.raises(LookupsError, match=r"cannot be written \(No space left on device\)"):
            build(*files_of(tmp_path, one_completion("오늘"), []), folder)

    assert texts(Lookups.open(folder)) == ["어제"]
    assert [file.name for file in folder.iterdir()] == [FILE]


def test_what_a_killed_build_left_goes_with_a_later_one(tmp_path: Path) -> None:
    left, fresh = tmp_path / ".unfinished-old", tmp_path / ".unfinished-new"
    for file in (left, fresh):
        file.write_bytes(b"half")
    long_ago = time.time() - 2 * 3600
    os.utime(left, (long_ago, long_ago))

    build(*files_of(tmp_path, one_completion("어제"), []), tmp_path)

    assert not left.exists()
    assert fresh.exists()  # somebody may be writing it


def test_a_result_that_cannot_be_read_is_one_sentence(tmp_path: Path) -> None:
    completions, related = files_of(tmp_path, one_completion("어제"), RELATED)
    folder = tmp_path / "index"
    build(completions, related, folder)

    related[0].write_bytes(b"PAR1 it is not")
    with pytest.raises(RelatedError, match=r"run jobs/related\.py again"):
        build(completions, related, folder)
    completions[0].write_bytes(b"PAR1 it is not")
    with pytest.raises(CompletionError, match=r"run jobs/autocomplete\.py again"):
        build(completions, related, folder)

    assert texts(Lookups.open(folder)) == ["어제"]


def test_bytes_that_changed_on_disk_never_lead_outside_the_file(tmp_path: Path) -> None:
    """They may be found late, or not at all; the process goes on."""
    build(*files_of(tmp_path, COMPLETIONS[:500], RELATED[:500]), tmp_path)
    whole = (tmp_path / FILE).read_bytes()
    draw = random.Random(7)
    answered = 0
    for _ in range(60):
        damaged = bytearray(whole)
        for at in draw.choices(range(len(whole)), k=draw.choice([1, 10, 100])):
            damaged[at] = draw.randrange(256)
        (tmp_path / "new").write_bytes(damaged)
        os.replace(tmp_path / "new", tmp_path / FILE)
        with contextlib.suppress(LookupsError, ValueError, IndexError):
            lookups = Lookups.open(tmp_path)
            lookups.completer.complete("카카")
            assert lookups.relater is not None
            lookups.relater.related("카카오 톡")
            answered += 1
    assert answered
