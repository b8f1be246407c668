"""What the page and /api show of segments, and of the results of each."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from pipeline import columns
from silgeom.hangul import keystrokes
from silgeom.web.app import Server
from silgeom.web.texts import LANGUAGES, agreement_text
from tests.web.roots import BROWSER, NOON, SmallRoot, board_row, client, results
from tests.web.test_pages import KOREAN, text_of

DAY = "2026-03-15"
#: 2026-03-16 00:00 in Seoul: the last window of that day ends then.
MIDNIGHT = datetime(2026, 3, 15, 15, tzinfo=UTC)


@pytest.fixture
def root(tmp_path: Path) -> SmallRoot:
    return SmallRoot(tmp_path / "root")


def segment_row(segment: int, **more: Any) -> dict[str, Any]:  # noqa: ANN401
    """A kind of people; what is not said is as of 100 who search evenly, all day."""
    row = {
        **{"segment": segment, "label": "stored", "people": 100, "people_share": 0.25},
        **{"searches": 2_400, "searches_share": 0.3, "typical": ["stored"], "peak_hours": []},
        **{"by_hour": [1 / 24] * 24, "is_new": False, "people_before": 90, "stayed": 0.875},
        "agreement": 0.9,
    }
    return {**row, **more}


def term_row(segment: int, rank: int, query: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401
    row = {
        **{"segment": segment, "rank": rank, "query": query, "surface": query, "people": 30},
        **{"share": 0.3, "share_of_all": 0.12, "divergence": 0.01},
    }
    return {**row, **more}


def put(root: SmallRoot, *rows: dict[str, Any], terms: tuple[dict[str, Any], ...] = ()) -> None:
    root.put(f"segments/dt={DAY}", rows, columns.SEGMENTS)
    root.put(f"segment_terms/dt={DAY}", terms, columns.SEGMENT_TERMS)


def put_board(root: SmallRoot, at: datetime, place: str, *rows: dict[str, Any]) -> None:
    """A board of segments; rows are of the segment that they name, or of 1."""
    told = [{"segment": 1, **board_row(at, rank, **row)} for rank, row in enumerate(rows, 1)]
    root.put(f"segment_trending/{place}", told, columns.SEGMENT_TRENDING)


def put_completions(root: SmallRoot, *completed: tuple[int, str, int]) -> None:
    """Segment, completion and its people."""
    rows = [
        {
            **{"segment": segment, "key_kind": "keystrokes", "rank": rank, "completion": text},
            **{"prefix": keystrokes(text)[:length], "searchers": people, "weight": float(people)},
        }
        for rank, (segment, text, people) in enumerate(completed, 1)
        for length in (1, 2, 3)
    ]
    root.put(f"segment_autocomplete/dt={DAY}", rows, columns.SEGMENT_AUTOCOMPLETE)


def put_segments(root: SmallRoot, queries: Sequence[str]) -> None:
    """Two segments, and all that is made of them, of the same queries."""
    numbered = [(each, rank, query) for each in (1, 2) for rank, query in enumerate(queries, 1)]
    terms = [term_row(each, rank, query) for each, rank, query in numbered]
    put(root, segment_row(1, people=200), segment_row(2), terms=tuple(terms))
    boards = [
        {"segment": each, **board_row(MIDNIGHT, rank, query, surface=query)}
        for each, rank, query in numbered
    ]
    root.put("segment_trending/dt=2026-03-16/hour=00", boards, columns.SEGMENT_TRENDING)
    completed = [
        {
            **{"segment": each, "key_kind": "keystrokes", "prefix": f"a{rank:03}"[-2:]},
            **{"rank": 1, "completion": query, "searchers": 9, "weight": float(1_000 - rank)},
        }
        for each, rank, query in numbered
    ]
    root.put(f"segment_autocomplete/dt={DAY}", completed, columns.SEGMENT_AUTOCOMPLETE)
    pairs = [related_row(each, query, query) for each, _, query in numbered]
    root.put(f"segment_related/dt={DAY}", pairs, columns.SEGMENT_RELATED)


def related_row(segment: int, query: str, other: str) -> dict[str, Any]:
    return {
        **{"segment": segment, "query": query, "kind": "related", "rank": 1, "score": 0.2},
        **{"related_query": other, "related_surface": other, "significance": 9.0},
        **{"sessions": 20, "searchers": 18, "next_probability": 0.1},
    }


def test_the_page_lists_segments_the_largest_first_and_tells_one_in_full(root: SmallRoot) -> None:
    put(
        root,
        segment_row(1, peak_hours=[7, 8, 23]),
        segment_row(4, people=300, people_share=0.75, is_new=True, stayed=None),
        terms=(
            *(term_row(1, rank, query) for rank, query in enumerate(["코스피", "환율"], 1)),
            term_row(4, 1, "제주도 맛집", people=90),
        ),
    )

    with client(root) as web:
        first = text_of(web.get("/segments", headers=BROWSER).text)
        one = text_of(web.get("/segments?segment=1", headers=BROWSER).text)
        korean = text_of(web.get("/segments?segment=1", headers=KOREAN).text)

    listed = first[: first.index("Segment 4")]
    assert listed.index("제주도 맛집") < listed.index("코스피 · 환율")
    assert "300 75.0 % 30.0 % new" in listed
    assert "100 25.0 % 30.0 % 07:00–09:00, 23:00–00:00 87.5 %" in listed
    assert "People fall into kinds" in listed
    assert "Segment 4: 제주도 맛집" in first
    assert "제주도 맛집 90 30.0 % 12.0 % 2.5" in first
    assert "Segment 1: 코스피 · 환율" in one
    assert "코스피 30 30.0 % 12.0 % 2.5" in one
    assert "유형 1: 코스피 · 환율" in korean


def test_queries_lead_to_their_pages_and_labels_to_the_segment(root: SmallRoot) -> None:
    put(root, segment_row(7), terms=(term_row(7, 1, "a&b=c"),))

    with client(root) as web:
        page = web.get("/segments", headers=BROWSER).text

    assert 'href="/query?q=a%26b%3Dc"><bdi>a&amp;b=c</bdi>' in page
    assert 'href="/segments?segment=7#segment" aria-current="true"' in page


def test_the_small_chart_has_a_bar_an_hour_and_peaks_in_red(root: SmallRoot) -> None:
    hours = [0.25, None, *[0.0341] * 22]
    put(root, segment_row(1, by_hour=hours, peak_hours=[0]))

    with client(root) as web:
        page = web.get("/segments", headers=BROWSER).text

    assert page.count('class="bar peak"') == 1
    assert page.count('class="bar"') == 22
    assert page.count('<circle class="few"') == 1
    assert "most at 0:00, 25.0 %" in page


@pytest.mark.parametrize(
    ("agreement", "said"),
    [
        (0.8, "People fall into kinds"),
        (0.79, "The borders are blurred"),
        (0.4, "The borders are blurred"),
        (0.39, "There are hardly any kinds"),
    ],
)
def test_agreement_is_told_in_words_with_its_number(
    root: SmallRoot, agreement: float, said: str
) -> None:
    put(root, *(segment_row(each, agreement=agreement) for each in (1, 2)))

    with client(root) as web:
        page = text_of(web.get("/segments", headers=BROWSER).text)

    assert said in page
    assert f"{agreement:.2f}" in page


def test_after_the_first_run_no_segment_is_called_new(root: SmallRoot) -> None:
    first = {"is_new": True, "people_before": None, "stayed": None}
    put(root, segment_row(1, **first), segment_row(2, **first))

    with client(root) as web:
        page = text_of(web.get("/segments", headers=BROWSER).text)

    assert "30.0 % –" in page
    assert "30.0 % new" not in page


def test_one_segment_of_everybody_is_no_proof_of_kinds(root: SmallRoot) -> None:
    put(root, segment_row(1, agreement=1.0))

    with client(root) as web:
        page = text_of(web.get("/segments", headers=BROWSER).text)
        told = web.get("/api/segments").json()

    assert "Everybody is of one segment" in page
    assert "fall into kinds" not in page
    assert told["agreement"] is None


def test_results_of_a_segment_are_shown_where_they_were_made(root: SmallRoot) -> None:
    put(root, segment_row(1), segment_row(2))
    put_board(root, MIDNIGHT, "dt=2026-03-16/hour=00", {"query": "한파"}, {"query": "정전"})
    put_completions(root, (1, "제주도 맛집", 40), (2, "코스피", 60))
    root.put(
        f"segment_related/dt={DAY}",
        [related_row(1, "제주도", "제주도 렌트카")],
        columns.SEGMENT_RELATED,
    )

    with client(root) as web:
        page = text_of(web.get("/segments?segment=1", headers=BROWSER).text)
        other = text_of(web.get("/segments?segment=2", headers=BROWSER).text)
        told = web.get("/api/segment?segment=1").json()["results"]

    assert "As of Mon 16 March 2026 00:00" in page
    assert "1 한파 Surprise 30" in page
    assert "제 제주도 맛집 40" in page
    assert "제주도 제주도 렌트카 18" in page
    assert "코스피" not in page
    assert "한파" not in other
    assert "코 코스피 60" in other
    assert (told["at"], told["trending"][1]["query"]) == ("2026-03-15T15:00:00Z", "정전")
    assert [row["typed"] for row in told["completions"]] == ["제"]
    assert told["related"][0]["related_query"] == "제주도 렌트카"


def test_a_board_of_another_days_segments_is_not_shown(root: SmallRoot) -> None:
    put(root, segment_row(1))
    put_completions(root, (1, "날씨", 9))
    # The one that ended as this day began is of the day before; the other, of the day after.
    put_board(root, NOON, f"dt={DAY}/hour=00", {"query": "어제"})
    put_board(root, NOON, "dt=2026-03-16/hour=01", {"query": "내일"})

    with client(root) as web:
        before = web.get("/api/segment?segment=1").json()["results"]["trending"]
        put_board(root, NOON, f"dt={DAY}/hour=09", {"query": "아홉"})
        put_board(root, NOON, f"dt={DAY}/hour=10", {"query": "열"})

    with client(root) as web:
        then = web.get("/api/segment?segment=1").json()["results"]["trending"]

    assert before == []
    assert [row["query"] for row in then] == ["열"]


def test_where_results_of_segments_were_not_made_the_page_says_how(root: SmallRoot) -> None:
    put(root, segment_row(1))

    with client(root) as web:
        page = text_of(web.get("/segments", headers=BROWSER).text)
        told = web.get("/api/segment?segment=1").json()

    assert "silgeom run segments --by-segment has run" in page
    assert told["results"] is None


def test_the_api_and_the_tables_give_what_the_page_shows(root: SmallRoot) -> None:
    put(
        root,
        segment_row(1, peak_hours=[7, 23]),
        segment_row(2, people=300),
        terms=(term_row(1, 1, "코스피"), term_row(1, 2, "=1+1")),
    )

    with client(root) as web:
        told = web.get("/api/segments").json()
        one = web.get("/api/segment?segment=1").json()
        every = web.get("/api/segments.csv")
        of_one = pd.read_csv(BytesIO(web.get("/api/segment.csv?segment=1").content))

    assert (told["day"], told["agreement"]) == (DAY, 0.9)
    assert [row["segment"] for row in told["segments"]] == [2, 1]
    assert told["segments"][1]["typical"] == ["코스피", "=1+1"]
    assert told["segments"][1]["label"] == "코스피 · =1+1"
    assert [row["query"] for row in one["terms"]] == ["코스피", "=1+1"]
    assert one["terms"][0]["share_of_all"] == 0.12
    assert "attachment" in every.headers["content-disposition"]
    table = pd.read_csv(BytesIO(every.content))
    assert [*table["segment"]] == [2, 1]
    assert table["peak_hours"][1] == "7 · 23"
    assert table["hour_23"][0] == pytest.approx(1 / 24)
    assert [*of_one["query"]] == ["코스피", "'=1+1"]


def test_what_fewer_than_five_typed_is_not_shown_whatever_the_datasets_hold(
    root: SmallRoot,
) -> None:
    put(
        root,
        segment_row(1, label="비밀 · 날씨", typical=["비밀", "날씨"]),
        segment_row(2, people=4, label="소문"),
        terms=(term_row(1, 1, "비밀", people=4), term_row(1, 2, "날씨"), term_row(2, 1, "소문")),
    )
    put_board(root, MIDNIGHT, "dt=2026-03-16/hour=00", {"query": "비밀", "searchers": 4})
    put_completions(root, (1, "비밀번호", 4))

    with client(root) as web:
        page = web.get("/segments", headers=BROWSER).text
        answers = [
            web.get(path).text for path in ("/api/segments.csv", "/api/segment.csv?segment=1")
        ]
        answers += [
            str(web.get(f"/api/{path}").json()) for path in ("segments", "segment?segment=1")
        ]
        hidden = web.get("/api/segment?segment=2")

    for answer in (page, *answers):
        assert "날씨" in answer
        assert "비밀" not in answer
        assert "소문" not in answer
    assert hidden.status_code == 404


def test_an_hour_of_fewer_than_five_searches_is_no_number_and_no_peak(root: SmallRoot) -> None:
    hours = [0.04, 0.05, *[0.91 / 22] * 22]
    put(root, segment_row(1, searches=100, by_hour=hours, peak_hours=[0, 1]))

    with client(root) as web:
        [row] = web.get("/api/segments").json()["segments"]

    # 4 searches cannot be of five people; 5 may be.
    assert row["by_hour"][:2] == [None, 0.05]
    assert row["peak_hours"] == [1]


def test_what_a_segment_searches_for_is_told_beside_everybody(root: SmallRoot) -> None:
    shares = {"uses": [0.5, 0.5, None, None], "uses_of_all": [0.7, 0.2, 0.1, None]}
    few = {**shares, "uses": [0.999, 0.001, None, None]}  # two of 2,400 searches
    put(
        root,
        segment_row(1, people=300, **shares, navigating_by="clicks"),
        segment_row(2, **few, navigating_by="repetition"),
        segment_row(3, people=50),  # of an earlier version
    )

    with client(root) as web:
        one, two, three = (
            text_of(web.get(f"/segments?segment={each}", headers=BROWSER).text)
            for each in (1, 2, 3)
        )
        told = web.get("/api/segments").json()["segments"]
        table = pd.read_csv(BytesIO(web.get("/api/segments.csv").content)).set_index("segment")

    assert "Navigating 50.0 % 20.0 % 2.5" in one
    assert "News – 10.0 % –" in one
    assert "told by clicks" in one
    assert "Navigating – 20.0 % –" in two
    assert "Looking up – 70.0 % –" in two  # else the rest to 100 would tell of two searches
    assert "day after day" in two
    assert "What it searches for" not in three
    assert told[0]["uses"] == {
        **{"looking_up": 0.5, "navigating": 0.5},
        **{"news": None, "shopping": None},
    }
    assert (told[0]["uses_of_all"]["news"], told[0]["navigating_by"]) == (0.1, "clicks")
    assert set(told[1]["uses"].values()) == {None}
    assert (table["navigating"][1], table["news_of_all"][1]) == (0.5, 0.1)


def test_before_the_job_has_run_a_sentence_says_so(root: SmallRoot) -> None:
    with client(root) as web:
        page = text_of(web.get("/segments", headers=BROWSER).text)
        korean = text_of(web.get("/segments", headers=KOREAN).text)
        answers = [
            web.get(f"/api/{path}")
            for path in ("segments", "segments.csv", "segment?segment=1", "segment.csv?segment=1")
        ]

    assert "once silgeom run segments has run" in page
    assert "silgeom run segments 를 실행하면" in korean
    for answer in answers:
        assert (answer.status_code, "silgeom run segments" in answer.json()["error"]) == (404, True)


def test_a_log_of_few_people_has_no_segments_and_says_so(root: SmallRoot) -> None:
    put(root)

    with client(root) as web:
        page = web.get("/segments", headers=BROWSER)
        told = web.get("/api/segments").json()
        table = web.get("/api/segments.csv")
        one = web.get("/api/segment?segment=1")

    assert "too few people" in page.text
    assert told == {"day": DAY, "agreement": None, "segments": []}
    assert table.status_code == 200
    assert (one.status_code, "too few people" in one.json()["error"]) == (404, True)


def test_a_segment_that_nothing_sets_apart_says_so(root: SmallRoot) -> None:
    put(root, segment_row(1))

    with client(root) as web:
        page = text_of(web.get("/segments", headers=BROWSER).text)

    assert "Segment 1: No query sets it apart" in page
    assert "stored" not in page


@pytest.mark.parametrize("path", ["/segments", "/api/segment", "/api/segment.csv"])
@pytest.mark.parametrize(
    ("asked", "status", "said"),
    [("9", 404, "choose one of 1, 3"), ("x", 422, "segment"), ("0", 422, "segment")],
)
def test_a_segment_that_does_not_exist_is_refused_with_a_sentence(
    root: SmallRoot, path: str, asked: str, status: int, said: str
) -> None:
    put(root, segment_row(3), segment_row(1))

    with client(root) as web:
        answer = web.get(f"{path}?segment={asked}", headers={"accept-language": "en"})

    assert answer.status_code == status
    assert said in answer.json()["error"]


def test_new_segments_and_their_results_are_shown_when_the_job_has_run_again(
    root: SmallRoot, tmp_path: Path
) -> None:
    server = Server(results(root), tmp_path)

    async def shown() -> tuple[list[int], bool]:
        await server.follower.look_at_board()
        found = await server.segments()
        made = await server.of_segment(found, found.numbers[0])
        return found.numbers, made.is_made

    put(root, segment_row(1))
    before = asyncio.run(shown())
    put_completions(root, (1, "날씨", 9))
    with_results = asyncio.run(shown())
    put(root, segment_row(2))

    assert before == ([1], False)
    assert with_results == ([1], True)
    assert asyncio.run(shown()) == ([2], True)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("agreement", [None, 0.0, 0.5, 1.0])
def test_each_agreement_has_words(language: str, agreement: float | None) -> None:
    said = agreement_text(language, agreement)

    assert said
    assert "{" not in said
