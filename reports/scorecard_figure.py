"""The scorecard of call records as a picture: each quantity on a scale of its published value."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, NullLocator

from bench.realism.scorecard import NEAR, PASS, Row, Verdict
from reports.scorecard_table import published, summary, value_text
from reports.style import FAINT, GRID, INK, new_figure, save, tidy

COLOURS = {Verdict.PASS: "#009e73", Verdict.NEAR: "#e69f00", Verdict.OFF: "#d55e00"}
LEFT, RIGHT = 1 / 4, 4.0
"""Ends of the scale; what lies beyond is drawn at the end, as an arrow."""
ROW_INCHES = 0.225
PUBLISHED, HERE = 1.03, 1.17
"""Where the columns to the right begin, in widths of the panel."""


def draw(title: str, rows: list[Row], path: Path) -> Path:
    """Draw where each quantity lies beside what is published, as PNG, and return its path."""
    lines = _lines(rows)
    figure = new_figure(11.2, 1.5 + ROW_INCHES * len(lines), f"Is it real? {title}", summary(rows))
    axes = figure.add_subplot()
    for height, line in enumerate(lines):
        if isinstance(line, str):
            axes.text(-0.02, height, line, transform=axes.get_yaxis_transform(), ha="right", va="center", fontsize=9,
                      weight="bold", color=INK)  # fmt: skip
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
    sides = axes.get_yaxis_transform()
    texts = ((-0.02, "right", row.quantity.what), (PUBLISHED, "left", published(row.quantity)),
             (HERE, "left", value_text(row.quantity, row.value)))  # fmt: skip
    for x, side, text in texts:
        axes.text(x, height, text, transform=sides, ha=side, va="center", fontsize=8, color=INK)
    if row.distance is None:
        why = row.reason or "nothing is published"
        axes.text(0.5, height, why, transform=sides, ha="center", va="center", fontsize=7.5, color=FAINT)
        return
    where = ratio(row)
    marker = "<" if where < LEFT else ">" if where > RIGHT else "o"
    colour = COLOURS[row.verdict]
    axes.plot(np.clip(where, LEFT, RIGHT), height, marker, color=colour, markersize=6.5, clip_on=False, zorder=3)


def ratio(row: Row) -> float:
    """Return a value over the nearer end of its published range; 1 within it."""
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
    for x, name in ((1.015, "published"), (1.165, "here")):
        axes.text(
            x, -1, name, transform=axes.get_yaxis_transform(), fontsize=8.5, weight="bold", color=INK, va="center"
        )
