"""CSV."""

from tests.corpus.case import Case, Expected, set_aside, taken
from tests.corpus.table import AnyCase

T = "2026-03-02T09:00:00+09:00"


def one(name: str, what: str, text: str | bytes, expected: Expected) -> Case:
    return Case(f"csv-{name}", what, {"log.csv": text}, {"log.csv": expected})


H = "time,user,query\n"

CASES: list[AnyCase] = [
    one("plain", "commas", f"{H}{T},csv1,날씨\n", taken("날씨", skipped=1, format="csv")),
    one(
        "quoted",
        "a comma inside quotes",
        f'{H}{T},csv2,"서울, 날씨"\n',
        taken("서울, 날씨", skipped=1),
    ),
    one(
        "doubled",
        "doubled quotes",
        f'{H}{T},csv3,"""정확히"" 이것"\n',
        taken('"정확히" 이것', skipped=1),
    ),
    one(
        "quoted-all",
        "everything quoted",
        f'"time","user","query"\n"{T}","csv4","날씨"\n',
        taken("날씨", skipped=1),
    ),
    one(
        "quoted-empty",
        "an empty query in quotes",
        f'{H}{T},csv5,""\n{T},csv5,날씨\n',
        taken("날씨", skipped=1, rejected={"blank_query": 1}),
    ),
    one(
        "excel",
        "as Excel saves it: mark, CRLF",
        f"\ufeff{H}{T},csv6,날씨\n".replace("\n", "\r\n"),
        taken("날씨", skipped=1),
    ),
    one(
        "semicolons",
        "semicolons",
        f"{H}{T},csv7,날씨\n".replace(",", ";"),
        taken("날씨", skipped=1),
    ),
    one("bars", "bars", f"{H}{T},csv8,날씨\n".replace(",", "|"), taken("날씨", skipped=1)),
    one(
        "too-few",
        "a row with too few cells",
        f"{H}{T},csv9\n{T},csv9,날씨\n{T},csv9,환율\n",
        taken("날씨", "환율", skipped=1, rejected={"too_few_columns": 1}),
    ),
    one(
        "too-many", "a row with cells too many", f"{H}{T},csv10,날씨,,,\n", taken("날씨", skipped=1)
    ),
    one(
        "blank-rows",
        "rows of commas alone",
        f"{H}{T},csv11,날씨\n,,\n{T},csv11,환율\n",
        taken("날씨", "환율", skipped=1, rejected={"no_user": 1}),
    ),
    one(
        "names",
        "other names, other columns between",
        f"id,Event Time,country,User-ID,Keyword\n1,{T},kr,csv12,날씨\n",
        taken("날씨", skipped=1),
    ),
    one(
        "no-user",
        "no column for the user",
        f"time,query\n{T},날씨\n",
        set_aside("no known log format"),
    ),
    one("no-header", "no header", f"{T},csv13,날씨\n", set_aside("no known log format")),
    one(
        "spaces-in-header",
        "spaces after the header's commas",
        f"time, user, query\n{T},csv14,날씨\n",
        taken("날씨", skipped=1),
    ),
    one(
        "slashes",
        "times with slashes",
        f"{H}2026/03/02 09:00:00,csv15,날씨\n",
        taken("날씨", skipped=1, times=["2026-03-02T00:00:00"]),
    ),
    one(
        "digits",
        "times of fourteen digits",
        f"{H}20260302090000,csv16,날씨\n",
        taken("날씨", skipped=1, times=["2026-03-02T00:00:00"]),
    ),
    one(
        "cp949",
        "CP949, as Excel saves it in Korea",
        f"{H}{T},csv17,날씨 예보\n".encode("cp949"),
        taken("날씨 예보", skipped=1, charset="CP949"),
    ),
    one(
        "backslash-quote",
        "a quotation mark within a cell",
        f'{H}{T},csv18,5" 화면\n{T},csv18,날씨\n',
        taken('5" 화면', "날씨", skipped=1),
    ),
]
