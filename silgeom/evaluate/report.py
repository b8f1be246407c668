"""What was measured, as a table in the terminal and as pictures."""

from pathlib import Path
from typing import Any, Final

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
    "rare_mrr": "MRR, rare targets",
    "answered": "where it answers",
    "saved": "keys saved",
    "rows": "rows a query",
    "bytes": "bytes a query",
    "false_alarms": "false alarms",
}

_ENDS: Final = ("_low", "_high")


def text_table(measured: pd.DataFrame) -> str:
    """A line a method; a figure with an interval in one cell."""
    names = [str(name) for name in measured.columns if not str(name).endswith(_ENDS)]
    rows = [[_cell(row, name) for name in names] for row in measured.to_dict("records")]
    return table([HEADERS.get(name, name.replace("_", " ")) for name in names], rows)


def _cell(row: dict[Any, Any], name: str) -> Any:  # noqa: ANN401
    value = row[name]
    if f"{name}_low" in row:
        return str(Figure(value, row[f"{name}_low"], row[f"{name}_high"]))
    if isinstance(value, float):
        return "" if pd.isna(value) else f"{value:.3f}" if abs(value) < 10 else f"{value:,.0f}"
    return value


def draw(measured: pd.DataFrame, measures: list[str], title: str, file: Path) -> None:
    """A picture of some measures of all methods, with their intervals.

    Raises:
        EvaluationError: there is no matplotlib.
    """
    try:
        from matplotlib.figure import Figure as Picture
    except ImportError as error:
        raise EvaluationError("--plot needs matplotlib: pip install matplotlib") from error
    picture = Picture(figsize=(4.5 * len(measures), 0.7 + 0.28 * len(measured)), dpi=110)
    panels = picture.subplots(1, len(measures), sharey=True, squeeze=False)[0]
    for panel, measure in zip(panels, measures, strict=True):
        value = measured[measure].to_numpy()
        low, high = (measured[f"{measure}{end}"].to_numpy() for end in _ENDS)
        colours = [
            "#c1440e" if str(name).startswith("ours") else "#7a8ca3" for name in measured["method"]
        ]
        panel.barh(measured["method"], value, color=colours)
        panel.errorbar(
            value, range(len(value)), xerr=[value - low, high - value], fmt="none", ecolor="#222222"
        )
        panel.invert_yaxis() if panel is panels[0] else None
        panel.set_xlabel(f"{HEADERS.get(measure, measure)}, 95 % over users")
        panel.spines[["top", "right"]].set_visible(False)
    picture.suptitle(title, fontsize=10)
    picture.tight_layout()
    file.parent.mkdir(parents=True, exist_ok=True)
    picture.savefig(file)
