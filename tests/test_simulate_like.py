"""Comparing two logs, and a log drawn like another: near in numbers, with nothing of its text."""

import random
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from itertools import pairwise
from math import log2
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from silgeom.simulate.__main__ import main
from silgeom.simulate.compare import main as compare
from silgeom.simulate.distributions import distributions, divergences, read_log
from silgeom.simulate.fitted import quotas, text_of
from silgeom.simulate.profile import FLOOR, fitted_to
from tests.test_simulate import SAMPLE, Search, _content, _lines

NAMES = [
    "rank-frequency",
    "query length",
    "searches per user",
    "searches per session",
    "gap in a session",
    "hour of day",
    "new-query rate",
]


def take_in(rows: Iterable[tuple[datetime, str, str]], root: Path) -> Path:
    """A root's `searches` as the pipeline leaves it, as far as a comparison reads it."""
    unique = pd.DataFrame(list(dict.fromkeys(rows)), columns=["searched_at", "user", "query"])
    unique["searched_at"] = pd.to_datetime(unique.searched_at, utc=True)
    unique["user_id"] = pd.factorize(unique.user)[0] * 7_919 + 10**15
    unique["query_id"] = pd.factorize(unique["query"])[0] - 10**9
    folder = root / "searches" / "dt=2026-03-02"
    folder.mkdir(parents=True)
    unique.drop(columns="user").to_parquet(folder / "part.parquet")
    return root


def searches_of(directory: Path) -> list[Search]:
    lines = (line for path in sorted(directory.iterdir()) for line in _lines(path))
    return [line for line in lines if isinstance(line, Search)]


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Search]]:
    """A third of the sample log's people stand for a real one: its root and what is in it."""
    robots = {"u00b07a11", "u00b07a22", "u005e11e5"}
    everybody = (s for s in searches_of(SAMPLE / "logs") if s.user not in robots)
    found = [search for search in everybody if search.user[-1] in "05a7c"]
    rows = ((search.at, search.user, search.query) for search in found)
    return take_in(rows, tmp_path_factory.mktemp("real")), found


@pytest.fixture(scope="module")
def drawn(
    real: tuple[Path, list[Search]], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Path, list[Search]]:
    """A log like it: where it was written, its root, and what is in it."""
    place = tmp_path_factory.mktemp("drawn")
    assert main([str(place), "--like", str(real[0])]) == 0
    found = searches_of(place / "logs")
    rows = ((search.at, search.user, search.query) for search in found)
    return place, take_in(rows, tmp_path_factory.mktemp("taken_in")), found


def test_a_log_drawn_like_another_is_near_in_every_distribution(
    real: tuple[Path, list[Search]], drawn: tuple[Path, Path, list[Search]]
) -> None:
    first = distributions(read_log(real[0]))
    second = distributions(read_log(drawn[1]))
    assert list(first) == NAMES
    apart = {name: divergences(counts, second[name])[2] for name, counts in first.items()}
    assert max(apart.values()) <= 0.02, apart


def test_it_has_no_query_and_no_user_of_the_other(
    real: tuple[Path, list[Search]], drawn: tuple[Path, Path, list[Search]]
) -> None:
    assert not {s.query for s in real[1]} & {s.query for s in drawn[2]}
    assert not {s.user for s in real[1]} & {s.user for s in drawn[2]}
    # Not even within a line or the profile: the longer ones, as "2" is anywhere by accident.
    everything = (drawn[0] / "profile.json").read_text("utf-8")
    everything += "".join(_content(p).decode() for p in sorted((drawn[0] / "logs").iterdir()))
    told = {s.query for s in real[1] if len(s.query) > 2} | {s.user for s in real[1]}
    ids = set(map(str, pd.read_parquet(real[0]).user_id))
    assert [text for text in sorted(told | ids)[::31] if text in everything] == []


def test_the_profile_is_enough_for_the_same_log(
    drawn: tuple[Path, Path, list[Search]], tmp_path: Path
) -> None:
    assert main([str(tmp_path), "--like", str(drawn[0] / "profile.json")]) == 0
    name = "logs/2026-03-05.tsv.gz"
    assert _content(tmp_path / name) == _content(drawn[0] / name)


def test_a_larger_log_is_like_it_too(real: tuple[Path, list[Search]], tmp_path: Path) -> None:
    assert main([str(tmp_path), "--like", str(real[0]), "--searches", "40000"]) == 0
    found = searches_of(tmp_path / "logs")
    assert 0.97 * 40_000 < len(found) < 1.03 * 40_000


def test_one_busy_person_is_not_told_by_the_profile(tmp_path: Path) -> None:
    start = pd.Timestamp("2026-03-02T00:00:00Z").to_pydatetime()
    rows = [(start + pd.Timedelta(minutes=i), "busy", f"q{i % 700}") for i in range(1_400)]
    rows += [(start + pd.Timedelta(minutes=i), f"u{i}", f"q{i}") for i in range(300)]
    rows += [(start + pd.Timedelta(hours=20, minutes=i), "night", "x" * 40) for i in range(5)]
    profile = fitted_to(read_log(take_in(rows, tmp_path)), "UTC")
    # Nobody but one person has more than one search: all are told as persons of one search.
    assert profile.user_shares[0] == 1.0
    assert max(profile.session_shares[0]) == profile.session_shares[0][0] == 1.0
    assert profile.length_shares[39] == 0.0, "a length that only one person typed"
    # From 05:00 the busy one is alone or with the other, so those hours are not told either.
    assert profile.hour_shares[4] > 0.0 == max(profile.hour_shares[5:])
    assert FLOOR == 5


def oracle(rows: list[tuple[datetime, str, str]]) -> tuple[list[int], list[int], list[int]]:
    """Session lengths, gaps and new-query flags, in plain Python."""
    own = defaultdict(list)
    for at, user, _ in sorted(rows):
        own[user].append(at)
    lengths, gaps = [], []
    for times in own.values():
        lengths.append(1)
        for before, after in pairwise(times):
            gap = int((after - before).total_seconds())
            if gap < 30 * 60:
                lengths[-1] += 1
                gaps.append(gap)
            else:
                lengths.append(1)
    seen: set[str] = set()
    new = []
    for _, _, query in sorted(rows, key=lambda row: row[0]):
        new.append(query not in seen)
        seen.add(query)
    return sorted(lengths), sorted(gaps), [sum(new), len(new) - sum(new)]


def test_distributions_against_plain_python(tmp_path: Path) -> None:
    chance = random.Random(11)
    start = datetime.fromisoformat("2026-03-02T00:00:00+00:00").timestamp()
    seconds = chance.sample(range(200_000), 600)
    rows = [
        (
            datetime.fromtimestamp(start + second).astimezone(),
            f"u{chance.randrange(40)}",
            "검색" * chance.randrange(1, 30) + str(chance.randrange(40)),
        )
        for second in seconds
    ]
    rows += [(rows[0][0] + pd.Timedelta(seconds=1800), rows[0][1], "30분 뒤")]
    counted = distributions(read_log(take_in(rows, tmp_path)), "Asia/Seoul")
    lengths, gaps, new = oracle(rows)
    assert counted["searches per session"].sum() == len(lengths)
    # bins of lengths: 1 to 10 each, then 11, 12 to 15, 16 to 23 …
    assert counted["searches per session"][:10].tolist() == [lengths.count(n) for n in range(1, 11)]
    # bins of gaps: 0, 1, 2, 3, 4 and 5, 6 and 7, 8 to 11, 12 to 15, …, 1,536 to 1,799
    edges = [0, 1, 2, 3, 4, *(x for n in range(2, 11) for x in (3 << (n - 1), 4 << (n - 1)))]
    edges = sorted(edge for edge in edges if edge < 1800)
    assert counted["gap in a session"].tolist() == [
        sum(a <= gap < b for gap in gaps) for a, b in zip(edges, [*edges[1:], 1800], strict=True)
    ]
    assert counted["new-query rate"][1::2].sum() == new[0]
    assert counted["new-query rate"][0::2].sum() == new[1]
    hours = [int((at.timestamp() // 3600 + 9) % 24) for at, _, _ in rows]
    assert counted["hour of day"].tolist() == [hours.count(hour) for hour in range(24)]
    assert counted["query length"][1:].sum() == len(rows)
    assert counted["rank-frequency"].sum() == len(rows)


def test_divergences_in_bits() -> None:
    same = np.array([3.0, 5.0, 0.0])
    assert divergences(same, same) == (0.0, 0.0, 0.0)
    # 1,2 against 2,1 with half a search more each: p = 1.5/4 and 2.5/4, q the other way about.
    there, back, middle = divergences(np.array([1.0, 2.0]), np.array([2.0, 1.0]))
    expected = 0.375 * log2(0.375 / 0.625) + 0.625 * log2(0.625 / 0.375)
    assert there == pytest.approx(back) == pytest.approx(expected)
    assert middle == pytest.approx(0.375 * log2(0.375 / 0.5) + 0.625 * log2(0.625 / 0.5))
    # Nothing in common: one bit, less the smoothing.
    assert 0.99 < divergences(np.array([10_000.0, 0.0]), np.array([0.0, 10_000.0]))[2] < 1.0
    assert divergences(np.zeros(2), np.zeros(2)) == (0.0, 0.0, 0.0)


def test_quotas_are_the_largest_remainders() -> None:
    # 10 in shares of 0.55, 0.26, 0.19: 5.5, 2.6, 1.9 -> 5, 2, 1, and two more to .9 and .6
    assert quotas(10, np.array([0.55, 0.26, 0.19])).tolist() == [5, 3, 2]
    assert quotas(0, np.array([1.0])).tolist() == [0]
    assert quotas(3, np.zeros(2)).tolist() == [0, 0]


def test_texts_of_a_length_are_all_different_and_of_that_length() -> None:
    for length in (1, 2, 3, 9, 61):
        texts = [text_of(length, number) for number in range(4_000)]
        assert len(set(texts)) == 4_000
        assert {len(text) for text in texts} == {length}
        assert all(text == text.strip() and "  " not in text for text in texts)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--like", "{tmp}/nowhere"], "holds no searches: name the root of a pipeline"),
        (["--like", "{tmp}/no.json"], "is no profile of a log"),
        (["--like", "{tmp}", "--users", "700"], "--users does not go with --like"),
        (["--like", "{tmp}", "--plan", "random"], "--plan does not go with --like"),
        (["--zone", "UTC"], "--zone goes with --like"),
    ],
)
def test_what_a_user_can_mend_is_one_sentence(
    arguments: list[str], sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = [each.format(tmp=tmp_path) for each in arguments]
    with pytest.raises(SystemExit) as stopped:
        main([str(tmp_path / "log"), *given])
    error = capsys.readouterr().err
    assert (stopped.value.code, sentence in error) == (2, True), error


def test_the_comparison_on_the_command_line(
    real: tuple[Path, list[Search]],
    drawn: tuple[Path, Path, list[Search]],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert compare([str(real[0]), str(drawn[1] / "searches"), "--zone", "Asia/Seoul"]) == 0
    out = capsys.readouterr().out
    assert [line.split("  ")[0] for line in out.splitlines()[5:]] == NAMES
    with pytest.raises(SystemExit) as stopped:
        compare([str(real[0]), str(tmp_path)])
    assert stopped.value.code == 2
    assert "holds no searches" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        compare([str(real[0]), str(drawn[1]), "--zone", "Asia/Soul"])
    assert "Asia/Soul" in capsys.readouterr().err
