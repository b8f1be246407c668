"""A log full of secrets goes through all jobs; then everything that came out is searched for them.

Numbers are nobody's: 010-0000-xxxx is not given out, example.com is nobody's host (RFC 2606), and
registration and card numbers have a wrong check digit.
"""

import re
import sys
import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pandas as pd
import polars.selectors as cs
import pyarrow.dataset as ds
import pytest

from pipeline.store.profile_files import PROFILES, parsed_profiles
from silgeom.simulate.keyboard import wrong_keyboard
from tests.jobs import status_of
from tests.personal_data import FORMS

K = 5
CROWD = 12  # people: far above the floor, so that the pattern alone can hold these back

#: What is typed -> what of it must be found nowhere.
NUMBERS = {
    "900101-1000002": "9001011000002",
    "900101 1000003": "9001011000003",
    "등본 8512242000003 발급": "8512242000003",
    "８５１２２４－２００００４４": "8512242000044",
    "4000-0000-0000-1231": "4000000000001231",
    "카드 5400 0000 0000 7772": "5400000000007772",
    "010-0000-4821": "01000004821",
    "010 0000 4822": "01000004822",
    "０１０－００００－４８２３": "01000004823",
    "+82 10-0000-4824": "821000004824",
    "+82-10-0000-4825 누구": "821000004825",
    "이사짐 01000004826": "01000004826",
    "010.0000.4827": "01000004827",
    "전화 (010) 0000-4828": "01000004828",
    "공일공 공공공공 사팔이구": "공일공공공공공사팔이구",
    "공일공-공공공공-사팔삼공": "공일공공공공공사팔삼공",
    "공일공에 공공공공에 사팔삼일": "사팔삼일",
    "010 공공공공 사팔삼이": "사팔삼이",
    "o1o-0000-4833": "00004833",
    "영일영 공공공공 사팔삼사": "영일영공공공공사팔삼사",
    "garam.shin@example.com": "garam.shin@example.com",
    "noeul_97 @ example.com 메일 안옴": "noeul_97",
    "haneul＠example．net": "haneul",
    "dolgorae 골뱅이 naver": "dolgorae",
    "계좌번호 3020000000987": "3020000000987",
    "110-0000-123456 농협": "1100000123456",
}
#: The same with the Korean/English key in the wrong state.
SLIPPED = {
    wrong: wrong.replace(" ", "")
    for text in ("공일공 공공공공 사팔오일", "공일공공공공공사팔오이", "영일영 공공공공 사팔오삼")
    if (wrong := wrong_keyboard(text))
} | {"ㅎㅁㄱㅁㅡ96@ㄷㅌ므ㅔㅣㄷ.채ㅡ": "ㅎㅁㄱㅁㅡ96"}

ALONE = "도해솔 가람로 12 301호"  # one person, 100 times
FEW = "서노을 나래길 7 지하"  # four people, on two days
FEW_IN_MANY_WAYS = ("설가온 다온로 9", "설가온다온로 9", "설 가온 다온로 9")  # four, each in all
FEW_DECOMPOSED = "봉마루 라온길 3"  # four people, of whom two send NFD as well
ENOUGH = "탁이든 동창회"  # five people
NEWS = "국하람 은퇴"  # twelve
ENDINGS = {"가람로 12 301호", "나래길 7 지하", "다온로 9", "라온길 3"}
NAMES = {ALONE, FEW, *FEW_IN_MANY_WAYS, FEW_DECOMPOSED, *ENDINGS}
#: What is published, and of what clicked addresses must be in none.
PUBLISHED = (
    *("trending", "related", "autocomplete", "keywords", "trending_words", "patterns", "changes"),
    *("query_analytics", "keyword_analytics", "reformulations", "keyword_tool", "categories"),
    *("segments", "segment_terms", "segment_trending", "segment_related", "segment_autocomplete"),
)
RULES = """
[[category]]
name = "날씨"
words = ["날씨"]
"""
SECRET_USER = "kildong@example.org"
SECRET_URL = "https://mail.example.com/?to=secret.box@example.com&tel=01000009999"


def _lines() -> Iterator[str]:
    """One morning; the secrets all in its last hour, when anything could come onto the board."""

    moments = count()

    def line(hour: int, user: str, query: str, more: str = "", day: int = 2) -> str:
        moment = next(moments)
        at = f"2026-03-{day:02}T{hour:02}:{moment // 60 % 60:02}:{moment % 60:02}+09:00"
        return f"{at}\t{user}\t{query}{more}\n"

    for hour in (8, 9, 10):
        for person in range(30):
            yield line(hour, f"u{person}", "날씨")
            yield line(hour, f"u{person}", "오늘 날씨", f"\t{SECRET_URL}\t1")
    for text in (*NUMBERS, *SLIPPED):
        for person in range(CROWD):
            yield line(10, f"u{person}", text)
            yield line(10, f"u{person}", "오늘 날씨")
        yield line(10, "", text)  # no user
        yield f"yesterday\tu1\t{text}\n"
        yield f"{text}\n"
        yield f"2026-03-02T10:00:00+09:00\t{text}\n"
    for number, text in enumerate(FORMS):
        # People of whom each types few of them: longer sessions tell of a machine.
        for person in range(CROWD):
            yield line(10, f"p{number // 15}-{person}", text)
            yield line(10, f"p{number // 15}-{person}", "오늘 날씨")
        yield line(10, "", text)  # no user
        yield line(10, text, "날씨")  # as a user
        yield f"yesterday\tu1\t{text}\n"
        yield f"{text}\n"
        yield f"2026-03-02T10:00:00+09:00\t{text}\n"
        yield line(10, "u29", "날씨", f"\thttps://example.com/?q={text}\t1")
    for _ in range(100):
        yield line(10, "u1", ALONE)
    for person in range(K - 1):
        yield line(10, f"u{person}", FEW)
        yield line(10, f"u{person}", FEW, day=1)
        yield line(10, f"u{person}", FEW + " 지도", day=1)
        for text in (*FEW_IN_MANY_WAYS, FEW_DECOMPOSED):
            yield line(10, f"u{person}", text)
        if person < 2:
            yield line(10, f"u{person}", unicodedata.normalize("NFD", FEW_DECOMPOSED))
    for person in range(K):
        yield line(10, f"u{person}", ENOUGH)
    for person in range(CROWD):
        yield line(10, f"u{person}", NEWS)
    for _ in range(3):
        yield line(10, SECRET_USER, "날씨")
        yield f"nonsense\t{SECRET_USER}\t날씨\n"
    for second in range(600):  # a machine that asks for everything, secrets too
        yield f"2026-03-02T07:{second // 60:02}:{second % 60:02}+09:00\trobot\t단어 {second}\n"
    for text in NUMBERS:
        yield line(7, "robot", text, f"\t{SECRET_URL}\t1")


def _weeks() -> Iterator[str]:
    """Two weeks around that morning, of as many people: what is typed on it alone is new then."""
    first = datetime(2026, 2, 16, 8, tzinfo=UTC)
    for day in range(16):
        for person in range(400):
            for text in ("날씨", "오늘 날씨"):
                at = first + timedelta(day, 30 * person + len(text))
                yield f"{at:%Y-%m-%dT%H:%M:%S}+09:00\tw{person}\t{text}\n"


def _bare(text: str) -> str:
    """Composed, half width, lower case, without what may stand between digits."""
    return re.sub(r"[\s\-.()/]+", "", unicodedata.normalize("NFKC", text).lower())


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The root after all jobs, and all they said on standard output and standard error."""
    place = tmp_path_factory.mktemp("secrets")
    (place / "landing").mkdir()
    (place / "landing" / "log.tsv").write_text("".join(_lines()), "utf-8")
    said: list[str] = []

    class Listening:
        def write(self, text: str) -> int:
            said.append(text)
            return len(text)

        def flush(self) -> None:
            pass

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdout", Listening())
        patch.setattr(sys, "stderr", Listening())
        places: list[str | Path] = ["--landing", place / "landing", "--root", place / "root"]
        assert status_of("all", *places) == 0
        (place / "landing" / "weeks.tsv").write_text("".join(_weeks()), "utf-8")
        (place / "rules.toml").write_text(RULES, "utf-8")
        assert status_of("keywords", *places, "--at", "2026-03-02T11:00") == 0
        for job in ("analytics", "patterns", "keyword_tool"):
            assert status_of(job, *places) == 0
        assert status_of("categories", *places, "--rules", place / "rules.toml") == 0
        of_each = ("--by-segment", "--at", "2026-03-02T11:00")
        assert status_of("segments", *places, *of_each) == 0
        assert status_of("profiles", *places) == 0
    return place / "root", "".join(said)


def _texts(root: Path, dataset: str, *, but: str = "") -> str:
    """Everything that a dataset holds, as one text: values of every column, nested ones too."""
    if dataset == PROFILES:
        return "\n".join(_of_profiles(root))
    table = ds.dataset(root / dataset, format="parquet", partitioning="hive").to_table()
    table = table.select([name for name in table.column_names if name != but])
    return "\n".join(str(list(row.values())) for row in table.to_pylist())


@pytest.mark.parametrize("dataset", PUBLISHED)
def test_no_number_or_address_is_published_however_many_typed_it(
    told: tuple[Path, str], dataset: str
) -> None:
    published = _bare(_texts(told[0], dataset))
    assert len(published) > 20
    found = [text for text, part in {**NUMBERS, **SLIPPED}.items() if _bare(part) in published]
    assert found == []


def test_nor_is_it_in_rejects_ledger_summary_or_what_the_jobs_count_by(
    told: tuple[Path, str],
) -> None:
    root, said = told
    rejects = pd.read_parquet(root / "rejects")
    kept = _bare("\n".join(rejects.text.fillna("")))
    kept += _bare("\n".join(row["query"] for row in rejects.search.dropna()))
    kept += _bare(_texts(root, "ledger") + said)
    # Clicked addresses stay in searches as they were (test_clicked_addresses_stay_inside).
    counted = _bare(_texts(root, "daily_counts") + _texts(root, "searches", but="clicked_url"))
    counted += _bare(_texts(root, PROFILES))
    for text, part in {**NUMBERS, **SLIPPED}.items():
        assert _bare(part) not in kept, text
        assert _bare(part) not in counted, text
    assert set(rejects.reason) >= {"personal_data", "bad_time", "no_user", "too_few_columns"}


def _of_profiles(root: Path) -> set[str]:
    """Every query that somebody's profile holds."""
    files = sorted((root / PROFILES).rglob("*.arrow"))
    read = [parsed_profiles(file.read_bytes(), str(file)).rows for file in files]
    return {str(text) for rows in read for text in rows.select(cs.string()).to_numpy().ravel()}


def _values(root: Path, dataset: str) -> set[str]:
    """Every text in a dataset, nested ones too; clicked addresses, which stay as they are, not."""
    if dataset == PROFILES:
        return _of_profiles(root)
    table = ds.dataset(root / dataset, format="parquet", partitioning="hive").to_table()
    found: set[str] = set()

    def look(value: object) -> None:
        if isinstance(value, str):
            found.add(value)
        elif isinstance(value, dict):
            for name, each in value.items():
                look(name)
                look(each if name != "clicked_url" else None)
        elif isinstance(value, list | tuple):
            for each in value:
                look(each)

    for row in table.to_pylist():
        look(row)
    return found


def _secret(text: str) -> str:
    """What of a form must be found nowhere: its digits if it is a number, else all of it."""
    bare = _without_marks(text)
    digits = "".join(char for char in bare if char.isdecimal())
    return digits if len(digits) >= 7 and len(digits) > 0.6 * len(bare) else bare


def _without_marks(text: str) -> str:
    return re.sub(r"[\W_ㅡーᅳ]+", "", unicodedata.normalize("NFKC", text).lower())


@pytest.mark.parametrize(
    "dataset",
    [
        *PUBLISHED,
        *("daily_counts", "searches", "words", "daily_keywords", "rejects", "ledger", "runs"),
        PROFILES,
    ],
)
def test_none_of_the_forms_is_in_what_comes_out(told: tuple[Path, str], dataset: str) -> None:
    texts = "\n".join(map(_without_marks, _values(told[0], dataset)))

    assert len(texts) > 20
    assert [text for text in FORMS if _secret(text) in texts] == []


def test_nor_in_what_the_jobs_say_and_in_small_files(told: tuple[Path, str]) -> None:
    root, said = told
    tables = {".parquet", ".arrow"}  # what they hold is read above
    small = [each for each in root.rglob("*") if each.is_file() and each.suffix not in tables]
    columns = re.sub(r"  +|\n", "\nx ", said)  # two figures beside each other are no number
    texts = _without_marks(columns) + "".join(
        _without_marks(each.read_text("utf-8", "replace"))
        for each in small
        if each.name != "_user_key"
    )

    assert len(small) > 3
    assert [text for text in FORMS if _secret(text) in texts] == []


@pytest.mark.parametrize("dataset", PUBLISHED)
def test_what_fewer_than_five_people_typed_is_not_published(
    told: tuple[Path, str], dataset: str
) -> None:
    published = _bare(_texts(told[0], dataset))
    assert [text for text in sorted(NAMES) if _bare(text) in published] == []
    assert [text for text in sorted(NAMES) if _bare(text) in _bare(told[1])] == []


def test_what_five_people_typed_is_published(told: tuple[Path, str]) -> None:
    # Five completed it; to trend, five are too few to be more than chance.
    assert ENOUGH in set(pd.read_parquet(told[0] / "autocomplete").completion)
    assert NEWS in set(pd.read_parquet(told[0] / "trending")["query"])
    assert NEWS in set(pd.read_parquet(told[0] / "related").related_query)


def test_users_are_in_nothing_that_is_kept(told: tuple[Path, str]) -> None:
    root, said = told
    everything = said.encode() + b"".join(
        path.read_bytes() for path in root.rglob("*") if path.is_file()
    )
    assert SECRET_USER.encode() not in everything
    for path in root.iterdir():
        if path.is_dir() and any(path.rglob("*.parquet")):
            assert SECRET_USER not in _texts(root, path.name), path.name


@pytest.mark.parametrize(
    "dataset",
    [
        *PUBLISHED,
        *("ledger", "hourly_counts", "daily_counts", "daily_pairs", "daily_clicks", "words"),
        *("topics", "daily_interests", "interests", "members", PROFILES),
    ],
)
def test_clicked_addresses_stay_inside(told: tuple[Path, str], dataset: str) -> None:
    assert "secret.box" not in _texts(told[0], dataset)
    assert "01000009999" not in _texts(told[0], dataset)
    assert "secret.box" not in told[1]
