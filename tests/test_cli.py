"""Command lines with arguments beyond sense, closed pipes and odd terminals; none needs Spark."""

import errno
import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.carriers.session import Session
from pipeline.carriers.spark import spark_session
from tests.jobs import IDLE, command, status_of, status_of_job

PROJECT = Path(__file__).parent.parent
RESULTS = ["trending", "related", "autocomplete"]


def refused(job: str, *arguments: str, capsys: pytest.CaptureFixture[str]) -> str:
    """The sentence with which a job refuses its arguments; it must not get to work."""
    status = status_of_job(
        lambda *_: pytest.fail("the job was begun"), command(job).parser(), *arguments
    )
    captured = capsys.readouterr()
    assert status == 2
    assert captured.err.count("\n") == 1, captured.err
    assert captured.err.startswith(f"jobs/{job}.py: ")
    return captured.err


@pytest.mark.parametrize("job", RESULTS)
@pytest.mark.parametrize(
    "at",
    [
        "0001-01-01",
        "9999-12-31",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-12:00",
        "1989-12-31",
        "2200-01-01",
        "99999-01-01",
        "2026-02-30",
        "2026-03-02T25:00",
        "２０２６-03-02",
        "yesterday",
        "",
        "2026-03-02\x1b[31m",
    ],
)
def test_a_moment_beyond_sense_is_refused(
    job: str, at: str, capsys: pytest.CaptureFixture[str]
) -> None:
    sentence = refused(job, "--at", at, capsys=capsys)

    assert "--at" in sentence
    assert "\x1b" not in sentence


@pytest.mark.parametrize(
    ("job", "option", "limits"),
    [
        ("trending", "--window", "from 1 to 24"),
        ("trending", "--baseline", "from 1 to 366"),
        ("trending", "--recent", "from 1 to 8,784"),
        ("trending", "--min-searchers", "from 1 to 1,000,000,000"),
        ("trending", "--min-score", "from 0.01 to 1,000"),
        ("trending", "--top", "from 1 to 1,000"),
        ("related", "--days", "from 1 to 3,660"),
        ("related", "--session-gap", "from 1 to 60"),
        ("related", "--max-queries", "from 2 to 1,000"),
        ("related", "--min-searchers", "from 1 to 1,000,000,000"),
        ("related", "--top", "from 1 to 1,000"),
        ("autocomplete", "--days", "from 1 to 3,660"),
        ("autocomplete", "--half-life", "from 0.01 to 100,000"),
        ("autocomplete", "--min-searchers", "from 1 to 1,000,000,000"),
        ("autocomplete", "--top", "from 1 to 1,000"),
    ],
)
def test_a_number_out_of_its_range_is_refused_with_the_range(
    job: str, option: str, limits: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for value in ("0", "-1", "9" * 5000, "2147483648"):
        assert limits in refused(job, f"{option}={value}", capsys=capsys), value
    for value in ("nan", "inf", "-inf", "５", "1_0", "0x10", "", " ", "ten", "1\n"):
        assert " number: " in refused(job, f"{option}={value}", capsys=capsys), value


@pytest.mark.parametrize("value", ["1e400", "-1e400", "1e-400", "1e6"])
def test_a_float_that_overflows_is_out_of_range(
    value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "from 0.01" in refused("autocomplete", f"--half-life={value}", capsys=capsys)


def test_the_ends_of_every_range_are_taken() -> None:
    parser = command("trending").parser()

    low = ["--window=1", "--baseline=1", "--recent=1", "--min-score=.01", "--top=1"]
    high = ["--window=24", "--baseline=366", "--recent=8784", "--min-score=1000", "--top=01000"]

    assert parser.parse_args([*low, "--at=1990-01-01"]).window_hours == 1
    assert parser.parse_args([*high, "--at=2199-12-31T23:59+00:00"]).top == 1000


@pytest.mark.parametrize("date", ["0001-01-01", "9999-12-31", "1989-12-31", "2026-13-01", ""])
def test_a_day_that_no_log_has_is_refused(date: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert "--date" in refused("ingest", f"--date={date}", capsys=capsys)


@pytest.mark.parametrize("option", ["--landing", "--root", "--blocked"])
@pytest.mark.parametrize("name", ["", " ", "\n"])
def test_a_place_without_a_name_is_not_the_folder_one_stands_in(
    option: str, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert f"{option}: it is empty" in refused("autocomplete", f"{option}={name}", capsys=capsys)


@pytest.mark.parametrize("variable", ["SEARCH_LANDING", "SEARCH_ROOT"])
def test_an_empty_variable_is_refused_like_an_empty_option(
    variable: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(variable, "")

    sentence = refused("ingest", capsys=capsys)

    assert f"--{variable.partition('_')[2].lower()}: it is empty" in sentence


def test_an_empty_variable_does_not_matter_where_the_option_is_given(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SEARCH_ROOT", "")

    assert status_of("all", "--root=/nowhere/root", "--landing=/nowhere/logs") == 2
    assert "no such folder: /nowhere/logs" in capsys.readouterr().err


def test_a_wrong_option_is_one_line_without_usage_and_without_escape_codes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    sentence = refused("ingest", "--no-such\x1b]0;owned\x07", "--at", "now", capsys=capsys)

    assert "usage:" not in sentence
    assert r"--no-such\x1b]0;owned\x07" in sentence


def told(
    capsys: pytest.CaptureFixture[str], *arguments: str | Path, session: Session = IDLE
) -> str:
    """The one sentence of a job that cannot do its work; it exits with 2, and begins no step."""
    status = status_of("autocomplete", *arguments, session=session)
    error = capsys.readouterr().err
    assert (status, error.count("\n")) == (2, 1), error
    return error


@pytest.fixture
def places(tmp_path: Path) -> list[str]:
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / "log.tsv").write_text("2026-03-02T10:00:00Z\tu1\t날씨\n", "utf-8")
    return [f"--landing={tmp_path / 'log'}", f"--root={tmp_path / 'root'}"]


def odd_file(folder: Path, kind: str) -> Path:
    """Something that is no small text file."""
    name = folder / kind
    match kind:
        case "folder":
            name.mkdir()
        case "pipe":
            os.mkfifo(name)
        case "loop":
            name.symlink_to(name)
        case "binary":
            name.write_bytes(bytes(range(256)) * 9)
        case "huge":
            with name.open("wb") as file:
                file.truncate(3 * 1024**3)  # takes no room on the disk
        case "too long":
            return folder / ("a" * 300)
        case "escape":
            return folder / "\x1b[31mred"
    return name


@pytest.mark.parametrize("option", ["--blocked", "--format"])
@pytest.mark.parametrize(
    "kind", ["folder", "pipe", "loop", "binary", "huge", "too long", "escape", "missing"]
)
def test_what_is_no_small_text_file_is_one_sentence(
    option: str,
    kind: str,
    tmp_path: Path,
    places: list[str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    sentence = told(capsys, *places, option, odd_file(tmp_path, kind))

    assert str(tmp_path) in sentence
    assert "\x1b" not in sentence
    assert not (tmp_path / "root").exists()


@pytest.mark.parametrize("kind", ["pipe", "loop", "binary", "too long"])
def test_a_root_that_is_no_folder_is_one_sentence(
    kind: str, tmp_path: Path, places: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    root = odd_file(tmp_path, kind)

    assert str(tmp_path) in told(capsys, places[0], "--root", root)
    assert str(tmp_path) in told(capsys, places[0], "--root", root / "below")


@pytest.mark.parametrize(
    "zone",
    [
        *("", " ", "../etc/passwd", "/etc/passwd", "Asia", "Asia/Seoul\n", "asia/seoul", "UTC+9"),
        *("localtime", "posixrules", "posix/Asia/Seoul", "right/UTC", "Factory", "a" * 5000),
        *("\x1b[31m", "tzdata.zi", "대한민국"),
    ],
)
def test_a_zone_that_is_none_is_one_sentence(
    zone: str, tmp_path: Path, places: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    for option in ("--reporting-zone", "--zone"):
        assert "there is no time zone" in told(capsys, *places, f"{option}={zone}")
        assert not (tmp_path / "root").exists()


def test_an_address_that_is_none_is_one_sentence(
    places: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert "'http://[::1' is no address" in told(capsys, places[0], "--root", "http://[::1")


def test_a_user_without_a_name_is_one_sentence_and_leaves_nothing(
    tmp_path: Path,
    places: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def nobody(number: int) -> None:  # as under `docker run -u 12345`
        raise KeyError(f"getpwuid(): uid not found: {number}")

    monkeypatch.setattr("pwd.getpwuid", nobody)
    monkeypatch.delenv("HOME", raising=False)

    with spark_session("jobs/autocomplete.py") as session:
        assert "has no entry in /etc/passwd" in told(capsys, *places, session=session)
    assert not (tmp_path / "root").exists()


@pytest.mark.parametrize(
    ("number", "status"),
    [
        *((number, 3) for number in (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EMFILE)),
        *((number, 2) for number in (errno.EROFS, errno.EACCES, errno.EPERM)),
    ],
)
@pytest.mark.parametrize("from_java", [False, True])
def test_a_disk_that_fails_is_one_sentence_whoever_wrote_to_it(
    number: int, status: int, from_java: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    words = os.strerror(number)

    def job(*_: object) -> None:
        if from_java:
            raise RuntimeError(f"o1.parquet.\n: java.io.IOException: {words}\n\tat x.Y.z(Y:1)")
        try:
            raise OSError(number, words, "/data/file")
        except OSError as error:
            raise ValueError("something else fails in turn") from error

    exit_status = status_of_job(job, command("ingest").parser(), "--root=/nowhere/root")

    error = capsys.readouterr().err
    assert (exit_status, error.count("\n")) == (status, 1), error
    assert words in error


def test_a_fault_of_the_code_keeps_its_trace() -> None:
    def job(*_: object) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        status_of_job(job, command("ingest").parser(), "--root=/nowhere/root")


COMMANDS = ["complete", "related", "evaluate.__main__", "simulate.__main__", "web.command"]


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_a_command_without_spark_changes_only_on_purpose(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    golden = Path(__file__).parent / "golden" / f"silgeom.{name.partition('.')[0]}.txt"
    with pytest.raises(SystemExit) as exit_:
        importlib.import_module(f"silgeom.{name}").main(["--help"])
    text = capsys.readouterr().out
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(text, "utf-8")

    assert not exit_.value.code
    assert text == golden.read_text("utf-8"), "after reading it: UPDATE_GOLDEN=1 make test"


def command_told(capsys: pytest.CaptureFixture[str], name: str, *arguments: str | Path) -> str:
    """The one sentence of a command without Spark that cannot do its work; it exits with 2."""
    main = importlib.import_module(f"silgeom.{name}").main
    try:
        status = main([str(each) for each in arguments])
    except SystemExit as exit_:
        status = exit_.code
    captured = capsys.readouterr()
    assert (status, captured.out, captured.err.count("\n")) == (2, "", 1), captured
    return captured.err


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("complete", ["카카오"], "--root"),
        ("related", ["카카오"], "--root"),
        ("evaluate.__main__", ["autocomplete"], None),
        ("evaluate.__main__", ["trending"], None),
        ("simulate.__main__", ["{tmp}/made"], "--like"),
        ("simulate.__main__", ["{tmp}/made"], "--parameters"),
    ],
)
@pytest.mark.parametrize(
    "kind",
    ["folder", "pipe", "loop", "binary", "too long", "escape", "missing", "empty", "damaged"],
)
def test_a_place_of_which_a_command_can_make_nothing_is_one_sentence(
    name: str,
    before: list[str],
    after: str | None,
    kind: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    place = "" if kind == "empty" else str(odd_file(tmp_path, kind))
    if kind == "damaged":
        for dataset in ("searches", "related", "autocomplete", "hourly_counts", "daily_counts"):
            folder = Path(place) / dataset / "dt=2026-03-02"
            folder.mkdir(parents=True)
            (folder / "part-00000.parquet").write_bytes(b"PAR1 and no more")
        (Path(place) / "_state.json").write_bytes(b'{"zone": "\xff')
    given = [each.format(tmp=tmp_path) for each in before]

    sentence = command_told(capsys, name, *given, *([f"{after}={place}"] if after else [place]))

    assert "\x1b" not in sentence


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("complete", ["카", "--limit=0"]),
        ("complete", ["카", "--limit=1001"]),
        ("related", ["카", "--limit=ten"]),
        ("related", []),
        ("evaluate.__main__", ["all", "root", "--k=0"]),
        ("evaluate.__main__", ["all", "root", "--share=nan"]),
        ("evaluate.__main__", ["all", "root", "--share=1"]),
        ("evaluate.__main__", ["everything", "root"]),
        ("simulate.__main__", ["log", "--days=99999999999"]),
        ("simulate.__main__", ["log", "--users=99999999999999999999"]),
        ("simulate.__main__", ["log", "--searches=-5"]),
        ("simulate.__main__", ["log", "--start=9999-12-31"]),
        ("simulate.__main__", ["log", "--start=0001-01-01"]),
        ("simulate.__main__", ["log", "--bursts=nan"]),
        ("simulate.__main__", ["log", "--seed=-1"]),
        ("simulate.__main__", ["log", "--zone=Mars", "--like=x"]),
    ],
)
def test_a_wrong_argument_of_a_command_is_one_sentence(
    name: str,
    arguments: list[str],
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    command_told(capsys, name, *arguments)

    assert list(tmp_path.iterdir()) == []


def ran(code: str, *, stdout: int | None = None, **environment: str) -> tuple[int, bytes, bytes]:
    """Run some Python that uses the command lines: exit status, standard output and error."""
    given = {**os.environ, "PYTHONPATH": str(PROJECT), **environment}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=given,
        stdout=subprocess.PIPE if stdout is None else stdout,
        stderr=subprocess.PIPE,
        check=False,
        timeout=60,
    )
    return done.returncode, done.stdout or b"", done.stderr


SAYS_MUCH = """
from silgeom.commands import command, say
with command("it"):
    for _ in range(3):
        say("\\ub0a0\\uc528 \\U0001f327 " * 20_000)
    print("end", file=__import__("sys").stderr)
"""


@pytest.mark.parametrize(
    "environment",
    [
        {"PYTHONIOENCODING": "ascii"},
        {"PYTHONIOENCODING": "euc-kr"},
        {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
        {"LC_ALL": "ko_KR.eucKR", "PYTHONUTF8": "0"},
    ],
    ids=str,
)
def test_no_character_kills_the_output(environment: dict[str, str]) -> None:
    status, out, error = ran(SAYS_MUCH, stdout=None, **environment)

    assert (status, error) == (0, b"end\n")
    assert out.count(b"\n") == 3


def test_a_reader_that_has_gone_does_not_end_the_work() -> None:
    read, write = os.pipe()
    os.close(read)
    try:
        status, _, error = ran(SAYS_MUCH, stdout=write)
    finally:
        os.close(write)

    assert (status, error) == (0, b"end\n")


def test_help_that_nobody_reads_to_its_end_is_no_error() -> None:
    read, write = os.pipe()
    os.close(read)
    try:
        code = "from tests.jobs import status_of\nexit(status_of('ingest', '--help'))"
        status, _, error = ran(code, stdout=write)
    finally:
        os.close(write)

    assert (status, error) == (0, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_output_that_does_not_fit_on_its_disk_is_one_sentence() -> None:
    code = "from pipeline.commands.cli import say\nfrom tests.jobs import command, status_of_job\n"
    code += "exit(status_of_job(lambda *_: say('x'), command('ingest').parser()))"
    with open("/dev/full", "wb") as full:
        status, _, error = ran(code, stdout=full.fileno())

    assert (status, error.count(b"\n")) == (3, 1), error
    assert b"cannot be written (No space left on device)" in error


@pytest.mark.parametrize(
    ("signal", "status", "named"), [("SIGINT", 130, b"Ctrl-C"), ("SIGTERM", 143, b"SIGTERM")]
)
def test_a_stopped_command_says_so_in_one_line(signal: str, status: int, named: bytes) -> None:
    code = (
        "import os, signal\nfrom silgeom.commands import command\n"
        f"with command('it'):\n    os.kill(os.getpid(), signal.{signal})\n    signal.pause()"
    )

    returned, _, error = ran(code)

    assert (returned, error.count(b"\n"), named in error) == (status, 1, True), error
