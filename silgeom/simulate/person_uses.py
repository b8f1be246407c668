"""People of types that differ in what they use the search for, and queries that show it.

Some types navigate: they come for a few sites, click the first result and are done. Some look up
many different things, some follow what is in the news, and some shop. What everybody types besides
has a bit of all. The truth goes into the labels, and what a service would declare to be shopping
into a file of rules.
"""

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from silgeom.simulate.material import material
from silgeom.simulate.people import Bools, Random
from silgeom.simulate.person_types import PersonType, TypedPeople
from silgeom.simulate.plan import Event
from silgeom.simulate.queries import Ints, Queries, Shelf
from silgeom.simulate.rhythm import Floats

NAVIGATING: Final = "navigating"
LOOKING_UP: Final = "looking up"
NEWS: Final = "news"
SHOPPING: Final = "shopping"
#: Kinds of use, one type after the other: chance of another search in the session, factor on
#: clicks, sessions that begin with one of the person's own three queries.
_USES: Final = (
    (NAVIGATING, 0.25, 1.00, 0.40),
    (LOOKING_UP, 0.60, 1.00, 0.02),
    (NEWS, 0.45, 1.00, 0.02),
    (SHOPPING, 0.60, 1.00, 0.05),
)
#: Topics whose queries are ways to sites, and those of shopping.
SITES: Final = "포털"
SHOPS: Final = "쇼핑"
#: After a search for a site hardly anybody goes on, and nine in ten click its first result.
_GO_ON_FROM_SITE: Final = 0.05
SITE_CLICKS: Final = 0.9
#: What came up in so many hours is news.
HOT_HOURS: Final = 48


class PeopleOfUses(TypedPeople):
    """People of types each of which has a use of its own.

    Attributes:
        hot: queries of what is in the news at the hour that is simulated.
        is_site: of each query.
    """

    hot: Ints = np.zeros(0, dtype=np.int64)
    is_site: Bools

    def own_types(self, queries: Queries, count: int, random: Random) -> list[PersonType]:
        """Types that navigate or shop have the one topic of it; the others have anything else."""
        sites, shops = (queries.topic_names.index(name) for name in (SITES, SHOPS))
        self.is_site = queries.topic == sites
        types = []
        for number, each in enumerate(super().own_types(queries, count, random)):
            use, go_on, clicks, habit = _USES[number % len(_USES)]
            topics: Floats = each.topics.copy()
            topics[[sites, shops]] = 0.0
            if use in (NAVIGATING, SHOPPING):
                topics[:] = 0.0
                topics[sites if use == NAVIGATING else shops] = 1.0
            topics /= topics.sum()
            types.append(
                replace(each, topics=topics, use=use, go_on=go_on, clicks=clicks, habit=habit)
            )
        self._follows_news = np.array([each.use == NEWS for each in types])
        return types

    def fresh(self, shelf: Shelf, user: Ints, random: Random) -> Ints:
        """What comes to each person's mind; of who follows the news often what is in them."""
        query = super().fresh(shelf, user, random)
        follows: Bools = random.random(len(user)) < self.typed
        chance = random.random(len(user))
        if not len(self.hot):
            return query
        news = self.hot[(chance * len(self.hot)).astype(np.int64)]
        found: Ints = np.where(self._follows_news[self.type[user]] & follows, news, query)
        return found

    def go_on(self, user: Ints, query: Ints) -> Floats:
        """Chance of another search in the session; who is where they wanted to be has none."""
        chance: Floats = super().go_on(user, query)
        return np.where(self.is_site[query], _GO_ON_FROM_SITE, chance)


def news_queries(events: Iterable[Event], queries: Queries) -> Ints:
    """What is asked about some events."""
    texts = [text for event in events for text in (*event.phrasings, *event.follow_ups)]
    return np.array([queries.ids[text] for text in dict.fromkeys(texts)], dtype=np.int64)


def uses_of_queries(queries: Queries, news: Ints) -> dict[str, str]:
    """The use of each query that is not for looking up.

    Args:
        queries: that people may ask.
        news: those of bursts.
    """
    names = {SITES: NAVIGATING, SHOPS: SHOPPING}
    topics = zip(queries.texts, queries.topic.tolist(), strict=True)
    found = {
        text: names[queries.topic_names[topic]]
        for text, topic in topics
        if queries.topic_names[topic] in names
    }
    return found | {queries.text(query): NEWS for query in news.tolist()}


def write_rules(file: Path) -> None:
    """Declare the topics as categories, as `silgeom run categories --rules` reads them.

    A service knows its head queries and the names of things: the first are examples, the others
    words, and so are head queries of one word. One of the categories is shopping.
    """
    heads, families = material()
    topics = [*(each.topic for each in families), *(each.topic for each in heads)]
    blocks = []
    for topic in dict.fromkeys(topics):
        examples = [text for each in heads if each.topic == topic for text, _ in each.queries]
        named = [each.groups for each in families if each.topic == topic]
        words = [name for groups in named for names in groups for name in names]
        words += [text for text in examples if " " not in text]
        lists = {"queries": examples, "words": words}
        blocks.append(
            [
                "[[category]]",
                f"name = {json.dumps(topic, ensure_ascii=False)}",
                *(['kind = "shopping"'] if topic == SHOPS else []),
                *(
                    f"{key} = {json.dumps(list(dict.fromkeys(texts)), ensure_ascii=False)}"
                    for key, texts in lists.items()
                    if texts
                ),
            ]
        )
    file.write_text("\n\n".join("\n".join(each) for each in blocks) + "\n", encoding="utf-8")
