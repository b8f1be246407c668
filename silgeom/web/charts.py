"""Charts as SVG, drawn here: shapes have classes, and the style sheet has the colours.

No chart holds a query. Hours with fewer than `MIN_SEARCHERS` people (None) carry no number: they
are pale dots or empty cells.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from markupsafe import Markup

from silgeom.web.counts import Hour, Ranked
from silgeom.web.limits import MIN_SEARCHERS
from silgeom.web.texts import number_text, text

#: Pixels of the small curve.
_CURVE: Final = (120, 28)
#: Pixels of the charts of a query's page, and what is left for labels.
_CHART: Final = (860, 220)
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 8, 12, 26


def curve(
    counts: Sequence[int | None],
    language: str,
    label: str = "curve_label",
    *,
    from_first: bool = False,
) -> Markup:
    """The small curve of a row: people by hour, the last at the right; `label` says it in words.

    With `from_first` it begins where the first number is told: before, there may be no log.
    """
    width, height = _CURVE
    most = max((count for count in counts if count), default=0)
    said = (
        text(language, label, most=number_text(most))
        if most
        else text(language, f"{label}_few", k=MIN_SEARCHERS)
    )
    step = (width - 6) / max(len(counts) - 1, 1)
    base = height - 3
    places = [
        (round(3 + place * step, 1), round(base - (count or 0) / max(most, 1) * (base - 4), 1))
        for place, count in enumerate(counts)
        if count or not from_first or any(counts[:place])
    ]
    if not most:
        shape = Markup('<path class="flat" d="M3 {0}H{1}"/>').format(base, width - 3)
        return _svg("curve", width, height, said, shape)
    line = "L".join(f"{x:g} {y:g}" for x, y in places)
    area = f"M{places[0][0]:g} {base}L{line}L{places[-1][0]:g} {base}Z"
    shapes = Markup('<path class="area" d="{0}"/><path class="line" d="M{1}"/>').format(area, line)
    if counts[-1]:
        shapes += Markup('<circle class="end" cx="{0:g}" cy="{1:g}" r="2.2"/>').format(*places[-1])
    return _svg("curve", width, height, said, shapes)


def of_day(shares: Sequence[float | None], peaks: Sequence[int], language: str) -> Markup:
    """The small bars of a segment: shares of its searches by hour of the day, peaks in red."""
    width, height = _CURVE
    most = max((share for share in shares if share), default=0.0)
    if not most:
        return _svg("curve", width, height, text(language, "of_day_label_few", k=MIN_SEARCHERS))
    step, base = (width - 6) / len(shares), height - 3
    shapes = []
    for hour, share in enumerate(shares):
        x = 3 + hour * step
        if share is None:
            shape = Markup('<circle class="few" cx="{0:.1f}" cy="{1}" r="1"/>')
            shapes.append(shape.format(x + step / 2, base - 1))
            continue
        high = round(share / most * (base - 3), 1)
        kind = "bar peak" if hour in peaks else "bar"
        shape = Markup('<rect class="{0}" x="{1:.1f}" y="{2:.1f}" width="{3:.1f}" height="{4}"/>')
        shapes.append(shape.format(kind, x + 0.4, base - high, step - 0.8, high))
    label = text(language, "of_day_label", hour=shares.index(most), most=number_text(100 * most, 1))
    return _svg("curve", width, height, label, *shapes)


def hours(found: Sequence[Hour], zone: ZoneInfo, language: str) -> Markup:
    """People by hour as bars, what is usual as a line, bursts in another colour."""
    width, height = _CHART
    most = max((hour.searchers for hour in found if hour.searchers), default=0)
    top = _round_up(max(most, *(hour.usual or 0 for hour in found), MIN_SEARCHERS))
    base = height - _BOTTOM
    step = (width - _LEFT - _RIGHT) / len(found)

    def y(value: float) -> float:
        return round(base - value / top * (base - _TOP), 1)

    shapes = [_grid(top, y, width)]
    shapes += _days([hour.start for hour in found], zone, language, step)
    line: list[str] = []
    for place, hour in enumerate(found):
        x = _LEFT + place * step
        if hour.searchers is None:
            shapes.append(
                Markup('<circle class="few" cx="{0:.1f}" cy="{1}" r="1.1"/>').format(
                    x + step / 2, base - 3
                )
            )
        else:
            kind = "bar burst" if hour.is_burst else "bar"
            high = y(hour.searchers)
            shapes.append(
                Markup(
                    '<rect class="{0}" x="{1:.1f}" y="{2}" width="{3:.1f}" height="{4:.1f}"/>'
                ).format(kind, x + 0.5, high, max(step - 1, 1), base - high)
            )
        if hour.usual is not None:
            line.append(f"M{x:.1f} {y(hour.usual)}H{x + step:.1f}")
    if line:
        shapes.append(Markup('<path class="usual" d="{0}"/>').format("".join(line)))
    label = text(
        language,
        "by_hour_label",
        days=max(1, round(len(found) / 24)),
        most=number_text(most),
        bursts=sum(hour.is_burst for hour in found),
    )
    return _svg("chart", width, height, label, *shapes)


def heat(cells: Sequence[Sequence[float | None]], language: str) -> Markup:
    """Mean people by weekday (rows, from Monday) and hour of the day (columns)."""
    cell, left, top = 32, 44, 18
    width, height = left + 24 * cell + 4, top + 7 * cell + 4
    most = max((value for row in cells for value in row if value), default=0.0)
    shapes: list[Markup] = [
        Markup('<text class="label" x="{0}" y="12" text-anchor="middle">{1}</text>').format(
            left + hour * cell + cell // 2, hour
        )
        for hour in range(0, 24, 3)
    ]
    few = text(language, "few", k=MIN_SEARCHERS)
    for weekday, row in enumerate(cells):
        day = text(language, f"weekday_{weekday}")
        shapes.append(
            Markup('<text class="label" x="{0}" y="{1}" text-anchor="end">{2}</text>').format(
                left - 8, top + weekday * cell + cell // 2 + 4, day
            )
        )
        for hour, value in enumerate(row):
            told = few if value is None else number_text(value, 1)
            shapes.append(
                Markup(
                    '<rect class="cell{0}" x="{1}" y="{2}" width="{3}" height="{3}" rx="3"{4}>'
                    "<title>{5}</title></rect>"
                ).format(
                    " few" if value is None else "",
                    *(left + hour * cell + 1, top + weekday * cell + 1, cell - 2),
                    Markup("")
                    if value is None
                    else Markup(' fill-opacity="{0:.2f}"').format(0.12 + 0.88 * value / most),
                    text(language, "cell", day=day, hour=hour, n=told),
                )
            )
    label = text(language, "by_weekday_label", most=number_text(most, 1))
    return _svg("heat", width, height, label, *shapes)


def ranks(found: Sequence[Ranked], zone: ZoneInfo, language: str) -> Markup:
    """Ranks on boards in order; the first rank is on top, and a gap is a board without it."""
    width, height = _CHART
    on = [each.rank for each in found if each.rank is not None]
    lowest = max(10, *on)
    first, last = found[0].at, found[-1].at
    span = max((last - first).total_seconds(), 1.0)
    base = height - _BOTTOM

    def x(at: datetime) -> float:
        return _LEFT + (at - first).total_seconds() / span * (width - _LEFT - _RIGHT - 6) + 3

    def y(rank: int) -> float:
        return _TOP + 6 + (rank - 1) / (lowest - 1) * (base - _TOP - 14)

    shapes = [
        Markup(
            '<path class="grid" d="M{0} {1:.1f}H{2}"/>'
            '<text class="label" x="{3}" y="{4:.1f}" text-anchor="end">{5}</text>'
        ).format(_LEFT, y(rank), width - _RIGHT, _LEFT - 8, y(rank) + 4, rank)
        for rank in sorted({1, (lowest + 1) // 2, lowest})
    ]
    days: set[str] = set()
    for each in found:
        local = each.at.astimezone(zone)
        if local.date().isoformat() not in days:
            days.add(local.date().isoformat())
            shapes.append(_day_label(x(each.at), height, local, language))
    line = ""
    before: Ranked | None = None
    for each in found:
        if each.rank is not None:
            joined = before is not None and before.rank is not None
            line += f"{'L' if joined else 'M'}{x(each.at):.1f} {y(each.rank):.1f}"
        before = each
    shapes.append(Markup('<path class="rank" d="{0}"/>').format(line))
    shapes += [
        Markup('<circle class="rank" cx="{0:.1f}" cy="{1:.1f}" r="2.6"/>').format(
            x(each.at), y(each.rank)
        )
        for each in found
        if each.rank is not None
    ]
    label = text(language, "rank_history_label", best=min(on), times=len(on), boards=len(found))
    return _svg("chart", width, height, label, *shapes)


def _grid(top: float, y: Callable[[float], float], width: int) -> Markup:
    shapes = Markup("")
    for part in (0.0, 0.5, 1.0):
        value = top * part
        shapes += Markup(
            '<path class="grid" d="M{0} {1}H{2}"/>'
            '<text class="label" x="{3}" y="{4:.1f}" text-anchor="end">{5}</text>'
        ).format(
            *(_LEFT, y(value), width - _RIGHT, _LEFT - 8, y(value) + 4),
            number_text(value, 0 if value == int(value) else 1),
        )
    return shapes


def _days(starts: Sequence[datetime], zone: ZoneInfo, language: str, step: float) -> list[Markup]:
    """A mark where each day begins."""
    shapes = []
    for place, start in enumerate(starts):
        local = start.astimezone(zone)
        if local.hour == 0:
            shapes.append(_day_label(_LEFT + place * step, _CHART[1], local, language))
    return shapes


def _day_label(x: float, height: int, local: datetime, language: str) -> Markup:
    weekday = text(language, f"weekday_{local.weekday()}")
    label = f"{local.month}.{local.day} {weekday}" if language == "ko" else f"{weekday} {local.day}"
    # A day of which less than its label is shown has a mark alone.
    named = Markup('<text class="label" x="{0:.1f}" y="{1}">{2}</text>').format(
        x + 4, height - 8, label
    )
    mark = Markup('<path class="day" d="M{0:.1f} {1}V{2}"/>').format(x, _TOP, height - 6)
    return mark + (named if x < _CHART[0] - 60 else Markup(""))


def _round_up(value: float) -> float:
    """The least of 10, 20, 30, 40, 50, 60, 80, 100, 200 … that is as large."""
    power = 10
    while True:
        for factor in (1, 2, 3, 4, 5, 6, 8):
            if factor * power >= value:
                return float(factor * power)
        power *= 10


def _svg(kind: str, width: int, height: int, label: str, *shapes: Markup) -> Markup:
    return Markup(
        '<svg class="{0}" viewBox="0 0 {1} {2}" width="{1}" height="{2}" role="img" '
        'aria-label="{3}">{4}</svg>'
    ).format(kind, width, height, label, Markup("").join(shapes))
