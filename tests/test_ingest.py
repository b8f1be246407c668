import bz2
import gzip
import json
import os
import unicodedata
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from pipeline.carriers.session import Session
from pipeline.errors import LandingError, RootError
from pipeline.runs.inspection import Landing
from pipeline.runs.take_in import TakenIn, take_in
from pipeline.store.root import open_root
from tests.factories import at

NOW = at("2026-03-10T00:00:00")


def no_words(_: str) -> None:
    """Nothing is said where nothing has to be waited for."""


def run(session: Session, landing: Path, root: Path, **how: Any) -> TakenIn:  # noqa: ANN401
    with open_root(session, str(root), say=no_words) as opened:
        return take_in(opened, Landing(str(landing), **how), now=NOW)


def log(*rows: tuple[str, str, str]) -> str:
    """Lines of Silgeom's own format from (time in Seoul, user, query)."""
    return "".join(f"2026-03-0{time}+09:00\t{user}\t{query}\n" for time, user, query in rows)


def searches(root: Path) -> pd.DataFrame:
    return pd.read_parquet(root / "searches")


def ledger(root: Path) -> pd.DataFrame:
    found = pd.read_parquet(root / "ledger").set_index("source")
    found.index = [Path(source).name for source in found.index]
    assert (
        found.lines == found.accepted + found.duplicates + found.rejected + found.withheld
    ).all()
    return found


def queries_by_day(root: Path) -> dict[str, list[str]]:
    found = searches(root)
    days = {} if found.empty else dict(list(found.groupby(found.dt.astype(str))))
    return {day: sorted(rows["query"]) for day, rows in days.items()}


def test_files_put_twice_changed_copied_or_late_give_what_one_clean_run_gives(
    session: Session, tmp_path: Path
) -> None:
    landing, root = tmp_path / "landing", tmp_path / "root"
    landing.mkdir()
    first = log(("2T09:00:00", "kim", "날씨"), ("2T09:00:05", "kim", "내일 날씨"))
    (landing / "a.tsv").write_text(first)
    run(session, landing, root)
    assert queries_by_day(root) == {"2026-03-02": ["날씨", "내일 날씨"]}

    # The same bytes under a second name, a search that is in both files, and a new day.
    (landing / "b.tsv").write_text(first)
    (landing / "c.tsv").write_text(
        log(("2T09:00:00", "kim", "날씨"), ("3T08:00:00", "lee", "환율"))
    )
    run(session, landing, root)
    assert queries_by_day(root) == {
        "2026-03-02": ["날씨", "내일 날씨"],
        "2026-03-03": ["환율"],
    }
    found = ledger(root)
    assert found.status.to_dict() == {
        "a.tsv": "taken_in",
        "b.tsv": "same_content",
        "c.tsv": "taken_in",
    }
    assert (found.accepted["c.tsv"], found.duplicates["c.tsv"]) == (1, 1)

    # a changes: its own rows go, but b still has them all, and c has one of them.
    (landing / "a.tsv").write_text(log(("4T10:00:00", "park", "로또")))
    run(session, landing, root)
    assert queries_by_day(root) == {
        "2026-03-02": ["날씨", "내일 날씨"],
        "2026-03-03": ["환율"],
        "2026-03-04": ["로또"],
    }

    # b changes too: what c has of it counts again, and what a alone had is gone.
    (landing / "b.tsv").write_text(log(("4T10:00:00", "park", "로또")))
    run(session, landing, root)
    assert queries_by_day(root) == {
        "2026-03-02": ["날씨"],
        "2026-03-03": ["환율"],
        "2026-03-04": ["로또"],
    }
    assert ledger(root).accepted["c.tsv"] == 2

    # Nothing new: nothing is written.
    before = {path: path.stat().st_mtime_ns for path in root.rglob("*.parquet")}
    assert run(session, landing, root).entries == []
    assert {path: path.stat().st_mtime_ns for path in root.rglob("*.parquet")} == before

    clean = tmp_path / "clean"
    run(session, landing, clean)
    columns = ["searched_at", "query", "surface", "dt"]
    pd.testing.assert_frame_equal(
        _ordered(searches(root)[columns]), _ordered(searches(clean)[columns])
    )


def _ordered(rows: pd.DataFrame) -> pd.DataFrame:
    rows = rows.astype({"dt": str})
    return rows.sort_values(list(rows.columns)).reset_index(drop=True)


def test_a_late_file_can_make_a_robot_of_a_user_and_its_earlier_searches_go(
    session: Session, tmp_path: Path
) -> None:
    landing, root = tmp_path / "landing", tmp_path / "root"
    landing.mkdir()
    # 300 in each file: only both together are more than 500 a day.
    for name, hour in (("morning.tsv", 9), ("evening.tsv", 19)):
        rows = [(f"2T{hour:02}:{i // 60:02}:{i % 60:02}", "bot", f"q{i}") for i in range(300)]
        (landing / name).write_text(log(*rows, (f"2T{hour:02}:00:00", "kim", "날씨")))
        run(session, landing, root)

    assert queries_by_day(root) == {"2026-03-02": ["날씨", "날씨"]}
    found = ledger(root)
    assert found.withheld.to_dict() == {"morning.tsv": 300, "evening.tsv": 300}
    rejects = pd.read_parquet(root / "rejects")
    assert set(rejects.reason) == {"robot"}
    assert len(rejects) == 600


def test_rejected_lines_carry_their_line_number_reason_and_no_personal_data(
    session: Session, tmp_path: Path
) -> None:
    landing, root = tmp_path / "landing", tmp_path / "root"
    landing.mkdir()
    (landing / "log.tsv").write_text(
        "searched_at\tuser\tquery\n"
        + log(("2T09:00:00", "kim", "날씨"), ("2T09:00:01", "secret-user", "  "))
        + "no columns here by secret-user\n"
        + log(("2T09:00:03", "", "환율"), ("2T09:00:04", "secret-user", "홍길동 010-1234-5678"))
        + "yesterday\tsecret-user\t날씨\n"
    )

    run(session, landing, root)

    rejects = pd.read_parquet(root / "rejects").sort_values("line")
    assert list(zip(rejects.line, rejects.reason, strict=True)) == [
        (3, "blank_query"),
        (4, "too_few_columns"),
        (5, "no_user"),
        (6, "personal_data"),
        (7, "bad_time"),
    ]
    assert not rejects.text.str.contains("secret-user|1234").any()
    found = ledger(root).loc["log.tsv"]
    assert (found.lines, found.skipped, found.accepted) == (6, 1, 1)


def test_no_raw_user_is_written_anywhere_and_the_key_is_private(
    session: Session, tmp_path: Path
) -> None:
    landing, root = tmp_path / "landing", tmp_path / "root"
    landing.mkdir()
    (landing / "log.tsv").write_text(log(("2T09:00:00", "kim-minsu-1987", "날씨")))

    run(session, landing, root)

    for path in root.rglob("*"):
        if path.is_file():
            assert b"kim-minsu-1987" not in path.read_bytes(), path
    assert (root / "_user_key").stat().st_mode & 0o077 == 0


def image(path: Path) -> None:
    path.write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(range(256)) * 20)


def truncated_gzip(path: Path) -> None:
    rows = [(f"2T{i % 24:02}:00:00", f"u{i}", f"query {i * 7919}") for i in range(20_000)]
    path.write_bytes(gzip.compress(log(*rows).encode())[:-2000])


def other_format(path: Path) -> None:
    path.write_text(
        "\n".join(json.dumps({"level": "INFO", "message": i}) for i in range(9)), "utf-8"
    )


@pytest.mark.parametrize(
    ("name", "write"),
    [("a.png", image), ("a.tsv.gz", truncated_gzip), ("a.jsonl", other_format)],
)
def test_a_bad_file_is_set_aside_and_named_and_the_others_go_on(
    session: Session, tmp_path: Path, name: str, write: Callable[[Path], None]
) -> None:
    landing, root = tmp_path / "landing", tmp_path / "root"
    landing.mkdir()
    write(landing / name)

    with pytest.raises(LandingError, match=name.replace(".", r"\.")):
        run(session, landing, root)
    assert not root.exists(), "nothing may be left of a run that took nothing in"

    (landing / "good.tsv").write_text(log(("2T09:00:00", "kim", "날씨")))
    run(session, landing, root)
    assert queries_by_day(root) == {"2026-03-02": ["날씨"]}
    assert ledger(root).status.to_dict() == {name: "set_aside", "good.tsv": "taken_in"}

    # Put again whole, it is taken in.
    (landing / name).unlink()
    (landing / name.removesuffix(".gz")).write_text(log(("3T09:00:00", "lee", "환율")))
    run(session, landing, root)
    assert "환율" in queries_by_day(root)["2026-03-03"]


def test_odd_names_and_subfolders_are_read_and_unfinished_uploads_are_not(
    session: Session, tmp_path: Path
) -> None:
    landing, root = tmp_path / "landing", tmp_path / "root"
    names = ["로그 [1] {a}*?.tsv", "2026/03 02%20+x#.tsv"]
    for number, name in enumerate(names):
        (landing / name).parent.mkdir(parents=True, exist_ok=True)
        (landing / name).write_text(log((f"2T09:00:0{number}", "kim", f"query {number}")))
    (landing / "new.tsv._COPYING_").write_text(log(("2T09:00:00", "kim", "unfinished")))
    (landing / ".hidden.tsv").write_text(log(("2T09:00:00", "kim", "hidden")))

    run(session, landing, root)

    assert queries_by_day(root) == {"2026-03-02": ["query 0", "query 1"]}
    assert sorted(Path(source).name for source in searches(root).source) == sorted(
        Path(name).name for name in names
    )


def test_a_log_in_every_charset_and_packing_gives_the_same_searches(
    session: Session, tmp_path: Path
) -> None:
    landing, root = tmp_path / "landing", tmp_path / "root"
    landing.mkdir()
    packings: dict[str, Callable[[str], bytes]] = {
        "utf8.tsv": lambda text: text.encode(),
        "bom.tsv": lambda text: b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode(),
        "cp949.tsv": lambda text: text.encode("cp949"),
        "utf16.tsv": lambda text: text.encode("utf-16"),
        "packed.tsv.gz": lambda text: gzip.compress(text.encode()),
        "packed.tsv.bz2": lambda text: bz2.compress(text.encode()),
    }
    for name, packed in packings.items():
        text = log(("2T09:00:00", name, "날씨 예보"), ("2T09:00:01", name, "환율 계산기"))
        (landing / name).write_bytes(packed(text))

    run(session, landing, root)

    found = searches(root).groupby("source")["query"].agg(sorted)
    assert {Path(str(source)).name: queries for source, queries in found.items()} == {
        name: ["날씨 예보", "환율 계산기"] for name in packings
    }


def test_the_users_own_declaration_and_date_are_followed(session: Session, tmp_path: Path) -> None:
    landing, root = tmp_path / "landing", tmp_path / "root"
    landing.mkdir()
    (landing / "my.log").write_text("kim|날씨|23:30:00\n")
    (tmp_path / "mine.toml").write_text(
        'name = "mine"\nkind = "delimited"\nseparator = "|"\ntime = ["HH:mm:ss"]\n'
        "[columns]\nuser = 1\nquery = 2\nsearched_at = 3\n"
    )

    run(
        session,
        landing,
        root,
        format=str(tmp_path / "mine.toml"),
        day=datetime(2026, 3, 2).date(),
        zone="UTC",
    )

    [row] = searches(root).itertuples()
    assert (row.query, str(row.dt)) == ("날씨", "2026-03-03")  # 23:30 UTC is the next day in Seoul
    assert row.searched_at == at("2026-03-02T23:30:00")


@pytest.mark.parametrize("name", ["[a] {b}*?%20 검색 'x\"", "a\nb", "09:00", "back\\slash"])
def test_landing_folder_and_root_may_have_any_name(
    session: Session, tmp_path: Path, name: str
) -> None:
    # Hangul as macOS writes it, too.
    odd = tmp_path / unicodedata.normalize("NFD", name)
    landing, root = odd / "landing", odd / "root"
    landing.mkdir(parents=True)
    (landing / "a.tsv").write_text(log(("2T09:00:00", "kim", "날씨"), ("2T09:00:01", "kim", " ")))
    run(session, landing, root)
    # A file that changes makes stored rows be read.
    (landing / "b.tsv").write_text(log(("2T09:00:02", "lee", "환율")))
    (landing / "a.tsv").write_text(log(("2T09:00:00", "kim", "로또"), ("2T09:00:01", "kim", " ")))

    run(session, landing, root)

    found = [pd.read_parquet(file) for file in sorted(root.glob("searches/*/*.parquet"))]
    assert sorted(pd.concat(found)["query"]) == ["로또", "환율"]


def test_a_root_whose_path_is_no_utf_8_is_refused(session: Session, tmp_path: Path) -> None:
    landing = tmp_path / "landing"
    landing.mkdir()
    (landing / "a.tsv").write_text(log(("2T09:00:00", "kim", "날씨")))
    root = tmp_path / os.fsdecode(b"r\xff")

    with pytest.raises(RootError, match="no UTF-8"):
        run(session, landing, root)
    assert not root.exists()
