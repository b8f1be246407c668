"""People: users, duplicates and robots."""

from tests.corpus.case import Case, line, line_case, taken
from tests.corpus.table import AnyCase


def seconds(count: int, user: str, query: str = "날씨 {}") -> str:
    """One person's searches, one a second from nine o'clock."""
    return "".join(
        line(
            query.format(n),
            user=user,
            time=f"2026-03-02T09:{n // 60:02}:{n % 60:02}+09:00",
        )
        for n in range(count)
    )


CASES: list[AnyCase] = [
    line_case("user-hangul", "a user in Hangul", user="홍길동", becomes="로또"),
    line_case("user-number", "a number", user="17", becomes="로또"),
    line_case("user-zero", "the number zero", user="0", becomes="로또"),
    line_case("user-negative", "a negative number", user="-1", becomes="로또"),
    line_case("user-emoji", "an emoji", user="🦊", becomes="로또"),
    line_case("user-spaces", "a user with a space inside", user="kim min su", becomes="로또"),
    line_case("user-uuid", "a UUID", user="6f1c1f6e-6f0b-4a5e-9d3e-2f1b7c9d0e1f", becomes="로또"),
    line_case("user-long", "a user of 10,000 characters", user="u" * 10_000, becomes="로또"),
    line_case(
        "user-mail",
        "an e-mail address, which is hashed as any user",
        user="kim@example.com",
        becomes="로또",
    ),
    line_case("user-null-word", "the word null", user="null", becomes="로또"),
    line_case("user-rtl", "a user in Arabic", user="محمد", becomes="로또"),
    line_case("user-quote", "a quotation mark", user='"', becomes="로또"),
    line_case("user-control", "a control character inside", user="a\x01b", becomes="로또"),
    line_case("user-empty", "no user", user="", rejected="no_user"),
    line_case("user-space", "a space", user=" ", rejected="no_user"),
    Case(
        "user-padded",
        "spaces around a user are no other person",
        {"log.tsv": line("날씨", user="padded") + line("환율", user=" padded ")},
        {"log.tsv": taken("날씨", "환율", people=1)},
    ),
    Case(
        "user-of-another",
        "two people with one query in one second are two searches",
        {"log.tsv": line("날씨", user="other1") + line("날씨", user="other2")},
        {"log.tsv": taken("날씨", "날씨", people=2)},
    ),
    line_case("user-plus", "a plus sign", user="+82", becomes="로또"),
    Case(
        "duplicate-line",
        "the same line twice",
        {"log.tsv": line("날씨", user="dup1") * 2},
        {"log.tsv": taken("날씨", duplicates=1)},
    ),
    Case(
        "duplicate-forms",
        "the same person, second and query in another form",
        {"log.tsv": line("Gmail", user="dup2") + line(" GMAIL", user="dup2")},
        {"log.tsv": taken("gmail", duplicates=1)},
    ),
    Case(
        "duplicate-zone",
        "the same moment in two offsets",
        {
            "log.tsv": line(user="dup3", time="2026-03-02T09:00:00+09:00")
            + line(user="dup3", time="2026-03-02T00:00:00Z")
        },
        {"log.tsv": taken("날씨", duplicates=1)},
    ),
    Case(
        "duplicate-fraction",
        "twice within a second",
        {
            "log.tsv": line(user="dup4", time="2026-03-02T09:00:00.1+09:00")
            + line(user="dup4", time="2026-03-02T09:00:00.9+09:00")
        },
        {"log.tsv": taken("날씨", duplicates=1)},
    ),
    Case(
        "duplicate-second-later",
        "the same a second later is another search",
        {"log.tsv": seconds(2, "dup5", "날씨")},
        {"log.tsv": taken("날씨", "날씨")},
    ),
    Case(
        "duplicate-files",
        "a line in two files",
        {
            "a.tsv": line("날씨", user="dup6"),
            "b.tsv": line("날씨", user="dup6") + line("환율", user="dup6"),
        },
        {"a.tsv": taken("날씨"), "b.tsv": taken("환율", duplicates=1)},
    ),
    Case(
        "duplicate-500",
        "one line 600 times: one search, and no robot",
        {"log.tsv": line("날씨", user="dup7") * 600},
        {"log.tsv": taken("날씨", duplicates=599)},
    ),
    Case(
        "robot-500",
        "500 searches of a person on a day",
        {"log.tsv": seconds(500, "robot500")},
        {"log.tsv": taken(count=500, people=1)},
    ),
    Case(
        "robot-501",
        "501 searches of a person on a day",
        {"log.tsv": seconds(501, "robot501") + line("환율", user="human501")},
        {"log.tsv": taken("환율", withheld={"robot": 501})},
    ),
    Case(
        "robot-two-days",
        "1,000 searches, 500 on each side of midnight in Seoul",
        {
            "log.tsv": seconds(500, "robot2d").replace("T09:", "T23:")
            + seconds(500, "robot2d").replace("-02T09:", "-03T00:")
        },
        {"log.tsv": taken(count=1000, people=1)},
    ),
    Case(
        "robot-two-files",
        "501 searches of a person in two files",
        {
            "a.tsv": seconds(250, "robot2f"),
            "b.tsv": seconds(251, "robot2f").replace("T09:", "T10:"),
        },
        {"a.tsv": taken(withheld={"robot": 250}), "b.tsv": taken(withheld={"robot": 251})},
    ),
]
