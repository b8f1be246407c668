"""What is withheld as personal data, what is let through, and what a mask leaves."""

import random

import pytest
from pyspark.sql import Row, SparkSession
from pyspark.sql import functions as F

from pipeline.privacy import has_personal_data, masked

#: Texts with personal data, each with what its mask leaves.
WITHHELD = {
    "hong@naver.com": "***",
    "hong.gil-dong+1@mail.example.co.kr 메일": "*** 메일",
    "hong @ gmail.com": "***",
    "hong＠naver．com": "***",
    "hong@naver": "***",
    "길동@한국.한국": "***",
    "hong골뱅이naver.com": "***",
    "hong 골뱅이 네이버 hong 골뱅이 naver 닷 com": "hong 골뱅이 네이버 ***",
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
    "12345678",
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


@pytest.fixture(scope="module")
def tried(spark: SparkSession) -> dict[str, Row]:
    """Every text of this file with all that Spark says of it, in one go."""
    texts = {*WITHHELD, *LET_THROUGH, *numbers(7), "1" * 100_000, "1 " * 50_000, "a" * 99_999 + "@"}
    frame = spark.createDataFrame([(text,) for text in sorted(texts)], "text string")
    found, mask = has_personal_data(F.col("text")), masked(F.col("text"))
    made = frame.select("text", found.alias("found"), mask.alias("masked")).collect()
    return {row["text"]: row for row in made}


def test_personal_data_is_found(tried: dict[str, Row]) -> None:
    assert [text for text in WITHHELD if not tried[text]["found"]] == []


def test_dates_prices_and_models_are_let_through(tried: dict[str, Row]) -> None:
    assert [text for text in LET_THROUGH if tried[text]["found"]] == []


def test_a_mask_covers_the_whole_stretch_and_nothing_else(tried: dict[str, Row]) -> None:
    assert {text: tried[text]["masked"] for text in WITHHELD} == WITHHELD
    assert [tried[text]["masked"] for text in LET_THROUGH] == LET_THROUGH


def test_any_nine_digits_are_found_however_separated(tried: dict[str, Row]) -> None:
    assert [text for text in numbers(7) if not tried[text]["found"]] == []


def test_a_mask_leaves_no_digit_of_a_number(tried: dict[str, Row]) -> None:
    left = [tried[text]["masked"] for text in numbers(7)]
    assert [text for text in left if any(character.isdigit() for character in text)] == []


def test_a_very_long_line_is_judged_like_any_other(tried: dict[str, Row]) -> None:
    # A pattern that recurses would overflow the stack here.
    assert tried["1" * 100_000]["masked"] == "***"
    assert tried["1 " * 50_000]["masked"] == "*** "
    assert not tried["a" * 99_999 + "@"]["found"]


def test_null_is_no_answer(spark: SparkSession) -> None:
    frame = spark.createDataFrame([(None,)], "text string")
    assert frame.select(has_personal_data(F.col("text")), masked(F.col("text"))).first() == (
        None,
        None,
    )
