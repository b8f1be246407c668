"""Kinds of people: clusters of their interests under the Jensen-Shannon divergence.

Each person is a distribution over the features of each facet (interests.py), drawn to that of
everybody by a Dirichlet prior: of a person of one search little is known. Divergences of facets are
added, each with its weight; that is the divergence of the distributions put one after another. A
facet of weight 0 is not looked at.

    JS(p, c) = ½ Σ p ln(2p / (p + c)) + ½ Σ c ln(2c / (p + c))        (Lin, IEEE Trans. IT 37, 1991)

Clusters begin as those of k-means on √p, whose distance is Hellinger's, since that has a fast start
that is known to be good (k-means++: Arthur and Vassilvitskii, SODA 2007).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.counting.groups import Ints, changes
from pipeline.counting.interests import FACETS, Facet
from silgeom.segments import AGREED

#: What the facets weigh. Uses add nothing to the agreement with types that are known: see
#: docs/evaluation-segments.md.
WEIGHTS: Final = {"topic": 0.8, "time": 0.2, "use": 0.0}
#: People that clusters are fitted to, at most, and what is needed of them to be among these.
_FITTED: Final = 20_000
_ENOUGH: Final = 3.0
#: Numbers of clusters that are tried, until halves agree so much less than on the best one; and how
#: often each is fitted to two halves of the people.
_NUMBERS: Final = tuple(range(2, 13))
_FAR_BELOW: Final = 0.15
#: So many numbers after the best are tried in any case: halves may agree on two and four, and on
#: three less.
_LONG_AFTER: Final = 3
#: Among numbers that they agree on, the largest is taken of those that are nearly the best: few
#: large clusters are found again more easily than the kinds that are in them.
_NEARLY: Final = 0.1
#: No more clusters are told than would have so many people each.
_LEAST_OF_CLUSTER: Final = 10
_HALVINGS: Final = 3
#: People of a half, at most.
_HALF: Final = 3_000
#: Clusters begin with those of the people who searched most, so often, the best of which is taken.
_MOST_SEARCHES: Final = 2_000
_STARTS: Final = 12
_ROUNDS: Final = 12
#: Clusters are found when fewer than this share of people still move.
_STILL: Final = 0.001
#: The shares that a prior may have of a person, in so many steps: what does not depend on the
#: person's own features is computed once a step.
_STEPS: Final = 64
#: Of a cluster: so many searches of everybody are added to its own.
_SMOOTHING: Final = 10.0
#: Who searches all day counts as so many searches in a cluster: it is one person.
_MOST_OF_ONE: Final = 30.0
#: Of a hash of what somebody is interested in: parts of a weight, and odd numbers that mix bits
#: (Steele, Lea and Flood, Fast splittable pseudorandom number generators, 2014).
_WEIGHT_STEPS: Final = 1024
_MIXING: Final = (0xBF58476D1CE4E5B9, 0x94D049BB133111EB)
#: Rows that are worked on at a time.
_ROWS: Final = 1_000_000
_SEED: Final = 1991

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class People:
    """Interests of some people, a row a person and feature.

    Attributes:
        user_id: each once, rising.
        facets: by name: of each row the person (a place in `user_id`, rising), the feature (from 0)
            and the weight.
        weights: of the facets, above 0; they sum to 1.
    """

    user_id: Ints
    facets: dict[str, tuple[Ints, Ints, Floats]]
    weights: dict[str, float]

    @property
    def kinds(self) -> list[Facet]:
        """The facets, in order."""
        return [facet for facet in FACETS if facet.name in self.facets]

    @staticmethod
    def of(interests: pl.DataFrame, weights: Mapping[str, float] = WEIGHTS) -> "People":
        """Of `INTERESTS`, by user_id."""
        weigh = {name: weight for name, weight in weights.items() if weight > 0}
        user = interests["user_id"].to_numpy()
        first = changes(user)
        person = np.cumsum(first) - 1
        feature = interests["feature"].to_numpy()
        weight = interests["weight"].cast(pl.Float64).to_numpy()
        facets = {}
        for facet in FACETS:
            if facet.name not in weigh:
                continue
            at = np.flatnonzero((feature >= facet.first) & (feature < facet.first + facet.size))
            facets[facet.name] = (
                person[at],
                feature[at].astype(np.int64) - facet.first,
                weight[at],
            )
        return People(user[first], facets, weigh)

    def totals(self, facet: Facet) -> Floats:
        """The weight of each person in a facet."""
        person, _, weight = self.facets[facet.name]
        totals: Floats = np.bincount(person, weight, len(self.user_id)).astype(np.float64)
        return totals

    def chosen(self, places: Ints) -> "People":
        """Those at some places, in this order; `user_id` then rises only where places do."""
        to = np.full(len(self.user_id), -1)
        to[places] = np.arange(len(places))
        facets = {}
        for name, (person, feature, weight) in self.facets.items():
            at = np.flatnonzero(to[person] >= 0)
            at = at[np.argsort(to[person[at]], kind="stable")]
            facets[name] = (to[person[at]], feature[at], weight[at])
        return People(self.user_id[places], facets, self.weights)

    def drawn(self, places: Ints) -> Ints:
        """Some places in an order by chance, which is the same whatever the ids are.

        It is that of a hash of what people are interested in: ids change with the key of a root,
        and segments must not.
        """
        found = np.zeros(len(self.user_id), np.uint64)
        for person, feature, weight in self.facets.values():
            row = (feature.astype(np.uint64) << np.uint64(32)) + np.rint(
                weight * _WEIGHT_STEPS
            ).astype(np.uint64)
            for by in _MIXING:
                row = (row ^ (row >> np.uint64(31))) * np.uint64(by)
            first = changes(person)
            if len(person):
                of_person = np.add.reduceat(row, np.flatnonzero(first))
                found[person[first]] = found[person[first]] * np.uint64(_MIXING[0]) + of_person
        order: Ints = places[np.argsort(found[places], kind="stable")]
        return order


@dataclass(frozen=True)
class Prior:
    """What is believed of a person of whom nothing is known.

    Attributes:
        shares: by facet, of each feature; above 0, they sum to 1.
        strength: by facet, as many searches.
    """

    shares: dict[str, Floats]
    strength: dict[str, float]

    @staticmethod
    def of(people: People) -> "Prior":
        """Estimated from all people: the shares are those of all searches."""
        shares, strength = {}, {}
        for facet in people.kinds:
            person, feature, weight = people.facets[facet.name]
            sums = np.bincount(feature, weight, minlength=facet.size) + 1e-3
            shares[facet.name] = sums / sums.sum()
            strength[facet.name] = _strength(person, feature, weight, shares[facet.name])
        return Prior(shares, strength)


def _strength(person: Ints, feature: Ints, weight: Floats, shares: Floats) -> float:
    """The strength that makes the searches of people likeliest: Dirichlet-multinomial.

    Weights are taken as whole numbers: the likelihood is Σ ln(s·b + i) over the i-th search for a
    feature, less Σ ln(s + i) over the i-th search at all (Minka, Estimating a Dirichlet
    distribution, 2000).
    """
    times = np.rint(weight).astype(np.int64)
    kept = np.flatnonzero(times > 0)
    person, feature, times = person[kept], feature[kept], times[kept]
    of_person = np.bincount(person, times).astype(np.int64)
    if not len(kept) or of_person.max() < 2:
        return 10.0
    place = np.arange(times.sum()) - np.repeat(np.cumsum(times) - times, times)
    believed = np.repeat(shares[feature], times)
    order = np.arange(of_person.sum()) - np.repeat(np.cumsum(of_person) - of_person, of_person)
    tried = np.geomspace(0.25, 500, 60)
    likely = [np.log(s * believed + place).sum() - np.log(s + order).sum() for s in tried]
    return float(tried[int(np.argmax(likely))])


@dataclass(frozen=True)
class Clusters:
    """Distributions of kinds of people: by facet, a row a cluster."""

    prior: Prior
    shares: dict[str, Floats]

    def __len__(self) -> int:
        return len(next(iter(self.shares.values())))

    def assigned(self, people: People) -> Ints:
        """The nearest cluster of each person; of equals the first."""
        nearest: Ints = np.argmin(self.divergences(people), axis=1)
        return nearest

    def divergences(self, people: People) -> Floats:
        """From each person to each cluster, weighed over facets; the unit is the nat."""
        found = np.zeros((len(people.user_id), len(self)))
        for facet in people.kinds:
            base, centre = self.prior.shares[facet.name], self.shares[facet.name].T
            strength = self.prior.strength[facet.name]
            total = people.totals(facet)
            step = np.rint(strength / (strength + total) * _STEPS).astype(np.int64)
            # Of features that a person has not, only the prior's share matters.
            drawn = np.arange(_STEPS + 1)[:, None, None] / _STEPS
            expected = drawn * base[:, None] + (1 - drawn) * centre
            of_prior = _terms(drawn * base[:, None], expected).sum(axis=1)
            found += people.weights[facet.name] * of_prior[step]
            person, feature, weight = people.facets[facet.name]
            for begin in range(0, len(person), _ROWS):
                rows = slice(begin, begin + _ROWS)
                who, what = person[rows], feature[rows]
                prior = step[who] / _STEPS * base[what]
                own = prior + (1 - step[who] / _STEPS) * weight[rows] / total[who]
                here = expected[step[who], what]
                more = _terms(own[:, None], here) - _terms(prior[:, None], here)
                starts = np.flatnonzero(changes(who))
                if len(starts):
                    more_of_each = np.add.reduceat(more, starts)
                    found[who[starts]] += people.weights[facet.name] * more_of_each
        return found


def _terms(p: Floats, c: Floats) -> Floats:
    """Of the divergence, for one feature; 0 ln 0 is 0."""
    middle = np.log((p + c) / 2)
    of_p = np.where(p > 0, p * (np.log(np.maximum(p, 1e-300)) - middle), 0.0)
    of_c = np.where(c > 0, c * (np.log(np.maximum(c, 1e-300)) - middle), 0.0)
    terms: Floats = (of_p + of_c) / 2
    return terms


def fitted(people: People, prior: Prior, number: int, *, seed: int = _SEED) -> Clusters:
    """So many clusters of some people."""
    random = np.random.default_rng(seed)
    order = np.argsort(-people.totals(people.kinds[0]), kind="stable")
    first = people.chosen(np.sort(order[:_MOST_SEARCHES]))
    points = np.concatenate([_roots(first, prior, facet) for facet in first.kinds], axis=1)
    starts = [_k_means(points, number, random) for _ in range(_STARTS)]
    clusters = _centres(first, prior, min(starts, key=lambda each: each[1])[0], number)
    of_person = np.full(len(people.user_id), -1)
    for _ in range(_ROUNDS):
        nearest = clusters.assigned(people)
        moved = (nearest != of_person).mean()
        of_person = nearest
        clusters = _centres(people, prior, of_person, number)
        if moved <= _STILL:
            break
    return clusters


def _roots(people: People, prior: Prior, facet: Facet) -> Floats:
    """√p of each person, by features, so that squares of distances are Hellinger's, weighed."""
    person, feature, weight = people.facets[facet.name]
    size = len(people.user_id)
    counts = np.bincount(person * facet.size + feature, weight, size * facet.size)
    strength = prior.strength[facet.name]
    shares = counts.reshape(size, facet.size) + strength * prior.shares[facet.name]
    shares /= shares.sum(axis=1, keepdims=True)
    roots: Floats = np.sqrt(people.weights[facet.name] * shares)
    return roots


def _k_means(points: Floats, number: int, random: np.random.Generator) -> tuple[Ints, float]:
    """The cluster of each point, and the sum of squared distances."""
    centres = _far_apart(points, number, random)
    of_point = np.full(len(points), -1)
    squares = (points**2).sum(axis=1)
    for _ in range(_ROUNDS):
        distances = squares[:, None] - 2 * points @ centres.T + (centres**2).sum(axis=1)
        nearest = np.argmin(distances, axis=1)
        if (nearest == of_point).all():
            break
        of_point = nearest
        for each in range(number):
            own = points[of_point == each]
            if len(own):
                centres[each] = own.mean(axis=0)
    return of_point, float(distances.min(axis=1).sum())


def _far_apart(points: Floats, number: int, random: np.random.Generator) -> Floats:
    """Points drawn one after another, the likelier the farther from those before."""
    chosen = [int(random.integers(len(points)))]
    distance = ((points - points[chosen[0]]) ** 2).sum(axis=1)
    while len(chosen) < number:
        total = distance.sum()
        odds = distance / total if total > 0 else np.full(len(points), 1 / len(points))
        chosen.append(int(random.choice(len(points), p=odds)))
        distance = np.minimum(distance, ((points - points[chosen[-1]]) ** 2).sum(axis=1))
    return points[chosen].copy()


def _centres(people: People, prior: Prior, of_person: Ints, number: int) -> Clusters:
    """The distributions of the searches of clusters."""
    shares = {}
    for facet in people.kinds:
        person, feature, weight = people.facets[facet.name]
        place = of_person[person] * facet.size + feature
        counted = np.minimum(1, _MOST_OF_ONE / np.maximum(people.totals(facet), 1e-9))
        sums = np.bincount(place, weight * counted[person], number * facet.size)
        smooth = sums.reshape(number, facet.size) + _SMOOTHING * prior.shares[facet.name]
        shares[facet.name] = smooth / smooth.sum(axis=1, keepdims=True)
    return Clusters(prior, shares)


@dataclass(frozen=True)
class Fit:
    """Clusters, and how far two fits to halves of the people agree: adjusted Rand index."""

    clusters: Clusters
    agreement: float


def fit(people: People, *, number: int = 0) -> Fit:
    """Cluster people; `number` 0: as many as halves of the people agree on, nearly as on the best.

    Where they agree less than `AGREED`, people hardly fall into kinds.
    """
    prior = Prior.of(people.chosen(people.drawn(np.arange(len(people.user_id)))[:_FITTED]))
    chosen = _of_many_searches(people)
    most = len(chosen.user_id) // _LEAST_OF_CLUSTER
    if most < _NUMBERS[0] or number == 1:
        everybody = np.zeros(len(chosen.user_id), np.int64)
        return Fit(_centres(chosen, prior, everybody, 1), 1.0)
    tried: dict[int, float] = {}
    for each in [min(number, most)] if number else [each for each in _NUMBERS if each <= most]:
        tried[each] = _agreement(chosen, prior, each)
        highest = max(tried.values())
        best = max(tried, key=lambda number: tried[number])
        if each > best + _LONG_AFTER and tried[each] < highest - _FAR_BELOW:
            break
    highest = max(tried.values())
    good = [each for each, agreed in tried.items() if agreed >= max(AGREED, highest - _NEARLY)]
    best = max(good) if good else max(tried, key=lambda each: tried[each])
    return Fit(fitted(chosen, prior, best), tried[best])


def _of_many_searches(people: People) -> People:
    """Those whom clusters are fitted to, drawn by chance."""
    total = people.totals(people.kinds[0])
    for least in (_ENOUGH, 0.0):
        places = people.drawn(np.flatnonzero(total >= least))[:_FITTED]
        if len(places) >= 10 * _NUMBERS[-1]:
            break
    return people.chosen(places)


def _agreement(people: People, prior: Prior, number: int) -> float:
    """How far clusters of the one and the other half of people agree on all of them."""
    random, found = np.random.default_rng(_SEED), []
    for _ in range(_HALVINGS):
        drawn = random.permutation(len(people.user_id))
        half = min(len(drawn) // 2, _HALF)
        halves = [np.sort(each) for each in (drawn[:half], drawn[half : 2 * half])]
        models = [fitted(people.chosen(each), prior, number) for each in halves]
        found.append(adjusted_rand(*(each.assigned(people) for each in models)))
    return float(np.mean(found))


def adjusted_rand(one: Ints, other: Ints) -> float:
    """How far two clusterings agree: 1 they are the same, 0 as by chance.

    Hubert and Arabie, Comparing partitions, Journal of Classification 2, 1985.
    """
    if not len(one):
        return 1.0
    both = np.unique(np.stack([one, other]), axis=1, return_counts=True)[1]
    pairs = [
        float((each * (each - 1) / 2).sum())
        for each in (both, *(np.unique(of, return_counts=True)[1] for of in (one, other)))
    ]
    together, of_one, of_other = pairs
    every = len(one) * (len(one) - 1) / 2
    by_chance = of_one * of_other / every if every else 0.0
    most = (of_one + of_other) / 2
    return 1.0 if most == by_chance else (together - by_chance) / (most - by_chance)


def merged(clusters: Clusters, of_person: Ints, least: int) -> Ints:
    """The clusters of people, those of fewer than `least` given to the nearest one, by `WEIGHTS`.

    Returns:
        `of_person`, whose clusters are numbered anew from 0, the largest first.
    """
    now = of_person.copy()
    while True:
        count = np.bincount(now, minlength=len(clusters))
        there = np.flatnonzero(count)
        small = there[count[there] < least]
        if not len(small) or len(there) < 2:
            break
        smallest = int(small[np.argmin(count[small])])
        others = [int(each) for each in there if each != smallest]
        now[now == smallest] = min(others, key=lambda other: _apart(clusters, smallest, other))
    order = np.argsort(-np.bincount(now, minlength=len(clusters)), kind="stable")
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    found: Ints = place[now]
    return found


def _apart(clusters: Clusters, one: int, other: int) -> float:
    return sum(
        float(WEIGHTS[name] * _terms(shares[one], shares[other]).sum())
        for name, shares in clusters.shares.items()
    )
