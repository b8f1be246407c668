"""Completions of what was typed later, beside those of every standard order.

Each later query is typed again, key by key; every state of the box before the last key is a
question. Long queries ask more of them than short ones, so one state of each query, drawn at
random, is told apart: there each query counts once. A query counts as found whatever its spacing,
and its reciprocal rank is 0 below the tenth place. What a person typed before is taken out of all
counts before that person asks.
"""

import re
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from silgeom.complete import contexts
from silgeom.evaluate.intervals import Bootstrap
from silgeom.evaluate.log import Floats, Ints, Log, Split, asked, variant_key
from silgeom.hangul import keystrokes, other_keyboard_keystrokes, states_of_input, without_shift

TOP: Final = 10

#: The figures after so many keys are told apart: 1, 2, 3, 4 and 5, 6 to 8, 9 and more.
KEYS: Final = (1, 2, 3, 4, 6, 9, 1 << 20)
#: Draws the state of each query that is asked once.
SEED: Final = 20160701

#: As in `pipeline.results.completions`, whose twin `Ours` is.
SLIP_ODDS: Final = 10
MAX_PREFIX: Final = 20
MAX_ENDING: Final = 40
DAYS: Final = 84
HALF_LIFE_DAYS: Final = 60.0

#: English letters that the two-set keyboard would make whole syllables of.
_SYLLABLES_IN_LATIN: Final = re.compile(
    r"(?:[qwertasdfgzxcv][yuiophjklbnm]{1,2}[qwertasdfgzxcv]{0,2}[ 0-9]*)+\Z"
)

#: The weight of a day by its age; 0: it does not count.
ByAge = Callable[[Ints], Floats]


class State(NamedTuple):
    """What a box holds: its text, and the keys of it, without spaces but for one at the end."""

    text: str
    keys: str


def states(query: str) -> list[State]:
    """The states of the box on the way to a query, before its last key."""
    return [_state(text) for text in states_of_input(query)[:-1]]


@lru_cache(maxsize=1 << 16)
def _state(text: str) -> State:
    return State(text, keystrokes(text) + " " * text.endswith(" "))


def ever(ages: Ints) -> Floats:
    """Every day counts for one."""
    return np.ones(len(ages))


def last(days: int) -> ByAge:
    """The last days count (Whiting and Jose, WWW 2014: a sliding window)."""
    return lambda ages: (ages < days).astype(np.float64)


def halved(half_life_days: float) -> ByAge:
    """A day counts half in so many days; in millionths, as in the job."""
    return lambda ages: np.round(np.exp2(-ages / half_life_days) * 1e6) / 1e6


def forecast(ages: Ints) -> Floats:
    """What the next day will bring by level and trend (Holt), as weights of the days.

    Time-sensitive completion (Shokouhi and Radinsky, SIGIR 2012) ranks by such forecasts. They are
    linear in the days' counts, so each day has one weight: the forecast of a series of one single
    search on that day.
    """
    longest = int(ages.max(initial=0))
    level, trend = _HOLT
    weights = np.empty(longest + 1)
    height, slope = level, level * trend  # on the day of the search, after days of nothing
    for age in range(longest + 1):
        weights[age] = height + slope
        before, height = height, (1 - level) * (height + slope)
        slope = trend * (height - before) + (1 - trend) * slope
    return weights[ages]


_HOLT: Final = (0.3, 0.05)


class Index:
    """Texts by the prefixes of their keys, the heaviest first, with each user's share of them."""

    def __init__(
        self,
        shares: pd.DataFrame,
        texts: Mapping[int, str],
        *,
        floor: int,
        prefixes: Callable[[str], Iterable[str]],
        left_out: Callable[["Index"], set[int]] | None = None,
    ) -> None:
        """Rank items.

        Args:
            shares: `user`, `item`, `weight`: one row a user and item.
            texts: of the items.
            floor: people who must have typed an item.
            prefixes: by which a text is found.
            left_out: items that are no completions, seen from the others.
        """
        known = shares[shares["weight"] > 0]
        by_item = known.groupby("item")["weight"].agg(["sum", "size"])
        kept = by_item[by_item["size"] >= floor]
        self.floor = floor
        items = kept.index.tolist()
        self.weight: dict[int, float] = dict(zip(items, kept["sum"].tolist(), strict=True))
        self.people: dict[int, int] = dict(zip(items, kept["size"].tolist(), strict=True))
        self.text = {item: texts[item] for item in self.weight}
        self.keys = {item: keystrokes(text) for item, text in self.text.items()}
        for item in left_out(self) if left_out else ():
            del self.weight[item]
        self._of_keys: dict[str, list[int]] = defaultdict(list)
        for item in self.weight:
            self._of_keys[self.keys[item]].append(item)
        self._own: dict[int, dict[int, float]] = defaultdict(dict)
        for user, item, weight in known.itertuples(index=False):
            if item in self.weight:
                self._own[user][item] = weight
        self._at: dict[str, list[int]] = defaultdict(list)
        best_first = sorted(self.weight, key=lambda item: self._order(item, 0.0, 0))
        for item in best_first:
            for prefix in prefixes(self.text[item]):
                self._at[prefix].append(item)

    @property
    def rows(self) -> int:
        """Rows of the result: at most `TOP` a prefix."""
        return sum(min(TOP, len(items)) for items in self._at.values())

    @property
    def size(self) -> int:
        """Bytes of these rows as text: prefix, completion and a figure."""
        return sum(
            len(prefix.encode()) + len(self.text[item].encode()) + 8
            for prefix, items in self._at.items()
            for item in items[:TOP]
        )

    def top(self, prefix: str, user: int) -> list[tuple[float, int]]:
        """The ten heaviest items of a prefix and their weights, without what the user typed."""
        items = self._items(prefix)
        own = self._own.get(user, {})
        # What others typed keeps its weight, so nothing from further below can come up.
        near = items[: TOP + len(own)]
        if not any(item in own for item in near):
            return [(self.weight[item], item) for item in near[:TOP]]
        left = [
            (self._order(item, own.get(item, 0.0), int(item in own)), item)
            for item in near
            if self.people[item] - (item in own) >= self.floor
        ]
        return [(-order[0], item) for order, item in sorted(left)[:TOP] if order[0] < 0]

    def has(self, keys: str, user: int) -> bool:
        """Whether enough people but the user typed an item of these keys."""
        own = self._own.get(user, {})
        items = self._of_keys.get(keys, ())
        return any(self.people[item] - (item in own) >= self.floor for item in items)

    def _items(self, prefix: str) -> list[int]:
        if prefix in self._at or len(prefix) <= MAX_PREFIX:
            return self._at.get(prefix, [])
        typed = prefix.rstrip(" ")
        near = self._at.get(typed[:MAX_PREFIX], [])
        return [item for item in near if self.keys[item].startswith(typed)]

    def _order(self, item: int, own_weight: float, own_people: int) -> tuple[float, int, str]:
        weight = round(self.weight[item] - own_weight, 6)
        return (-weight, own_people - self.people[item], self.text[item])


class Box(ABC):
    """A way to complete: a row of the table."""

    indices: tuple[Index, ...]

    @abstractmethod
    def ask(self, state: State, user: int) -> list[str]:
        """The keys of at most ten completions."""

    @property
    def rows(self) -> int:
        """Rows of the result."""
        return sum(index.rows for index in self.indices)

    @property
    def size(self) -> int:
        """Bytes of the result, before any compression."""
        return sum(index.size for index in self.indices)

    def possible(self, query: str, states: Iterable[State], user: int) -> list[bool]:
        """Whether the query could be shown in each state, were it first in every list it is in."""
        return [any(index.has(keystrokes(query), user) for index in self.indices) for _ in states]


class Standard(Box):
    """Most popular completion (Bar-Yossef and Kraus, WWW 2011), counted in one way or another."""

    def __init__(
        self, training: Log, floor: int, *, count: str, by_age: ByAge, plain: bool
    ) -> None:
        """Count `hits`, `people` or `days` of people; `plain`: by text, not by keystrokes."""
        self._plain = plain
        shares = _shares(training, count=count, by_age=by_age)
        self._index = Index(
            shares,
            dict(enumerate(training.texts)),
            floor=floor,
            prefixes=_text_prefixes if plain else _key_prefixes,
        )
        self.indices = (self._index,)

    def ask(self, state: State, user: int) -> list[str]:
        """See `Box`."""
        typed = state.text if self._plain else state.keys.rstrip(" ")
        found = [self._index.keys[item] for _, item in self._index.top(typed, user)]
        return list(dict.fromkeys(found))


class Ours(Box):
    """The twin of `pipeline.results.completions` and `silgeom.complete`, for keys typed as meant.

    It has no initials and no other keyboard: nobody types a query on the way to itself so.
    """

    def __init__(
        self,
        training: Log,
        floor: int,
        *,
        days_read: int = DAYS,
        half_life_days: float = HALF_LIFE_DAYS,
        with_tails: bool = True,
    ) -> None:
        """Learn from the last days of a log, as of the last of them, as the job does."""
        self._with_tails = with_tails
        read = training.where(training.day > training.day.max(initial=0) - days_read)
        days = _shares(read, count="days", by_age=halved(half_life_days))
        shown, form_of = _merged_variants(days, training.texts)
        whole = days.assign(item=days["item"].map(form_of))
        self._whole = Index(
            _summed(whole), shown, floor=floor, prefixes=_word_key_prefixes, left_out=_slips
        )
        ending_of = pd.DataFrame(
            [(item, each) for item in form_of for each in endings(training.texts[item])],
            columns=["item", "ending"],
        )
        number, texts = pd.factorize(ending_of["ending"])
        of_item = days.merge(ending_of.assign(number=number), on="item")
        self._tails = Index(
            _summed(of_item.drop(columns="item").rename(columns={"number": "item"})),
            dict(enumerate(map(str, texts))),
            floor=floor,
            prefixes=_word_key_prefixes,
        )
        self.indices = (self._whole, self._tails) if with_tails else (self._whole,)

    def ask(self, state: State, user: int) -> list[str]:
        """See `Box`."""
        found = self._exact(state.keys, user)
        if len(found) >= TOP or not self._with_tails:
            return found[:TOP]
        united = dict.fromkeys(found)
        typed = state.keys.rstrip(" ")
        for head, rest in contexts(state.text.rstrip(" ")):
            keys = keystrokes(rest) + " " * state.keys.endswith(" ")
            indices = (self._tails, self._whole) if head.endswith(" ") else (self._tails,)
            meant = [
                (-w, index.text[i], index.keys[i])
                for index in indices
                for w, i in index.top(keys, user)
            ]
            for _, _, ending in sorted(meant):
                if keystrokes(head) + ending != typed:
                    united.setdefault(keystrokes(head) + ending)
            if len(united) >= TOP:
                break
        return list(united)[:TOP]

    def shares(self, keys: str, user: int) -> dict[str, float]:
        """By keys, the share of all weight of the whole queries that are shown for some keys."""
        total = sum(self._whole.weight.values()) or 1.0
        return {
            self._whole.keys[item]: weight / total
            for typed in (keys, keys.rstrip(" "))
            for weight, item in self._whole.top(typed, user)
        }

    def possible(self, query: str, states: Iterable[State], user: int) -> list[bool]:
        """See `Box`: as a whole, or its last words."""
        wanted = keystrokes(query)
        if self._whole.has(wanted, user) or not self._with_tails:
            return [self._whole.has(wanted, user) for _ in states]

        def is_ending(head: str) -> bool:
            rest = wanted[len(keystrokes(head)) :]
            after_space = head.endswith(" ") and self._whole.has(rest, user)
            return after_space or self._tails.has(rest, user)

        return [
            any(is_ending(head) for head, _ in contexts(state.text.rstrip(" "))) for state in states
        ]

    def _exact(self, keys: str, user: int) -> list[str]:
        found: dict[str, None] = {}
        for typed in (keys, keys.rstrip(" ")) if keys.endswith(" ") else (keys,):
            if len(found) < TOP:
                found |= {self._whole.keys[item]: None for _, item in self._whole.top(typed, user)}
        found.pop(keys.rstrip(" "), None)  # what the box holds already
        return list(found)


def endings(query: str) -> list[str]:
    """What may end other queries too; see `pipeline.language.queries.endings`."""
    found: dict[str, None] = {}
    for place in range(max(1, len(query) - MAX_ENDING), len(query) - 1):
        begin, follows_space = query[place], query[place - 1] == " "
        if begin == " ":
            found[query[place + 1 :]] = None
        elif not follows_space and (begin == "." or "一" <= begin <= "鿿"):
            found[query[place:]] = None
    return list(found)


def _text_prefixes(text: str) -> list[str]:
    return [text[:length] for length in range(1, min(len(text), MAX_PREFIX) + 1)]


def _key_prefixes(text: str) -> list[str]:
    return _text_prefixes(keystrokes(text))


def _word_key_prefixes(text: str) -> list[str]:
    """Prefixes of the keys, and those with a space at their end, after which a word begins."""
    words = text.split(" ")
    so_far = [keystrokes("".join(words[:count])) for count in range(1, len(words))]
    return _key_prefixes(text) + [f"{keys} " for keys in so_far if len(keys) <= MAX_PREFIX]


def _shares(training: Log, *, count: str, by_age: ByAge) -> pd.DataFrame:
    """What each user gave to each query: `user`, `item` (a query), `weight`."""
    frame = pd.DataFrame({"user": training.user, "item": training.query, "day": training.day})
    rows = frame if count == "hits" else frame.drop_duplicates()
    as_of = int(training.day.max(initial=0))
    weighed = rows.assign(weight=by_age(as_of - rows["day"].to_numpy())).drop(columns="day")
    summed = _summed(weighed)
    if count == "people":
        summed["weight"] = (summed["weight"] > 0).astype(np.float64)
    return summed


def _summed(shares: pd.DataFrame) -> pd.DataFrame:
    return shares.groupby(["user", "item"], as_index=False).agg({"weight": "sum"})


def _merged_variants(days: pd.DataFrame, texts: list[str]) -> tuple[dict[int, str], dict[int, int]]:
    """The heaviest form of each group of variants: its text, and which one it is of each form."""
    summed = days.groupby("item")["weight"].sum().round(6)
    weight: dict[int, float] = dict(zip(summed.index.tolist(), summed.tolist(), strict=True))
    groups: dict[str, list[int]] = defaultdict(list)
    for item in weight:
        groups[variant_key(texts[item])].append(item)
    form_of: dict[int, int] = {}
    for forms in groups.values():
        heaviest = min(forms, key=lambda item: (-weight[item], texts[item]))
        form_of |= dict.fromkeys(forms, heaviest)
    return {item: texts[item] for item in set(form_of.values())}, form_of


def _slips(index: Index) -> set[int]:
    """What is plainly a slip of another one; see `completions._without_slips`."""
    heaviest: dict[str, float] = defaultdict(float)
    for item, keys in index.keys.items():
        meant = without_shift(keys)
        heaviest[meant] = max(heaviest[meant], index.weight[item])
    return {
        item
        for item, text in index.text.items()
        if any(
            heaviest.get(without_shift(meant), 0.0) >= SLIP_ODDS * index.weight[item]
            for meant in _keys_meant(text, index.keys[item])
        )
    }


def _keys_meant(query: str, keys: str) -> list[str]:
    """What may have been meant by a query of a suspicious shape."""
    has_jamo = any("ㄱ" <= character <= "ㅣ" for character in query)
    if has_jamo and any("가" <= character <= "힣" for character in query):
        places = range(len(keys))
        less = [keys[:place] + keys[place + 1 :] for place in places]
        swapped = [
            keys[:place] + keys[place + 1 : place + 2] + keys[place] + keys[place + 2 :]
            for place in places
        ]
        return [keys, *less, *swapped, other_keyboard_keystrokes(keys)]
    if has_jamo or _SYLLABLES_IN_LATIN.match(query):
        return [other_keyboard_keystrokes(keys)]
    return []


def boxes(training: Log, floor: int) -> dict[str, Box]:
    """Ours and all rivals, by name; the rivals are those that do not begin with ours."""

    def standard(count: str, by_age: ByAge = ever, *, plain: bool = False) -> Standard:
        return Standard(training, floor, count=count, by_age=by_age, plain=plain)

    return {
        "hits": standard("hits"),
        "people": standard("people"),
        "people-days": standard("days"),
        "people-days, by text": standard("days", plain=True),
        **{
            f"people-days, last {days} day{'s' * (days > 1)}": standard("days", last(days))
            for days in (1, 2, 4, 7)
        },
        **{
            f"people-days, half-life {days} days": standard("days", halved(days))
            for days in (3, 7, 30)
        },
        "people-days, forecast": standard("days", forecast),
        "ours without tails": Ours(training, floor, with_tails=False),
        "ours": Ours(training, floor),
    }


def evaluate(parts: Split, *, floor: int = 2, most: int = 3000) -> pd.DataFrame:
    """Ask every box the same questions.

    Args:
        parts: what is learnt from, and what is asked.
        floor: people who must have typed what is shown, the one who asks left out.
        most: different queries of users that are asked at most; whole users are drawn.

    Returns:
        A row a method: `method`; `mrr`, and `mrr_low` and `mrr_high`, its 95 % interval over users;
        `times`, how many times the best rival's, with its interval (`times_low`, `times_high`);
        `seen` and `unseen`, the MRR of queries that somebody else typed before, or nobody;
        `answered`, where the best rival shows anything; `saved`, the share of keys that need not
        be pressed if a query is picked (one key) as soon as it is shown, with its interval; `rows`
        and `bytes` per query that passes the floor; `at_most`, the MRR if whatever passes the floor
        were always first; `one`, the MRR of one random state of each query a user typed, however
        often, with its interval, and `times_one`, how many times that of the best rival; `key_1` …,
        the MRR after so many keys.
    """
    questions = asked(parts.later, most)
    of = boxes(parts.training, floor)
    user, weight, is_seen, key_weight = [], [], [], []
    key: list[int] = []
    is_drawn: list[bool] = []
    random = np.random.default_rng(SEED)
    ranks: dict[str, list[float]] = {name: [] for name in of}
    has_answer: dict[str, list[bool]] = {name: [] for name in of}
    saved: dict[str, list[float]] = {name: [] for name in of}
    possible: dict[str, list[bool]] = {name: [] for name in of}
    typed_by = _people_by_keys(parts.training)
    for who, query, times in questions.itertuples(index=False):
        text = parts.later.texts[query]
        wanted = keystrokes(text)
        before = states(text)
        user += [who] * len(before)
        weight += [times] * len(before)
        is_seen += [bool(typed_by.get(wanted, set()) - {who})] * len(before)
        key_weight.append(times)
        key += range(1, len(before) + 1)
        one = int(random.integers(0, max(1, len(before))))
        is_drawn += [place == one for place in range(len(before))]
        for name, box in of.items():
            first = len(before)
            possible[name] += box.possible(text, before, who)
            for place, state in enumerate(before):
                found = box.ask(state, who)
                has_answer[name].append(bool(found))
                rank = found.index(wanted) + 1 if wanted in found else 0
                ranks[name].append(1 / rank if rank else 0.0)
                first = min(first, place if rank else first)
            keys = len(before) + 1
            saved[name].append(max(0, keys - first - 2) / keys if before else 0.0)
    return _table(
        of,
        _Asked(
            np.array(user, np.int64),
            np.array(weight, float),
            np.array(is_seen, bool),
            np.array(key, np.int64),
            np.array(is_drawn, bool),
        ),
        {name: np.array(each) for name, each in ranks.items()},
        {name: np.array(each) for name, each in has_answer.items()},
        (questions["user"].to_numpy(), np.array(key_weight, float)),
        {name: np.array(each) for name, each in saved.items()},
        {name: np.array(each, float) for name, each in possible.items()},
        max(1, int((_people(parts.training) >= floor).sum())),
    )


def pushed(log: Log, attacks: Iterable[tuple[str, str]], *, floor: int) -> pd.DataFrame:
    """How soon the query of each attack on a simulated log is shown to whoever types it.

    Args:
        log: all of it is learnt from.
        attacks: kind and query.
        floor: people who must have typed what is shown.

    Returns:
        A row a method: `method`, and a column for each kind of attack with the fewest keys after
        which one of its queries is among the ten completions; –: it never is.
    """
    of: dict[str, Box] = {
        "hits, k = 1": Standard(log, 1, count="hits", by_age=ever, plain=False),
        "hits": Standard(log, floor, count="hits", by_age=ever, plain=False),
        "people-days": Standard(log, floor, count="days", by_age=ever, plain=False),
        "ours without tails": Ours(log, floor, with_tails=False),
        "ours": Ours(log, floor),
    }
    rows = []
    for name, box in of.items():
        fewest: dict[str, int] = {}
        for kind, query in attacks:
            wanted, nobody = keystrokes(query), -1
            keys = (
                n for n, state in enumerate(states(query), 1) if wanted in box.ask(state, nobody)
            )
            fewest[kind] = min(fewest.get(kind, NEVER), next(keys, NEVER))
        shown = {kind: "–" if keys == NEVER else str(keys) for kind, keys in fewest.items()}
        rows.append({"method": name, **shown})
    return pd.DataFrame(rows)


#: More keys than a query has.
NEVER: Final = 1 << 20

#: No user of any log.
NOBODY: Final = -1


class _Asked(NamedTuple):
    user: Ints
    weight: Floats
    is_seen: npt.NDArray[np.bool_]
    key: Ints
    is_drawn: npt.NDArray[np.bool_]


def _table(
    of: Mapping[str, Box],
    asked_: _Asked,
    ranks: Mapping[str, Floats],
    has_answer: Mapping[str, npt.NDArray[np.bool_]],
    queries: tuple[Ints, Floats],
    saved: Mapping[str, Floats],
    possible: Mapping[str, Floats],
    published: int,
) -> pd.DataFrame:
    weight = asked_.weight
    rivals = [name for name in of if not name.startswith("ours")]
    best = max(rivals, key=lambda name: float(ranks[name] @ weight))
    once = asked_.is_drawn.astype(np.float64)
    best_once = max(rivals, key=lambda name: float(ranks[name] @ once))
    by_question, by_query = Bootstrap(asked_.user), Bootstrap(queries[0])
    rows = []
    for name, box in of.items():
        mrr = by_question.mean(ranks[name], weight)
        times = by_question.gain(ranks[name], ranks[best], weight)
        keys = by_query.mean(saved[name], queries[1])
        one = by_question.mean(ranks[name], once)
        times_one = by_question.gain(ranks[name], ranks[best_once], once)

        def mean_of(chosen: npt.NDArray[np.bool_], name: str = name) -> float:
            return by_question.mean(ranks[name], weight * chosen).value

        rows.append(
            {
                "method": name,
                **{"mrr": mrr.value, "mrr_low": mrr.low, "mrr_high": mrr.high},
                **{"times": times.value, "times_low": times.low, "times_high": times.high},
                "seen": mean_of(asked_.is_seen),
                "unseen": mean_of(~asked_.is_seen),
                "answered": mean_of(has_answer[best]),
                "at_most": by_question.mean(possible[name], weight).value,
                **{"saved": keys.value, "saved_low": keys.low, "saved_high": keys.high},
                "rows": box.rows / published,
                "bytes": box.size / published,
                **{"one": one.value, "one_low": one.low, "one_high": one.high},
                "times_one": times_one.value,
                **{"times_one_low": times_one.low, "times_one_high": times_one.high},
                **{
                    f"key_{least}": mean_of((asked_.key >= least) & (asked_.key < after))
                    for least, after in pairwise(KEYS)
                },
            }
        )
    return pd.DataFrame(rows)


def _people(training: Log) -> Ints:
    """The different people of each query that anybody typed."""
    pairs = pd.DataFrame({"user": training.user, "query": training.query}).drop_duplicates()
    return np.bincount(pairs["query"].to_numpy())


def _people_by_keys(training: Log) -> dict[str, set[int]]:
    people: dict[str, set[int]] = defaultdict(set)
    pairs = pd.DataFrame({"user": training.user, "query": training.query}).drop_duplicates()
    for user, query in pairs.itertuples(index=False):
        people[keystrokes(training.texts[query])].add(user)
    return people
