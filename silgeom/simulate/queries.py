"""The queries that people can ask, as arrays: what `material` says, ready to draw from."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from silgeom.simulate.material import material
from silgeom.simulate.names import LENGTHENINGS, lengthened
from silgeom.simulate.plan import Event
from silgeom.simulate.rhythm import SEASON_NAMES, Floats, season_factors

Ints = npt.NDArray[np.int64]


@dataclass(slots=True)
class _Draft:
    """Queries while they are collected; a text that comes twice is one query."""

    texts: list[str] = field(default_factory=list)
    ids: dict[str, int] = field(default_factory=dict)
    topic: list[int] = field(default_factory=list)
    season: list[int] = field(default_factory=list)
    cluster: list[int] = field(default_factory=list)
    siblings: list[int] = field(default_factory=list)
    asked: list[float] = field(default_factory=list)
    followed: list[float] = field(default_factory=list)
    names: dict[str, dict[str, int]] = field(default_factory=dict)

    def number(self, kind: str, name: str) -> int:
        known = self.names.setdefault(kind, {})
        return known.setdefault(name, len(known))

    def add(
        self,
        text: str,
        *,
        topic: str,
        season: str,
        cluster: str,
        siblings: str,
        asked: float,
        followed: float,
    ) -> None:
        if text in self.ids:
            self.asked[self.ids[text]] += asked
            self.followed[self.ids[text]] += followed
            return
        self.ids[text] = len(self.texts)
        self.texts.append(text)
        self.topic.append(self.number("topic", topic))
        self.season.append(SEASON_NAMES.index(season))
        self.cluster.append(self.number("cluster", cluster))
        self.siblings.append(self.number("siblings", siblings))
        self.asked.append(asked)
        self.followed.append(followed)


def _add_families(draft: _Draft) -> None:
    for number, family in enumerate(material()[1]):
        # Each group of siblings has its own law, the later ones less of it; where the law is
        # nearly flat (weeks, years of birth), the groups are neighbours of equal standing.
        less = 0.6 if family.skew > 0.5 else 1.0
        laws = [
            (name, group, less**group * (rank + 1.5) ** -family.skew)
            for group, names in enumerate(family.groups)
            for rank, name in enumerate(names)
        ]
        total = sum(law for _, _, law in laws) * sum(weight for _, weight in family.aspects)
        for name, group, law in laws:
            for template, weight in family.aspects:
                share = family.weight * law * weight / total
                draft.add(
                    template.format(name),
                    topic=family.topic,
                    season=family.season,
                    cluster=f"{family.topic} {name}",
                    siblings=f"{number}/{group}/{template}",
                    asked=share,
                    followed=share * weight / 3.0,  # most go on to the usual ones
                )


def _add_heads(draft: _Draft) -> None:
    for number, heads in enumerate(material()[0]):
        cluster = f"{heads.topic} {heads.entity}" if heads.entity else f"head {number}"
        for text, weight in heads.queries:
            draft.add(
                text,
                topic=heads.topic,
                season=heads.season,
                cluster=cluster,
                siblings=cluster,
                asked=weight,
                # In a session people go on to the rarer ones, too.
                followed=weight if heads.entity else weight**0.5,
            )


def _add_planted(draft: _Draft, events: tuple[Event, ...]) -> None:
    clusters = list(draft.names["cluster"])
    first: dict[str, Event] = {}
    for event in events:
        first.setdefault(event.phrasings[0], event)
    for event in first.values():
        known = draft.ids.get(event.phrasings[0])
        cluster = f"event {event.phrasings[0]}" if known is None else clusters[draft.cluster[known]]
        for text in (*event.phrasings, *event.follow_ups):
            draft.add(
                text,
                topic=event.topic,
                season="all",
                cluster=cluster,
                siblings=cluster,
                asked=0.0,  # nobody asks before it happens
                followed=1.0 if text in event.follow_ups else 0.0,
            )


@dataclass(frozen=True, slots=True)
class Queries:
    """All queries. `texts` and the arrays are indexed by query; weights are relative.

    A query that was made longer (`lengthened`) has a number beyond `texts`: no list holds them.

    Attributes:
        texts: normalised queries.
        topic: number of the topic.
        topics: how many topics there are.
        topic_names: of each.
        ids: query of a text.
    """

    texts: list[str]
    ids: dict[str, int]
    topic: Ints
    topics: int
    topic_names: tuple[str, ...]
    _season: Ints
    _asked: Floats
    _by_topic: Ints
    _topic_ends: Ints
    _cluster: "_Groups"
    _siblings: "_Groups"

    def shelf(self, kind: int, hour: int, own: Floats | float = 1.0) -> "Shelf":
        """Fresh queries as they are asked at one hour of one kind of day.

        `own` is a factor on the weight of each query.
        """
        weights = (self._asked * season_factors(kind, hour)[self._season] * own)[self._by_topic]
        return Shelf(self._by_topic, np.cumsum(weights), self._topic_ends)

    def text(self, query: int) -> str:
        """The query, normalised."""
        if query < len(self.texts):
            return self.texts[query]
        longer, base = divmod(query, len(self.texts))
        return lengthened(self.texts[base], longer - 1)

    def lengthened(self, query: Ints, chance: Floats) -> Ints:
        """The queries made longer by words of which a few are common and most are unique.

        The rank of what is added follows p(rank) ~ 1/rank, the law of words.
        """
        longer = np.exp(chance * np.log(LENGTHENINGS)).astype(np.int64)
        longer_query: Ints = query + len(self.texts) * np.minimum(longer, LENGTHENINGS)
        return longer_query

    def by_popularity(self) -> Ints:
        """Queries, those that come to mind most first."""
        return np.argsort(-self._asked, kind="stable")

    def refine(self, query: Ints, chance: Floats) -> Ints:
        """Another query about the same thing; the same one where there is no other."""
        return self._cluster.draw(query, chance)

    def sibling(self, query: Ints, chance: Floats) -> Ints:
        """The same question about a thing of the same kind."""
        return self._siblings.draw(query, chance)


@dataclass(frozen=True, slots=True)
class Shelf:
    """Queries sorted by topic, with cumulated weights."""

    _order: Ints
    _cumulated: Floats
    _ends: Ints

    def topic_weights(self) -> Floats:
        """Weight of each topic."""
        return np.diff(self._cumulated[self._ends - 1], prepend=0.0)

    def draw(self, topic: Ints, chance: Floats) -> Ints:
        """One query of each topic given."""
        upto = self._cumulated[self._ends - 1]
        low = np.concatenate(([0.0], upto))[topic]
        place = np.searchsorted(self._cumulated, low + chance * (upto[topic] - low), side="right")
        return self._order[np.minimum(place, self._ends[topic] - 1)]


@dataclass(frozen=True, slots=True)
class _Groups:
    """Queries sorted by group, with cumulated weights, to draw one of the same group."""

    order: Ints
    cumulated: Floats
    starts: Ints
    ends: Ints
    group: Ints

    @staticmethod
    def of(group: Ints, weight: Floats) -> "_Groups":
        order = np.argsort(group, kind="stable")
        sizes = np.bincount(group)
        ends = np.cumsum(sizes)
        return _Groups(order, np.cumsum(weight[order]), ends - sizes, ends, group)

    def draw(self, query: Ints, chance: Floats) -> Ints:
        group = self.group[query]
        upto = np.concatenate(([0.0], self.cumulated))
        low, high = upto[self.starts[group]], upto[self.ends[group]]
        place = np.searchsorted(self.cumulated, low + chance * (high - low), side="right")
        return np.where(high > low, self.order[np.minimum(place, self.ends[group] - 1)], query)


def build_queries(events: tuple[Event, ...] = ()) -> Queries:
    """Collect heads, families and planted events."""
    draft = _Draft()
    _add_families(draft)
    _add_heads(draft)
    _add_planted(draft, events)
    topic = np.array(draft.topic)
    return Queries(
        texts=draft.texts,
        ids=draft.ids,
        topic=topic,
        topics=len(draft.names["topic"]),
        topic_names=tuple(draft.names["topic"]),
        _season=np.array(draft.season),
        _asked=np.array(draft.asked),
        _by_topic=np.argsort(topic, kind="stable"),
        _topic_ends=np.cumsum(np.bincount(topic)),
        _cluster=_Groups.of(np.array(draft.cluster), np.array(draft.followed)),
        _siblings=_Groups.of(np.array(draft.siblings), np.array(draft.followed)),
    )
