"""What is withheld as personal data, what is let through, and what a mask leaves."""

import gzip
import json
import os
import random
import re
import time
import unicodedata
from pathlib import Path
from typing import Literal

import polars as pl
import pytest

from pipeline.reading.privacy import has_personal_data, is_personal, masked, masked_text
from tests.personal_data import FORMS, IMPOSSIBLE, INNOCENT, PERSONAL, QUERIES

#: Texts with personal data, each with what its mask leaves.
WITHHELD = {
    "hong@naver.com": "***",
    "hong.gil-dong+1@mail.example.co.kr 메일": "*** 메일",
    "hong @ gmail.com": "***",
    "hong＠naver．com": "***",
    "hong@naver": "***",
    "길동@한국.한국": "***",
    "hong골뱅이naver.com": "***",
    "hong 골뱅이 네이버 hong 골뱅이 naver 닷 com": "*** ***",
    "010-1234-5678": "***",
    "홍길동 01012345678 주소": "홍길동 *** 주소",
    "010 1234 5678": "***",
    "010.1234.5678": "***",
    "010 - 1234 - 5678": "***",
    "(02) 123-4567": "(***",
    "02)1234-5678": "***",
    "+82 10-1234-5678": "+***",
    "０１０－１２３４－５６７８": "***",
    "٠١٠١٢٣٤٥٦٧٨": "***",  # Arabic-Indic digits
    "900101-1234567": "***",
    "9001011234567": "***",
    "900101-1******": "***",
    "900101-*******": "***",
    "900101-1xxxxxx": "***",
    "1234-5678-9012-3456": "***",
    "국민 123456-78-901234 입금": "국민 *** 입금",
    "공일공 일이삼사 오육칠팔": "***",
    "영일영-일이삼사-오육칠팔": "***",
    "공일공일이삼사오육칠팔 누구": "*** 누구",
    "공일공에 일이삼사에 오육칠팔": "***",
    "010 일이삼사 오육칠팔": "***",
    "공1공-1234-5678": "***",
    "o1o-1234-5678": "***",
    "rhddlfrhd dlfdltkatk dhdbrclfvkf": "***",  # 공일공 일이삼사 오육칠팔
    "rhddlfrhddlfdltkatkdhdbrclfvkf sn": "*** sn",
    "duddlfdud-1234-5678 번호": "*** 번호",
    "010 DLFDLTKATK DHDBRCLFVKF": "***",
    "2026 010-1234-5678": "***",
    "010-1234-5678 010-8765-4321": "***",
    "010-1234-5678, hong@naver.com": "***, ***",
    "12345678": "***",  # an account's, for all we know
    "8801234567890": "***",  # a bar code: it cannot be told from an account
}

LET_THROUGH = [
    "카카오톡",
    "119",
    "010 번호이동",
    "1588-1234",
    "123-4567",
    "2026-11-22",
    "20261122",
    "2026.11.22 15시",
    "2026-11-22 10:30",
    "2026.11.22-2026.11.24",
    "2026 2027 2028",
    "1990 2000 2010 2020 노래",
    "1,000,000원",
    "1,000,000,000원",
    "3.141592",
    "로또 1 5 12 23 34 45",
    "192.168.0.1",
    "sm-g998n",
    "rtx 4090 vs 5090",
    "아이폰 15 pro 256 vs 17 pro 512",
    "c++ 17 20 23",
    "@nasa",
    "골뱅이 무침 만들기",
    "일이삼사오육칠팔구십",
    "공일오비 이오공감",
    "rhddlfdhql",  # 공일오비
    "dl tk dh 0",
    "dud clfrn",
    "영일만 친구",
    "이사 오일 구이 삼사",
    "",
]


def numbers(seed: int) -> list[str]:
    """Nine to sixteen digits, none a date, with a separator here and there and words around."""
    chance = random.Random(seed)
    made = []
    for _ in range(500):
        digits = [chance.choice("3456789") for _ in range(chance.randrange(9, 17))]
        gaps = [chance.choice(["", "", "", "-", " ", ".", "/", " - "]) for _ in digits[1:]]
        number = digits[0] + "".join(map("".join, zip(gaps, digits[1:], strict=True)))
        made.append(
            chance.choice(["", "번호 ", "tel:"]) + number + chance.choice(["", " 조회", "번"])
        )
    return made


def found(*texts: str | None) -> list[bool | None]:
    return list(has_personal_data(pl.Series(texts, dtype=pl.String)).to_list())


def masks(*texts: str | None) -> list[str | None]:
    return list(masked(pl.Series(texts, dtype=pl.String)).to_list())


def test_personal_data_is_found() -> None:
    assert [text for text in WITHHELD if found(text) != [True]] == []


def test_dates_prices_and_models_are_let_through() -> None:
    assert [text for text in LET_THROUGH if found(text) != [False]] == []


def test_a_mask_covers_the_whole_stretch_and_nothing_else() -> None:
    assert dict(zip(WITHHELD, masks(*WITHHELD), strict=True)) == WITHHELD
    assert masks(*LET_THROUGH) == LET_THROUGH


@pytest.mark.parametrize("kind", PERSONAL)
def test_each_form_is_found_and_masked(kind: str) -> None:
    forms = PERSONAL[kind]
    assert [form for form, it in zip(forms, found(*forms), strict=True) if not it] == []

    # In the middle of other words, too; and what the mask leaves has nothing in it any more.
    around = [f"누구 {form} 입니다" for form in forms]
    left = masks(*around)
    assert [form for form, it in zip(forms, left, strict=True) if "***" not in str(it)] == []
    assert [text for text, it in zip(left, found(*left), strict=True) if it] == []


def test_the_corpus_has_as_many_forms_as_the_documentation_says() -> None:
    text = (Path(__file__).parent.parent / "docs" / "privacy.md").read_text("utf-8")
    assert len(set(FORMS)) == len(FORMS) >= 300
    assert len(set(QUERIES)) == len(QUERIES) >= 300
    assert f"{len(FORMS)} forms" in text
    assert f"{len(QUERIES)} innocent queries" in text


@pytest.mark.parametrize("kind", INNOCENT)
def test_innocent_queries_are_let_through(kind: str) -> None:
    queries = INNOCENT[kind]
    assert [query for query, it in zip(queries, found(*queries), strict=True) if it] == []


@pytest.mark.parametrize("form", ["NFD", "NFC"])
def test_it_makes_no_difference_how_hangul_is_composed(form: Literal["NFD", "NFC"]) -> None:
    composed = [unicodedata.normalize(form, text) for text in FORMS]
    assert [text for text, it in zip(composed, found(*composed), strict=True) if not it] == []


def test_what_is_told_to_be_impossible_is() -> None:
    assert [text for text in IMPOSSIBLE if is_personal(text)] == []


def test_few_queries_of_the_sample_are_withheld_and_those_are_planted() -> None:
    withheld = {query for query in sample_queries() if is_personal(query)}
    # Numbers of 010-0000 and made-up cards, and addresses at example.com, .net and .org.
    planted = re.compile(r"0000|공일공|example\.|1100000001|900101|8512242|0305174|3020000000987")
    bare = {q: re.sub("[ -]", "", unicodedata.normalize("NFC", q)) for q in withheld}
    assert [query for query in withheld if not planted.search(bare[query])] == []
    assert 10 < len(withheld) < 0.005 * len(sample_queries())


@pytest.mark.skipif(not os.environ.get("REAL_LOGS"), reason="REAL_LOGS names no folder of logs")
@pytest.mark.parametrize(
    ("name", "charset", "column"),
    [
        ("excite-small.log", "latin-1", 2),
        ("sogou-2008.utf8.tsv", "utf-8", 2),
        ("sogou-2011.gb18030.tsv", "gb18030", 2),
        ("korean-sessions.ses", "utf-8", None),
    ],
)
def test_few_queries_of_real_logs_are_withheld(name: str, charset: str, column: int | None) -> None:
    text = (Path(os.environ["REAL_LOGS"]) / name).read_text(charset)
    rows = [line.split("\t") for line in text.split("\n") if line]
    queries = {
        query.strip("[]")
        for row in rows
        for query in (row if column is None else row[column : column + 1])
        if query
    }
    withheld = [query for query in queries if is_personal(query)]
    assert len(queries) > 1000
    assert len(withheld) <= 0.005 * len(queries), withheld


def sample_queries() -> set[str]:
    """The different queries of the sample, as typed."""
    queries = set()
    for path in sorted((Path(__file__).parent.parent / "sample_data" / "logs").iterdir()):
        data = path.read_bytes()
        text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode(errors="replace")
        for line in text.split("\n"):
            if line.startswith("{"):
                queries.add(json.loads(line).get("query") or "")
            elif line.count("\t") >= 2:
                queries.add(line.split("\t")[2])
    return queries


def test_any_nine_digits_are_found_however_separated() -> None:
    assert [text for text in numbers(7) if found(text) != [True]] == []


def test_a_mask_leaves_no_digit_of_a_number() -> None:
    left = [text for text in masks(*numbers(7)) if text]
    assert [text for text in left if any(character.isdigit() for character in text)] == []


@pytest.mark.parametrize(
    "unit",
    [
        *(
            "1",
            "1 ",
            "1-",
            "@",
            "a@",
            "a@a.",
            "일",
            "공 ",
            "01-",
            "o",
            "o1 ",
            "rhd",
            "1.",
            "1:",
            "a:",
        ),
        *(
            "가로 1",
            "1동 1",
            "가",
            "?a=",
            "a=",
            "://",
            "/a1",
            "(at)",
            "골뱅이",
            " at ",
            "1가",
            "x" * 8,
        ),
        *("\u200b", "①", "é", "e\u0301", "zero ", "*", "900101-1*", "a.", ".", "김가나 "),
    ],
)
def test_a_long_text_of_anything_is_no_burden(unit: str) -> None:
    text = unit * (100_000 // len(unit))

    begin = time.process_time()
    masked_text(text)
    masked_text(text + "x")

    assert time.process_time() - begin < 20  # what backtracks takes days


def test_a_very_long_number_is_masked_whole() -> None:
    assert masked_text("3" * 1_000_000) == "***"
    assert masked_text("3 " * 50_000) == "*** "
    assert not is_personal("a" * 99_999 + "@")


def test_null_is_no_answer() -> None:
    assert found(None, "날씨", None, "010-1234-5678") == [None, False, None, True]
    assert masks(None, "날씨", None, "010-1234-5678") == [None, "날씨", None, "***"]
    assert found() == []
    assert masks() == []


def test_one_text_is_judged_as_many_are() -> None:
    texts = [*WITHHELD, *LET_THROUGH, *numbers(8)]
    assert found(*texts) == [is_personal(text) for text in texts]
    assert masks(*texts) == [masked_text(text) for text in texts]
