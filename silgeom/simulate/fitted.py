"""A log drawn from the histograms of another: `python -m silgeom.simulate DIRECTORY --like ROOT`.

People get a number of searches, cut into sessions, with gaps between the searches and an hour for
each session; then searches get queries, and queries texts. Every step draws from a histogram by
quotas, not by chance alone, so that small logs fit, too.
"""

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from silgeom.simulate.distributions import COUNT_EDGES, GAP_EDGES_USED, RANK_EDGES, SESSION_GAP
from silgeom.simulate.log import DAY, HEADER, opened
from silgeom.simulate.profile import Profile
from silgeom.simulate.queries import Ints
from silgeom.simulate.rhythm import Floats

Random = np.random.Generator
HOUR: Final = 3_600
_TRIES: Final = 40
_LARGER: Final = 1.05
_HEAD: Final = 10  # people of a query, from which on its rank tells how often it is repeated


def quotas(count: int, shares: Floats) -> Ints:
    """`count` things shared out by the largest remainders."""
    total = float(shares.sum())
    if count <= 0 or total <= 0:
        return np.zeros(len(shares), dtype=np.int64)
    exact = shares / total * count
    whole = np.floor(exact).astype(np.int64)
    order = np.argsort(whole - exact, kind="stable")
    whole[order[: count - int(whole.sum())]] += 1
    return whole


def _around(mean: float, lowest: int, beyond: int, count: int, random: Random) -> Ints:
    """Whole numbers of a bin [lowest, beyond), evenly spread around their mean."""
    width = max(0.0, min(mean - lowest, beyond - 1 - mean))
    values = mean + (2 * random.random(count) - 1) * width
    return np.clip(np.floor(values + random.random(count)).astype(np.int64), lowest, beyond - 1)


def _beyond(edges: Ints, place: int, end: int) -> int:
    return int(edges[place + 1]) if place + 1 < len(edges) else end


def _searches_of_users(profile: Profile, searches: int, random: Random) -> tuple[Ints, Ints]:
    """Number of searches of each person, and the bin that it is of."""
    shares, means = np.array(profile.user_shares), np.array(profile.user_means)
    counts = quotas(max(1, round(searches / float((shares * means).sum()))), shares)
    bins = np.repeat(np.arange(len(shares)), counts)
    values = [
        _around(means[b], int(COUNT_EDGES[b]), _beyond(COUNT_EDGES, b, 1 << 30), n, random)
        for b, n in enumerate(counts.tolist())
    ]
    return np.concatenate(values), bins


def _cut(total: Ints, shares: Floats, random: Random) -> list[list[int]]:
    """Each person's searches cut into sessions, whose lengths together follow the shares."""
    lowest = COUNT_EDGES.astype(np.float64)
    most = int(total.max())
    mean = float((shares * lowest).sum() / shares.sum()) if shares.sum() else 1.0
    left = np.zeros(most + 1, dtype=np.int64)  # how many sessions of each length are still to come
    for place, count in enumerate(quotas(round(float(total.sum()) / mean), shares).tolist()):
        low = int(COUNT_EDGES[place])
        if count and low <= most:
            beyond = min(most + 1, _beyond(COUNT_EDGES, place, most + 1))
            left += np.bincount(random.integers(low, beyond, count), minlength=most + 1)
    cut: list[list[int]] = []
    for number in total.tolist():
        lengths: list[int] = []
        rest = number
        while rest:
            upto = np.cumsum(left[: rest + 1])
            if not upto[-1]:
                lengths.append(rest)
                break
            length = int(np.searchsorted(upto, random.integers(1, upto[-1] + 1)))
            left[length] -= 1
            lengths.append(length)
            rest -= length
        cut.append([lengths[i] for i in random.permutation(len(lengths))])
    return cut


def _begins(durations: Ints, slots: Floats, random: Random) -> Ints:
    """Second of the log at which each session of one person begins: 30 minutes apart or more."""
    count = len(durations)
    room = np.maximum(1, HOUR - durations)
    for _ in range(_TRIES if count < len(slots) else 1):
        slot = np.searchsorted(slots, random.random(count), side="right")
        at = np.minimum(slot, len(slots) - 1) * HOUR + (random.random(count) * room).astype(int)
        order = np.argsort(at)
        ends = (at + durations)[order]
        if count == 1 or (at[order][1:] - ends[:-1] >= SESSION_GAP).all():
            return np.asarray(at, dtype=np.int64)
    first = int(np.searchsorted(slots, 0.0, side="right")) * HOUR
    last = (int(np.searchsorted(slots, slots[-1] - 1e-12)) + 1) * HOUR
    need = int(durations.sum()) + (count - 1) * SESSION_GAP
    slack = max(0, last - first - need - count)
    breaks = np.sort(random.random(count) * slack).astype(np.int64)
    before = np.concatenate([[0], np.cumsum(durations + SESSION_GAP)[:-1]])
    return np.asarray(first + before + breaks, dtype=np.int64)


def _timed(profile: Profile, searches: int, random: Random) -> tuple[Ints, Ints, Ints]:
    """Person, second of the log and number of the session of each search, in that order."""
    totals, bins = _searches_of_users(profile, searches, random)
    sessions: list[list[int]] = []
    for place, shares in enumerate(profile.session_shares):
        if (here := totals[bins == place]).size:
            sessions += _cut(here, np.array(shares), random)
    per_person = np.array([len(each) for each in sessions])
    lengths = np.array([length for each in sessions for length in each])
    gap_counts = quotas(int(lengths.sum()) - len(lengths), np.array(profile.gap_shares))
    gap = np.concatenate(
        [
            random.integers(low, _beyond(GAP_EDGES_USED, i, SESSION_GAP), n)
            for i, (low, n) in enumerate(zip(GAP_EDGES_USED, gap_counts.tolist(), strict=True))
        ]
    )
    random.shuffle(gap)
    session = np.repeat(np.arange(len(lengths)), lengths)
    opens = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    steps = np.zeros(len(session), dtype=np.int64)
    inside = np.ones(len(session), dtype=np.bool_)
    inside[opens] = False
    steps[inside] = np.resize(gap, int(inside.sum())) if len(gap) else 1
    run = np.cumsum(steps)
    since = run - run[opens][session]
    durations = since[opens + lengths - 1]
    chances = np.outer(profile.day_shares, profile.hour_shares).ravel()
    slots = np.cumsum(chances) / chances.sum()
    ends = np.cumsum(per_person)
    begins = np.concatenate(
        [
            _begins(durations[end - n : end], slots, random)
            for end, n in zip(ends.tolist(), per_person.tolist(), strict=True)
        ]
    )
    person = np.repeat(np.arange(len(per_person)), per_person)[session]
    second = np.minimum(begins[session] + since, profile.days * DAY - 1)
    order = np.lexsort((second, person))
    return person[order], second[order], session[order]


def _sources(profile: Profile, person: Ints, second: Ints, session: Ints, random: Random) -> Ints:
    """For each search the one whose query it repeats; itself where the query is a new one."""
    count = len(person)
    own = np.arange(count)
    first = np.zeros(count, dtype=np.int64)  # the person's first search
    starts = np.concatenate([[0], np.flatnonzero(np.diff(person)) + 1])
    first = np.repeat(starts, np.diff(np.append(starts, count)))
    inside = np.zeros(count, dtype=np.bool_)
    inside[1:] = session[1:] == session[:-1]
    chance = np.where(inside, profile.again_in_session, profile.again_later)
    again = (random.random(count) < chance) & (own > first)
    again[1:] &= np.diff(second) > 0  # the same in the same second would be no other search
    last = random.random(count) < profile.again_the_last
    earlier = first + (random.random(count) * (own - first)).astype(np.int64)
    source: Ints = np.where(again, np.where(last, own - 1, earlier), own)
    while (source[source] != source).any():
        source = source[source]
    return source


def _queries(profile: Profile, searches: int, times: Ints, random: Random) -> Ints:
    """Queries of the first searches of a person for a query, by how many people ask each.

    In a log larger than the original, what several people ask is asked by more of them, and what
    one person asks by one, still. Queries of many people get as many repetitions as their rank asks
    for.

    Args:
        profile: how many people ask a query, and how often the first ranks are asked.
        searches: of the log.
        times: how often each of these first searches is made, repetitions included.
        random: the source of chance.
    """
    count = len(times)
    shares, means = np.array(profile.people_shares), np.array(profile.people_means)
    larger = searches / profile.searches
    larger = larger if larger > _LARGER else 1.0
    numbers = quotas(max(1, round(count / larger / float((shares * means).sum()))), shares)
    people = np.concatenate(
        [
            np.rint(
                larger
                * _around(
                    means[b], int(COUNT_EDGES[b]), _beyond(COUNT_EDGES, b, 1 << 30), n, random
                )
            ).astype(np.int64)
            for b, n in enumerate(numbers.tolist())
            if b
        ]
    )
    people = np.sort(people[np.cumsum(people) <= count])[::-1]
    query = np.full(count, -1)
    heads = int((people >= _HEAD).sum())
    order = random.permutation(count)
    once, more = order[times[order] == 1].tolist(), order[times[order] > 1].tolist()
    for number, all_in_all in enumerate(_by_rank(profile, searches, heads)):
        repetitions = round(all_in_all) - int(people[number])
        for _ in range(int(people[number])):
            repeated = (more and repetitions > 0) or not once
            place = more.pop() if repeated else once.pop()
            repetitions -= int(times[place]) - 1
            query[place] = number
    others = np.flatnonzero(query < 0)
    random.shuffle(others)
    few = np.repeat(np.arange(heads, len(people)), people[heads:])
    alone = len(people) + np.arange(len(others) - len(few))
    query[others] = np.concatenate([few, alone])
    return query


def _by_rank(profile: Profile, searches: int, count: int) -> list[float]:
    """Searches of each of the first `count` ranks; 0 where the profile tells none."""
    wanted: list[float] = []
    for place, share in enumerate(profile.rank_shares):
        ranks = _beyond(RANK_EDGES, place, 1 << 31) - int(RANK_EDGES[place])
        wanted += [share * searches / ranks] * min(ranks, count - len(wanted))
    return wanted


def _lengths(profile: Profile, times: Ints, random: Random) -> Ints:
    """Characters of each query, so that the searches together follow the shares."""
    shares = np.array(profile.length_shares)
    left = quotas(int(times.sum()), shares).astype(np.float64)
    lengths = np.ones(len(times), dtype=np.int64)
    for often in np.unique(times)[::-1].tolist():
        those = np.flatnonzero(times == often)
        random.shuffle(those)
        room = np.where(left >= often, left, 0.0)
        counts = quotas(len(those), room if room.any() else shares)
        lengths[those] = np.repeat(np.arange(1, len(shares) + 1), counts)
        left = np.maximum(0.0, left - counts * often)
    return lengths


def _alphabets() -> tuple[str, str]:
    """Syllables no word begins with, but for those that Korean has; and ordinary ones."""
    used = set(
        "값삯섟넋몫앉얹많않끊찮잖괜닭밝맑흙칡읽늙긁굵붉젊삶닮굶옮곪짧넓얇밟떫엷핥훑읊잃앓끓꿇싫옳곯뚫없"
    )
    rare_ends = (3, 5, 6, 9, 10, 11, 12, 13, 14, 15, 18)  # two consonants
    rare = [chr(0xAC00 + 28 * i + end) for i in range(19 * 21) for end in rare_ends]
    plain = [chr(0xAC00 + 28 * i + end) for i in range(19 * 21) for end in (0, 4, 8)]
    return "".join(c for c in rare if c not in used), "".join(plain)


_FIRST, _OTHERS = _alphabets()


def text_of(length: int, number: int) -> str:
    """The query with that number among those of a length; all are different.

    It begins with a syllable that no Korean word has, so that nobody ever typed it.
    """
    number, first = divmod(number, len(_FIRST))
    letters = [_FIRST[first]]
    mixed = number * 2_654_435_761 + first
    for place in range(1, length):
        if number:
            number, letter = divmod(number, len(_OTHERS))
            letters.append(_OTHERS[letter])
        elif place % 4 == 3 and place + 1 < length:
            letters.append(" ")
        else:
            mixed = (mixed * 6_364_136_223_846_793_005 + 1_442_695_040_888_963_407) % 2**64
            letters.append(_OTHERS[(mixed >> 33) % len(_OTHERS)])
    return "".join(letters)


def _texts(lengths: Ints) -> list[str]:
    used: dict[int, int] = {}
    texts: list[str] = []
    for wanted in lengths.tolist():
        length = wanted
        # A length whose texts are all taken gives way to the next.
        while used.get(length, 0) >= len(_FIRST) * len(_OTHERS) ** min(3, length - 1):
            length += 1
        number = used.get(length, 0)
        used[length] = number + 1
        texts.append(text_of(length, number))
    return texts


def write_like(
    profile: Profile, directory: Path, *, searches: int, seed: int, start: date, zone: str
) -> int:
    """Write `logs/`, a file a day, and `profile.json`.

    The log is held in memory as columns, some 150 bytes a search.

    Args:
        profile: of the log to be like.
        directory: made if missing.
        searches: about how many.
        seed: the same seed gives the same log.
        start: the first day, in `zone`.
        zone: whose days and hours the profile tells.

    Returns:
        The number of lines.

    Raises:
        ValueError: fewer than 100 searches are asked for.
        OSError: the directory cannot be written.
    """
    if searches < 100 or seed < 0:
        raise ValueError(
            f"A log needs at least 100 searches and no negative seed: got {searches} and {seed}."
        )
    random = np.random.Generator(np.random.PCG64(seed))
    person, second, session = _timed(profile, searches, random)
    source = _sources(profile, person, second, session, random)
    fresh = source == np.arange(len(source))
    query = np.zeros(len(source), dtype=np.int64)
    often = np.bincount(source, minlength=len(source))[fresh]
    query[fresh] = _queries(profile, len(source), often, random)
    query = query[source]
    times = np.bincount(query)
    texts = _texts(_lengths(profile, times, random))

    logs = directory / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    (directory / "profile.json").write_text(profile.dumped(), encoding="utf-8")
    midnight = datetime.combine(start, datetime.min.time())
    ahead = f"{midnight.replace(tzinfo=ZoneInfo(zone)):%z}"
    offset = f"{ahead[:3]}:{ahead[3:]}"
    order = np.lexsort((person, second))
    days = np.searchsorted(second[order], np.arange(profile.days + 1) * DAY)
    for day in range(profile.days):
        these = order[days[day] : days[day + 1]]
        name = f"{start + timedelta(days=day)}.tsv.gz"
        times_of_day = np.datetime64(midnight, "s") + second[these]
        rows = zip(
            np.datetime_as_string(times_of_day).tolist(),
            person[these].tolist(),
            query[these].tolist(),
            strict=True,
        )
        with opened(logs / name, 1) as out:
            out.write(HEADER.encode())
            lines = (f"{at}{offset}\tlike{who:07d}\t{texts[what]}\t\t\n" for at, who, what in rows)
            out.write("".join(lines).encode())
    return len(order)
