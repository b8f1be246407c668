"""Queries."""

import unicodedata

from tests.corpus.case import Case, line, line_case, log, set_aside, taken
from tests.corpus.table import AnyCase

CASES: list[AnyCase] = [
    line_case("query-plain", "a plain query", query="로또", becomes="로또"),
    line_case("query-one-letter", "a query of one letter", query="a", becomes="a"),
    line_case("query-upper-case", "capital letters", query="GMAIL", becomes="gmail"),
    line_case(
        "query-turkish-i", "a Turkish dotted capital I", query="İstanbul", becomes="i̇stanbul"
    ),
    line_case("query-sharp-s", "ß, which some fold to ss", query="Straße", becomes="straße"),
    line_case(
        "query-nfd",
        "Hangul decomposed, as macOS writes it",
        query=unicodedata.normalize("NFD", "카카오톡"),
        becomes="카카오톡",
    ),
    line_case(
        "query-half-nfd",
        "a composed syllable with a conjoining final",
        query="가\u11a8",
        becomes="각",
    ),
    line_case("query-nfd-latin", "é as e and an accent", query="cafe\u0301", becomes="café"),
    line_case("query-jamo", "jamo alone", query="ㅎㅇ", becomes="ㅎㅇ"),
    line_case("query-laughter", "ㅋㅋㅋ in a query", query="웃겨ㅋㅋㅋㅋㅋ", becomes="웃겨ㅋㅋ"),
    line_case(
        "query-laughter-alone",
        "ㅋㅋㅋ alone, which may be initials",
        query="ㅋㅋㅋ",
        becomes="ㅋㅋㅋ",
    ),
    line_case(
        "query-wide", "full-width letters and digits", query="ＮＡＶＥＲ１", becomes="naver1"
    ),
    line_case("query-half-width-kana", "half-width katakana", query="ｶﾒﾗ", becomes="カメラ"),
    line_case("query-half-width-jamo", "half-width jamo", query="ﾡﾢ", becomes="ㄱㄲ"),
    line_case(
        "query-spaces",
        "spaces at the ends and doubled",
        query="  내일   날씨 ",
        becomes="내일 날씨",
    ),
    line_case(
        "query-ideographic-space", "an ideographic space", query="내일　날씨", becomes="내일 날씨"
    ),
    line_case("query-nbsp", "a no-break space", query="내일\u00a0날씨", becomes="내일 날씨"),
    line_case("query-zero-width-space", "a zero-width space", query="날\u200b씨", becomes="날씨"),
    line_case("query-soft-hyphen", "a soft hyphen", query="날\u00ad씨", becomes="날씨"),
    line_case("query-bom-inside", "a byte order mark inside", query="날\ufeff씨", becomes="날씨"),
    line_case(
        "query-line-separator",
        "a Unicode line separator",
        query="내일\u2028날씨",
        becomes="내일 날씨",
    ),
    line_case(
        "query-next-line", "the control character NEL", query="내일\u0085날씨", becomes="내일 날씨"
    ),
    line_case("query-vertical-tab", "a vertical tab", query="내일\x0b날씨", becomes="내일 날씨"),
    line_case("query-form-feed", "a form feed", query="내일\x0c날씨", becomes="내일 날씨"),
    line_case(
        "query-carriage-return", "a carriage return inside", query="내일\r날씨", becomes="내일 날씨"
    ),
    line_case("query-bell", "a bell", query="날\x07씨", becomes="날씨"),
    line_case(
        "query-escape", "an escape code of a terminal", query="\x1b[31m날씨", becomes="[31m날씨"
    ),
    line_case("query-delete", "the control character DEL", query="날\x7f씨", becomes="날씨"),
    line_case(
        "query-bidi", "marks that turn the direction", query="\u202e날씨\u202c", becomes="날씨"
    ),
    line_case("query-rtl", "Arabic", query="طقس", becomes="طقس"),
    line_case("query-hebrew", "Hebrew", query="מזג אוויר", becomes="מזג אוויר"),
    line_case("query-thai", "Thai with its vowel signs", query="อากาศวันนี้", becomes="อากาศวันนี้"),
    line_case("query-devanagari", "Devanagari", query="मौसम", becomes="मौसम"),
    line_case("query-emoji", "an emoji", query="🍕 배달", becomes="🍕 배달"),
    line_case("query-family-emoji", "a family joined of emoji", query="👨‍👩‍👧", becomes="👨‍👩‍👧"),
    line_case("query-flag", "a flag", query="🇰🇷", becomes="🇰🇷"),
    line_case("query-skin", "an emoji with a skin tone", query="👍🏽", becomes="👍🏽"),
    line_case(
        "query-variation-alone",
        "a variation selector after a letter",
        query="날\ufe0f씨",
        becomes="날씨",
    ),
    line_case("query-old-hangul", "Hangul of the 15th century", query="ᄒᆞᆫ글", becomes="ᄒᆞᆫ글"),
    line_case("query-hanja", "Hanja", query="大韓民國", becomes="大韓民國"),
    line_case(
        "query-beyond-bmp", "a character beyond the 16-bit ones", query="𠮷野家", becomes="𠮷野家"
    ),
    line_case(
        "query-private-use", "a character for private use", query="\ue000날씨", becomes="\ue000날씨"
    ),
    line_case(
        "query-replacement",
        "a replacement character in good UTF-8",
        query="날\ufffd씨",
        becomes="날\ufffd씨",
    ),
    Case(
        "query-nul-in-head",
        "a NUL byte among the first 64 KiB, as images and archives have",
        {"log.tsv": line("날\0씨")},
        {"log.tsv": set_aside("bytes 0")},
    ),
    Case(
        "query-nul",
        "a NUL byte inside a query further down",
        {"log.tsv": log(*["날씨"] * 1600) + line("로\0또")},
        {"log.tsv": taken(*["날씨"] * 1600, "로또")},
    ),
    line_case("query-symbols", "symbols alone", query="?!", becomes="?!"),
    line_case(
        "query-quotes", "a quotation mark that nothing closes", query='"날씨', becomes='"날씨'
    ),
    line_case("query-backslash", "backslashes", query=r"c:\new\table", becomes=r"c:\new\table"),
    line_case("query-percent", "percent signs", query="100%25", becomes="100%25"),
    line_case("query-plus", "plus signs", query="c++", becomes="c++"),
    line_case(
        "query-html",
        "a script",
        query="<script>alert(1)</script>",
        becomes="<script>alert(1)</script>",
    ),
    line_case(
        "query-sql",
        "an SQL injection",
        query="'; drop table searches;--",
        becomes="'; drop table searches;--",
    ),
    line_case("query-formula", "a formula of a spreadsheet", query="=1+1", becomes="=1+1"),
    line_case("query-null-word", "the word null", query="null", becomes="null"),
    line_case("query-nan-word", "the word NaN", query="NaN", becomes="nan"),
    line_case("query-n-word", r"\N, the null of Hive", query=r"\N", becomes=r"\n"),
    line_case("query-number", "a number", query="2026", becomes="2026"),
    line_case(
        "query-combining",
        "a hundred accents on one letter",
        query="e" + "\u0323" * 100,
        becomes="ẹ" + "\u0323" * 99,
    ),
    line_case("query-1000", "1,000 characters", query="가" * 1000, becomes="가" * 1000),
    line_case("query-1001", "1,001 characters", query="가" * 1001, rejected="too_long"),
    line_case("query-1000-emoji", "1,000 emoji", query="🍕" * 1000, becomes="🍕" * 1000),
    line_case("query-empty", "no query", query="", rejected="blank_query"),
    line_case("query-space", "a space", query=" ", rejected="blank_query"),
    line_case(
        "query-wide-space", "an ideographic space alone", query="\u3000", rejected="blank_query"
    ),
    line_case("query-nbsp-alone", "a no-break space alone", query="\u00a0", rejected="blank_query"),
    line_case(
        "query-zero-width-alone", "a zero-width space alone", query="\u200b", rejected="blank_query"
    ),
    line_case("query-joiner-alone", "a joiner alone", query="\u200d", rejected="blank_query"),
    line_case("query-bom-alone", "a byte order mark alone", query="\ufeff", rejected="blank_query"),
    line_case(
        "query-filler-alone", "the Hangul filler alone", query="\u3164", rejected="blank_query"
    ),
    line_case(
        "query-braille-blank",
        "the blank pattern of Braille alone",
        query="\u2800",
        rejected="blank_query",
    ),
    line_case(
        "query-bidi-alone", "marks of direction alone", query="\u200e\u200f", rejected="blank_query"
    ),
    line_case(
        "query-control-alone", "a control character alone", query="\x01", rejected="blank_query"
    ),
    line_case(
        "query-line-separator-alone",
        "a line separator alone",
        query="\u2028",
        rejected="blank_query",
    ),
    line_case(
        "query-figure-space-alone", "a figure space alone", query="\u2007", rejected="blank_query"
    ),
    Case(
        "query-forms",
        "one query typed in four forms counts as one",
        {"log.tsv": line("Gmail") + line("GMAIL") + line("ｇｍａｉｌ") + line(" gmail ")},
        {"log.tsv": taken("gmail", "gmail", "gmail", "gmail")},
    ),
]
