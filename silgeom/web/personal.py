"""Look-ups for one person: what a browser sends with a question, and made-up people.

A browser keeps the searches of its tab, and sends them with each question; nothing of them is
written or logged here. Histories of real people are looked up only where the server was started
with --profiles, which needs a token or a proxy that knows people.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request

from silgeom.personal import History
from silgeom.profiles import Profiles, ProfilesError
from silgeom.text import normalized_query
from silgeom.web.limits import MAX_BODY, MAX_HISTORY, MAX_QUERY, MAX_ROWS, MAX_SESSION

#: A time in seconds, up to the year 9999.
_LAST_SECOND: Final = 253_402_300_799


class RefusalError(Exception):
    """A request that gets a sentence in place of what it asks for: its status and its key."""

    def __init__(self, status: int, key: str, **values: object) -> None:
        super().__init__(key)
        self.status, self.key, self.values = status, key, values


class Search(BaseModel):
    """A search of the person."""

    model_config = ConfigDict(extra="forbid")
    text: str = Field(max_length=MAX_QUERY)
    at: int = Field(ge=0, le=_LAST_SECOND, description="UTC seconds since 1970")


class Question(BaseModel):
    """What is asked, and what is known of who asks."""

    model_config = ConfigDict(extra="forbid")
    q: str = Field(min_length=1, max_length=MAX_QUERY, description="what is in the search box")
    limit: int = Field(default=10, ge=1, le=MAX_ROWS)
    session: list[str] = Field(
        default=[], max_length=MAX_SESSION, description="typed in this sitting, the latest last"
    )
    history: list[Search] = Field(
        default=[], max_length=MAX_HISTORY, description="searched before, in any order"
    )
    user: str | None = Field(
        default=None,
        max_length=MAX_QUERY,
        description="who asks, as in the log: only where the server has --profiles",
    )

    @property
    def typed(self) -> list[str]:
        """The searches of the sitting."""
        return [text[:MAX_QUERY] for text in self.session]

    def known(self, profiles: Profiles | None, now: datetime) -> History | None:
        """What the person searched for; None: nothing was sent.

        Raises:
            RefusalError: a user is named, and histories of users are not looked up here, or cannot
                be read for now.
        """
        earlier = None
        if self.user is not None:
            if profiles is None:
                raise RefusalError(403, "no_profiles")
            try:
                earlier = profiles.of(self.user)
            except ProfilesError:
                raise RefusalError(503, "gone") from None
        if not self.history:
            return earlier
        searches = [(each.text, datetime.fromtimestamp(each.at, UTC)) for each in self.history]
        return History(searches, now=now, earlier=earlier)


async def question_of(request: Request) -> Question:
    """The question in a body of JSON.

    Raises:
        RefusalError: it is too long, or something else.
    """
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            raise RefusalError(413, "too_large")
    try:
        found = Question.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = str(first["loc"][0]) if first["loc"] else "JSON"
        # What the sentence names comes from the sender, where it is no field of ours.
        known = where if where in Question.model_fields else "JSON"
        raise RefusalError(422, "bad_parameter", where=known) from None
    if not normalized_query(found.q):
        raise RefusalError(422, "no_query")
    return found


#: What the OpenAPI document says of the body.
BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": Question.model_json_schema(ref_template="#/components/schemas/{model}"),
                "example": {
                    "q": "제주",
                    "session": ["김포공항 주차"],
                    "history": [{"text": "제주 렌터카", "at": 1_773_500_000}],
                },
            }
        },
    }
}


@dataclass(frozen=True)
class DemoPerson:
    """Somebody made up.

    Attributes:
        key: of the text that tells who it is.
        searches: query, and how many days ago, of each search.
    """

    key: str
    searches: Sequence[tuple[str, int]]

    def history(self, now: datetime) -> list[dict[str, object]]:
        """The searches as a question holds them."""
        return [
            {"text": text, "at": int((now - timedelta(days=days)).timestamp())}
            for text, days in self.searches
        ]


def _often(interests: Mapping[str, Sequence[int]]) -> list[tuple[str, int]]:
    return [(text, days) for text, all_days in interests.items() for days in all_days]


#: Nobody of them lives: they show what a history does.
DEMO_PEOPLE: Final = (
    DemoPerson(
        "demo_travel",
        _often(
            {
                **{"제주도 날씨": (1, 2, 4), "제주 렌터카": (1, 3), "환율": (2, 5, 9)},
                **{"네이버 지도": (1, 6), "김포공항 주차": (3,), "제주도 흑돼지": (2,)},
            }
        ),
    ),
    DemoPerson(
        "demo_football",
        _often(
            {
                **{"가온fc 하이라이트": (1, 3, 7), "가온fc 일정": (2, 6), "유튜브": (1, 2, 3)},
                **{"축구 중계": (1, 7), "날씨": (4,), "네이버 스포츠": (2, 5)},
            }
        ),
    ),
    DemoPerson(
        "demo_money",
        _often(
            {
                **{"코스피": (1, 2, 3, 4), "나스닥": (1, 2, 5), "환율": (1, 3)},
                **{"네이버 증권": (2, 6), "누리은행 인터넷뱅킹": (4, 8), "금 시세": (5,)},
            }
        ),
    ),
)
