"""Related searches beside the query that the same person typed next, and beside every rival's.

Each two different queries in a row of a later session are a question: what is offered beside the
first, and is the second among it? Spacing does not matter. What a person searched for before is
taken out of all counts before that person asks: one's own habits inflate every figure.

Two uses are measured apart. *What is typed next* takes all questions, navigation included. *What is
about the same* takes those alone whose next query is rare: a list that shows everybody the same ten
popular queries answers none of them.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from itertools import groupby, pairwise
from operator import itemgetter
from typing import Final

import numpy as np
import pandas as pd

from silgeom.evaluate import autocomplete
from silgeom.evaluate.intervals import Bootstrap
from silgeom.evaluate.log import Floats, Log, Split, sessions, variant_key
from silgeom.evaluate.report import text_table
from silgeom.hangul import keystroke_distance, keystrokes, other_keyboard_keystrokes
from silgeom.keyword_tool import is_near
from silgeom.related import LIFTS, NEAREST, Use, Vocabulary, lifted, mixture, walked

TOP: Final = 10

#: Days whose sessions are read: the default of jobs/related.py.
DAYS: Final = 28

#: As in `pipeline.counting.sessions` and `pipeline.results.related_searches`, whose twin `Ours` is.
MAX_QUERIES: Final = 50
SOON_SECONDS: Final = 120
SLIP_LENGTHS: Final = (5, 9, 15)
SLIP_ODDS: Final = 10

#: Targets that are left out for one of the figures: what everybody types needs no help.
MOST_TYPED: Final = 100

#: What each table has: of what is typed next, and of what is about the same.
_NEXT: Final = ["mrr", "hit1", "hit10", "times_mrr", "times_hit10", "coverage", "slips"]
_TOPIC: Final = ["rare_mrr", "times_rare", "rare_hit10", "diversity"]

#: What the keyword tool is held against: baselines, and related searches as they are.
BESIDE_TOOL: Final = ("count", "count + popularity", "ours, topic", "ours", "keyword tool")

#: Queries by score.
Scored = list[tuple[float, int]]


@dataclass
class Counts:
    """Sessions of queries and of pairs; a user's part can be taken out and put back."""

    floor: int
    texts: list[str]

    def __post_init__(self) -> None:
        """Count nothing yet."""
        self.total = 0
        self.sessions: Counter[int] = Counter()
        self.after: dict[int, Counter[int]] = defaultdict(Counter)
        self.soon: dict[int, Counter[int]] = defaultdict(Counter)
        self.people: dict[int, set[int]] = defaultdict(set)
        self.pair_people: dict[int, dict[int, set[int]]] = defaultdict(lambda: defaultdict(set))
        self.near: dict[int, set[int]] = defaultdict(set)
        self._of_user: dict[int, list[list[tuple[int, int]]]] = defaultdict(list)
        self._without: int | None = None
        self._published: dict[int, tuple[Scored, Scored]] = {}

    @staticmethod
    def of(training: Log, floor: int) -> "Counts":
        """Count a log."""
        counts = Counts(floor, training.texts)
        for user, _, typed in typed_sessions(training):
            first = dict(reversed([(query, second) for second, query in typed]))
            once = sorted(first.items(), key=lambda each: (each[1], typed.index(each[::-1])))
            counts._of_user[user].append(once)
            counts._add(once, 1)
            for place, (query, _) in enumerate(once if len(once) <= MAX_QUERIES else ()):
                counts.people[query].add(user)
                for other, _ in once[place + 1 :]:
                    counts.pair_people[min(query, other)][max(query, other)].add(user)
                    counts.near[query].add(other)
                    counts.near[other].add(query)
        return counts

    def leave_out(self, user: int) -> None:
        """Forget what a user searched for, until another one is left out."""
        if user == self._without:
            return
        for once in self._of_user.get(-1 if self._without is None else self._without, ()):
            self._add(once, 1)
        for once in self._of_user.get(user, ()):
            self._add(once, -1)
        self._without = user
        self._published.clear()

    def _add(self, once: list[tuple[int, int]], times: int) -> None:
        if len(once) > MAX_QUERIES:
            return
        self.total += times
        for place, (query, second) in enumerate(once):
            self.sessions[query] += times
            for other, later in once[place + 1 :]:
                self.after[query][other] += times
                self.soon[query][other] += times * (later - second <= SOON_SECONDS)

    def both(self, query: int, other: int) -> int:
        """Sessions with both."""
        return self.after[query][other] + self.after[other][query]

    def published(self, query: int) -> tuple[Scored, Scored]:
        """What the result `related` says: related queries and corrections, by score."""
        if query not in self._published:
            self._published[query] = _published(self, query)
        return self._published[query]

    def enough(self, people: set[int]) -> bool:
        """Whether the floor is reached without the user who asks."""
        return len(people) - (self._without in people) >= self.floor

    def candidates(self, query: int) -> list[int]:
        """What enough people searched for in the same session."""
        return [
            other
            for other in self.near.get(query, ())
            if self.enough(self.pair_people[min(query, other)][max(query, other)])
        ]

    def significance(self, query: int, other: int) -> float:
        """Signed root of the log-likelihood ratio; see `related_searches.significance`."""
        k11 = self.both(query, other)
        k12, k21 = self.sessions[query] - k11, self.sessions[other] - k11
        k22 = self.total - k11 - k12 - k21
        table = np.array([k11 + k12, k21 + k22, k11 + k21, k12 + k22, k11, k12, k21, k22], float)
        terms = np.where(table > 0, table * np.log(np.maximum(table, 1.0)), 0.0)
        total = self.total * np.log(max(1, self.total))
        ratio = 2 * (total - terms[:4].sum() + terms[4:].sum())
        sign = -1 if k11 * (k21 + k22) < k21 * (k11 + k12) else 1
        return float(sign * np.sqrt(max(0.0, ratio)))


def typed_sessions(log: Log) -> Iterable[tuple[int, int, list[tuple[int, int]]]]:
    """Each session's user, first second, and its searches (second, query) in order."""
    order, number = sessions(log)
    starts = np.flatnonzero(np.diff(number, prepend=-1))
    user, second, query = log.user[order], log.second[order], log.query[order]
    for begin, end in zip(starts, [*starts[1:], len(order)], strict=True):
        typed = list(zip(second[begin:end].tolist(), query[begin:end].tolist(), strict=True))
        yield int(user[begin]), int(second[begin]), typed


#: What is offered beside a query, the first of them specific to it, and how many these are.
Offer = tuple[list[int], int]
Method = Callable[[Counts, int], Offer]


def ranked(score: Callable[[Counts, int, int], float]) -> Method:
    """A rival that orders what is in the same sessions by a score, of equals the commoner."""

    def offer(counts: Counts, query: int) -> Offer:
        found = counts.candidates(query)
        found.sort(key=lambda o: (-score(counts, query, o), -counts.sessions[o], counts.texts[o]))
        return found[:TOP], min(TOP, len(found))

    return offer


def co_occurrence(counts: Counts, query: int, other: int) -> float:
    """Sessions with both."""
    return float(counts.both(query, other))


def confidence(counts: Counts, query: int, other: int) -> float:
    """Share of the query's sessions that have the other (Agrawal and Srikant, VLDB 1994)."""
    return counts.both(query, other) / max(1, counts.sessions[query])


def pmi(counts: Counts, query: int, other: int) -> float:
    """Pointwise mutual information (Church and Hanks, Computational Linguistics 16, 1)."""
    both = counts.both(query, other) * counts.total
    apart = counts.sessions[query] * counts.sessions[other]
    return float(np.log(both / apart)) if both and apart else -np.inf


def npmi(counts: Counts, query: int, other: int) -> float:
    """PMI by its largest value (Bouma, GSCL 2009)."""
    both = counts.both(query, other)
    if both >= counts.total:
        return 1.0
    return pmi(counts, query, other) / -float(np.log(both / counts.total)) if both else -np.inf


def likelihood_ratio(counts: Counts, query: int, other: int) -> float:
    """Dunning's ratio, whichever way the pair differs from chance."""
    return counts.significance(query, other) ** 2


def signed_root(counts: Counts, query: int, other: int) -> float:
    """Its signed root, as in Mahout."""
    return counts.significance(query, other)


def query_flow(counts: Counts, query: int, other: int) -> float:
    """P(next | query) of the query-flow graph (Boldi and others, CIKM 2008)."""
    return counts.after[query][other] / max(1, counts.sessions[query])


class Popular:
    """The queries with the most sessions; fills a list up to ten."""

    def __init__(self, counts: Counts) -> None:
        """Rank them once; the user who asks is left out when asked."""
        common = [query for query, people in counts.people.items() if len(people) >= counts.floor]
        common.sort(key=lambda query: (-counts.sessions[query], counts.texts[query]))
        self._first = common[: 10 * TOP]

    def __call__(self, counts: Counts, query: int) -> Offer:
        """The ten most popular queries but the one asked."""
        near = [q for q in self._first if q != query and counts.enough(counts.people[q])]
        near.sort(key=lambda other: (-counts.sessions[other], counts.texts[other]))
        return near[:TOP], 0

    def filling(self, method: Method) -> Method:
        """A method with its list filled up."""

        def offer(counts: Counts, query: int) -> Offer:
            found, specific = method(counts, query)
            popular, _ = self(counts, query)
            return list(dict.fromkeys(found + popular))[:TOP], specific

        return offer


class Ours:
    """The twin of `pipeline.results.related_searches` and `silgeom.related`.

    Pairs are of the counts that are asked; words and popularity of those of completions, which may
    be of more days.
    """

    def __init__(self, completed: Counts, *, with_words: bool = True, use: Use = "next") -> None:
        """Learn the words of what enough people typed."""
        counts = self._completed = completed
        self._with_words, self._use = with_words, use
        self._popular = Popular(counts)
        groups: dict[str, list[int]] = defaultdict(list)
        for query in counts.people:
            groups[variant_key(counts.texts[query])].append(query)
        heaviest = [
            (sum(counts.sessions[each] for each in forms), _commonest(counts, forms), forms)
            for forms in groups.values()
            if len(set().union(*(counts.people[each] for each in forms))) >= counts.floor
        ]
        heaviest.sort(key=lambda group: (-group[0], counts.texts[group[1]]))
        self._places = [query for _, query, _ in heaviest]
        self._forms = [forms for _, _, forms in heaviest]
        self._place = {query: at for at, forms in enumerate(self._forms) for query in forms}
        self._usual = [weight for weight, _, _ in heaviest]
        self._weight = float(sum(self._usual)) or 1.0
        self._query = {text: query for query, text in enumerate(counts.texts)}
        self._vocabulary = Vocabulary.of(
            [counts.texts[query] for query in self._places], [float(w) for w in self._usual]
        )

    def __call__(self, counts: Counts, query: int) -> Offer:
        """Corrections, then the best of what is searched together, alike, and popular."""
        united = self.united(counts, query)
        offered = list(_different(counts, query, [other for _, other in united]))[:TOP]
        is_specific = {counts.texts[other] for kind, other in united if kind != "popular"}
        return offered, sum(counts.texts[other] in is_specific for other in offered)

    def united(self, counts: Counts, query: int) -> list[tuple[str, int]]:
        """All that may be offered, with its kind, the best first."""
        found, corrections = counts.published(query)
        together = [
            (score, int(other))
            for score, other in walked(
                [(score, str(other)) for score, other in found],
                lambda other: ((s, str(q)) for s, q in counts.published(int(other))[0]),
            )
        ]
        alike = self.alike(query) if self._with_words else []
        mixed = mixture(
            float(counts.sessions[query]),
            [(score, counts.texts[other]) for score, other in together],
            [(score, counts.texts[other]) for score, other in alike],
            None if self._use in LIFTS else self.popular(query),
        )
        if self._use in LIFTS:
            near = {other for _, other in together + alike}
            shares = {counts.texts[q]: self._share_of_forms(q) for q in near}
            mixed = lifted(mixed, shares, LIFTS[self._use])
        united = [("correction", other) for _, other in corrections]
        return united + [(kind, self._query[text]) for _, kind, text in mixed]

    def popular(self, query: int) -> list[tuple[float, str]]:
        """Share of all searches and text of what is popular, but for the query."""
        counts = self._completed
        found, _ = self._popular(counts, query)
        return [(counts.sessions[q] / self._weight, counts.texts[q]) for q in found]

    def _share_of_forms(self, query: int) -> float:
        """Share of all searches of the completion of a query; 0: it has none."""
        place = self._place.get(query)
        if place is None or not self._enough(place):
            return 0.0
        return sum(self._completed.sessions[form] for form in self._forms[place]) / self._weight

    def _enough(self, place: int) -> bool:
        people = (self._completed.people[query] for query in self._forms[place])
        return self._completed.enough(set().union(*people))

    def alike(self, query: int) -> Scored:
        """Completions that share words with a query, the likest first, and their likeness."""
        counts = self._completed
        near = self._vocabulary.alike(counts.texts[query], NEAREST)
        less = {
            place: float(self._usual[place] - sum(counts.sessions[q] for q in self._forms[place]))
            for _, place in near
        }
        again = self._vocabulary.alike(counts.texts[query], NEAREST, less)
        return [(score, self._places[place]) for score, place in again if self._enough(place)]


class Tool:
    """The twin of `silgeom.keyword_tool`: what is near one seed, of enough people of the days."""

    def __init__(self, completed: Counts) -> None:
        """Learn as `Ours` does."""
        self._ours = Ours(completed, use="near")

    def __call__(self, counts: Counts, query: int) -> Offer:
        """What is searched together or shares a word, then other spellings."""
        text = counts.texts[query]
        united = self._ours.united(counts, query)
        kinds = {other: kind for kind, other in reversed(united)}  # the first of each
        near = [
            other
            for other in _different(counts, query, [other for _, other in united])
            if is_near(text, kinds[other], counts.texts[other])
            and counts.enough(counts.people[other])
        ]
        offered = sorted(near, key=lambda other: kinds[other] == "correction")[:TOP]
        return offered, len(offered)


def _published(counts: Counts, query: int) -> tuple[Scored, Scored]:
    kinds: tuple[list[tuple[float, float, str, int]], ...] = ([], [])
    for other in counts.candidates(query):
        wrong = _wrong_one(counts, query, other)
        if wrong in (None, query):
            after = query_flow(counts, query, other)
            score = (confidence(counts, query, other) + after) / 2
            kinds[wrong == query].append((-score, -after, counts.texts[other], other))
    related, corrections = (_best(counts, query, kind) for kind in kinds)
    return related, corrections


def _best(counts: Counts, query: int, found: list[tuple[float, float, str, int]]) -> Scored:
    """The first of each variant. Significance decides between equals, and is dear."""

    def lightness(each: tuple[float, float, str, int]) -> tuple[float, str]:
        return -counts.significance(query, each[3]), each[2]

    best: dict[str, tuple[float, int]] = {}
    for _, equals in groupby(sorted(found), key=itemgetter(0, 1)):
        tied = list(equals)
        for score, _, text, other in sorted(tied, key=lightness) if len(tied) > 1 else tied:
            best.setdefault(variant_key(text), (-score, other))
        if len(best) >= TOP:
            break
    return list(best.values())[:TOP]


def _commonest(counts: Counts, forms: list[int]) -> int:
    return min(forms, key=lambda query: (-counts.sessions[query], counts.texts[query]))


def _different(counts: Counts, query: int, found: Iterable[int]) -> Iterable[int]:
    """Each query once, whatever its spacing, and not the one asked."""
    known = {keystrokes(counts.texts[query])}
    for other in found:
        keys = keystrokes(counts.texts[other])
        if keys not in known:
            known.add(keys)
            yield other


def _wrong_one(counts: Counts, one: int, other: int) -> int | None:
    """The one of two queries that the other corrects, if any; see `related_searches._named`."""
    texts = counts.texts
    rarer, commoner = sorted([one, other], key=lambda q: (counts.sessions[q], _reversed(texts[q])))
    left, right = variant_key(texts[one]), variant_key(texts[other])
    if left == right:
        return rarer
    corrected_soon = counts.soon[rarer][commoner]
    if corrected_soon < counts.both(one, other) / 2:
        return None
    few, many = counts.sessions[rarer], counts.sessions[commoner]
    is_plain = corrected_soon >= few / 2 and many >= SLIP_ODDS * few
    slips = slips_between(left, right)
    allowed = slips_allowed(left, right) + is_plain
    return rarer if slips is not None and slips <= allowed else None


def _reversed(text: str) -> tuple[int, ...]:
    """Sorts texts the other way round."""
    return (*(-ord(character) for character in text), 1)


def slips_between(left: str, right: str) -> int | None:
    """Keys between two queries, as typed or on the other keyboard; None: too many."""
    one, other = keystrokes(left), keystrokes(right)
    found = [
        keystroke_distance(a, b, len(SLIP_LENGTHS))
        for a, b in (
            (one, other),
            (other_keyboard_keystrokes(left), other),
            (one, other_keyboard_keystrokes(right)),
        )
    ]
    return min((slips for slips in found if slips is not None), default=None)


def slips_allowed(left: str, right: str) -> int:
    """So many keys may differ in a slip: of longer queries more."""
    keys = max(len(keystrokes(left)), len(keystrokes(right)))
    return sum(keys >= length for length in SLIP_LENGTHS)


def methods(counts: Counts, completed: Counts, all_days: Counts | None = None) -> dict[str, Method]:
    """Ours and all rivals, by name.

    Args:
        counts: what all of them are asked of: of the days that the job reads.
        completed: of the days that completions are made of.
        all_days: where the log has more days, the fair baseline is made of these, too.
    """
    popular = Popular(counts)
    count = ranked(co_occurrence)
    found: dict[str, Method] = {"count + popularity": popular.filling(count)}
    if all_days is not None:
        of_all = Popular(all_days).filling(count)
        found["count + popularity, all days"] = lambda _, query: of_all(all_days, query)
    return found | {
        "count": count,
        "confidence": ranked(confidence),
        "PMI": ranked(pmi),
        "NPMI": ranked(npmi),
        "LLR": ranked(likelihood_ratio),
        "signed root of LLR": ranked(signed_root),
        "query flow": ranked(query_flow),
        "query flow + popularity": popular.filling(ranked(query_flow)),
        "popularity": popular,
        "ours without words": Ours(completed, with_words=False),
        "ours, topic": Ours(completed, use="topic"),
        "ours": Ours(completed),
        "keyword tool": Tool(completed),
    }


def last_days(log: Log, days: int) -> Log:
    """The searches of the last days of a log."""
    return log.where(log.day > log.day.max() - days)


def questions(later: Log, most: int) -> list[tuple[int, int, int]]:
    """User, query and the next different one; of as many users as ask about `most`."""
    asked: dict[int, list[tuple[int, int, int]]] = defaultdict(list)
    for user, _, typed in typed_sessions(later):
        queries = [query for _, query in typed]
        for query, following in pairwise(queries):
            if keystrokes(later.texts[query]) != keystrokes(later.texts[following]):
                asked[user].append((user, query, following))
    users = sorted(asked)
    drawn: list[tuple[int, int, int]] = []
    for place in np.random.default_rng(len(users)).permutation(len(users)).tolist():
        if drawn and len(drawn) + len(asked[users[place]]) > most:
            break
        drawn += asked[users[place]]
    return drawn


def evaluate(
    parts: Split, *, floor: int = 2, most: int = 3000, only: Collection[str] = ()
) -> pd.DataFrame:
    """Ask every method the same questions.

    Args:
        parts: what is learnt from, and what is asked.
        floor: people who must have searched for both, the one who asks left out.
        most: questions at most; whole users are drawn.
        only: these methods, both counts among them; without any, all.

    Returns:
        A row a method: `method`; `mrr`, `hit1` and `hit10`, the share of questions whose next query
        is the first or among ten, with `_low` and `_high`, the 95 % interval over users;
        `times_mrr` and `times_hit10`, how many times the fair baseline's (`count + popularity`),
        with intervals; `rare_mrr` (with its interval) and `rare_hit10`, without the `MOST_TYPED`
        most typed queries as targets, and `times_rare`, how many times the `rare_mrr` of `count`;
        `coverage`, the share of questions with anything specific to the query; `slips`, the share
        of what is shown first to tenth, corrections that ours marks as such left out, that is
        few keys from the query; `diversity`, the share of different ones in all that is shown.
    """
    counts = Counts.of(last_days(parts.training, DAYS), floor)
    completed = all_days = counts
    if parts.training.day[0] <= parts.training.day[-1] - DAYS:
        completed = Counts.of(last_days(parts.training, autocomplete.DAYS), floor)
        all_days = Counts.of(parts.training, floor)
    of = methods(counts, completed, None if all_days is counts else all_days)
    of = {name: method for name, method in of.items() if not only or name in only}
    asked = questions(parts.later, most)
    typed = Counter(parts.training.query.tolist())
    common = {query for query, _ in typed.most_common(MOST_TYPED)}
    ranks: dict[str, list[int]] = {name: [] for name in of}
    covered: dict[str, int] = Counter()
    slips: dict[str, int] = Counter()
    shown: dict[str, Counter[int]] = defaultdict(Counter)
    for user, query, following in asked:
        for each in (counts, completed, all_days):
            each.leave_out(user)
        wanted = keystrokes(counts.texts[following])
        for name, method in of.items():
            found, specific = method(counts, query)
            keys = [keystrokes(counts.texts[other]) for other in found]
            ranks[name].append(keys.index(wanted) + 1 if wanted in keys else 0)
            covered[name] += specific > 0
            shown[name].update(found)
            marked = {o for _, o in counts.published(query)[1]} if isinstance(method, Ours) else ()
            slips[name] += sum(
                _is_slip(counts.texts[query], counts.texts[other])
                for other in found
                if other not in marked
            )
    weights = np.array([1.0] * len(asked))
    is_rare = np.array([following not in common for _, _, following in asked], dtype=np.float64)
    bootstrap = Bootstrap(np.array([user for user, _, _ in asked], dtype=np.int64))
    values = {name: _values(found) for name, found in ranks.items()}
    fair, count = values["count + popularity"], values["count"]
    rows = []
    for name, value in values.items():
        row: dict[str, str | float] = {"method": name}
        for measure in ("mrr", "hit1", "hit10"):
            figure = bootstrap.mean(value[measure], weights)
            row |= {
                measure: figure.value,
                f"{measure}_low": figure.low,
                f"{measure}_high": figure.high,
            }
        for measure in ("mrr", "hit10"):
            times = bootstrap.gain(value[measure], fair[measure], weights)
            row |= {
                f"times_{measure}": times.value,
                f"times_{measure}_low": times.low,
                f"times_{measure}_high": times.high,
            }
        entries = max(1, shown[name].total())
        rare = bootstrap.mean(value["mrr"], is_rare)
        times = bootstrap.gain(value["mrr"], count["mrr"], is_rare)
        row |= {
            "rare_mrr": rare.value,
            "rare_mrr_low": rare.low,
            "rare_mrr_high": rare.high,
            "times_rare": times.value,
            "times_rare_low": times.low,
            "times_rare_high": times.high,
            "rare_hit10": bootstrap.mean(value["hit10"], is_rare).value,
            "coverage": covered[name] / max(1, len(asked)),
            "slips": slips[name] / entries,
            "diversity": len(shown[name]) / entries,
        }
        rows.append(row)
    return pd.DataFrame(rows)


def told(measured: pd.DataFrame) -> str:
    """The figures as two tables, one for each use."""
    return "\n\n".join(
        f"{title}\n\n{text_table(measured[['method', *_with_intervals(measured, names)]])}"
        for title, names in (
            ("What is typed next", _NEXT),
            (f"What is about the same: without the {MOST_TYPED} most typed as targets", _TOPIC),
        )
    )


def _with_intervals(measured: pd.DataFrame, names: list[str]) -> list[str]:
    columns = [f"{name}{end}" for name in names for end in ("", "_low", "_high")]
    return [column for column in columns if column in measured]


def _values(ranks: list[int]) -> dict[str, Floats]:
    rank = np.array(ranks, dtype=np.float64)
    reciprocal = np.divide(1.0, rank, out=np.zeros(len(rank)), where=rank > 0)
    return {
        "mrr": reciprocal,
        "hit1": (rank == 1).astype(np.float64),
        "hit10": (rank > 0).astype(np.float64),
    }


def _is_slip(query: str, other: str) -> bool:
    left, right = variant_key(query), variant_key(other)
    slips = slips_between(left, right)
    return left == right or (slips is not None and slips <= slips_allowed(left, right))
