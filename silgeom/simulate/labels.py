"""The keywords of the queries that are made here, as who wrote `material.txt` meant them.

A query is written there with its spaces: its words are its keywords, but for what is no noun.
"""

import re
from typing import Final

from silgeom.simulate.plan import BURSTS, HABITS
from silgeom.simulate.queries import build_queries


def _listed(text: str) -> frozenset[str]:
    return frozenset(text.split("|"))


#: Words of queries that are no nouns: verbs, adjectives and what asks.
NO_NOUNS: Final = _listed(
    "하는|먹어도|맛있게|되나요|끓이는|법|후|좋은|센스있는|삶는|싼|에|얼마|몇|몇살|먹는|만드는|되는|데치는|"
    "고르는|곳|쓰는|받는|빼기|뭐|먹지|되|돼|안|않|왠지|웬지|로서|로써|금세|금새|안됨|찾기|세기|합치기|타기|"
    "듣기|키우기|갈만한곳|떨어지는|빠지는|굽는|수상한|억울하다|서운하다|부탁드립니다|잘|핑계였어|두|시의|"
    "a|for|with"
)
#: Nouns that stand with a particle.
_WITH_PARTICLES: Final = {
    "에": _listed("고혈압|신우신염|우울증|후두염"),
    "에서": _listed("공항"),
    "로": _listed("중국어|영어|일본어"),
    "의": _listed("오늘|왕|바람|심해|할머니|모두|밤|열아홉|젤다"),
    "을": _listed("봄"),
    "은": _listed("첫눈"),
    "랑": _listed("아이"),
}
_INFLECTED: Final = {
    word + particle: word for particle, words in _WITH_PARTICLES.items() for word in words
}
#: A number with its unit: 2026년, 1박2일, 18평.
_NUMBER: Final = re.compile(r"\d[\d.,]*[가-힣]{0,2}(\d+[가-힣]{0,2})*")


def keywords_of_queries() -> dict[str, list[str]]:
    """Every query of the sample's plan, without spaces, and its keywords, in order.

    What is written in several ways has the words of the one with most spaces.
    """
    found: dict[str, list[str]] = {}
    for text in sorted(build_queries((*BURSTS, *HABITS)).texts, key=lambda each: each.count(" ")):
        words = (_INFLECTED.get(word, word) for word in text.split(" "))
        kept = [word for word in words if word not in NO_NOUNS and not _NUMBER.fullmatch(word)]
        found[text.replace(" ", "")] = kept
    return found
