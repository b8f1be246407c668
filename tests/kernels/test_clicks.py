"""What becomes of searches: rows in the test, and a plain computation beside them."""

import random
from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from pipeline.columns import DAILY_CLICKS
from pipeline.counting.clicks import added_up, counted, searches_in_sessions, unclicked_steps
from pipeline.counting.people import SKETCH_SIZE
from pipeline.errors import InvalidParameterError
from pipeline.results.reformulations import are_alike
from tests.kernels.rows import Row, Search, at, id_of, rows_of, search, searches

SEOUL = "Asia/Seoul"
NOON = "2026-03-02T03:00:00"  # in Seoul


def typed(*queries: str, user: int = 1, start: str = NOON, seconds: int = 60) -> list[Search]:
    """One person's searches; `서울:3` clicked the third result, `서울:` one without a rank."""
    found = []
    for number, text in enumerate(queries):
        query, mark, rank = text.partition(":")
        url = "https://a.example/1" if mark else None
        moment = at(start) + timedelta(seconds=number * seconds)
        found.append(
            search(
                query,
                user=user,
                at_=moment.isoformat(),
                clicked_url=url,
                clicked_rank=int(rank) if rank else None,
            )
        )
    return found


def of_sessions(rows: list[Search], **parameters: Any) -> pl.DataFrame:  # noqa: ANN401
    log = searches(*rows)
    has_click = pl.col("clicked_url").is_not_null() | pl.col("clicked_rank").is_not_null()
    return searches_in_sessions(log.with_columns(has_click=has_click), zone=SEOUL, **parameters)


def clicks_of(rows: list[Search], **parameters: Any) -> dict[tuple[str, str], Row]:  # noqa: ANN401
    """`DAILY_CLICKS` by query and what it was reformulated into."""
    texts = {id_of(row["query"]): row["query"] for row in rows}
    found = of_sessions(rows, **parameters)
    steps = unclicked_steps(found)
    first = pl.Series([texts[each] for each in steps["query_id"]], dtype=pl.String)
    second = pl.Series([texts[each] for each in steps["next_id"]], dtype=pl.String)
    made = counted(found, steps.filter(are_alike(first, second)))
    assert made.schema == dict(DAILY_CLICKS)
    return {(texts[row.query_id], texts[row.into_id]): row for row in rows_of(made)}


def test_rows_of_one_query_in_a_row_are_one_search_and_its_clicks_add_up() -> None:
    # Looked at twice, then a click on the second result, then one on the fifth.
    [row] = clicks_of(typed("서울", "서울:2", "서울:5")).values()

    assert (row.searches, row.clicked, row.clicks) == (1, 1, 2)
    assert (row.ranked, row.rank_sum) == (2, 7)
    assert (row.first_ranked, row.first_rank_sum) == (1, 2)
    assert (row.left, row.reformulated) == (0, 0)


def test_a_search_has_the_most_results_that_its_rows_tell_and_its_first_click() -> None:
    # Ten seconds later the page was turned; a click 2 s after that, and an earlier one at 30 s.
    rows = [
        search("서울", result_count=40, click_seconds=30.0),
        search("서울", at_="2026-03-02T03:00:10", result_count=0, click_seconds=2.0),
        search("부산", user=2, result_count=0),
        search("부산", user=3),
    ]

    found = clicks_of(rows)

    seoul, busan = found["서울", "서울"], found["부산", "부산"]
    assert (seoul.results_known, seoul.no_results, seoul.timed) == (1, 0, 1)
    # 12 s lie between 0.25 * 2 ** (22 / 4) and 0.25 * 2 ** (23 / 4) s.
    assert seoul.first_click_seconds == [{"bucket": 23, "searches": 1}]
    assert (busan.results_known, busan.no_results, busan.timed) == (1, 1, 0)
    assert (busan.results_known_sketch, busan.no_results_sketch) == ([2], [2])


def own(query: str, second: int, rank: int | None = None, user: int = 1) -> Search:
    """A click that is a row of its own, so many seconds after noon."""
    moment = (at(NOON) + timedelta(seconds=second)).isoformat()
    url = "https://a.example/1"
    return search(query, user=user, at_=moment, clicked_url=url, clicked_rank=rank, is_click=True)


def test_clicks_that_are_rows_of_their_own_are_clicks_of_the_search_before_them() -> None:
    # Searched at noon; the second result after 12 s, the fifth after 40 s.
    [row] = clicks_of([*typed("서울"), own("서울", 12, 2), own("서울", 40, 5)]).values()

    assert (row.searches, row.clicked, row.clicks) == (1, 1, 2)
    assert (row.ranked, row.rank_sum, row.first_rank_sum) == (2, 7, 2)
    # 12 s lie between 0.25 * 2 ** (22 / 4) and 0.25 * 2 ** (23 / 4) s.
    assert row.first_click_seconds == [{"bucket": 23, "searches": 1}]


def test_of_a_click_without_its_search_no_seconds_are_told() -> None:
    [row] = clicks_of([own("서울", 0, 1), own("서울", 9, 3)]).values()

    assert (row.searches, row.clicked, row.clicks) == (1, 1, 2)
    assert (row.timed, row.first_click_seconds) == (0, [])


def test_coming_back_to_a_query_after_another_is_a_new_search() -> None:
    row = clicks_of(typed("서울", "부산:1", "서울:1"))["서울", "서울"]

    assert (row.searches, row.clicked) == (2, 1)


def test_who_ends_a_session_without_a_click_has_left() -> None:
    left = clicks_of([*typed("서울", "부산"), *typed("부산:1", user=2), *typed("부산", user=3)])

    assert left["부산", "부산"].left == 2
    assert left["부산", "부산"].leavers_sketch == [1, 3]
    assert left["서울", "서울"].left == 0  # something came after it


def test_a_silence_of_the_gap_ends_a_session() -> None:
    within = clicks_of(typed("서울", "부산:1", seconds=29 * 60 + 59))
    after = clicks_of(typed("서울", "부산:1", seconds=30 * 60))

    assert (within["서울", "서울"].left, after["서울", "서울"].left) == (0, 1)


def test_a_search_without_a_click_is_reformulated_by_one_that_is_like_it() -> None:
    found = clicks_of(
        [
            *typed("제주 맛집", "제주 흑돼지 맛집:1"),
            *typed("제주 맛집:1", "제주 흑돼지 맛집", user=2),  # found something
            *typed("제주 맛집", "환율", user=3),  # another question
            *typed("제주 맛집", "환율", "제주 흑돼지 맛집", user=4),  # not at once
        ]
    )

    assert found["제주 맛집", "제주 맛집"].reformulated == 1
    assert found["제주 맛집", "제주 맛집"].reformulators_sketch == [1]
    into = found["제주 맛집", "제주 흑돼지 맛집"]
    assert (into.searches, into.searchers_sketch) == (1, [1])
    assert (into.clicked, into.clickers_sketch) == (0, [])
    assert set(found) == {
        *((query, query) for query in ("제주 맛집", "제주 흑돼지 맛집", "환율")),
        ("제주 맛집", "제주 흑돼지 맛집"),
    }


def test_a_click_without_a_rank_is_a_click() -> None:
    [row] = clicks_of(typed("서울:")).values()

    assert (row.clicks, row.ranked, row.first_ranked) == (1, 0, 0)


def test_a_session_of_too_many_queries_is_left_out_whole() -> None:
    rows = [*typed(*"abcd", user=1), *typed(*"abcabc", user=2)]

    assert clicks_of(rows, max_queries=3)["a", "a"].searchers_sketch == [2]


def test_a_session_over_midnight_belongs_to_the_day_it_begins() -> None:
    # 23:50 and 00:10 in Seoul; then a session of the second day.
    rows = typed("서울", "부산", start="2026-03-02T14:50:00", seconds=1200)
    rows += typed("대구", start="2026-03-02T16:00:00")
    first, second = ((date(2026, 3, day) - date(1970, 1, 1)).days for day in (2, 3))

    assert set(clicks_of(rows, day=first)) == {("서울", "서울"), ("부산", "부산")}
    assert set(clicks_of(rows, day=second)) == {("대구", "대구")}


def test_of_no_searches_nothing_is_counted() -> None:
    assert clicks_of([]) == {}


def test_parameters_out_of_range_are_refused() -> None:
    with pytest.raises(InvalidParameterError, match="gap_minutes"):
        of_sessions([], gap_minutes=61)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("제주 맛집", "제주 흑돼지"),  # a word
        ("카카오톡", "카카오톡pc버전"),  # one holds the other
        ("내일 날씨", "내일날씨"),  # spaces alone
        ("유튜브", "유튜부"),  # a key
        ("dbxbqm", "유튜브"),  # the keyboard's other language
        ("python list", "python sort list"),
    ],
)
def test_queries_that_are_alike(first: str, second: str) -> None:
    assert alike(first, second)
    assert alike(second, first)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("날씨", "환율"),
        ("비", "비행기"),  # one syllable is in many words
        ("a b", "a c"),  # so is one letter
        ("쿠팡", "네이버"),
        ("영화", "예매"),
    ],
)
def test_queries_that_are_not_alike(first: str, second: str) -> None:
    assert not alike(first, second)


def alike(first: str, second: str) -> bool:
    return bool(are_alike(pl.Series([first]), pl.Series([second]))[0])


def plainly(rows: list[Search], *, gap: int, most: int) -> dict[tuple[str, str], dict[str, Any]]:
    """The same by loops: person by person, row by row."""
    found: dict[tuple[str, str], dict[str, Any]] = defaultdict(lambda: defaultdict(int))
    people: dict[tuple[str, str, str], set[int]] = defaultdict(set)
    buckets: dict[tuple[str, str], Counter[int]] = defaultdict(Counter)
    for user in {row["user_id"] for row in rows}:
        own = sorted(
            (row for row in rows if row["user_id"] == user),
            key=lambda row: (row["searched_at"], id_of(row["query"])),
        )
        sessions: list[list[Search]] = []
        for row in own:
            last = sessions[-1][-1]["searched_at"] if sessions else None
            if last is None or (row["searched_at"] - last).total_seconds() >= 60 * gap:
                sessions.append([])
            sessions[-1].append(row)
        for session in sessions:
            begin = session[0]["searched_at"].astimezone(ZoneInfo(SEOUL)).replace(tzinfo=None)
            end = datetime.combine(begin.date(), datetime.min.time()) + timedelta(hours=30)
            runs: list[list[Search]] = []
            for row in session:
                if not runs or runs[-1][0]["query"] != row["query"]:
                    runs.append([])
                runs[-1].append(row)

            def late(row: Search, end: datetime = end) -> bool:
                local = row["searched_at"].astimezone(ZoneInfo(SEOUL))
                return bool(local.replace(tzinfo=None) >= end)

            if len({row["query"] for row in session if not late(row)}) > most:
                continue
            for place, run in enumerate(runs):
                if late(run[0]):
                    continue
                query = run[0]["query"]
                clicks = [row for row in run if row.get("clicked_url")]
                ranks = [row["clicked_rank"] for row in clicks if row["clicked_rank"]]
                own_row, key = found[query, query], (query, query)
                own_row["searches"] += 1
                people[*key, "searchers"].add(user)
                own_row["clicks"] += len(clicks)
                own_row["ranked"] += len(ranks)
                own_row["rank_sum"] += sum(ranks)
                own_row["first_ranked"] += bool(ranks)
                own_row["first_rank_sum"] += ranks[0] if ranks else 0
                known = [row["result_count"] for row in run if row.get("result_count") is not None]
                for kind, is_so in (
                    ("results_known", bool(known)),
                    ("no_results", bool(known) and max(known) == 0),
                ):
                    own_row[kind] += is_so
                    if is_so:
                        people[*key, kind].add(user)
                waits = []
                for row in run:
                    wait = row.get("click_seconds")
                    since = (row["searched_at"] - run[0]["searched_at"]).total_seconds()
                    if wait is not None:
                        waits.append(since + wait)
                    # A click at its own time; a run that begins with one began nobody knows when.
                    elif row.get("is_click") and not run[0].get("is_click"):
                        waits.append(since)
                if waits:
                    own_row["timed"] += 1
                    people[*key, "timed"].add(user)
                    bucket = 0
                    while 0.25 * 2 ** (bucket / 4) < min(*waits, 1800):
                        bucket += 1
                    buckets[key][bucket] += 1
                if clicks:
                    own_row["clicked"] += 1
                    people[*key, "clickers"].add(user)
                elif place + 1 == len(runs):
                    own_row["left"] += 1
                    people[*key, "leavers"].add(user)
                elif set(query.split()) & set((into := runs[place + 1][0]["query"]).split()):
                    own_row["reformulated"] += 1
                    people[*key, "reformulators"].add(user)
                    found[query, into]["searches"] += 1
                    people[query, into, "searchers"].add(user)
    for (query, into, kind), users in people.items():
        found[query, into][f"{kind}_sketch"] = sorted(users)
    for key, counted_ in buckets.items():
        found[key]["first_click_seconds"] = [
            {"bucket": bucket, "searches": searches}
            for bucket, searches in sorted(counted_.items())
        ]
    return found


def test_clicks_are_what_loops_over_people_count() -> None:
    # Words of which no two are like each other but by sharing one.
    words = ["서울", "커피", "환율", "야구"]
    queries = [*words, *(f"{a} {b}" for a in words for b in words if a < b)]
    waits: list[dict[str, Any]] = [{"is_click": True}]  # at its own time
    waits += [{"click_seconds": each} for each in (None, 0.0, 0.25, 3.3, 40.0, 5000.0)]
    rng = random.Random(11)
    rows = [
        search(
            rng.choice(queries),
            user=rng.randrange(1, 25),
            at_=(at("2026-03-02T10:00:00") + timedelta(seconds=rng.randrange(60_000))).isoformat(),
            **(
                {
                    "clicked_url": "https://a.example",
                    "clicked_rank": rng.choice([None, 1, 2, 9]),
                    **rng.choice(waits),
                }
                if rng.random() < 0.4
                else {}
            ),
            result_count=rng.choice([None, 0, 0, 7]),
        )
        for _ in range(1200)
    ]
    # One person's searches in one second go by query, of which the log keeps each once.
    once = {(row["user_id"], row["searched_at"], row["query"]): row for row in rows}
    rows = list(once.values())

    expected = plainly(rows, gap=30, most=9)
    found = clicks_of(rows, max_queries=9)

    assert len(expected) > 30
    assert set(found) == set(expected)
    for key, row in found.items():
        for name, value in row.items():
            if name not in ("query_id", "into_id"):
                nothing: Any = [] if isinstance(value, list) else 0
                assert value == expected[key].get(name, nothing), (key, name)


def test_groups_of_people_add_up_to_the_whole() -> None:
    rng = random.Random(5)
    queries = ["제주", "제주 맛집", "제주 흑돼지", "환율"]
    rows = [
        row
        for user in range(60)
        for row in typed(
            *(rng.choice(queries) + rng.choice(["", "", ":3"]) for _ in range(4)),
            user=user,
            seconds=100 + user,
        )
    ]
    for row in rows:
        row["result_count"] = rng.choice([None, 0, 9])
        row["click_seconds"] = rng.choice([1.5, 80.0]) if row["clicked_url"] else None
    found = of_sessions(rows)
    alike = unclicked_steps(found).filter(
        (pl.col("query_id") != id_of("환율")) & (pl.col("next_id") != id_of("환율"))
    )
    groups = [found.filter(pl.col("user_id") % 3 == rest) for rest in range(3)]

    assert added_up([counted(group, alike) for group in groups]).equals(counted(found, alike))


def test_a_sketch_keeps_the_least_ids() -> None:
    rows = [search("날씨", user=user) for user in range(SKETCH_SIZE + 10)]

    [row] = clicks_of(rows).values()

    assert row.searchers_sketch == list(range(SKETCH_SIZE))
    assert row.left == SKETCH_SIZE + 10
