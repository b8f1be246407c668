"""What was measured, as a table in the terminal and as pictures."""

from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from silgeom.evaluate.intervals import Figure
from silgeom.evaluate.log import EvaluationError
from silgeom.tables import table

#: What the columns of the evaluations are called above their table; the others as they are.
HEADERS: Final = {
    "mrr": "MRR@10",
    "times": "× best rival",
    "times_mrr": "× fair: MRR",
    "times_hit10": "× fair: hit@10",
    "hit1": "hit@1",
    "hit10": "hit@10",
    "rare_mrr": "MRR@10",
    "times_rare": "× count: MRR",
    "rare_hit10": "hit@10",
    "answered": "where it answers",
    "at_most": "at most",
    "saved": "keys saved",
    "rows": "rows a query",
    "bytes": "bytes a query",
    "one": "MRR@10, one state a query",
    "times_one": "× best rival, one state",
    "key_1": "1 key",
    "key_2": "2 keys",
    "key_3": "3 keys",
    "key_4": "4–5 keys",
    "key_6": "6–8 keys",
    "key_9": "9 keys and more",
    "right_of_20": "right of 20",
    "moved": "movement",
    "places": "right places",
    "wrong": "wrong rows",
    "false_alarms": "false alarms",
    "many": "of 10 queries and more",
}

_ENDS: Final = ("_low", "_high")


def text_table(measured: pd.DataFrame) -> str:
    """A line a method; a figure with an interval in one cell. What no method has is left out."""
    known = measured.dropna(axis="columns", how="all")
    names = [str(name) for name in known.columns if not str(name).endswith(_ENDS)]
    rows = [[_cell(row, name) for name in names] for row in measured.to_dict("records")]
    return table([HEADERS.get(name, name.replace("_", " ")) for name in names], rows)


def _cell(row: dict[Any, Any], name: str) -> Any:  # noqa: ANN401
    value = row[name]
    if f"{name}_low" in row:
        return str(Figure(value, row[f"{name}_low"], row[f"{name}_high"]))
    if isinstance(value, float):
        if value in (np.inf, -np.inf):
            return "–" if value > 0 else "none"
        return "" if pd.isna(value) else f"{value:.3f}" if abs(value) < 10 else f"{value:,.0f}"
    return value


def draw(
    measured: pd.DataFrame, measures: list[str], title: str, file: Path, *, over: str = "users"
) -> None:
    """A picture of some measures of all methods, with their intervals.

    Args:
        measured: a row a method; ours and, with names that begin so or with …, its variants.
        measures: columns that have an interval.
        title: stands above.
        file: PNG; its folder is made.
        over: what the intervals are over.

    Raises:
        EvaluationError: there is no matplotlib.
    """
    try:
        from matplotlib.figure import Figure as Picture
    except ImportError as error:
        raise EvaluationError("--plot needs matplotlib: pip install matplotlib") from error
    width = 1.9 + 2.9 * len(measures)
    picture = Picture(figsize=(width, 0.8 + 0.2 * len(measured)), dpi=100)
    colours = [_colour(str(name)) for name in measured["method"]]
    panels = picture.subplots(1, len(measures), sharey=True, squeeze=False)[0]
    for panel, measure in zip(panels, measures, strict=True):
        value = measured[measure].to_numpy()
        low, high = (measured[f"{measure}{end}"].to_numpy() for end in _ENDS)
        panel.barh(measured["method"], value, color=colours)
        panel.errorbar(
            value, range(len(value)), xerr=[value - low, high - value], fmt="none", ecolor="#222222"
        )
        panel.tick_params(labelsize=8)
        panel.invert_yaxis() if panel is panels[0] else None
        panel.set_xlabel(f"{HEADERS.get(measure, measure)}, 95 % over {over}", fontsize=8)
        panel.spines[["top", "right"]].set_visible(False)
    picture.suptitle(title, fontsize=9)
    picture.tight_layout()
    file.parent.mkdir(parents=True, exist_ok=True)
    picture.savefig(file)


def _colour(method: str) -> str:
    if method == "ours":
        return "#c1440e"
    return "#e0a184" if method.startswith(("ours", "…")) else "#7a8ca3"
