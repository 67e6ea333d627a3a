"""The figure of difficulty: how well the best single feature finds each type, by difficulty."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from bench.audit.difficulty.difficulty_curve import Curve
from reports.style import FAINT, GRID, INK, NORMAL_COLOUR, ONE_COLOUR, new_figure, save, tidy
from reports.wording import plural

COLUMNS, PANEL_H = 4, 2.05


def draw(curves: Sequence[Curve], path: Path) -> Path:
    """Draw a panel for each type, with the ROC-AUC of the best single feature by kind of feature; return the path.

    Parameters
    ----------
    curves
        One curve for each type, at least one.
    path
        Path of the picture, a PNG.
    """
    rows = -(-len(curves) // COLUMNS)
    seeds = plural(curves[0].strength.shape[0], "seed")
    note = f"ROC-AUC on the scored part, either way round; mean and range over {seeds}; rho: rank correlation"
    columns = min(COLUMNS, len(curves))
    figure = new_figure(max(2.7 * columns, 7.4), rows * PANEL_H + 1.15, "The best single feature, by difficulty", note)
    grid = figure.add_gridspec(rows, columns)
    for number, curve in enumerate(curves):
        axes = figure.add_subplot(grid[number // COLUMNS, number % COLUMNS])
        _panel(axes, curve, first=number % COLUMNS == 0, last=number + COLUMNS >= len(curves))
    named = figure.axes[0].get_legend_handles_labels()
    figure.legend(*named, fontsize=8, frameon=False, loc="outside lower center", ncols=3, handlelength=1.6)
    return save(figure, path)


def _panel(axes: Axes, curve: Curve, *, first: bool, last: bool) -> None:
    at = np.array(curve.difficulties)
    colour = ONE_COLOUR
    tidy(axes, curve.type, x="difficulty" if last else "", y="ROC-AUC" if first else "", grid="y")
    axes.axhline(0.95, color=GRID, linewidth=1.4, zorder=0)
    axes.fill_between(at, curve.strength.min(axis=0), curve.strength.max(axis=0), color=colour, alpha=0.18, linewidth=0)
    axes.plot(at, curve.mean, color=colour, linewidth=2.2, marker="o", markersize=3.5, label="best of all")
    axes.plot(at, curve.plain.mean(axis=0), color=NORMAL_COLOUR, linewidth=1.3, label="best without a graph")
    axes.plot(
        at, curve.graph.mean(axis=0), color=INK, linewidth=1.3, linestyle=(0, (2, 1.5)), label="best of the graph"
    )
    axes.set_ylim(0.48, 1.02)
    axes.set_xlim(at.min() - 0.03, at.max() + 0.03)
    axes.set_title(f"rho {curve.rank_correlation:.2f}", loc="right", fontsize=8, color=FAINT)
