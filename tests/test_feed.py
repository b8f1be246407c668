"""`silgeom feed`: which lines go out when, in which files, and what the files hold."""

import bz2
import gzip
import os
import random
import signal
import subprocess
import sys
import time
from itertools import accumulate
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.commands import feed as module
from pipeline.errors import PipelineError
from pipeline.reading.packing import PIECE_BYTES
from tests.factories import HERE

GOLDEN = Path(__file__).parent / "golden" / "feed.txt"


class Wall:
    """A clock that goes on only when somebody waits."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.waits: list[float] = []

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds


def fed(landing: Path, *arguments: str | Path) -> tuple[dict[str, bytes], Wall]:
    """Feed: the files that came, in the order in which they came, and the clock."""
    wall = Wall()
    words = [str(each) for each in (*arguments, "--landing", landing)]
    module.run(HERE, module.parser().parse_args(words), clock=lambda: wall.now, wait=wall.wait)
    files = sorted(landing.iterdir(), key=lambda file: file.stat().st_mtime_ns)
    return {file.name: file.read_bytes() for file in files}, wall


def line(clock: str, user: str = "u1", query: str = "날씨") -> str:
    return f"2026-03-02T{clock}+09:00\t{user}\t{query}\n"


def put(folder: Path, name: str, *lines: str, charset: str = "utf-8") -> Path:
    folder.mkdir(exist_ok=True)
    file = folder / name
    file.write_bytes("".join(lines).encode(charset))
    return file


def test_lines_go_out_when_they_were_searched_at_the_speed_asked_for(tmp_path: Path) -> None:
    first, second, third = line("09:00:01"), line("09:00:29"), line("09:01:05")
    log = put(tmp_path, "a.tsv", first, second, third)

    files, wall = fed(tmp_path / "in", log, "--speed", "10", "--every", "30")

    assert files == {
        "a.20260302T000000Z-20260302T000030Z.tsv": (first + second).encode(),
        "a.20260302T000100Z-20260302T000130Z.tsv": third.encode(),
    }
    assert wall.waits == [3.0, 3.0, 3.0]  # of the half minute without a line, too


def test_files_are_fed_side_by_side(tmp_path: Path) -> None:
    log = tmp_path / "log"
    put(log, "a.tsv", line("09:00:01"), line("09:00:21"))
    put(log, "b.tsv", line("09:00:11"), line("09:00:22"))

    files, _ = fed(tmp_path / "in", log, "--speed", "20")

    pieces = ["a.20260302T000000", "b.20260302T000010", "a.20260302T000020", "b.20260302T000020"]
    assert [name[:17] for name in files] == pieces


def test_pieces_are_no_shorter_than_half_a_second(tmp_path: Path) -> None:
    log = put(tmp_path, "a.tsv", line("09:00:00"), line("09:06:39"), line("09:06:41"))

    files, wall = fed(tmp_path / "in", log, "--speed", "2000", "--every", "10")

    assert [len(content.splitlines()) for content in files.values()] == [2, 1]  # of 1,000 s each
    assert wall.waits == [0.5, 0.5]


def test_without_waiting_all_goes_out_at_once(tmp_path: Path) -> None:
    log = put(tmp_path, "a.tsv", line("09:00:00"), line("09:00:59"))

    files, wall = fed(tmp_path / "in", log, "--speed", "max")

    assert (len(files), wall.waits) == (2, [])


def test_who_reads_too_slowly_catches_up(tmp_path: Path) -> None:
    log = put(tmp_path, "a.tsv", *(line(f"09:00:{second}") for second in range(10, 60, 10)))
    wall = Wall()

    def slow() -> float:
        wall.now += 1.0
        return wall.now

    words = [str(log), "--landing", str(tmp_path / "in"), "--speed", "20"]
    module.run(HERE, module.parser().parse_args(words), clock=slow, wait=wall.wait)

    assert wall.waits == []
    assert len(list((tmp_path / "in").iterdir())) == 5


HEADER = "searched_at\tuser\tquery\n"


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        (
            "a.tsv.gz",
            gzip.compress((HEADER + line("09:00:01") + line("09:01:01")).encode()),
            [(HEADER + line("09:00:01")).encode(), (HEADER + line("09:01:01")).encode()],
        ),
        (
            "a.tsv.bz2",
            bz2.compress((line("09:00:01") + line("09:01:01")).encode()),
            [line("09:00:01").encode(), line("09:01:01").encode()],
        ),
        (
            "a.tsv",
            (line("09:00:01") * 5 + line("09:01:01")).encode("cp949"),
            [(line("09:00:01") * 5).encode("cp949"), line("09:01:01").encode("cp949")],
        ),
        (
            "a.tsv",
            (line("09:00:01") + line("09:01:01")).encode("utf-16"),  # begins with a mark
            [line("09:00:01").encode("utf-16"), line("09:01:01").encode("utf-16")],
        ),
        (
            "a.tsv",
            b"\xef\xbb\xbf" + (HEADER + line("09:00:01") + line("09:01:01")).encode(),
            [
                b"\xef\xbb\xbf" + (HEADER + line("09:00:01")).encode(),
                b"\xef\xbb\xbf" + (HEADER + line("09:01:01")).encode(),
            ],
        ),
        (
            "a.tsv",
            (line("09:00:01") + line("09:01:01")).replace("\n", "\r\n").encode().rstrip(),
            [line("09:00:01").replace("\n", "\r\n").encode(), line("09:01:01").encode()],
        ),
        (
            "a.csv",
            b'time,user,query\n2026-03-02T09:00:01+09:00,u1,"two\nlines"\n'
            b"2026-03-02T09:01:01+09:00,u1,one\n",
            [
                b'time,user,query\n2026-03-02T09:00:01+09:00,u1,"two\nlines"\n',
                b"time,user,query\n2026-03-02T09:01:01+09:00,u1,one\n",
            ],
        ),
    ],
    ids=["gzip with header", "bzip2", "CP949", "UTF-16", "mark and header", "CRLF", "CSV"],
)
def test_lines_are_passed_on_byte_for_byte(
    tmp_path: Path, name: str, content: bytes, expected: list[bytes]
) -> None:
    (tmp_path / name).write_bytes(content)

    files, _ = fed(tmp_path / "in", tmp_path / name, "--every", "60")

    assert list(files.values()) == expected
    ending = name.removesuffix(".gz").removesuffix(".bz2").rpartition(".")[2]
    assert {file.rpartition(".")[2] for file in files} == {ending}


def test_a_line_without_a_time_goes_with_the_line_before(tmp_path: Path) -> None:
    broken = "no search at all\n"
    one, other = line("09:00:01") * 5, line("09:01:01") * 5
    log = put(tmp_path, "a.tsv", broken, one, broken, other, broken)

    files, _ = fed(tmp_path / "in", log)

    expected = [broken + one + broken, other + broken]
    assert [content.decode() for content in files.values()] == expected


def test_what_is_out_of_order_by_minutes_is_put_in_order(tmp_path: Path) -> None:
    log = put(tmp_path, "a.tsv", line("09:00:50"), line("09:00:05"), line("09:00:20"))

    files, _ = fed(tmp_path / "in", log)

    assert b"".join(files.values()).decode() == "".join(
        map(line, ("09:00:05", "09:00:20", "09:00:50"))
    )


def an_hour() -> list[str]:
    """More lines than are read at once."""
    return [line(f"09:{n // 1000:02}:{n * 60 // 1000 % 60:02}", f"u{n}") for n in range(60_000)]


@pytest.mark.slow
def test_what_is_out_of_order_across_blocks_is_put_in_order(tmp_path: Path) -> None:
    draw = random.Random(1)
    places = sorted(range(60_000), key=lambda place: place + draw.randrange(9 * 1000))
    lines = an_hour()
    log = put(tmp_path, "a.tsv", *(lines[place] for place in places))

    files, _ = fed(tmp_path / "in", log)

    times = [each[:25] for each in b"".join(files.values()).splitlines()]
    assert len(times) == 60_000
    assert times == sorted(times)


@pytest.mark.slow
@pytest.mark.parametrize("wrong", ["2019-03-02T09:00:00+09:00", "2026-10-02T09:00:00+09:00"])
@pytest.mark.parametrize("where", ["first", "last of a block", "anywhere"])
def test_a_wrong_time_holds_up_nothing_but_its_line(tmp_path: Path, wrong: str, where: str) -> None:
    lines = an_hour()
    odd = f"{wrong}\tu\t틀린 때\n"
    sizes = accumulate(len(each.encode()) for each in [odd, *lines])
    last = sum(size <= PIECE_BYTES for size in sizes) - 1
    lines.insert({"first": 0, "last of a block": last, "anywhere": 40_000}[where], odd)
    log = put(tmp_path, "a.tsv", *lines)

    files, wall = fed(tmp_path / "in", log, "--every", "600")

    counts = [content.count(b"\n") for content in files.values()]
    assert sum(counts) == 60_001
    assert max(counts) <= 10_001  # of ten minutes each
    assert sum(wall.waits) < 2 * 3600 / 60


def test_records_of_several_lines_are_passed_on_whole_across_blocks(tmp_path: Path) -> None:
    header = "time,user,query\n"
    queries = ['"two\nlines"' if n % 3 else "one" for n in range(40_000)]
    records = [f"2026-03-02T09:00:{n % 60:02}Z,u{n},{query}\n" for n, query in enumerate(queries)]
    log = put(tmp_path, "a.csv", header, *records)

    files, _ = fed(tmp_path / "in", log, "--every", "60")

    in_order = sorted(records, key=lambda record: record[:20])
    assert [content.decode() for content in files.values()] == [header + "".join(in_order)]


def test_hours_in_which_nobody_searched_are_not_waited_for(tmp_path: Path) -> None:
    log = put(tmp_path, "a.tsv", line("01:00:00"), line("20:00:00"))

    files, wall = fed(tmp_path / "in", log, "--speed", "60", "--every", "60")

    assert len(files) == 2
    assert sum(wall.waits) <= 61


def test_a_part_of_the_log_is_fed_from_a_time_to_a_time(tmp_path: Path) -> None:
    times = ["09:00:01", "09:00:15", "09:00:29", "09:00:44"]
    log = put(tmp_path, "a.tsv", *map(line, times))

    part = ["--speed", "20", "--from", "2026-03-02T09:00:05", "--to", "2026-03-02T00:00:30Z"]
    files, _ = fed(tmp_path / "in", log, *part)

    assert files == {
        "a.20260302T000010Z-20260302T000020Z.tsv": line("09:00:15").encode(),
        "a.20260302T000020Z-20260302T000030Z.tsv": line("09:00:29").encode(),
    }


def test_a_second_run_makes_the_same_files(tmp_path: Path) -> None:
    log = put(tmp_path, "a.tsv", *(line(f"09:0{n}:07") for n in range(9)))

    first, _ = fed(tmp_path / "in", log)
    second, _ = fed(tmp_path / "in", log)
    late, _ = fed(tmp_path / "late", log, "--from", "2026-03-02T09:05:00")

    assert first == second
    assert late.items() <= first.items()
    assert len(late) == 4


def test_files_of_one_name_stay_apart(tmp_path: Path) -> None:
    for folder, user in (("mon", "u1"), ("tue", "u2")):
        put(tmp_path / folder, "a.tsv", line("09:00:00", user))
    put(tmp_path / "deep", "x.tsv", line("09:00:00", "u3"))
    (tmp_path / "deep" / "er").mkdir()
    put(tmp_path / "deep" / "er", "x.tsv", line("09:00:00", "u4"))

    files, _ = fed(tmp_path / "in", tmp_path / "mon", tmp_path / "tue", tmp_path / "deep")

    assert sorted(name.partition(".")[0] for name in files) == ["a", "a-2", "er-x", "x"]


def test_a_log_whose_lines_tell_no_day_has_it_in_the_names(tmp_path: Path) -> None:
    lines = [f"00:30:0{n}\tu{n}\t[날씨]\t1 1\twww.example.com/\n" for n in range(5)]
    log = put(tmp_path, "a.txt", *lines)

    files, _ = fed(tmp_path / "in", log, "--format", "sogou-2008", "--date", "2008-06-01")

    (name,) = files
    assert name.startswith("2008-06-01.a.20080531T163000Z")


def test_nobody_sees_half_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = put(tmp_path, "a.tsv", line("09:00:01"))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pipeline.store.storage.LocalStorage.replace", full)
    with pytest.raises(OSError, match="No space left"):
        fed(tmp_path / "in", log)

    assert list((tmp_path / "in").iterdir()) == []


def test_what_is_no_log_of_lines_is_named_and_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "log"
    put(log, "a.tsv", line("09:00:01"))
    (log / "picture.png").write_bytes(b"\x89PNG\0\0\0" * 99)
    pq.write_table(pa.table({"time": ["x"], "user": ["u"], "query": ["q"]}), log / "b.parquet")

    files, _ = fed(tmp_path / "in", log)

    assert len(files) == 1
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "Left alone b.parquet: it is Parquet, which has no lines"
    assert said[1].startswith("Left alone picture.png: ")
    assert said[2].startswith("Fed 1 lines in 1 files into ")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nowhere", "--landing", "in"], "no such log: .*nowhere"),
        (["none", "--landing", "in"], "nothing in none is a log of lines: name another"),
        (["log", "--landing", "log/in"], "log and the landing folder log/in lie in each other"),
        (["log", "--landing", "log"], "lie in each other: name another --landing"),
        (
            ["log", "--landing", "in", "--from", "2026-03-03", "--to", "2026-03-02"],
            "--from must be before --to",
        ),
        (["log", "--landing", "in", "--zone", "Mars"], "Mars"),
        (["log", "--landing", "in", "--format", "nothing.toml"], "nothing.toml"),
    ],
)
def test_what_is_to_be_mended_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], sentence: str
) -> None:
    monkeypatch.chdir(tmp_path)
    put(tmp_path / "log", "a.tsv", line("09:00:01"))
    put(tmp_path / "none", "a.txt", "nothing\n")

    with pytest.raises(PipelineError, match=sentence) as raised:
        module.run(HERE, module.parser().parse_args(arguments))

    assert raised.value.exit_status == 2
    assert not (tmp_path / "in").exists()


def test_a_damaged_file_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = tmp_path / "log"
    put(log, "a.tsv", line("09:00:01"))
    packed = gzip.compress("".join(line("09:00:01", f"u{n}") for n in range(9999)).encode())
    (log / "b.tsv.gz").write_bytes(packed[:-1000])

    files, _ = fed(tmp_path / "in", log)

    assert list(files.values()) == [line("09:00:01").encode()]
    assert "Left alone b.tsv.gz: it is damaged or cut off (it breaks off" in capsys.readouterr().out


def test_the_help_is_worth_reading_and_changes_only_on_purpose(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    text = module.parser().format_help()
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.write_text(text, "utf-8")

    assert text == GOLDEN.read_text("utf-8"), "after reading it: UPDATE_GOLDEN=1 make test"


@pytest.mark.slow
@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_it_can_be_stopped(tmp_path: Path, number: int, status: int) -> None:
    log = put(tmp_path, "a.tsv", line("09:00:00"), line("09:00:01"), line("09:59:59"))
    command = [sys.executable, "-m", "silgeom", "feed", log, "--landing", tmp_path / "in"]
    words = [str(each) for each in (*command, "--speed", "2", "--every", "1")]
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as process:
        until = time.monotonic() + 60
        while not list(tmp_path.glob("in/a.*")):
            assert process.poll() is None
            assert time.monotonic() < until
        process.send_signal(number)
        assert process.stderr is not None
        said = process.stderr.read()

    assert process.returncode == status
    assert said.count("\n") == 1
    assert [file.name for file in (tmp_path / "in").glob(".*")] == []
