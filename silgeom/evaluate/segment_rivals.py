"""How people are put into segments: by the pipeline, and by what is usual.

A method learns from some people and returns what assigns anybody to a segment.
"""

from collections.abc import Callable
from typing import Final

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.cluster import KMeans
from sklearn.decomposition import NMF, LatentDirichletAllocation
from threadpoolctl import threadpool_limits

from pipeline.results import clusters
from silgeom.evaluate.log import Floats, Ints
from silgeom.evaluate.planted_types import People

#: Who is of which segment, from 0.
Assign = Callable[[People], Ints]
#: Learns segments of these people. One after the other: threads gain little here, and on a busy
#: machine they wait for each other.
Method = Callable[[People], Assign]

#: The segment of people of whom nothing is known: they are together.
NOBODY: Final = -1
_SEED: Final = 17
_STARTS: Final = 10
_ROUNDS: Final = 200
_SMALL: Final = 1e-6


def rivals(number: int) -> dict[str, Method]:
    """The usual methods, told the true number of types."""
    methods: dict[str, Method] = {
        "k-means on raw counts": lambda people: _k_means(people, number),
        "k-means on shares": lambda people: _k_means_on_shares(people, number),
        "LDA": lambda people: _lda(people, number),
        "NMF": lambda people: _nmf(people, number),
        "mixture of multinomials": lambda people: _mixture(people, number, _searches),
        "mixture, a topic once a session": lambda people: _mixture(people, number, _sessions),
    }
    return {name: _in_one_thread(method) for name, method in methods.items()}


def _in_one_thread(method: Method) -> Method:
    def learn(people: People) -> Assign:
        with threadpool_limits(1):
            return method(people)

    return learn


def ours(number: int = 0, *, use_weight: float = 0.0) -> Method:
    """The pipeline's clusters.

    Args:
        number: of clusters; 0: as many as it finds itself.
        use_weight: what kinds of use weigh; other facets share the rest as they always do.
    """
    weights = {name: weight * (1 - use_weight) for name, weight in clusters.WEIGHTS.items()}
    weights["use"] = use_weight

    def learn(people: People) -> Assign:
        fitted = clusters.People.of(people.interests, weights)
        model = clusters.fit(fitted, number=number).clusters

        def assign(others: People) -> Ints:
            some = clusters.People.of(others.interests, weights)
            found: Ints = np.full(len(others), NOBODY, dtype=np.int64)
            found[np.searchsorted(others.user_id, some.user_id)] = model.assigned(some)
            return found

        return assign

    return learn


def knows_the_types(people: People) -> Assign:
    """Bayes, told how each type searches: nobody can be right more often, knowing topics and hours.

    A topic counts once a session, because what follows in a session is mostly of the same topic.
    """
    number = int(people.type.max()) + 1
    topics = _laws(people.sessions, people.type, number)
    hours = _laws(people.times, people.type, number)
    shares = np.log(np.bincount(people.type, minlength=number) / len(people))

    def assign(others: People) -> Ints:
        chance = shares + others.sessions @ topics.T + others.times @ hours.T
        return np.asarray(chance.argmax(axis=1), dtype=np.int64)

    return assign


def _laws(counts: csr_matrix, types: Ints, number: int) -> Floats:
    """Logarithm of the chance of each column, by type: shape (types, columns)."""
    sums = np.vstack([np.asarray(counts[types == each].sum(axis=0)) for each in range(number)])
    smoothed = sums + 1.0
    laws: Floats = np.log(smoothed / smoothed.sum(axis=1, keepdims=True))
    return laws


def _searches(people: People) -> csr_matrix:
    return people.searches


def _sessions(people: People) -> csr_matrix:
    return people.sessions


def _k_means(people: People, number: int) -> Assign:
    model = KMeans(number, n_init=_STARTS, random_state=_SEED).fit(people.searches)
    return lambda others: np.asarray(model.predict(others.searches), dtype=np.int64)


def _k_means_on_shares(people: People, number: int) -> Assign:
    def shares(some: People) -> csr_matrix:
        sums = np.maximum(np.asarray(some.searches.sum(axis=1)), 1.0)
        return csr_matrix(some.searches.multiply(1.0 / sums))

    model = KMeans(number, n_init=_STARTS, random_state=_SEED).fit(shares(people))
    return lambda others: np.asarray(model.predict(shares(others)), dtype=np.int64)


def _lda(people: People, number: int) -> Assign:
    """The topic of the model that a person has most of is the segment."""
    model = LatentDirichletAllocation(number, random_state=_SEED, max_iter=20).fit(people.searches)
    return lambda others: np.asarray(
        model.transform(others.searches).argmax(axis=1), dtype=np.int64
    )


def _nmf(people: People, number: int) -> Assign:
    """Poisson's divergence, as is usual for counts; the largest component is the segment."""
    model = NMF(
        number,
        init="nndsvda",
        solver="mu",
        beta_loss="kullback-leibler",
        max_iter=400,
        tol=1e-3,
        random_state=_SEED,
    ).fit(people.searches)
    return lambda others: np.asarray(
        model.transform(others.searches).argmax(axis=1), dtype=np.int64
    )


def _mixture(people: People, number: int, of: Callable[[People], csr_matrix]) -> Assign:
    """A mixture of multinomials by expectation and maximisation (Nigam and others 2000)."""
    counts = of(people)
    best = (-np.inf, np.zeros(number), np.zeros((number, counts.shape[1])))
    random = np.random.default_rng(_SEED)
    for _ in range(_STARTS):
        found = _mixed(counts, number, random)
        best = max(best, found, key=lambda each: each[0])
    _, shares, laws = best
    return lambda others: np.asarray((shares + of(others) @ laws.T).argmax(axis=1), dtype=np.int64)


def _mixed(
    counts: csr_matrix, number: int, random: np.random.Generator
) -> tuple[float, Floats, Floats]:
    """Log likelihood, and logarithms of shares and laws, from one random start.

    The start is of k-means on the shares of a few people who search much.
    """
    usual = np.asarray(counts.sum(axis=0)).ravel() + _SMALL
    usual /= usual.sum()
    sizes = np.asarray(counts.sum(axis=1)).ravel()
    shrunk = (counts.toarray() + 10.0 * usual) / (sizes[:, None] + 10.0)
    seed = int(random.integers(2**31))
    known = sizes >= np.quantile(sizes, 0.5)
    model = KMeans(number, n_init=1, random_state=seed).fit(np.sqrt(shrunk[known]))
    member: Floats = np.eye(number)[model.predict(np.sqrt(shrunk))]
    likelihood = -np.inf
    for _ in range(_ROUNDS):
        sums = np.asarray(counts.T @ member).T + usual * number
        laws: Floats = np.log(sums / sums.sum(axis=1, keepdims=True))
        shares: Floats = np.log(member.mean(axis=0) + _SMALL)
        chance = shares + counts @ laws.T
        top = chance.max(axis=1, keepdims=True)
        member = np.exp(chance - top)
        total = member.sum(axis=1, keepdims=True)
        member /= total
        last, likelihood = likelihood, float((top + np.log(total)).sum())
        if likelihood - last < 1e-7 * abs(likelihood):
            break
    return likelihood, shares, laws
