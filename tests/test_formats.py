import re
import subprocess
import sys
import zipfile
from datetime import date
from pathlib import Path

import pytest

from pipeline.errors import LogFormatError
from pipeline.reading.charsets import detect_charset, known_charset
from pipeline.reading.detection import bound, detect_format, file_date, shape
from pipeline.reading.formats import BUILT_IN, LogFormat, TimePattern, load_format, parsed_format

SILGEOM = "2026-09-01T12:00:00+09:00\tu1\t서울 날씨\n"
JSON = '{"searched_at": "2026-09-01T12:00:00", "user": "u1", "query": "서울 날씨"}\n'
AOL = (
    "AnonID\tQuery\tQueryTime\tItemRank\tClickURL\n142\tlottery\t2006-03-01 11:58:51\t1\thttp://x\n"
)
EXCITE = "2A9EABFB35F5B954\t970916105432\t+md foods\n2A9EABFB35F5B954\t970916105433\t\n"
SOGOU_2008 = "00:00:01\t0759422\t[汶川地震原因]\t8 3\tnews.example/a b\n"
SOGOU_2011 = "20111230000005\t57375476989eea12\t奇艺高清\t1\t1\thttp://www.example/\n"
UBI = (
    '{"index": {"_index": "ubi_queries"}}\n'
    '{"client_id": "c1", "user_query": "ps4", "timestamp": "2024-12-10T00:01:29.378Z"}\n'
)
CSV = "time,user_id,keyword\n2026-09-01 12:00:00,u1,서울 날씨\n"

DECLARATION = """
name = "mine"
kind = "delimited"
separator = "|"
time = ["dd/MMM/yyyy:HH:mm:ss Z"]
[columns]
searched_at = 1
user = 2
query = 3
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (SILGEOM, "silgeom"),
        ("searched_at\tuser\tquery\n" + SILGEOM, "silgeom"),
        (JSON, "silgeom-json"),
        (AOL, "aol"),
        (AOL.partition("\n")[2], "aol"),
        (EXCITE, "excite"),
        (SOGOU_2008, "sogou-2008"),
        (SOGOU_2011, "sogou-2011"),
        (UBI, "ubi"),
        (CSV, "csv"),
        (CSV.replace(",", ";"), "csv"),
    ],
)
def test_a_log_is_known_by_its_first_lines(text: str, expected: str) -> None:
    found, charset = detect_format(text.encode(), "log")

    assert (found.name, charset) == (expected, "UTF-8")


def test_windows_line_ends_and_a_byte_order_mark_change_nothing() -> None:
    text = "\ufeff" + SILGEOM.replace("\n", "\r\n")

    assert detect_format(text.encode(), "log")[0].name == "silgeom"
    assert detect_format(text.encode("utf-16-le"), "log")[0].name == "silgeom"
    assert detect_format(text.encode("utf-16-be"), "log")[0].name == "silgeom"


def test_parquet_is_known_by_its_first_bytes() -> None:
    assert detect_format(b"PAR1\x15\x04\x00\x00", "part-0.parquet")[0].name == "parquet"


def test_a_few_broken_lines_do_not_hide_the_format() -> None:
    head = (SILGEOM * 6 + "broken\n" * 5).encode()

    assert detect_format(head, "log")[0].name == "silgeom"


def test_half_a_last_line_is_not_looked_at() -> None:
    head = (SILGEOM * 2).encode()[:-3]  # cut inside the last character

    assert detect_format(head, "log")[0].name == "silgeom"


def test_a_log_of_nothing_but_its_header_is_known() -> None:
    assert detect_format(b"searched_at\tuser\tquery\n", "log")[0].name == "silgeom"


def test_the_message_shows_the_shape_of_the_first_line_and_never_its_text() -> None:
    with pytest.raises(LogFormatError) as caught:
        detect_format("홍길동 hong@example.com 010-1234\n".encode(), "people.txt")

    message = str(caught.value)
    assert "people.txt" in message
    assert "xxx xxxx@xxxxxxx.xxx 999-9999" in message
    assert "--format" in message
    assert "searched_at" in message or "2026-09-01T12:00:00+09:00" in message
    assert "hong" not in message
    assert "홍" not in message


def test_an_image_an_empty_file_and_one_without_queries_are_no_logs() -> None:
    with pytest.raises(LogFormatError, match=r"cat\.png.*no text"):
        detect_format(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "cat.png")
    with pytest.raises(LogFormatError, match="holds no lines"):
        detect_format(b"\n\n", "empty.tsv")
    with pytest.raises(LogFormatError, match="no known log format fits"):
        detect_format("송창의\t김대현\n내일 날씨\t내일날씨\n".encode(), "sessions")


def test_columns_of_a_header_may_stand_in_any_order() -> None:
    head = b"query\tuser\tsearched_at\nq\tu1\t2026-09-01T12:00:00\n"

    found, _ = detect_format(head, "log")

    assert (found.query, found.user, found.searched_at) == ((1,), (2,), (3,))


def test_a_format_asked_for_by_name_is_bound_to_the_header_of_the_file() -> None:
    found = bound(load_format("csv"), b"q;uid;ts\na;b;1717527762\n", "log.csv")

    assert (found.query, found.user, found.searched_at) == ((1,), (2,), (3,))
    assert found.separators == (";",)
    with pytest.raises(LogFormatError, match="does not begin with the header line"):
        bound(load_format("csv"), b"a,b,c\n", "log.csv")


@pytest.mark.parametrize(
    ("text", "codec", "expected"),
    [
        ("서울 날씨\n내일 비 올까\n", "utf-8", "UTF-8"),
        ("서울 날씨\n내일 비 올까\n", "cp949", "CP949"),
        ("가\n", "cp949", "CP949"),
        ("ㅋㅋ 뷁 쀍\n", "cp949", "CP949"),
        ("汶川地震原因\n奇艺高清\n本本联盟\n", "gb18030", "GB18030"),
        ("我的中国\n", "gb18030", "GB18030"),
        ("서울\n", "utf-16", "UTF-16LE"),
        ("plain words\n", "ascii", "UTF-8"),
        ("", "ascii", "UTF-8"),
    ],
)
def test_the_charset_is_found_by_looking(text: str, codec: str, expected: str) -> None:
    assert detect_charset(text.encode(codec)) == expected


def test_a_bad_byte_in_a_line_does_not_change_the_charset() -> None:
    assert detect_charset("서울 날씨\n".encode() * 9 + b"caf\xe9 \n") == "UTF-8"
    assert detect_charset(b"weather seoul\n" * 50 + b"caf\xe9 \n") == "UTF-8"


def test_a_head_cut_inside_a_character_is_still_text() -> None:
    long_line = ("서울 날씨 " * 2000).encode()

    assert detect_charset(long_line[:-2]) == "UTF-8"
    assert detect_charset(("서울 날씨 " * 2000).encode("cp949")[:-2]) == "CP949"


def test_bytes_that_are_no_known_charset_are_said_to_be_so() -> None:
    with pytest.raises(LogFormatError, match="--charset"):
        detect_charset(b"\xff\xff\xfe\xfe\n" * 10)


def test_charsets_have_many_names() -> None:
    assert known_charset("euc-kr") == "CP949"
    assert known_charset("utf8") == "UTF-8"
    with pytest.raises(LogFormatError, match="klingon"):
        known_charset("klingon")


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_built_in_format_loads_under_its_name(name: str) -> None:
    assert load_format(name).name == name


def test_declarations_are_found_inside_a_zip_file(tmp_path: Path) -> None:
    package = Path(__file__).parents[1] / "pipeline"
    archive = tmp_path / "pipeline.zip"
    with zipfile.ZipFile(archive, "w") as zipped:
        for path in [*package.rglob("*.py"), *package.rglob("*.toml")]:
            zipped.write(path, Path("pipeline") / path.relative_to(package))
    code = "import pipeline.reading.formats as f; print(f.__file__, f.load_format('aol').name)"

    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(archive)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.split() == [f"{archive}/pipeline/reading/formats.py", "aol"]


def test_an_unknown_format_names_the_known_ones() -> None:
    with pytest.raises(LogFormatError, match=r"'bing'.*silgeom.*aol"):
        load_format("bing")


def test_a_declaration_is_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(DECLARATION, encoding="utf-8")

    found = load_format(str(path))

    assert (found.name, found.user, found.separators) == ("mine", (2,), ("|",))


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("user = 2\n", "", "does not say where user is"),
        ("user = 2", "usr = 2", "usr is not known|where user is"),
        ("user = 2", "user = 0", "a position from 1"),
        ("user = 2", 'user = "who"', "neither header nor order"),
        ('kind = "delimited"', 'kind = "xml"', "'xml'"),
        ("dd/MMM/yyyy:HH:mm:ss Z", "QQ", "'QQ'"),
        ("dd/MMM/yyyy:HH:mm:ss Z", "yyyy-MM-dd", "lacks hours"),
        ('name = "mine"', 'name = "mine"\nzone = "Mars/Base"', "Mars/Base"),
        ('name = "mine"', 'name = "mine"\ncharset = "klingon"', "klingon"),
        ('name = "mine"', 'name = "mine"\ncolour = "red"', "colour is not known"),
        ('name = "mine"', "name = ", "no valid TOML"),
    ],
)
def test_a_wrong_declaration_is_named_in_one_sentence(old: str, new: str, fault: str) -> None:
    with pytest.raises(LogFormatError, match=fault) as caught:
        parsed_format(DECLARATION.replace(old, new), "mine.toml")

    assert "mine.toml" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_day_of_a_log_comes_from_the_option_or_the_file_name() -> None:
    sogou = load_format("sogou-2008")
    day = date(2008, 6, 1)

    assert file_date(sogou, "SogouQ.20080601.tsv", None) == day
    assert file_date(sogou, "access_log.20080601.decode.filter", None) == day
    assert file_date(sogou, "hdfs:///landing/dt=2008-06-01/part-0", None) == day
    assert file_date(sogou, "SogouQ.20080602.tsv", day) == day
    assert file_date(load_format("silgeom"), "20080601.tsv", day) is None


@pytest.mark.parametrize("name", ["sogou-2008.utf8.tsv", "log.20081301.tsv", "123456789.tsv"])
def test_a_log_without_a_day_asks_for_one(name: str) -> None:
    with pytest.raises(LogFormatError, match=r"--date YYYY-MM-DD"):
        file_date(load_format("sogou-2008"), name, None)


def test_the_shape_of_a_text_keeps_its_marks_only() -> None:
    assert shape("Añ1é 서울_9\t") == "xx9x xx_9\t"


def test_time_patterns_know_what_they_hold() -> None:
    assert not TimePattern("HH:mm:ss").has_date
    assert TimePattern("yyMMddHHmmss").two_digit_year
    assert TimePattern("yyyy-MM-dd'T'HH:mm:ssX").has_offset
    assert TimePattern("yyyyMMddHHmmss").regexp.fullmatch("20111230000005")
    assert not TimePattern("yyyyMMddHHmmss").regexp.fullmatch("20111330000005")


def test_the_page_shows_declarations_that_work() -> None:
    page = Path(__file__).parents[1] / "docs" / "formats.md"
    examples = re.findall(r"```toml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)

    names = [parsed_format(example, "docs/formats.md").name for example in examples]

    assert "shop" in names


def test_a_format_bound_to_a_header_survives_the_ledger_as_text() -> None:
    declared = parsed_format(
        'name = "shop"\nkind = "csv"\nseparator = ["|", ";"]\nheader = "required"\n'
        'time = ["dd/MM/yyyy HH:mm:ss", "iso8601"]\nzone = "UTC"\ncharset = "EUC-KR"\n'
        'skip_lines_that_begin_with = ["#"]\n'
        '[columns]\nsearched_at = "when"\nuser = ["who", "device"]\nquery = "질의"\n'
        '[query]\nbrackets = ["[", "]"]\nblank = ["-"]\n'
        '[[skip]]\ncolumn = "status"\none_of = ["500"]\n',
        "shop.toml",
    )
    head = "질의;who;when;status\n[날씨];u1;01/03/2026 09:00:00;200\n".encode("cp949")
    fmt = bound(declared, head, "shop.csv")
    assert fmt.separators == (";",)

    assert LogFormat.from_json(fmt.to_json()) == fmt


def test_a_format_with_clicks_survives_the_ledger_as_text() -> None:
    fmt = load_format("ubi")

    assert fmt.click is not None
    assert LogFormat.from_json(fmt.to_json()) == fmt


@pytest.mark.parametrize(
    ("kind", "click", "fault"),
    [
        (
            "json",
            'column = "action"\none_of = ["click"]',
            r"\[click\] needs one column, one_of and",
        ),
        ("json", 'column = "action"\nquery = "q"', r"\[click\] needs one column, one_of and query"),
        ("json", 'column = "a"\none_of = ["c"]\nquery = "q"\nat = "t"', "at is not known"),
        ("parquet", 'column = "a"\none_of = ["c"]\nquery = "q"', "of kind json alone"),
    ],
)
def test_a_wrong_declaration_of_clicks_is_named(kind: str, click: str, fault: str) -> None:
    text = f'name = "mine"\nkind = "{kind}"\ntime = "iso8601"\n[columns]\n'
    text += f'searched_at = "at"\nuser = "who"\nquery = "q"\n[click]\n{click}\n'
    with pytest.raises(LogFormatError, match=fault):
        parsed_format(text, "mine.toml")


def test_a_file_of_ubi_clicks_alone_is_known() -> None:
    event = '"action_name": "click", "query_id": "q", "message": "x", "timestamp": 9'
    line = f'{{"client_id": "c", {event}}}'

    assert detect_format(f"{line}\n".encode() * 3, "events.ndjson")[0].name == "ubi"


def test_a_format_stored_by_a_version_with_fewer_fields_is_read() -> None:
    stored = (
        '{"name": "old", "kind": "delimited", "searched_at": [1], "user": [2], "query": [3],'
        ' "times": ["iso8601"]}'
    )

    assert LogFormat.from_json(stored) == LogFormat(
        "old", "delimited", (1,), (2,), (3,), ("iso8601",)
    )
