"""The pictures of one run: precision and recall, scores, and precision and recall of the alerts."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from bench.evaluation.run_outcome import Outcome
from bench.result import Status
from reports.run.curve_figure import draw_precision_recall
from reports.run.score_figure import draw_scores
from reports.style import GRID, INK, ONE_COLOUR, new_figure, save, tidy
from reports.wording import LEVELS, number, own_level, own_values, policy_meaning, types_in


def draw(outcome: Outcome, folder: Path) -> list[Path]:
    """Draw the figures of a run into `folder`, and return their paths.

    A failed run has none. Types without a record in the scored part are left out.

    Parameters
    ----------
    outcome
        The run, with its scores and the results computed from them.
    folder
        Where `precision_recall.png`, `scores.png` and `at_threshold.png` go.
    """
    values = own_values(outcome.result)
    outcome = replace(outcome, result=replace(outcome.result, values=values))
    types = [name for name in types_in(values) if values.get(f"positives/{name}")]
    if outcome.result.status is not Status.OK or not types:
        return []
    return [
        draw_precision_recall(outcome, types, folder / "precision_recall.png"),
        draw_scores(outcome, types, folder / "scores.png"),
        draw_at_threshold(outcome, types, folder / "at_threshold.png"),
    ]


def draw_at_threshold(outcome: Outcome, types: list[str], path: Path) -> Path:
    """Draw recall and precision of the alerts as bars, one row per type, with 95 % intervals if there are any."""
    asked, values = outcome.result.asked, outcome.result.values
    height = 1.75 + 0.36 * len(types)
    note = f"{policy_meaning(asked)}; line on a bar: 95 % interval; black tick: precision of random alerts"
    figure = new_figure(9, height, f"{asked.get('detector')}: what the alerts caught", note)
    left, right = figure.subplots(1, 2, sharey=True)
    _bars(left, values, types, "recall")
    _bars(right, values, types, "precision")
    prevalence = [values.get(f"prevalence/{name}") or np.nan for name in types]
    right.plot(prevalence, range(len(types)), "|", color="white", markersize=15, markeredgewidth=3.6, zorder=4)
    right.plot(prevalence, range(len(types)), "|", color=INK, markersize=13, markeredgewidth=1.6, zorder=4)
    left.set_yticks(range(len(types)), types)
    left.set_ylim(len(types) - 0.4, -0.6)
    noun = LEVELS[own_level(asked)]
    tidy(left, "Recall", x=f"share of the anomalous {noun} that are alerts", grid="x")
    tidy(right, "Precision", x="share of the alerts that are anomalous", grid="x")
    return save(figure, path)


def _bars(axes: Axes, values: dict[str, float | None], types: list[str], metric: str) -> None:
    for row, name in enumerate(types):
        value = values.get(f"{metric}/{name}")
        low, high = values.get(f"{metric}_low/{name}"), values.get(f"{metric}_high/{name}")
        axes.barh(row, 1, height=0.62, color=GRID, alpha=0.45)
        axes.barh(row, value or 0, height=0.62, color=ONE_COLOUR)
        if low is not None and high is not None:
            axes.plot([low, high], [row, row], color="white", linewidth=3.2)
            axes.plot([low, high], [row, row], color=INK, linewidth=1.3)
        text = f"{number(value)}" if value is not None else "no alert" if metric == "precision" else "-"
        axes.text(1.015, row, text, va="center", ha="left", fontsize=8.5, color=INK)
    axes.set_xlim(0, 1.13)
    axes.set_xticks(np.linspace(0, 1, 6))
