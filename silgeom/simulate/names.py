"""Made-up names, and what people add to a query: the words that no list could be long enough for.

Everything is put together of pure Korean words, so that no real person, firm or place is meant.
"""

from typing import Final


def _listed(text: str) -> tuple[str, ...]:
    return tuple(text.split("|"))


_WORDS: Final = _listed(
    "가람|나래|다온|라온|마루|바다|사랑|아라|자람|차오름|하늘|보람|슬기|한별|새벽|"
    "은하|미르|노을|이슬|단비|온새|해솔|가온|누리|도담|로운|벼리|산들|서리|소담|"
    "시내|아롱|여울|예슬|우솔|윤슬|은결|이든|잔디|조은|지음|찬솔|초롱|큰솔|터울|"
    "퓨리|하람|하늬|한결|해랑|햇살|혜윰|휘림|희나|그린내|꽃내|너울|늘봄|달무리|"
    "물보라|별하|봄내|솔찬|파란"
)
_FAMILY: Final = _listed("도|서|노|설|봉|탁|피|국|제갈|선우|황보|남궁|독고|사공|동방|망절")
_THINGS: Final = _listed(
    "등대|세탁소|우체국|기차역|사진관|책방|다락방|식물원|빵집|정류장|하숙집|골목|"
    "연구소|극장|여관|수족관|항구|과수원|양조장|이발소"
)
_ADJECTIVES: Final = _listed(
    "푸른|오래된|수상한|비밀의|조용한|반짝이는|하얀|잊혀진|두번째|마지막|작은|느린|따뜻한|붉은"
)
_DISTRICTS: Final = _listed("군|시|읍|면|동")
_FIRMS: Final = _listed("전자|은행|식품|항공|자동차|제약|톡|페이|증권|모바일|마켓|건설")
_CLUBS: Final = _listed("fc|유나이티드|이글스|썬더스|웨일즈")

#: Kind of thing -> topic, what happens to it, what people ask next.
NEWS: Final[dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]]] = {
    "person": (
        "연예",
        _listed(
            "결혼 발표|열애|열애설|이혼|음주운전|활동 중단|입대 발표|득남|학폭 논란|탈퇴|"
            "별세|수상 소감|복귀 방송|사과문|표절 논란|전속계약 해지"
        ),
        _listed("나이|인스타|소속사|프로필|전 남편|근황|소속사 입장|가족"),
    ),
    "player": (
        "스포츠",
        _listed("은퇴|부상|이적|결승골|퇴장|해트트릭|징계|국가대표 발탁|홈런|방출"),
        _listed("연봉|나이|하이라이트|통산 기록|에이전트|소속팀"),
    ),
    "place": (
        "날씨",
        _listed(
            "지진|화재|정전|침수|단수|산불|가스 누출|산사태|폭발 사고|싱크홀|추돌 사고|"
            "대피 명령|기름 유출|헬기 추락"
        ),
        _listed("위치|피해 상황|원인|cctv|실시간|복구|대피소"),
    ),
    "firm": (
        "금융",
        _listed(
            "접속 오류|리콜|파업|정보 유출|상장|단종|매각|서버 점검|하한가|상한가|환불 대란|"
            "로그인 장애|유상증자"
        ),
        _listed("고객센터|주가|보상|공지|사과문|환불 방법|대표"),
    ),
    "show": (
        "방송",
        _listed("결말|마지막회|범인|결방|조기종영|첫방송|시즌2 확정|하차|특별출연|반전"),
        _listed("다시보기|출연진|몇부작|ost|후속|인물관계도|재방송"),
    ),
    "club": (
        "스포츠",
        _listed("역전승|우승|감독 경질|연패|끝내기 홈런|강등|승격|벤치클리어링"),
        _listed("하이라이트|순위|다음 경기|감독|경기 일정"),
    ),
}

#: What is pushed by sellers; never asked for by anybody else.
_WARES: Final = _listed(
    "숯베개|허리보호대|홍삼정|다이어트환|탈모샴푸|매트리스|오메가3|안마의자|제습기|침구청소기"
)
_PRAISE: Final = _listed("가격|후기|공식몰|추천|효과")

_PLACE_ENDS: Final = _listed("동|역|읍|로|시장|아파트|초등학교|공원")
_AFTER: Final = _listed(
    "추천|후기|가격|방법|2026|비교|순위|디시|더쿠|블로그|위치|전화번호|영업시간|"
    "주차|예약|무료|사진|뜻|이유|차이|종류|할인|중고|신청|조회|시간|후기 모음|혼자|"
    "아이랑|비용|초보|당일|근처|레전드|정리|실시간|최신|pdf|엑셀|어플"
)


def _pick(words: tuple[str, ...], chance: float) -> str:
    return words[int(chance * len(words))]


def _combined(number: int) -> str:
    """The name with that number, of two words: 4,096 and then with a third word."""
    number, first = divmod(number, len(_WORDS))
    number, second = divmod(number, len(_WORDS))
    third = _WORDS[number % len(_WORDS)] if number else ""
    return _WORDS[first] + _WORDS[second] + third


def thing(kind: str, chances: list[float]) -> str:
    """A made-up name of something of a kind of `NEWS`; takes five chances in [0, 1)."""
    first, second = _pick(_WORDS, chances[0]), _pick(_WORDS, chances[1])
    if kind in ("person", "player"):
        return _pick(_FAMILY, chances[2]) + first
    if kind == "place":
        return first + second + _pick(_DISTRICTS, chances[2])
    if kind == "firm":
        return first + second + _pick(_FIRMS, chances[2])
    if kind == "club":
        return first + second + _pick(_CLUBS, chances[2])
    return f"{_pick(_ADJECTIVES, chances[2])} {first}{second} {_pick(_THINGS, chances[3])}"


def ware(chances: list[float]) -> str:
    """A made-up product with what a seller would have people ask; takes four chances."""
    name = _pick(_WORDS, chances[0]) + _pick(_WORDS, chances[1])
    return f"{name} {_pick(_WARES, chances[2])} {_pick(_PRAISE, chances[3])}"


def lengthened(query: str, number: int) -> str:
    """A query made longer: the first 40 numbers add a common word, the others a name, too.

    Different numbers give different texts, up to 84 million of them a query.
    """
    if number < len(_AFTER):
        return f"{query} {_AFTER[number]}"
    number, end = divmod(number - len(_AFTER), len(_PLACE_ENDS))
    name, after = divmod(number, len(_AFTER) + 1)
    place = _combined(name) + _PLACE_ENDS[end]
    return f"{place} {query}" + (f" {_AFTER[after - 1]}" if after else "")


#: How many different ways `lengthened` knows.
LENGTHENINGS: Final = len(_AFTER) + len(_PLACE_ENDS) * (len(_AFTER) + 1) * len(_WORDS) ** 3
