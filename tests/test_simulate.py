"""The simulated log: the same for all, as told in truth.json, and with a portal's rhythm."""

import gzip
import json
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from silgeom.simulate import Parameters, Simulation
from silgeom.simulate.__main__ import arg_parser, main
from silgeom.simulate.keyboard import compose, slip, strokes, wrong_keyboard
from silgeom.simulate.log import normalised, oddly
from silgeom.simulate.material import material
from silgeom.simulate.rhythm import SEASONS

SAMPLE = Path(__file__).parent.parent / "sample_data"
BLOCKED = ("blank_query", "bad_time", "no_user", "too_few_columns", "undecodable")


@dataclass(frozen=True)
class Search:
    """A line that is a search, read without any of the simulator's code."""

    at: datetime
    user: str
    query: str

    @property
    def hour(self) -> datetime:
        return self.at.replace(minute=0, second=0)


def _content(path: Path) -> bytes:
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


def _plain(query: str) -> str:
    """NFC, half width, lower case, single spaces."""
    composed = unicodedata.normalize("NFC", query)
    narrow = "".join(chr(ord(c) - 0xFEE0) if "！" <= c <= "～" else c for c in composed)
    return " ".join(narrow.lower().split())


def _judge(raw: bytes, *, json_lines: bool) -> Search | str:
    """The search of a line, or why it is none."""
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return "undecodable"
    if json_lines:
        row = json.loads(text)
        columns = [row["searched_at"], row.get("user", ""), row["query"]]
    else:
        columns = text.split("\t")
    if len(columns) < 3:
        return "too_few_columns"
    try:
        at = datetime.fromisoformat(columns[0])
    except ValueError:
        return "bad_time"
    if not columns[1]:
        return "no_user"
    query = _plain(columns[2])
    return Search(at, columns[1], query) if query else "blank_query"


def _lines(path: Path) -> Iterator[Search | str]:
    for raw in _content(path).removesuffix(b"\n").split(b"\n"):
        if not raw.startswith(b"searched_at\t"):
            yield _judge(raw, json_lines=path.suffix == ".jsonl")


@pytest.fixture(scope="module")
def truth() -> dict[str, Any]:
    told: dict[str, Any] = json.loads((SAMPLE / "truth.json").read_text(encoding="utf-8"))
    return told


@pytest.fixture(scope="module")
def files() -> dict[str, list[Search | str]]:
    return {f"logs/{path.name}": list(_lines(path)) for path in sorted((SAMPLE / "logs").iterdir())}


@pytest.fixture(scope="module")
def searches(files: dict[str, list[Search | str]]) -> list[Search]:
    """Different searches: a click log's second line for one search is left out."""
    found = (line for lines in files.values() for line in lines if isinstance(line, Search))
    return list(dict.fromkeys(found))


@pytest.fixture(scope="module")
def people(searches: list[Search], truth: dict[str, Any]) -> dict[tuple[datetime, str], set[str]]:
    """(hour, query) → who searched it, robots left out."""
    robots = {robot["user"] for robot in truth["robots"]}
    found = defaultdict(set)
    for search in searches:
        if search.user not in robots:
            found[search.hour, search.query].add(search.user)
    return found


def test_the_committed_sample_is_what_the_generator_makes(tmp_path: Path) -> None:
    assert main([str(tmp_path)]) == 0

    made = sorted(p.relative_to(tmp_path) for p in tmp_path.rglob("*") if p.is_file())
    kept = sorted(p.relative_to(SAMPLE) for p in SAMPLE.rglob("*") if p.is_file())
    assert made == [path for path in kept if path.name != "README.md"]
    for path in made:
        # Inside gzip the content counts: another zlib packs the same lines into other bytes.
        assert _content(tmp_path / path) == _content(SAMPLE / path), path


def test_gzip_files_hold_neither_their_time_nor_their_name() -> None:
    for path in (SAMPLE / "logs").glob("*.gz"):
        header = path.read_bytes()[:8]
        assert header[3] == 0, "flags: no name"
        assert header[4:8] == b"\0\0\0\0", "modification time"


def test_the_sample_is_small_and_comes_in_all_its_shapes() -> None:
    paths = [path for path in SAMPLE.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in paths) <= 3_000_000
    endings = Counter("".join(path.suffixes) for path in (SAMPLE / "logs").iterdir())
    assert endings == {".tsv.gz": 11, ".tsv": 2, ".jsonl": 1}
    headers = [_content(p).startswith(b"searched_at") for p in (SAMPLE / "logs").glob("*.tsv")]
    assert sorted(headers) == [False, True]


def test_truth_counts_the_lines_of_each_file(
    truth: dict[str, Any], files: dict[str, list[Search | str]]
) -> None:
    robots = {robot["user"] for robot in truth["robots"]}
    personal = {secret["text"] for secret in truth["personal_data"]}
    assert [row["file"] for row in truth["files"]] == list(files)
    for row in truth["files"]:
        lines = files[row["file"]]
        found = [line for line in lines if isinstance(line, Search)]
        reasons = Counter(line for line in lines if isinstance(line, str))
        assert row == {
            "file": row["file"],
            "lines": len(lines),
            **{reason: reasons[reason] for reason in BLOCKED},
            "duplicates": len(found) - len(set(found)),
            "personal_data": sum(search.query in personal for search in set(found)),
            "robot_lines": sum(search.user in robots for search in found),
        }


def test_every_kind_of_broken_line_occurs(truth: dict[str, Any]) -> None:
    for reason in (*BLOCKED, "duplicates", "personal_data"):
        assert sum(row[reason] for row in truth["files"]) >= 10, reason
    assert 30_000 <= sum(row["lines"] for row in truth["files"]) <= 60_000


def test_truth_counts_the_people_of_each_burst(
    truth: dict[str, Any], people: dict[tuple[datetime, str], set[str]]
) -> None:
    assert len(truth["bursts"]) >= 12
    for burst in truth["bursts"]:
        for hour, number in burst["searchers"].items():
            who = [people.get((datetime.fromisoformat(hour), q), set()) for q in burst["phrasings"]]
            assert len(set().union(*who)) == number, (burst["query"], hour)
        assert burst["start"] == min(burst["searchers"])
        assert burst["searchers"][burst["peak"]] == max(burst["searchers"].values())


def test_a_burst_stands_out_in_its_peak_hour(
    truth: dict[str, Any], people: dict[tuple[datetime, str], set[str]]
) -> None:
    planted = {query for b in truth["bursts"] for query in b["phrasings"] + b["follow_ups"]}
    usual: dict[datetime, int] = defaultdict(int)
    for (hour, query), who in people.items():
        if query not in planted:
            usual[hour] = max(usual[hour], len(who))
    for burst in truth["bursts"]:
        most = burst["searchers"][burst["peak"]]
        assert most >= 15, burst["query"]
        assert most > 1.5 * usual[datetime.fromisoformat(burst["peak"])], burst["query"]


def test_queries_never_seen_before_are_never_seen_before(
    truth: dict[str, Any], searches: list[Search]
) -> None:
    first: dict[str, datetime] = {}
    for search in searches:
        first[search.query] = min(search.at, first.get(search.query, search.at))
    new = [burst for burst in truth["bursts"] if burst["never_seen"]]
    assert len(new) >= 2
    for burst in new:
        assert min(first[q] for q in burst["phrasings"]) >= datetime.fromisoformat(burst["start"])


def test_habits_come_again_at_their_hours(
    truth: dict[str, Any], people: dict[tuple[datetime, str], set[str]]
) -> None:
    start = datetime.fromisoformat("2026-03-02T00:00:00+09:00")
    hours = [start + timedelta(hours=i) for i in range(14 * 24)]
    wanted = {
        "daily": range(7),
        "working days": range(5),
        "Saturdays": range(5, 6),
    }
    for habit in truth["habits"]:
        days = wanted[habit["days"]]
        inside: list[int] = []
        outside: list[int] = []
        for hour in hours:
            number = len(people.get((hour, habit["query"]), ()))
            here = hour.hour in habit["hours"] and hour.weekday() in days
            (inside if here else outside).append(number)
        # at least four times as many people in an hour of the habit as in another
        assert sum(inside) / len(inside) >= 4 * sum(outside) / len(outside), habit["query"]


def test_searches_follow_the_day(searches: list[Search], truth: dict[str, Any]) -> None:
    robots = {robot["user"] for robot in truth["robots"]}
    hours = Counter(search.at.hour for search in searches if search.user not in robots)
    assert min(hours, key=lambda hour: hours[hour]) in (3, 4, 5)
    assert max(hours[h] for h in (12, 21)) > 6 * hours[4]
    assert hours[12] > hours[15]
    assert hours[21] > hours[18]


def test_truth_counts_each_correction(truth: dict[str, Any], searches: list[Search]) -> None:
    told: Counter[str] = Counter()
    for change in truth["corrections"]:
        told[change["wrong"]] += change["count"]
        assert change["corrected"] <= change["count"]
    typed = Counter(search.query for search in searches)
    assert {wrong: typed[wrong] for wrong in told} == dict(told)
    assert {change["kind"] for change in truth["corrections"]} == {"slip", "keyboard", "spacing"}


def test_a_correction_follows_within_seconds(truth: dict[str, Any], searches: list[Search]) -> None:
    by_user = defaultdict(list)
    for search in searches:
        by_user[search.user].append(search)
    rights = defaultdict(set)
    for change in truth["corrections"]:
        rights[change["wrong"]].add(change["right"])
    followed: Counter[str] = Counter()
    for own in by_user.values():
        for search in own:
            soon = search.at + timedelta(seconds=13)
            followed[search.query] += search.query in rights and any(
                later.query in rights[search.query] and search.at < later.at <= soon
                for later in own
            )
    told: Counter[str] = Counter()
    for change in truth["corrections"]:
        told[change["wrong"]] += change["corrected"]
    assert sum(told.values()) > 1_000
    for wrong, number in told.items():
        assert followed[wrong] >= number, wrong


def test_truth_counts_each_robot_and_each_rare_query(
    truth: dict[str, Any], searches: list[Search]
) -> None:
    for robot in truth["robots"]:
        days = Counter(str(s.at.date()) for s in searches if s.user == robot["user"])
        assert dict(days) == robot["searches"]
    assert max(max(robot["searches"].values()) for robot in truth["robots"]) > 1_000
    for secret in truth["personal_data"] + truth["anonymity"]:
        who = [search.user for search in searches if search.query == secret["text"]]
        assert (len(set(who)), len(who)) == (secret["people"], secret["searches"]), secret


def test_personal_data_belongs_to_nobody(truth: dict[str, Any]) -> None:
    for secret in truth["personal_data"]:
        digits = [int(c) for c in secret["text"] if c.isdigit()]
        if secret["kind"] == "email":
            assert "@example." in secret["text"]
        elif secret["kind"] == "resident":
            weights = (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)
            total = sum(w * d for w, d in zip(weights, digits[:12], strict=True))
            assert digits[12] != (11 - total % 11) % 10
        elif secret["kind"] == "card":  # Luhn's check digit is wrong
            doubled = [d if i % 2 else 2 * d - 9 * (d > 4) for i, d in enumerate(digits)]
            assert sum(doubled) % 10 != 0


def test_another_seed_another_log_and_the_same_twice(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        small = Parameters(searches=2_000, days=2, users=200, seed=seed)
        Simulation(small).write(tmp_path / name)
    read = {name: _content(tmp_path / name / "logs/2026-03-02.tsv.gz") for name in "abc"}
    assert read["a"] == read["b"]
    assert read["a"] != read["c"]


def test_a_larger_log_has_about_the_lines_asked_for_and_larger_bursts(tmp_path: Path) -> None:
    truth = Simulation(Parameters(searches=60_000, days=4, users=10_000)).write(tmp_path)
    lines = sum(row["lines"] for row in truth["files"])
    assert 0.9 * 60_000 < lines < 1.1 * 60_000
    # 15,000 searches a day are 3.8 times the usual 3,929: of 34 people become about 130.
    assert 100 < truth["bursts"][0]["searchers"]["2026-03-03T10:00:00+09:00"] < 160


def test_too_small_a_log_is_refused_in_one_sentence(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([str(tmp_path), "--searches", "3"])
    assert stopped.value.code == 2
    assert "--searches: must be from 1,000 to" in capsys.readouterr().err


def test_help_names_every_option() -> None:
    told = arg_parser().format_help()
    for option in ("DIRECTORY", "--searches", "--days", "--users", "--seed", "--start"):
        assert option in told


@pytest.mark.parametrize(
    ("right", "wrong"),
    [("날씨", "skfTl"), ("꽃밭", "Rhcqkx"), ("python", "ㅔㅛ쇄ㅜ"), ("내일 날씨", "sodlf skfTl")],
)
def test_the_wrong_keyboard(right: str, wrong: str) -> None:
    assert wrong_keyboard(right) == wrong


def test_mixed_scripts_have_no_wrong_keyboard() -> None:
    assert wrong_keyboard("엑셀 vlookup") is None


@pytest.mark.parametrize(
    "text", ["값없이", "닭볶음탕 레시피", "의자 왜 웨딩", "꽃밭에 앉아", "abc 1"]
)
def test_composing_the_strokes_gives_the_text_again(text: str) -> None:
    assert compose(strokes(text)) == text


def test_a_slip_changes_the_text_and_leaves_the_first_stroke() -> None:
    for i in range(100):
        slipped = slip("제주도 항공권", i / 100, (i * 0.37) % 1)
        assert slipped != "제주도 항공권"
        assert slipped is None or strokes(slipped)[0] == "ㅈ"
    assert slip("밥", 0.5, 0.5) is None, "too short to be told from another word"


def test_oddities_disappear_in_normalising() -> None:
    for text in ("iphone 17", "내일 날씨", "날씨", "python list"):
        for how in (0.1, 0.35, 0.5, 0.7, 0.9):
            assert oddly(text, how) != text
            assert normalised(oddly(text, how)) == _plain(oddly(text, how)) == text


def test_the_material_is_normalised_and_every_season_is_known() -> None:
    heads, families = material()
    assert len(heads) > 80
    assert len(families) > 60
    for head in heads:
        assert head.season in SEASONS
        assert all(normalised(query) == query and weight > 0 for query, weight in head.queries)
    for family in families:
        assert family.season in SEASONS
        names = [name for group in family.groups for name in group]
        assert len(names) == len(set(names)), names
        for template, weight in family.aspects:
            assert weight > 0
            assert template.count("{}") == 1
            assert all(normalised(template.format(name)) == template.format(name) for name in names)
