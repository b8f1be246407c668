"""Columns, headers and the formats that are known."""

from datetime import date

from tests.corpus.case import (
    Case,
    Content,
    Expected,
    Refused,
    line,
    line_case,
    log,
    set_aside,
    taken,
)
from tests.corpus.table import AnyCase

HEADER = "searched_at\tuser\tquery\n"
FULL = "searched_at\tuser\tquery\tclicked_url\tclicked_rank\n"
UBI = (
    '{"index": {"_index": "ubi_queries"}}\n'
    '{"client_id": "ubi1", "user_query": "날씨", "timestamp": "2026-03-02T09:00:00+09:00"}\n'
)

AOL = "AnonID\tQuery\tQueryTime\tItemRank\tClickURL\n"


def one(name: str, what: str, content: Content, expected: Expected, file: str = "log.tsv") -> Case:
    return Case(name, what, {file: content}, {file: expected})


CASES: list[AnyCase] = [
    one("header", "a header", HEADER + log("날씨"), taken("날씨", skipped=1)),
    one(
        "header-full",
        "a header with clicks",
        FULL + line("날씨")[:-1] + "\thttp://a.kr\t1\n",
        taken("날씨", skipped=1),
    ),
    one("header-only", "a header and nothing else", HEADER, taken(skipped=1)),
    one(
        "header-bom",
        "a byte order mark before the header",
        "\ufeff" + HEADER + log("날씨"),
        taken("날씨", skipped=1),
    ),
    one(
        "header-crlf",
        "a header with a line end of Windows",
        HEADER.replace("\n", "\r\n") + log("날씨"),
        taken("날씨", skipped=1),
    ),
    one(
        "header-capitals",
        "a header in capitals",
        HEADER.upper() + log("날씨"),
        taken("날씨", skipped=1),
    ),
    one(
        "header-order",
        "columns in another order",
        "query\tuser\tsearched_at\n날씨\tord1\t2026-03-02T09:00:00+09:00\n",
        taken("날씨", skipped=1),
    ),
    one(
        "header-twice",
        "a second header in the middle, as of files put one after the other",
        HEADER + log("날씨") + HEADER + log("환율"),
        taken("날씨", "환율", skipped=2),
    ),
    one(
        "header-after",
        "a header after the first search",
        log("날씨") + HEADER + log("환율"),
        taken("날씨", "환율", skipped=1),
    ),
    line_case("columns-one", "one column", whole="날씨", rejected="too_few_columns"),
    line_case(
        "columns-two",
        "two columns",
        whole="2026-03-02T09:00:00+09:00\tcol2",
        rejected="too_few_columns",
    ),
    line_case(
        "columns-spaces",
        "spaces instead of tabs",
        whole="2026-03-02T09:00:00+09:00 col3 날씨",
        rejected="too_few_columns",
    ),
    line_case(
        "columns-commas",
        "commas instead of tabs",
        whole="2026-03-02T09:00:00+09:00,col4,날씨",
        rejected="too_few_columns",
    ),
    line_case(
        "columns-many", "twenty columns more", whole=line("로또")[:-1] + "\tx" * 20, becomes="로또"
    ),
    line_case(
        "columns-empty-tail",
        "empty columns at the end",
        whole=line("로또")[:-1] + "\t\t\t",
        becomes="로또",
    ),
    line_case("columns-tabs-alone", "tabs alone", whole="\t\t", rejected="no_user"),
    line_case(
        "columns-tab-in-query", "a tab in a query ends it", query="로또\t당첨", becomes="로또"
    ),
    line_case(
        "columns-swapped",
        "time and user exchanged",
        whole="swap1\t2026-03-02T09:00:00+09:00\t로또",
        rejected="bad_time",
    ),
    line_case(
        "columns-leading-tab",
        "a tab before the line",
        whole="\t" + line("로또")[:-1],
        rejected="bad_time",
    ),
    line_case("click", "a click", whole=line("로또")[:-1] + "\thttp://a.kr/\t1", becomes="로또"),
    line_case(
        "click-rank-word",
        "a rank that is a word",
        whole=line("로또")[:-1] + "\thttp://a.kr/\tfirst",
        becomes="로또",
    ),
    line_case(
        "click-rank-huge",
        "a rank beyond 32 bits",
        whole=line("로또")[:-1] + "\thttp://a.kr/\t99999999999",
        becomes="로또",
    ),
    line_case(
        "click-rank-negative",
        "a rank below one",
        whole=line("로또")[:-1] + "\thttp://a.kr/\t-1",
        becomes="로또",
    ),
    line_case(
        "click-rank-fraction",
        "a rank of 1.5",
        whole=line("로또")[:-1] + "\thttp://a.kr/\t1.5",
        becomes="로또",
    ),
    line_case(
        "click-url-odd", "a URL that is none", whole=line("로또")[:-1] + "\t:::\t1", becomes="로또"
    ),
    one(
        "aol",
        "the log of AOL",
        AOL + "a1\tweather\t2006-03-01 07:17:12\t1\thttp://a.com\n",
        taken("weather", skipped=1, format="aol"),
    ),
    one(
        "aol-blank",
        "a query - of AOL",
        AOL + "a2\t-\t2006-03-01 07:17:12\t\t\na2\tlotto\t2006-03-01 07:17:12\t\t\n",
        taken("lotto", skipped=1, rejected={"blank_query": 1}),
    ),
    one(
        "excite",
        "the log of Excite",
        "EX1\t970916001949\tweather\n",
        taken("weather", format="excite", times=["1997-09-15T15:19:49"]),
    ),
    one(
        "excite-2-digit-year",
        "a year 26, which is 2026, and 97, which is 1997",
        "EX2\t260302090000\tweather\nEX2\t970916001949\tweather\n",
        taken("weather", "weather", times=["1997-09-15T15:19:49", "2026-03-02T00:00:00"]),
    ),
    one(
        "sogou-2008",
        "the log of Sogou of 2008, its day in the name",
        "00:00:01\tso1\t[天气+预报]\t8 3\twww.a.cn\n",
        taken("天气 预报", format="sogou-2008", times=["2008-05-31T16:00:01"]),
        "log.20080601.tsv",
    ),
    one(
        "sogou-2008-no-day",
        "the same, its day nowhere",
        "00:00:01\tso2\t[天气]\t8 3\twww.a.cn\n",
        set_aside("--date"),
        "log.tsv",
    ),
    Case(
        "sogou-2008-date",
        "the same with --date",
        {"log.tsv": "00:00:01\tso3\t[天气]\t8 3\twww.a.cn\n"},
        {"log.tsv": taken("天气", times=["2008-05-31T16:00:01"])},
        options={"day": date(2008, 6, 1)},
    ),
    one(
        "sogou-2008-no-real-day",
        "a name with a day that is none",
        "00:00:01\tso4\t[天气]\t8 3\twww.a.cn\n",
        set_aside("--date"),
        "log.20081301.tsv",
    ),
    one(
        "sogou-2011",
        "the log of Sogou of 2011",
        "20111230000005\tso5\t天气\t1\t1\twww.a.cn\n",
        taken("天气", format="sogou-2011", times=["2011-12-29T16:00:05"]),
    ),
    one(
        "ubi",
        "User Behavior Insights",
        UBI,
        taken("날씨", skipped=1, format="ubi"),
        "ubi.ndjson",
    ),
    Case(
        "declared-name-unknown",
        "--format of no format",
        {"log.tsv": log("날씨")},
        Refused("'exite'"),
        options={"format": "exite"},
    ),
]
