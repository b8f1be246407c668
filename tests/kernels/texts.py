"""Texts as they come: what becomes of them, and odd ones by the thousand."""

import unicodedata

from hypothesis import strategies as st

ZWJ = "\u200d"
KAKAO = "카카오톡"
#: 톡 as a composed 토 with a conjoining final ㄱ: macOS sends this too.
KAKAO_MIXED = "카카오토\u11a8"

NORMALISED = {
    KAKAO: KAKAO,
    unicodedata.normalize("NFD", KAKAO): KAKAO,
    KAKAO_MIXED: KAKAO,
    unicodedata.normalize("NFD", "Café"): "café",
    "  LG\t전자\u00a0세탁기\u3000\r\n": "lg 전자 세탁기",
    "ＬＧ　전자！": "lg 전자!",
    "ｶﾞﾝﾀﾞﾑ": "ガンダム",
    "ﾡﾢ": "ㄱㄲ",
    "카\u200b카\ufeff오": "카카오",
    "카\u3164카\uffa0오": "카카오",
    "soft\u00adware": "software",
    "❤\ufe0f": "❤",
    f"👨{ZWJ}👩{ZWJ}👧 a{ZWJ}b{ZWJ}": f"👨{ZWJ}👩{ZWJ}👧 ab",
    "ㅋㅋㅏ": "ㅋㅋㅏ",  # NFKC would make ㅋ카 of it
    "ㅎㅏㄴㄱㅡㄹ": "ㅎㅏㄴㄱㅡㄹ",
    "\u110f\u110f\u1161": "ㅋ카",  # a conjoining jamo alone is the jamo it looks like
    "\u1112\u119e\u11ab글": "\u1112\u119e\u11ab글",  # ᄒᆞᆫ has no other form
    "웃긴 짤 ㅋㅋㅋㅋㅋ": "웃긴 짤 ㅋㅋ",
    "ㅠㅠㅠㅠ": "ㅠㅠ",
    "ㅋㅋㅋ": "ㅋㅋㅋ",  # may be the initials of 크크크
    "ㅋㅋㅋ ㅎㅎㅎ": "ㅋㅋㅋ ㅎㅎㅎ",
    "ㅋㅋㅋ!": "ㅋㅋ!",
    "C++ & .NET?": "c++ & .net?",
    "İ": "i\u0307",
    "": "",
    " \u3164\u200b ": "",
}

SHOWN = {
    unicodedata.normalize("NFD", KAKAO): KAKAO,
    "  LG\t전자\u3000세탁기 ": "LG 전자 세탁기",
    "ＬＧ ㅋㅋㅋㅋ": "ＬＧ ㅋㅋㅋㅋ",
    "a\x00b\x1b[31m": "ab[31m",
    "\u202egnp.exe\u202c": "gnp.exe",  # would be shown as exe.png
    f"👨{ZWJ}👩❤\ufe0f": f"👨{ZWJ}👩❤\ufe0f",
    "": "",
}

#: Normalised queries; those of one line are one query, and of different lines different ones.
VARIANTS = [
    ["카카오톡", "카카오 톡", "카카오-톡", "'카카오톡'", "#카카오톡", "카카오톡!"],
    ["3·1절", "3ㆍ1절", "3.1절", "3 1절"],
    ["31절"],
    ["c"],
    ["c++"],
    ["c#"],
    ["net"],
    [".net"],
    ["asp.net", "asp net"],
    ["node.js", "nodejs", "node js"],
    ["3.5인치", "3.5 인치"],
    ["35인치"],
    ["1+1", "1 + 1"],
    ["11"],
    ["아이폰 15 128", "아이폰15 128"],
    ["아이폰15128"],
    ["2026-11-22", "2026.11.22", "2026/11/22"],
    ["1,000원", "1000원"],
    ["사과 🍎", "사과"],
    ["🍎", " 🍎 "],
    ["???", "? ??"],
    ["ㆍ"],
    [""],
]

#: Assigned in any Unicode of the last years, so that Java and Python know the same of them.
ASSIGNED = st.characters(exclude_categories=("Cs", "Cn", "Co"), max_codepoint=0xFFFF)
ODD = (
    "카톡가각ㅋㅎㅠㅜㄱㄳㅏ\u1100\u1161\u11a8\u110f\u119e\u115f\u3164\uffa0ﾡￅ"
    "Aa１ＢｶﾞÉe\u0301İΣ \t\u00a0\u3000\u200b\u200d\ufe0f\u202e\ufeff👩❤🏽1.+#?"
)
QUERIES = st.one_of(st.text(st.sampled_from(ODD), max_size=12), st.text(ASSIGNED, max_size=8))


def every_character() -> list[str]:
    """Each of the basic plane between two letters, where composing and trimming show.

    But for ideographs and syllables, of which one is like the other.
    """
    characters = [chr(code) for code in [*range(0x4E01), *range(0xD7A3, 0x10000)]]
    return [f"a{c}A" for c in characters if unicodedata.category(c) not in ("Cs", "Cn", "Co")]
