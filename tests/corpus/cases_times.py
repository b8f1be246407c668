"""Times. The clock of the runs stands at 2026-03-10 00:00 UTC; results are UTC."""

from tests.corpus.case import Case, line, line_case, log, taken
from tests.corpus.table import AnyCase


def moment(name: str, what: str, time: str, utc: str) -> Case:
    return line_case(f"time-{name}", what, time=time, becomes="로또", at=utc)


def bad(name: str, what: str, time: str, reason: str = "bad_time") -> Case:
    return line_case(f"time-{name}", what, time=time, rejected=reason)


CASES: list[AnyCase] = [
    moment("offset", "an offset of nine hours", "2026-03-02T09:00:01+09:00", "2026-03-02T00:00:01"),
    moment("zulu", "Z for UTC", "2026-03-02T09:00:01Z", "2026-03-02T09:00:01"),
    moment(
        "negative-offset",
        "an offset to the west",
        "2026-03-02T09:00:01-05:00",
        "2026-03-02T14:00:01",
    ),
    moment(
        "half-hour-offset",
        "an offset of half an hour",
        "2026-03-02T09:00:01+05:30",
        "2026-03-02T03:30:01",
    ),
    moment(
        "no-offset",
        "no offset: of the reporting zone, Seoul",
        "2026-03-02T09:00:01",
        "2026-03-02T00:00:01",
    ),
    moment("space", "a space instead of T", "2026-03-02 09:00:01", "2026-03-02T00:00:01"),
    moment("minutes", "no seconds", "2026-03-02T09:01+09:00", "2026-03-02T00:01:00"),
    moment(
        "millis",
        "milliseconds, which are cut",
        "2026-03-02T09:00:01.999+09:00",
        "2026-03-02T00:00:01",
    ),
    moment("micros", "microseconds", "2026-03-02T09:00:01.999999+09:00", "2026-03-02T00:00:01"),
    moment("nanos", "nanoseconds", "2026-03-02T09:00:01.123456789+09:00", "2026-03-02T00:00:01"),
    moment(
        "padded", "spaces around the time", " 2026-03-02T09:00:01+09:00 ", "2026-03-02T00:00:01"
    ),
    moment(
        "leap-day", "29 February of a leap year", "2024-02-29T12:00:00+09:00", "2024-02-29T03:00:00"
    ),
    moment("1990", "the first second of 1990", "1990-01-01T00:00:00Z", "1990-01-01T00:00:00"),
    moment("ahead", "59 minutes ahead of the clock", "2026-03-10T00:59:00Z", "2026-03-10T00:59:00"),
    moment("midnight", "midnight", "2026-03-02T00:00:00+09:00", "2026-03-01T15:00:00"),
    moment(
        "last-second",
        "the last second of a day",
        "2026-03-02T23:59:59+09:00",
        "2026-03-02T14:59:59",
    ),
    moment(
        "korean-summer",
        "Seoul's summer time of 1988, without offset",
        "1990-07-01T12:00:00",
        "1990-07-01T03:00:00",
    ),
    bad("leap-second", "a leap second", "2016-12-31T23:59:60Z"),
    bad("no-leap-day", "29 February of another year", "2026-02-29T12:00:00+09:00"),
    bad("30-february", "30 February", "2026-02-30T12:00:00+09:00"),
    bad("hour-24", "hour 24", "2026-03-02T24:00:00+09:00"),
    bad("hour-25", "hour 25", "2026-03-02T25:00:00+09:00"),
    bad("minute-60", "minute 60", "2026-03-02T09:60:00+09:00"),
    bad("month-13", "month 13", "2026-13-02T09:00:00+09:00"),
    bad("month-0", "month 0", "2026-00-02T09:00:00+09:00"),
    bad("empty", "no time", ""),
    bad("word", "a word", "yesterday"),
    bad("date-only", "a day without time", "2026-03-02"),
    bad("time-only", "a time without day", "09:00:00"),
    bad("1989", "the last second before 1990", "1989-12-31T23:59:59Z"),
    bad("epoch", "the year 1970", "1970-01-01T00:00:00Z"),
    bad("year-0", "the year 0", "0000-01-01T00:00:00Z"),
    bad("year-1", "the year 1", "0001-01-01T00:00:00Z"),
    bad("negative-year", "a year before Christ", "-0044-03-15T12:00:00Z"),
    bad("far-offset", "an offset of 25 hours", "2026-03-02T09:00:00+25:00"),
    bad("2-digit-year", "a year of two digits", "26-03-02T09:00:00+09:00"),
    bad("future", "ten days ahead of the clock", "2026-03-20T00:00:00Z", "future_time"),
    bad("2038", "the second after 32 bits end", "2038-01-19T03:14:08Z", "future_time"),
    bad("9999", "the last second of 9999", "9999-12-31T23:59:59Z", "future_time"),
    Case(
        "time-epoch-csv",
        "seconds since 1970 in CSV",
        {"log.csv": "ts,user,query\n1772409601,epoch1,날씨\n"},
        {"log.csv": taken("날씨", times=["2026-03-02T00:00:01"], skipped=1)},
    ),
    Case(
        "time-millis-csv",
        "milliseconds since 1970 in CSV",
        {"log.csv": "ts,user,query\n1772409601999,epoch2,날씨\n"},
        {"log.csv": taken("날씨", times=["2026-03-02T00:00:01"], skipped=1)},
    ),
    Case(
        "time-zone-option",
        "no offset, and --zone UTC",
        {"log.tsv": line(time="2026-03-02T09:00:00")},
        {"log.tsv": taken("날씨", times=["2026-03-02T09:00:00"])},
        options={"zone": "UTC"},
    ),
    Case(
        "time-summer-gap",
        "a time that summer time skips, --zone Europe/Berlin: an hour later",
        {"log.tsv": line(time="2025-03-30T02:30:00")},
        {"log.tsv": taken("날씨", times=["2025-03-30T01:30:00"])},
        options={"zone": "Europe/Berlin"},
    ),
    Case(
        "time-summer-twice",
        "a time that comes twice, --zone Europe/Berlin: the first",
        {"log.tsv": line(time="2025-10-26T02:30:00")},
        {"log.tsv": taken("날씨", times=["2025-10-26T00:30:00"])},
        options={"zone": "Europe/Berlin"},
    ),
    Case(
        "time-zone-with-offset",
        "an offset goes before --zone",
        {"log.tsv": log("날씨")},
        {"log.tsv": taken("날씨", times=["2026-03-02T00:00:00"])},
        options={"zone": "Europe/Berlin"},
    ),
]
