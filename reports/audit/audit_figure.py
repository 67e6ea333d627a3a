"""The figure of an audit: ROC-AUC of each single feature for each type."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import TwoSlopeNorm

from reports.style import FAINT, INK, new_figure, save

CHANCE, TRIVIAL = 0.5, 0.95
COLOURS = "RdBu_r"
ROW, COLUMN = 0.3, 0.95
UPRIGHT = 6
"""The most types whose names are drawn upright; more are slanted."""


def draw(found: Mapping[str, Any], world: str, path: Path) -> Path:
    """Draw the ROC-AUC of features by type as PNG; return its path.

    Parameters
    ----------
    found
        Findings of the check of triviality: features, whether each needs the graph, types, and the ROC-AUC.
    world
        Fingerprint of the world.
    path
        Path of the picture.
    """
    names, types, auc = list(found["features"]), list(found["types"]), np.array(found["roc_auc"])
    trivial = set(found["trivial"])
    note = f"world {world}; 0.5 is chance, and below it the lower values are the suspicious ones"
    width = max(7.5, 3.2 + COLUMN * len(types))
    figure = new_figure(width, 1.9 + ROW * len(names), "Single features as detectors of each type (ROC-AUC)", note)
    axes = figure.add_subplot()
    norm = TwoSlopeNorm(CHANCE, 0, 1)
    image = axes.imshow(auc, cmap=COLOURS, norm=norm, aspect="auto")
    for row, column in np.ndindex(*auc.shape):
        far = abs(auc[row, column] - CHANCE) > 0.3
        bold = max(auc[row, column], 1 - auc[row, column]) >= TRIVIAL
        axes.text(
            column, row, f"{auc[row, column]:.2f}", ha="center", va="center", fontsize=8,
            color="white" if far else INK, weight="bold" if bold else "normal",
        )  # fmt: skip
    joint = " " if len(types) > UPRIGHT else "\n"
    _frame(axes, names, [f"{name}{joint}(trivial)" if name in trivial else name for name in types])
    _kinds(axes, list(found["graph"]))
    bar = figure.colorbar(image, ax=axes, shrink=0.6, pad=0.01)
    bar.ax.tick_params(labelsize=8, colors=INK)
    return save(figure, path)


def _frame(axes: Axes, rows: list[str], columns: list[str]) -> None:
    axes.xaxis.tick_top()
    axes.set_xticks(range(len(columns)), columns, fontsize=8.5)
    for label in axes.get_xticklabels() if len(columns) > UPRIGHT else ():
        label.set(rotation=30, ha="left", va="bottom", rotation_mode="anchor")
    axes.set_yticks(range(len(rows)), rows, fontsize=8.5)
    axes.tick_params(length=0, colors=INK)
    for side in axes.spines.values():
        side.set_visible(False)
    axes.set_xticks(np.arange(len(columns) + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(len(rows) + 1) - 0.5, minor=True)
    axes.grid(which="minor", color="white", linewidth=1.5)
    axes.tick_params(which="minor", length=0)


def _kinds(axes: Axes, graph: list[bool]) -> None:
    """Separate the features that need the call graph from those that do not."""
    if any(graph) and not all(graph):
        first = graph.index(True)
        axes.axhline(first - 0.5, color=INK, linewidth=1.2)
        axes.text(-0.5, len(graph) - 0.3, "below the line: features of the graph", fontsize=8, color=FAINT, va="top")
