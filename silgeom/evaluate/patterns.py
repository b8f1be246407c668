"""Are habits told by their names? Are habits alone called news? And is what changed found?

    python -m silgeom.evaluate.patterns

Counts of days and hours are drawn at once, with what is known about each query: Poisson's law
around a habit, whose level varies from day to day. What is measured is what runs: the kernels of
the job (`search_patterns`, `week_changes`) on these counts.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

import numpy as np
import polars as pl

from pipeline.results.search_patterns import Calendar, patterns
from pipeline.results.week_changes import CHANGES_TOLD, week_changes
from silgeom.commands import ArgumentParser, command, say, whole
from silgeom.evaluate.trend_counts import FLOOR, Floats
from silgeom.simulate.parameters import Parameters
from silgeom.simulate.rhythm import hour_shares
from silgeom.tables import table

DAY: Final = 24
WEEK: Final = 7
ZONE: Final = "Asia/Seoul"
START: Final = date(2026, 3, 2)
#: People of a query in the whole period, drawn evenly on a logarithmic scale.
PEOPLE: Final = (60.0, 3000.0)
#: The level of a query varies by so much from day to day.
NOISE: Final = 0.15
#: So many people of a habit come outside it.
ASTRAY: Final = (0.05, 0.3)
#: What is planted, and the `pattern` that tells it.
KINDS: Final = {
    "steady": "steady",
    "daily": "daily",
    "weekdays": "weekdays",
    "weekends": "weekends",
    "weekly": "weekly",
    "monthly": "monthly",
    "one-off": "burst",
    "growing": "growing",
    "fading": "fading",
}
#: Days without which a kind cannot be told from others.
NEEDS: Final = {"weekly": 2 * WEEK, "monthly": 62}


@dataclass(frozen=True)
class Drawn:
    """Counts of queries of known habits.

    Attributes:
        kinds: of each query, one of `KINDS`.
        people: (queries, days, hours).
        shares: of the log's traffic, (days, hours); sums to one.
    """

    kinds: list[str]
    people: Floats
    shares: Floats


def drawn(seed: int, days: int, each: int, kinds: Sequence[str]) -> Drawn:
    """Draw `each` queries of each kind."""
    random = np.random.default_rng(seed)
    shares = hour_shares(Parameters(days=days, start=START)).reshape(days, DAY)
    rows, names = [], []
    for kind in kinds:
        for _ in range(each):
            total = float(np.exp(random.uniform(*np.log(PEOPLE))))
            habit = _habit(kind, shares, random)
            habit = habit / habit.sum()
            if kind not in ("steady", "growing", "fading"):
                astray = random.uniform(*ASTRAY)
                habit = (1 - astray) * habit + astray * shares
            level = random.gamma(NOISE**-2, NOISE**2, days)[:, None]
            rows.append(random.poisson(habit * level * total))
            names.append(kind)
    return Drawn(names, np.array(rows, dtype=np.float64), shares)


def _habit(kind: str, shares: Floats, random: np.random.Generator) -> Floats:
    """What is expected by day and hour, up to a factor."""
    found: Floats
    days = len(shares)
    weekday = np.array([(START + timedelta(days=day)).weekday() for day in range(days)])
    hours = np.zeros((days, DAY))
    peak, length = int(random.integers(6, DAY)), int(random.integers(1, 4))
    hours[:, (peak + np.arange(length)) % DAY] = 1.0
    match kind:
        case "daily":
            return hours
        case "weekdays" | "weekends":
            is_in = (weekday < 5) == (kind == "weekdays")
            found = (hours if random.random() < 0.5 else shares) * is_in[:, None]
            return found
        case "weekly":
            found = hours * (weekday == random.integers(0, WEEK))[:, None]
            return found
        case "monthly":
            # Three times: nobody can tell of two.
            of_month = np.array([(START + timedelta(days=day)).day for day in range(days)])
            often = np.flatnonzero(np.bincount(of_month, minlength=32) >= 3)
            found = shares * (of_month == random.choice(often))[:, None]
            return found
        case "one-off":
            found = np.zeros((days, DAY))
            began = int(random.integers(0, days * DAY - DAY))
            lasts = int(random.integers(2, 36))
            flat = 0.5 ** (np.arange(days * DAY - began) / (lasts / 2))
            found.ravel()[began:] = flat
            return found
        case "growing" | "fading":
            factor = np.log(random.uniform(4, 12)) * (1 if kind == "growing" else -1)
            grown: Floats = shares * np.exp(factor * np.arange(days) / days)[:, None]
            return grown
        case _:
            return shares


def patterns_told(found: Drawn) -> pl.Series:
    """The `pattern` of each query."""
    days = len(found.shares)
    ordinals = START.toordinal() + np.arange(days)
    key, day, clock = np.nonzero(found.people)
    by_hour = pl.DataFrame(
        {
            "key": key,
            "day": ordinals[day],
            "clock": clock,
            "people": found.people[key, day, clock].astype(np.int64),
        }
    )
    by_day = by_hour.group_by("key", "day").agg(pl.col("people").sum())
    traffic = found.shares.sum(axis=1)
    calendar = Calendar(
        tuple(START + timedelta(days=each) for each in range(days)),
        traffic * 1e6,
        found.shares / traffic[:, None],
    )
    people = pl.DataFrame(
        {
            "key": np.arange(len(found.people)),
            "searchers": found.people.sum(axis=(1, 2)).astype(np.int64),
        }
    )
    recent = by_hour.filter(pl.col("day") >= ordinals[-28:][0])
    return patterns(people, by_day, recent, calendar, FLOOR)["pattern"]


def classified(seed: int, days: int, each: int) -> list[dict[str, object]]:
    """How many of each planted habit are told by their name, as rows of a table."""
    kinds = [kind for kind in KINDS if days >= NEEDS.get(kind, 0)]
    found = drawn(seed, days, each, kinds)
    told = patterns_told(found)
    names = pl.Series(found.kinds)
    rows: list[dict[str, object]] = []
    for kind in kinds:
        of_kind = told.filter(names == kind)
        right = int((of_kind == KINDS[kind]).sum())
        others = of_kind.filter(of_kind.is_null() | (of_kind != KINDS[kind]))
        wrong = others.fill_null("none").value_counts(sort=True)
        rows.append(
            {
                "planted": kind,
                "days": days,
                "queries": len(of_kind),
                "right": f"{right / len(of_kind):.3f}",
                "told instead": ", ".join(f"{name} {count}" for name, count in wrong.iter_rows()),
            }
        )
    return rows


def false_news(seed: int, days: int, queries: int) -> dict[str, object]:
    """Changes that are told of a log with nothing but habits, as a row of a table.

    Beside them what a ratio would call rising: twice as many people as in the week before.
    """
    found = _habits(seed, days, queries)
    told = changes_told(found.people.sum(axis=2), seed)
    changes = dict(told["change"].value_counts().iter_rows())
    weeks = found.people.sum(axis=2).reshape(len(found.kinds), -1, WEEK).sum(axis=2)
    now, before = weeks[:, -1], weeks[:, -2]
    doubled = int(((now >= FLOOR) & (now >= 2 * before)).sum())
    news = changes.get("new", 0) + changes.get("rising", 0)
    return {
        "days": days,
        "queries": len(found.kinds),
        **{name: changes.get(name, 0) for name in CHANGES_TOLD},
        "new or rising": f"{news / len(found.kinds):.4f}",
        "twice as many": f"{doubled / len(found.kinds):.4f}",
    }


def news_found(seed: int, days: int, queries: int) -> list[dict[str, object]]:
    """How much of what truly changed is told, by the people of the larger week, as rows."""
    random = np.random.default_rng(seed)
    of_day = _habits(seed, days, queries).people.sum(axis=2)
    sizes = np.repeat([10, 20, 50, 200], queries // 40)
    planted = ("new", "rising", "falling", "lost")
    rows = []
    for kind in planted:
        # What rises or falls has a third in all other weeks.
        other = 0.0 if kind in ("new", "lost") else 1 / 3
        expected = np.repeat(sizes[:, None] / WEEK, days, axis=1)
        last = np.arange(days) >= days - WEEK
        expected[:, ~last if kind in ("new", "rising") else last] *= other
        rows.append(random.poisson(expected))
    told = changes_told(np.concatenate([of_day, *rows]).astype(np.float64), seed)
    change = dict(told.select("query", "change").iter_rows())
    found = []
    for number, kind in enumerate(planted):
        first = len(of_day) + number * len(sizes)
        right = np.array([change.get(str(first + each)) == kind for each in range(len(sizes))])
        found.append(
            {
                "planted": kind,
                "days": days,
                **{
                    f"{size} people": f"{right[sizes == size].mean():.3f}"
                    for size in np.unique(sizes)
                },
            }
        )
    return found


def _habits(seed: int, days: int, queries: int) -> Drawn:
    kinds = ["steady", "daily", "weekdays", "weekends", "weekly", "monthly"]
    kinds = [kind for kind in kinds if days >= NEEDS.get(kind, 0)]
    return drawn(seed, days, queries // len(kinds), kinds)


def changes_told(of_day: Floats, seed: int) -> pl.DataFrame:
    """`CHANGES` of people by query and day; each person comes once."""
    random = np.random.default_rng(seed)
    days = of_day.shape[1]
    key, day = np.nonzero(of_day)
    people = of_day[key, day].astype(np.int64)
    dates = pl.Series([(START + timedelta(days=each)).isoformat() for each in range(days)])
    daily = pl.DataFrame(
        {
            "dt": dates.gather(day),
            "query_id": key,
            "query": pl.Series(key).cast(pl.String),
            "surface": pl.Series(key).cast(pl.String),
            "variant_id": key,
            "searchers": people,
            "searchers_sketch": [
                np.sort(random.integers(-(2**63), 2**63 - 1, min(number, 1024)))
                for number in people.tolist()
            ],
        }
    )
    hour = datetime(2026, 3, 2, 14) + timedelta(days=days - 1)  # eleven in the evening in Seoul
    hourly = pl.DataFrame(
        {"hour": [hour], "query_id": [0], "searchers": [1]},
        schema={"hour": pl.Datetime("us"), "query_id": pl.Int64, "searchers": pl.Int64},
    ).with_columns(pl.col("hour").dt.replace_time_zone("UTC"))
    return week_changes(hourly.lazy(), daily.lazy(), zone=ZONE)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print; returns the exit code."""
    parser = ArgumentParser(
        prog="python -m silgeom.evaluate.patterns",
        description="How many planted habits are told by their names, and what is called new or "
        "rising on logs with nothing but habits. Counts are drawn; no root is needed.",
    )
    parser.add_argument("--seed", type=whole(0, 10**9), default=32, metavar="N")
    parser.add_argument(
        "--each", type=whole(10, 10**5), default=400, metavar="N", help="queries of each kind"
    )
    with command(parser.prog):
        return _measured(parser, argv)
    return 0  # nobody reads the output any more


def _measured(parser: argparse.ArgumentParser, argv: Sequence[str] | None) -> int:
    args = parser.parse_args(argv)
    for days in (14, 28, 84):
        rows = classified(args.seed, days, args.each)
        say(f"Planted habits of {days} days\n\n{_table(rows)}\n")
    rows = [false_news(args.seed, days, 10 * args.each) for days in (14, 28, 84)]
    say(f"Changes told of habits alone\n\n{_table(rows)}\n")
    rows = [row for days in (14, 84) for row in news_found(args.seed, days, 10 * args.each)]
    say(f"Changes that are told of those that are there\n\n{_table(rows)}")
    return 0


def _table(rows: Sequence[dict[str, object]]) -> str:
    return table(list(rows[0]), [list(row.values()) for row in rows])


if __name__ == "__main__":
    sys.exit(main())
