"""The scorecard of call records as a picture: each quantity on a scale of its published value."""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, NullLocator

from bench.realism.scorecard import NEAR, PASS, Agreement, Row
from reports.realism.scorecard_table import published, summary, value_text
from reports.style import FAINT, GRID, INK, new_figure, save, tidy

COLOURS = {Agreement.PASS: "#009e73", Agreement.NEAR: "#e69f00", Agreement.OFF: "#d55e00"}
LEFT, RIGHT = 1 / 4, 4.0
"""Ends of the scale; values beyond are drawn at the end, as an arrow."""
ROW_INCHES = 0.225
WHAT, PUBLISHED, HERE = -8, 14, 88
"""Positions of the columns, in points from the panel's left edge (right-aligned) and right edge (left-aligned).

They are not relative to the panel's width, because the layout narrows the panel once to make room for texts, which
would move them.
"""


def draw(title: str, rows: list[Row], path: Path) -> Path:
    """Draw each quantity on a scale of its published value, as PNG, and return the path."""
    lines = _lines(rows)
    figure = new_figure(11.2, 1.5 + ROW_INCHES * len(lines), f"Is it real? {title}", summary(rows))
    axes = figure.add_subplot()
    for height, line in enumerate(lines):
        if isinstance(line, str):
            _text(axes, WHAT, height, line, fontsize=9, weight="bold")
        else:
            _row(axes, line, height)
    _frame(axes, len(lines))
    return save(figure, path)


def _lines(rows: list[Row]) -> list[Row | str]:
    """Return the rows, with a heading before each group."""
    lines: list[Row | str] = []
    for number, row in enumerate(rows):
        if number == 0 or rows[number - 1].quantity.group != row.quantity.group:
            lines.append(row.quantity.group)
        lines.append(row)
    return lines


def _row(axes: Axes, row: Row, height: int) -> None:
    texts = {WHAT: row.quantity.what, PUBLISHED: published(row.quantity), HERE: value_text(row.quantity, row.value)}
    for points, text in texts.items():
        _text(axes, points, height, text, fontsize=8)
    if row.distance is None:
        why = row.reason or "nothing is published"
        middle = {"ha": "center", "va": "center", "transform": axes.get_yaxis_transform()}
        axes.text(0.5, height, why, fontsize=7.5, color=FAINT, **middle)  # type: ignore[arg-type]
        return
    where = ratio(row)
    marker = "<" if where < LEFT else ">" if where > RIGHT else "o"
    colour = COLOURS[row.verdict]
    axes.plot(np.clip(where, LEFT, RIGHT), height, marker, color=colour, markersize=6.5, clip_on=False, zorder=3)


def ratio(row: Row) -> float:
    """Return a value divided by the nearer end of its published range; 1 within it."""
    away = row.distance
    assert away is not None
    assert row.value is not None
    low = row.quantity.low
    below = low is not None and row.value < low
    return max(1 - away, 0.0) if below else 1 + away


def _frame(axes: Axes, lines: int) -> None:
    for away, shade in ((NEAR, 0.45), (PASS, 1.0)):
        axes.axvspan(1 - away, 1 + away, color=GRID, alpha=shade, linewidth=0, zorder=0)
    axes.axvline(1, color=FAINT, linewidth=0.9, zorder=1)
    tidy(axes, x="measured over published (nearer end of a range); shaded: within 20 % and 40 %", grid="none")
    axes.set_xscale("log")
    axes.set_xlim(LEFT, RIGHT)
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_locator(FixedLocator([0.25, 0.5, 0.8, 1, 1.2, 2, 4]))
    axes.set_xticklabels(["1/4", "1/2", "0.8", "1", "1.2", "2", "4"])
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_ylim(lines - 0.4, -1.6)
    for points, name in ((PUBLISHED, "published"), (HERE, "here")):
        _text(axes, points, -1, name, fontsize=8.5, weight="bold")


def _text(axes: Axes, points: float, height: float, text: str, **font: Any) -> None:
    """Write text beside the panel, at a height in rows, starting or ending some points from its edge."""
    side, alignment = (0, "right") if points < 0 else (1, "left")
    axes.annotate(text, (side, height), (points, 0), axes.get_yaxis_transform(), "offset points", ha=alignment,
                  va="center", color=INK, annotation_clip=False, **font)  # fmt: skip
