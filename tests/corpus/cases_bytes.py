"""Bytes, character sets and packings."""

import bz2
import gzip
import io
import lzma
import zipfile

from tests.corpus.case import Case, Content, Expected, line, line_case, log, set_aside, taken
from tests.corpus.table import AnyCase


def one(name: str, what: str, file: str, content: Content, expected: Expected) -> Case:
    return Case(f"bytes-{name}", what, {file: content}, {file: expected})


def zipped(text: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("log.tsv", text)
    return packed.getvalue()


def many(count: int) -> str:
    """So many lines that hardly pack, of a person each."""
    return "".join(line(f"검색 {number * 7919}") for number in range(count))


PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(range(256)) * 20


def korean() -> str:
    """Two searches of people of their own."""
    return log("내일 날씨", "환율 계산기")


CHINESE = log("今天天气", "北京时间", "中国地图")
JAPANESE = log("日本の天気予報 東京", "カメラ")

CASES: list[AnyCase] = [
    one("utf8", "UTF-8", "a.tsv", korean(), taken("내일 날씨", "환율 계산기", charset="UTF-8")),
    one(
        "bom",
        "a byte order mark before UTF-8",
        "a.tsv",
        b"\xef\xbb\xbf" + korean().encode(),
        taken("내일 날씨", "환율 계산기", charset="UTF-8"),
    ),
    one(
        "two-boms",
        "two files with byte order marks, one after the other",
        "a.tsv",
        (b"\xef\xbb\xbf" + line("날씨").encode()) * 1 + b"\xef\xbb\xbf" + line("환율").encode(),
        taken("날씨", "환율"),
    ),
    one(
        "crlf",
        "line ends of Windows",
        "a.tsv",
        korean().replace("\n", "\r\n"),
        taken("내일 날씨", "환율 계산기"),
    ),
    one(
        "mixed-ends",
        "line ends of Windows and of Unix",
        "a.tsv",
        line("날씨").replace("\n", "\r\n") + line("환율"),
        taken("날씨", "환율"),
    ),
    one(
        "no-last-end",
        "no line end after the last line",
        "a.tsv",
        korean().rstrip("\n"),
        taken("내일 날씨", "환율 계산기"),
    ),
    one(
        "cp949",
        "CP949",
        "a.tsv",
        korean().encode("cp949"),
        taken("내일 날씨", "환율 계산기", charset="CP949"),
    ),
    one(
        "cp949-beyond-euc-kr",
        "a syllable of CP949 that EUC-KR lacks",
        "a.tsv",
        log("뷁 노래", "환율").encode("cp949"),
        taken("뷁 노래", "환율", charset="CP949"),
    ),
    one(
        "gb18030",
        "GB18030",
        "a.tsv",
        CHINESE.encode("gb18030"),
        taken("今天天气", "北京时间", "中国地图", charset="GB18030"),
    ),
    one(
        "utf16le",
        "UTF-16, little end first, with its mark",
        "a.tsv",
        b"\xff\xfe" + korean().encode("utf-16-le"),
        taken("내일 날씨", "환율 계산기", charset="UTF-16LE"),
    ),
    one(
        "utf16be",
        "UTF-16, big end first, with its mark",
        "a.tsv",
        b"\xfe\xff" + korean().encode("utf-16-be"),
        taken("내일 날씨", "환율 계산기", charset="UTF-16BE"),
    ),
    one(
        "utf16-crlf",
        "UTF-16 with line ends of Windows",
        "a.tsv",
        b"\xff\xfe" + korean().replace("\n", "\r\n").encode("utf-16-le"),
        taken("내일 날씨", "환율 계산기"),
    ),
    one(
        "utf16-odd",
        "UTF-16 that ends in half a character",
        "a.tsv",
        b"\xff\xfe" + (line("날씨") + line("환율") + line("로또")[:-1]).encode("utf-16-le")[:-1],
        taken("날씨", "환율", rejected={"undecodable": 1}),
    ),
    one(
        "utf16-no-mark",
        "UTF-16 without its mark",
        "a.tsv",
        korean().encode("utf-16-le"),
        set_aside("bytes 0"),
    ),
    one("utf32", "UTF-32", "a.tsv", korean().encode("utf-32"), set_aside("no known log format")),
    one(
        "latin1",
        "ISO-8859-1",
        "a.tsv",
        log("caféine", "où", "été").encode("latin-1"),
        set_aside("--charset"),
    ),
    one(
        "shift-jis", "Shift_JIS, unnamed", "a.tsv", JAPANESE.encode("cp932"), set_aside("--charset")
    ),
    Case(
        "bytes-shift-jis-named",
        "Shift_JIS, named",
        {"a.tsv": JAPANESE.encode("cp932")},
        {"a.tsv": taken("日本の天気予報 東京", "カメラ", charset="Shift_JIS")},
        options={"charset": "Shift_JIS"},
    ),
    Case(
        "bytes-latin1-named",
        "ISO-8859-1, named",
        {"a.tsv": log("caféine", "où").encode("latin-1")},
        {"a.tsv": taken("caféine", "où")},
        options={"charset": "ISO-8859-1"},
    ),
    Case(
        "bytes-big5-named",
        "Big5, named",
        {"a.tsv": log("天氣預報").encode("cp950")},
        {"a.tsv": taken("天氣預報")},
        options={"charset": "Big5"},
    ),
    Case(
        "bytes-euc-jp-named",
        "EUC-JP, named",
        {"a.tsv": log("天気").encode("euc_jp")},
        {"a.tsv": taken("天気")},
        options={"charset": "EUC-JP"},
    ),
    Case(
        "bytes-wrong-charset",
        "Korean of CP949, named UTF-8: every line with Hangul is rejected",
        {"a.tsv": log("날씨", "weather").encode("cp949")},
        {"a.tsv": taken("weather", rejected={"undecodable": 1})},
        options={"charset": "UTF-8"},
    ),
    line_case(
        "bytes-bad",
        "a byte that is no UTF-8",
        whole=line("x")[:-2].encode() + b"\xff",
        rejected="undecodable",
    ),
    line_case(
        "bytes-cut-character",
        "half a character at the end of a line",
        whole=line("날씨").encode()[:-2],
        rejected="undecodable",
    ),
    line_case(
        "bytes-overlong",
        "an overlong form of /",
        whole=line("x")[:-2].encode() + b"\xc0\xaf",
        rejected="undecodable",
    ),
    line_case(
        "bytes-surrogate",
        "half a surrogate pair in UTF-8",
        whole=line("x")[:-2].encode() + b"\xed\xa0\x80",
        rejected="undecodable",
    ),
    line_case(
        "bytes-beyond-unicode",
        "a character beyond Unicode",
        whole=line("x")[:-2].encode() + b"\xf4\x90\x80\x80",
        rejected="undecodable",
    ),
    line_case(
        "bytes-cp949-line",
        "a line of CP949 in a log of UTF-8",
        whole=line("날씨")[:-1].encode("cp949"),
        rejected="undecodable",
    ),
    line_case("bytes-blank-line", "a blank line", whole="", rejected="too_few_columns"),
    line_case("bytes-space-line", "a line of spaces", whole="   ", rejected="too_few_columns"),
    line_case(
        "bytes-65536",
        "a line of 65,536 bytes, of which 1,000 characters are its query",
        whole=(line("가" * 1000)[:-1] + "\t").ljust(65_536 - 2000, "x"),
        becomes="가" * 1000,
    ),
    line_case("bytes-65537", "a line of 65,537 bytes", whole="x" * 65_537, rejected="too_long"),
    line_case("bytes-long", "a line of a megabyte", whole="x" * 1_000_000, rejected="too_long"),
    one("empty", "an empty file", "a.tsv", b"", set_aside("no lines")),
    one("line-end-alone", "a line end alone", "a.tsv", b"\n", set_aside("no lines")),
    one("bom-alone", "a byte order mark alone", "a.tsv", b"\xef\xbb\xbf", set_aside("no lines")),
    one("spaces-alone", "spaces and line ends alone", "a.tsv", b"  \n \n", set_aside("no lines")),
    one(
        "zeros",
        "a megabyte of zeros, as after a power cut",
        "a.tsv",
        bytes(1_000_000),
        set_aside("bytes 0"),
    ),
    one("png", "a picture", "a.png", PNG, set_aside("bytes 0")),
    one("png-as-log", "a picture named as a log", "a.tsv", PNG + b"\n", set_aside("bytes 0")),
    one(
        "pdf",
        "a PDF",
        "a.pdf",
        b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\n",
        set_aside("no known log format"),
    ),
    one(
        "html",
        "a web page",
        "a.html",
        "<!doctype html>\n<title>404</title>\n",
        set_aside("no known log format"),
    ),
    one(
        "prose",
        "prose",
        "a.txt",
        "Dear reader,\nthis is no log.\n",
        set_aside("no known log format"),
    ),
    one(
        "other-log",
        "a log of a web server",
        "a.log",
        '10.0.0.1 - - [02/Mar/2026:09:00:00 +0900] "GET / HTTP/1.1" 200 1\n',
        set_aside("no known log format"),
    ),
    one("zip", "a zip archive", "a.zip", zipped(korean()), set_aside("bytes 0")),
    one("xz", "xz", "a.tsv.xz", lzma.compress(korean().encode()), set_aside("bytes 0")),
    one(
        "gzip",
        "gzip",
        "a.tsv.gz",
        gzip.compress(korean().encode()),
        taken("내일 날씨", "환율 계산기"),
    ),
    one(
        "gzip-members",
        "gzip of two members",
        "a.tsv.gz",
        gzip.compress(line("날씨").encode()) + gzip.compress(line("환율").encode()),
        taken("날씨", "환율"),
    ),
    one(
        "gzip-cp949",
        "CP949 in gzip",
        "a.tsv.gz",
        gzip.compress(korean().encode("cp949")),
        taken("내일 날씨", "환율 계산기", charset="CP949"),
    ),
    one(
        "gzip-utf16",
        "UTF-16 in gzip",
        "a.tsv.gz",
        gzip.compress(korean().encode("utf-16")),
        taken("내일 날씨", "환율 계산기", charset="UTF-16LE"),
    ),
    one("gzip-empty", "gzip of nothing", "a.tsv.gz", gzip.compress(b""), set_aside("no lines")),
    one(
        "gzip-cut",
        "gzip that breaks off",
        "a.tsv.gz",
        gzip.compress(many(20_000).encode())[:-2000],
        set_aside("damaged or cut off"),
    ),
    one(
        "gzip-bad-sum",
        "gzip with a wrong checksum",
        "a.tsv.gz",
        gzip.compress(korean().encode())[:-8] + bytes(8),
        set_aside("damaged or cut off"),
    ),
    one(
        "gzip-flipped",
        "gzip with a changed byte in its middle",
        "a.tsv.gz",
        (
            lambda whole: (
                whole[: len(whole) // 2]
                + bytes([whole[len(whole) // 2] ^ 255])
                + whole[len(whole) // 2 + 1 :]
            )
        )(gzip.compress(many(20_000).encode())),
        set_aside(""),
    ),
    one(
        "gzip-unnamed",
        "gzip that is not named .gz",
        "a.tsv",
        gzip.compress(korean().encode()),
        set_aside("rename it"),
    ),
    one(
        "gzip-only-named",
        "text that is named .gz",
        "a.tsv.gz",
        korean(),
        set_aside("damaged or cut off"),
    ),
    one(
        "bzip2",
        "bzip2",
        "a.tsv.bz2",
        bz2.compress(korean().encode()),
        taken("내일 날씨", "환율 계산기"),
    ),
    one(
        "bzip2-cut",
        "bzip2 that breaks off",
        "a.tsv.bz2",
        bz2.compress(many(3_000).encode())[:-200],
        set_aside(""),
    ),
    one(
        "bzip2-only-named",
        "text that is named .bz2",
        "a.tsv.bz2",
        korean(),
        set_aside("damaged or cut off"),
    ),
    one(
        "half-good",
        "as many good lines as bad ones",
        "a.tsv",
        "no search\n" + line("날씨"),
        taken("날씨", rejected={"too_few_columns": 1}),
    ),
    one(
        "mostly-bad",
        "more bad lines than good ones",
        "a.tsv",
        "no search\n" * 3 + line("날씨"),
        set_aside("no known log format"),
    ),
    one(
        "bad-tail",
        "good lines, and garbage after the first 64 KiB",
        "a.tsv",
        log(*["날씨"] * 2000) + "garbage\n" * 5000,
        taken(*["날씨"] * 2000, rejected={"too_few_columns": 5000}),
    ),
]
