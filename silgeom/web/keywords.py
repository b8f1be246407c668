"""The keyword tool in the server: a page, JSON and CSV of the same answer."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Annotated, Any, Final

from fastapi import Depends, Query
from fastapi.exceptions import RequestValidationError
from pydantic import TypeAdapter, ValidationError

from silgeom.keyword_tool import Keyword, KeywordTool, Negative
from silgeom.text import normalized_query
from silgeom.web.limits import MAX_QUERY

#: Seeds of one question, and keywords of one answer.
MAX_SEEDS: Final = 5
MAX_KEYWORDS: Final = 100
DEFAULT_KEYWORDS: Final = 50

EXAMPLE: Final = {
    "q": "제습기",
    "seeds": ["제습기"],
    "keywords": [
        {
            **{"keyword": "제습기 추천", "relation": "together", "score": 0.21},
            **{"co_clicked": 0.35, "searchers": 90, "searches": 120},
            **{"weekly_searchers": [None, 12, 25], "growth": 0.4},
            **{"group": "추천", "category": "가전", "click_through": 0.62},
            **{"clicks_per_search": 0.71, "mean_rank": 2.4},
            "season": {
                **{"pattern": "weekly", "words": "Saturday evenings", "peak_weekdays": [6]},
                **{"peak_hours": [19, 20], "part_of_day": "evening", "peak_day": None},
            },
            "devices": [{"device": "mobile", "searchers": 64, "searches": 81}],
            "competition": None,
        }
    ],
    "negative_keywords": [
        {"words": "물통", "keyword": "제습기 물통", "searchers": 12, "leads_to": ["부품"]}
    ],
    "not_made": ["jobs/categories.py"],
}


@dataclass(frozen=True)
class Question:
    """What is asked of the keyword tool."""

    q: Annotated[
        str,
        Query(
            min_length=1,
            max_length=MAX_QUERY,
            description=f"The seed; up to {MAX_SEEDS} of them, with commas between.",
        ),
    ]
    limit: Annotated[int, Query(ge=1, le=MAX_KEYWORDS, description="So many rows at most.")] = (
        DEFAULT_KEYWORDS
    )
    least_searchers: Annotated[int, Query(ge=1, le=10**9, description="People of a month.")] = 1
    containing: Annotated[
        str, Query(max_length=MAX_QUERY, description="What a keyword must contain.")
    ] = ""
    without: Annotated[str, Query(max_length=MAX_QUERY, description="What none may contain.")] = ""
    category: Annotated[
        str, Query(max_length=MAX_QUERY, description="Of which alone keywords are wanted.")
    ] = ""

    @property
    def seeds(self) -> list[str]:
        """The seeds, as typed; blank ones are none."""
        return [each.strip() for each in self.q.split(",") if normalized_query(each)][:MAX_SEEDS]


Asked = Annotated[Question, Depends()]


def question_of(asked: Mapping[str, str]) -> Question:
    """A question as a form asks it.

    Raises:
        RequestValidationError: a value is out of its range.
    """
    given = {name: value for name, value in asked.items() if value and name in _NAMES}
    try:
        return _QUESTION.validate_python(given)
    except ValidationError as error:
        raise RequestValidationError(error.errors()) from None


_QUESTION: Final = TypeAdapter(Question)
_NAMES: Final = frozenset(field.name for field in fields(Question))


def near(tool: KeywordTool, question: Question) -> list[Keyword]:
    """The keywords near the seeds."""
    return tool.near(
        question.seeds,
        question.limit,
        least_searchers=question.least_searchers,
        containing=question.containing,
        without=question.without,
        category=question.category,
    )


def negatives(tool: KeywordTool, question: Question) -> list[Negative]:
    """Words that come with a seed and lead elsewhere."""
    return [each for seed in question.seeds for each in tool.negatives(seed)]


def payload(
    question: Question,
    keywords: Sequence[Keyword],
    negative: Sequence[Negative],
    not_made: Sequence[str],
) -> dict[str, Any]:
    """The answer in plain values."""
    return {
        "q": question.q,
        "seeds": question.seeds,
        "keywords": [
            {
                **{"keyword": each.text, "relation": each.relation, "score": each.score},
                "co_clicked": each.co_clicked,
                **{"searchers": each.volume.searchers, "searches": each.volume.searches},
                "weekly_searchers": list(each.volume.weekly_searchers),
                **{"growth": each.volume.growth, "group": each.group},
                "category": each.volume.category,
                "click_through": each.volume.click_through,
                "clicks_per_search": each.volume.clicks_per_search,
                "mean_rank": each.volume.mean_rank,
                "devices": [asdict(one) for one in each.volume.devices],
                "season": asdict(each.volume.season) if each.volume.season else None,
                "competition": each.competition,
            }
            for each in keywords
        ],
        "negative_keywords": [
            {
                **{"words": each.words, "keyword": each.text, "searchers": each.searchers},
                "leads_to": list(each.leads_to),
            }
            for each in negative
        ],
        "not_made": list(not_made),
    }
