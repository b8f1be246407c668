"""What is planted in the simulated log: events that trend, habits that must not, and abuse."""

from dataclasses import dataclass
from typing import Final

from silgeom.simulate.attacks import Attack
from silgeom.simulate.parameters import Parameters
from silgeom.simulate.private import ANONYMITY, PERSONAL, Typed


@dataclass(frozen=True, slots=True)
class Event:
    """People who come for one thing, over and above what they search anyway.

    Attributes:
        phrasings: queries of the one issue, the first most used.
        topic: whose people come.
        shape: what the rise looks like.
        day: of the log, 0 is the first.
        hour: of the day, Asia/Seoul.
        people: who come in that hour and the following ones, at the plan's size.
        follow_ups: what they ask next.
        never_seen: no phrasing occurs before the event.
    """

    phrasings: tuple[str, ...]
    topic: str
    shape: str
    day: int
    hour: int
    people: tuple[int, ...]
    follow_ups: tuple[str, ...] = ()
    never_seen: bool = True


BURSTS: Final[tuple[Event, ...]] = (
    Event(
        ("도해랑 결혼 발표",),
        "연예",
        "sudden",
        1,
        10,
        (34, 28, 24, 14, 9, 6, 4),
        ("도해랑 예비신랑", "도해랑 결혼 날짜", "도해랑 소속사"),
    ),
    Event(
        ("누리톡 오류", "누리톡 접속 오류"),
        "포털",
        "short",
        2,
        15,
        (46, 12),
        ("누리톡 고객센터", "누리톡 로그인 안됨"),
    ),
    Event(
        ("가람군 지진", "지진 가람군", "가람군지진"),
        "날씨",
        "sudden",
        3,
        14,
        (58, 40, 22, 13, 8, 6, 4, 3),
        ("가람군 지진 규모", "가람군 위치", "지진 행동요령", "지진 진도"),
    ),
    Event(
        ("황사",),
        "날씨",
        "sudden",
        4,
        7,
        (30, 28, 18, 12, 8, 5, 4),
        ("황사 예보", "황사 마스크"),
        never_seen=False,
    ),
    Event(
        ("별똥별 명소",),
        "여행",
        "night",
        5,
        1,
        (15, 22, 16, 6),
        ("오늘 유성우 시간", "유성우 방향"),
    ),
    Event(
        ("축구 국가대표 평가전",),
        "스포츠",
        "plateau",
        6,
        19,
        (24, 40, 38, 12, 4),
        ("축구 국가대표 명단", "축구 국가대표 평가전 중계"),
    ),
    Event(
        ("아라전자 세탁기 리콜",),
        "생활",
        "sudden",
        7,
        11,
        (32, 26, 16, 11, 9, 6, 4),
        ("아라전자 고객센터", "아라전자 리콜 모델명", "아라전자 리콜 신청"),
    ),
    Event(
        ("수도권 폭설",),
        "날씨",
        "slow",
        8,
        4,
        (5, 9, 16, 28, 36, 30, 18, 10, 6, 3),
        ("대설특보 지역", "폭설 휴교", "지하철 지연"),
    ),
    Event(
        ("왕의 서고 결말",),
        "방송",
        "sudden",
        8,
        22,
        (30, 34, 20, 8, 3),
        ("왕의 서고 시즌2", "왕의 서고 후속"),
        never_seen=False,
    ),
    Event(
        ("루미나인 콘서트 예매",),
        "연예",
        "short",
        9,
        20,
        (50, 14),
        ("루미나인 콘서트 좌석배치도", "루미나인 콘서트 추가 오픈"),
    ),
    Event(
        ("청년 문화패스 신청",),
        "행정",
        "sudden",
        10,
        9,
        (30, 34, 22, 18, 14, 10, 8, 5, 3),
        ("청년 문화패스 대상", "청년 문화패스 사용처"),
    ),
    Event(
        ("화이트데이 선물",),
        "쇼핑",
        "slow",
        11,
        8,
        (5, 7, 9, 12, 17, 18, 20, 22, 24, 27, 30, 33, 36, 28, 18, 9),
        ("화이트데이 선물 추천", "화이트데이 꽃다발"),
        never_seen=False,
    ),
    Event(
        ("한별시장 화재",),
        "날씨",
        "night",
        11,
        23,
        (16, 26, 17, 8, 4),
        ("한별시장 위치", "한별시장 화재 원인"),
    ),
    Event(
        ("윤슬아라 열애", "윤슬아라 열애설"),
        "연예",
        "sudden",
        12,
        11,
        (40, 34, 26, 16, 10, 7, 5),
        ("윤슬아라 남자친구", "윤슬아라 소속사 입장"),
    ),
    Event(
        ("강마루대교 통제",),
        "교통",
        "sudden",
        13,
        17,
        (34, 26, 11, 4),
        ("강마루대교 cctv", "강마루대교 우회로"),
    ),
    # The last evening, so that the newest board of the log has something to tell.
    Event(
        ("내일 한파",),
        "날씨",
        "slow",
        13,
        20,
        (7, 11, 18, 26),
        ("한파특보", "내일 아침 기온"),
    ),
    Event(
        ("가온fc 역전골", "가온fc 역전승"),
        "스포츠",
        "short",
        13,
        21,
        (22, 36, 12),
        ("가온fc 하이라이트", "가온fc 순위"),
    ),
    Event(
        ("달빛 세탁소 마지막회", "달빛세탁소 마지막회"),
        "방송",
        "sudden",
        13,
        22,
        (24, 38),
        ("달빛 세탁소 결말", "달빛 세탁소 후속"),
    ),
    Event(
        ("하람구 정전",),
        "생활",
        "sudden",
        13,
        22,
        (34, 24),
        ("하람구 정전 복구", "정전 신고"),
    ),
    Event(
        ("서은결 은퇴",),
        "스포츠",
        "sudden",
        13,
        23,
        (31,),
        ("서은결 나이", "서은결 통산 기록"),
    ),
    Event(
        ("누리은행 점검",),
        "금융",
        "sudden",
        13,
        23,
        (17,),
        ("누리은행 점검 시간", "누리은행 고객센터"),
    ),
)

#: Each Saturday evening, at the same hours: a programme with a public vote.
HABITS: Final[tuple[Event, ...]] = tuple(
    Event(
        ("별별노래방",),
        "방송",
        "weekly",
        day,
        21,
        (34, 24, 9),
        ("별별노래방 투표", "별별노래방 출연진", "별별노래방 음원", "별별노래방 재방송"),
        never_seen=False,
    )
    for day in range(5, 366, 7)
)


@dataclass(frozen=True, slots=True)
class Robot:
    """One user id that searches by machine on some days.

    Attributes:
        name: user id in the log.
        kind: `scraper` walks through the queries that end so; `pusher` (who also clicks) and
            `watcher` repeat one.
        days: of the log.
        searches: a day.
        what: ending of the queries walked through; or the query pushed.
    """

    name: str
    kind: str
    days: tuple[int, ...]
    searches: int
    what: str


ROBOTS: Final[tuple[Robot, ...]] = (
    Robot("u00b07a11", "scraper", (3, 4), 1_200, " 맛집"),
    Robot("u00b07a22", "scraper", (9,), 1_500, " 가격"),
    Robot("u005e11e5", "pusher", (2, 6, 10), 400, "참솔 숯베개 가격"),
)


@dataclass(frozen=True, slots=True)
class Habit:
    """A query that has its own hours.

    Attributes:
        query: normalised.
        days: which days, in words.
        hours: of the day, Asia/Seoul.
        shown_after: hours from the log's start after which a fortnight of past shows it; None if
            it never does.
    """

    query: str
    days: str
    hours: tuple[int, ...]
    shown_after: int | None


#: Every day or working day, by the seasons of `rhythm`.
DAILY_HABITS: Final = (
    Habit("날씨", "daily", (6, 7, 8), 48),
    Habit("점심 메뉴 추천", "working days", (11, 12), 48),
    Habit("코스피", "working days", (9,), 48),
    Habit("오늘의 운세", "daily", (7, 8), 48),
)


@dataclass(frozen=True, slots=True)
class Rise:
    """A level that rises for good: a new service, a new series.

    Attributes:
        event: its people in each hour, from the first to the end of the log.
        kind: `all day`, or `some hours` of each day.
    """

    event: Event
    kind: str


@dataclass(frozen=True, slots=True)
class Plan:
    """All that is planted in a log.

    Attributes:
        bursts: what must trend.
        regular: events that come again, and must not trend.
        habits: what the truth tells of `regular`; the daily ones come by themselves.
        robots: user ids that are machines.
        attacks: attempts to get on the board.
        secrets: what nobody may ever read.
        searches_a_day: of the log that the events' numbers of people are meant for.
        rises: what must trend when it begins, and not when it has stayed.
    """

    bursts: tuple[Event, ...]
    regular: tuple[Event, ...]
    habits: tuple[Habit, ...]
    robots: tuple[Robot, ...]
    attacks: tuple[Attack, ...]
    secrets: tuple[Typed, ...]
    searches_a_day: float
    rises: tuple[Rise, ...] = ()

    @property
    def events(self) -> tuple[Event, ...]:
        """Bursts, then what comes again, then what stays."""
        return (*self.bursts, *self.regular, *(rise.event for rise in self.rises))


def sample_plan(parameters: Parameters) -> Plan:
    """What sample_data has in it, as far as the log lasts."""
    usual = Parameters()
    weekly = tuple(event for event in HABITS if event.day < parameters.days)
    habits: tuple[Habit, ...] = ()
    if len(weekly) > 1:
        again = (weekly[0].day + 1) * 24
        habits = (
            Habit(weekly[0].phrasings[0], "Saturdays", (21, 22), again),
            Habit("로또 당첨번호", "Saturdays", (20, 21), again),
        )
    return Plan(
        bursts=tuple(event for event in BURSTS if event.day < parameters.days),
        regular=weekly,
        habits=habits,
        robots=ROBOTS,
        attacks=(),
        secrets=(*PERSONAL, *ANONYMITY),
        searches_a_day=usual.searches / usual.days,
    )
