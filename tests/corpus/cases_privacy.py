"""Personal data in queries. Whole sets of forms are measured in docs/privacy.md."""

from tests.corpus.case import Case, line_case
from tests.corpus.table import AnyCase


def personal(name: str, what: str, query: str) -> Case:
    return line_case(f"personal-{name}", what, query=query, withheld="personal_data")


def innocent(name: str, what: str, query: str) -> Case:
    return line_case(f"innocent-{name}", f"{what}, which is nobody's", query=query, becomes=query)


CASES: list[AnyCase] = [
    personal("phone", "a phone number with hyphens", "010-1234-5678"),
    personal("phone-spaces", "with spaces", "010 1234 5678 누구"),
    personal("phone-bare", "without anything between", "01012345678"),
    personal("phone-dots", "with points", "010.1234.5678"),
    personal("phone-wide", "in full-width digits", "０１０－１２３４－５６７８"),
    personal("phone-hangul", "in Hangul", "공일공 일이삼사 오육칠팔"),
    personal("phone-arabic", "in Arabic digits", "٠١٠-١٢٣٤-٥٦٧٨"),
    personal("phone-country", "with the code of the country", "+82 10-1234-5678"),
    personal("phone-invisible", "with invisible characters between", "010\u200b1234\u200b5678"),
    personal("phone-underscore", "with underscores", "010_1234_5678"),
    personal("phone-vowel", "with the vowel ㅡ as a dash", "010ㅡ1234ㅡ5678"),
    personal("phone-tilde", "with tildes", "010~1234~5678"),
    personal("phone-commas", "with commas", "010,1234,5678"),
    personal("phone-colons", "with colons", "010:1234:5678"),
    personal("phone-stars", "with stars", "010*1234*5678"),
    personal("phone-two-dashes", "with two hyphens each", "010--1234--5678"),
    personal("phone-circled", "in circled digits", "⓪①⓪-①②③④-⑤⑥⑦⑧"),
    personal("phone-letters", "with letters for digits", "o1o-1234-5678"),
    personal("resident", "a resident registration number", "900101-1234567"),
    personal("resident-masked", "one whose end is masked", "900101-1******"),
    personal("resident-underscore", "one with an underscore", "900101_1234567"),
    personal("card", "a card number", "4111 1111 1111 1111"),
    personal("mail", "an e-mail address", "kim@example.com 비밀번호"),
    personal("mail-hangul", "an e-mail address with 골뱅이", "kim 골뱅이 naver.com"),
    personal("mail-at", "an e-mail address with (at)", "kim(at)naver.com"),
    personal("mail-bracket-at", "an e-mail address with [at]", "kim[at]naver.com"),
    personal("mail-small-at", "an e-mail address with ﹫", "kim﹫naver.com"),
    personal("mail-commas", "an e-mail address with commas for points", "kim@naver,co,kr"),
    personal("ipv6", "an address of the internet of six versions", "2001:db8:85a3::8a2e:370:7334"),
    personal("mac", "an address of a network card", "00:1a:2b:3c:4d:5e"),
    personal("url-token", "a URL with a token", "https://example.com/reset?token=9f8a7b6c5d4e"),
    personal("passport", "a number of a passport", "여권 M12345678"),
    personal("plate", "a number plate", "12가 3456"),
    personal("account", "a number of an account", "국민은행 110-12-345678"),
    personal("address", "a street with its house number", "서울시 강남구 테헤란로 152"),
    innocent("date", "a date", "2026-03-02"),
    innocent("date-time", "a date with an hour", "2026-03-02 09"),
    innocent("years", "years", "2024 2025 2026"),
    innocent("lottery", "the numbers of a draw", "3 11 15 29 35 44"),
    innocent("service", "a number of a service", "1588-1234"),
    innocent("price", "a price", "1,250,000원"),
    innocent("holiday", "a holiday", "3.1운동"),
    innocent("model", "a model", "갤럭시 s24 256gb"),
    innocent("flight", "a flight", "ke1201"),
    innocent("version", "a version", "python 3.11.9"),
    innocent("handle", "an account's name", "@natgeo"),
    innocent("score", "a score", "3:2"),
]
