"""Character sets of logs: which there are, and which one a file is in."""

import codecs
from collections.abc import Iterable
from typing import Final

from pipeline.errors import LogFormatError

#: Our name: (Python's codec, Java's charset).
CHARSETS: Final = {
    "UTF-8": ("utf-8", "UTF-8"),
    "CP949": ("cp949", "x-windows-949"),
    "GB18030": ("gb18030", "GB18030"),
    "UTF-16LE": ("utf-16-le", "UTF-16LE"),
    "UTF-16BE": ("utf-16-be", "UTF-16BE"),
    "Shift_JIS": ("cp932", "windows-31j"),
    "EUC-JP": ("euc_jp", "EUC-JP"),
    "Big5": ("cp950", "x-windows-950"),
    "ISO-8859-1": ("latin-1", "ISO-8859-1"),
    "windows-1252": ("cp1252", "windows-1252"),
}

_CHARSET_ALIASES: Final = {
    "utf8": "UTF-8",
    "utf-8-sig": "UTF-8",
    "ascii": "UTF-8",
    "us-ascii": "UTF-8",
    "euc-kr": "CP949",
    "ms949": "CP949",
    "windows-949": "CP949",
    "uhc": "CP949",
    "ks_c_5601-1987": "CP949",
    "gbk": "GB18030",
    "gb2312": "GB18030",
    "cp936": "GB18030",
    "utf-16": "UTF-16LE",
    "utf16": "UTF-16LE",
    "shift-jis": "Shift_JIS",
    "sjis": "Shift_JIS",
    "cp932": "Shift_JIS",
    "cp950": "Big5",
    "latin1": "ISO-8859-1",
    "latin-1": "ISO-8859-1",
    "cp1252": "windows-1252",
}

BYTE_ORDER_MARKS: Final = (
    (codecs.BOM_UTF8, "UTF-8"),
    (codecs.BOM_UTF16_LE, "UTF-16LE"),
    (codecs.BOM_UTF16_BE, "UTF-16BE"),
)

#: KS X 1001 syllables and GB 2312 first-plane characters share their bytes, so that Korean read as
#: Chinese is all common characters; Chinese read as Korean is half Hanja, as its commonest
#: characters lie past the Hangul.
_LEAST_HANGUL: Final = 0.85
_LEAST_HANZI: Final = 0.5


def known_charset(name: str) -> str:
    """Our name of a character set.

    Raises:
        LogFormatError: it is not known.
    """
    folded = name.strip().lower()
    names = {known.lower(): known for known in CHARSETS} | _CHARSET_ALIASES
    if folded not in names:
        raise LogFormatError(f"there is no charset {name!r}: known are {', '.join(CHARSETS)}")
    return names[folded]


def line_separator(charset: str, line_end: str = "\n") -> str:
    """A line's end in the bytes of `charset`, each byte as the character of its number."""
    wide = {"UTF-16LE": f"{line_end}\0", "UTF-16BE": f"\0{line_end}"}
    return wide.get(known_charset(charset), line_end)


def found_line_end(head: bytes, charset: str) -> str:
    """What ends the lines of a file that begins with `head`.

    A carriage return, as on the Macs of before 2001, where there is one and no line feed.
    """
    text = head.decode(CHARSETS[known_charset(charset)][0], "replace")
    return "\r" if "\r" in text and "\n" not in text else "\n"


def detect_charset(head: bytes) -> str:
    """The character set of a file that begins with `head`, which may end inside a character.

    A byte order mark decides; then UTF-8, whose bytes are no accident; then CP949 or GB18030,
    whichever gives commoner characters. A few lines with bad bytes do not change the answer.

    Raises:
        LogFormatError: it is no text, or in a charset that is not told apart here.
    """
    for bom, charset in BYTE_ORDER_MARKS:
        if head.startswith(bom):
            return charset
    if b"\0" in head:
        raise LogFormatError("it is no text (it holds bytes 0, as an image or an archive does)")
    # Every charset below has line ends as ASCII has them.
    lines = whole_lines(head, found_line_end(head, "ISO-8859-1").encode())
    foreign = [line for line in lines if not line.isascii()]
    if not foreign or share(_decodes(line, "utf-8") for line in foreign) >= 0.5:
        return "UTF-8"
    for charset, plausible in (("CP949", _is_korean), ("GB18030", _is_chinese)):
        codec = CHARSETS[charset][0]
        decoded = [line for line in foreign if _decodes(line, codec)]
        if len(decoded) >= 0.9 * len(foreign) and plausible(b"".join(decoded).decode(codec)):
            return charset
    if len(foreign) <= 0.05 * len(lines):
        return "UTF-8"  # a log in English with a few broken lines
    raise LogFormatError(
        "its characters are not in UTF-8, CP949, GB18030 or UTF-16 with a byte order mark; "
        "name their charset with --charset"
    )


def whole_lines(head: bytes, line_feed: bytes) -> list[bytes]:
    """The lines of a head; its last line, which may be cut, only if it is the only one."""
    lines = head.split(line_feed)
    return lines[:-1] if len(lines) > 1 else [_without_cut_character(head)]


def _without_cut_character(head: bytes) -> bytes:
    # A single line as long as the head: its last few bytes may be half a character.
    return head if len(head) < 1024 else head[: head.rfind(b" ", len(head) - 1024)]


def _decodes(line: bytes, codec: str) -> bool:
    try:
        line.decode(codec)
    except UnicodeDecodeError:
        return False
    return True


def share(flags: Iterable[bool]) -> float:
    values = list(flags)
    return sum(values) / len(values) if values else 0.0


def _is_korean(text: str) -> bool:
    foreign = [character for character in text if not character.isascii()]
    return share("가" <= each <= "힣" or "ㄱ" <= each <= "ㅣ" for each in foreign) >= _LEAST_HANGUL


def _is_chinese(text: str) -> bool:
    foreign = [character for character in text if not character.isascii()]
    return share(_is_common_hanzi(each) for each in foreign) >= _LEAST_HANZI


def _is_common_hanzi(character: str) -> bool:
    try:
        return character.encode("gb2312") >= b"\xb0\xa1"
    except UnicodeEncodeError:
        return False
