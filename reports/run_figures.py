"""The pictures of one run: precision and recall, the scores, and what the alerts caught."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from bench.detector import FloatArray
from bench.metrics import precision_recall_curve
from bench.result import Outcome, Status
from bench.separated import BoolArray
from reports.score_figure import draw_scores
from reports.style import FAINT, GRID, INK, Look, looks, new_figure, save, tidy
from reports.wording import ALL, number, percent, policy_meaning, types_in, world_meaning

POINTS = 2000
"""A curve is drawn with about this many points, evenly spread over recall."""


def draw(outcome: Outcome, folder: Path) -> list[Path]:
    """Draw the pictures of a run into `folder` and return where they are.

    A run that failed has none. A type without a record in the scored part is left out.

    Parameters
    ----------
    outcome
        The run, with its scores and what the harness computed from them.
    folder
        Where `precision_recall.png`, `scores.png` and `at_threshold.png` go.
    """
    values = outcome.result.values
    types = [name for name in types_in(values) if values.get(f"positives/{name}")]
    if outcome.result.status is not Status.OK or not types:
        return []
    return [
        draw_precision_recall(outcome, types, folder / "precision_recall.png"),
        draw_scores(outcome, types, folder / "scores.png"),
        draw_at_threshold(outcome, types, folder / "at_threshold.png"),
    ]


def draw_precision_recall(outcome: Outcome, types: list[str], path: Path) -> Path:
    """Draw a step curve for each type, whose area is the average precision, and a mark where the alerts begin."""
    asked, values = outcome.result.asked, outcome.result.values
    figure = new_figure(9, 4.9, f"{asked.get('detector')}: precision and recall", world_meaning(asked))
    axes = figure.add_subplot()
    by_type = looks(types)
    for name in sorted(types, key=lambda name: (-(values.get(f"average_precision/{name}") or 0), name)):
        _curve(axes, outcome, name, by_type[name])
    axes.set(xlim=(0, 1.005), ylim=(0, 1.02))
    tidy(axes, x="recall: share of the anomalous calls found", y="precision: share of those found that are anomalous")
    axes.plot([], [], "o", color="white", markeredgecolor=INK, label="where the alerts begin")
    axes.plot([], [], color=FAINT, linewidth=0.9, linestyle=":", label="prevalence: precision of random alerts")
    legend = figure.legend(
        loc="outside right upper", fontsize=8.5, frameon=False, title="average precision (AP)", alignment="left"
    )
    legend.get_title().set(fontsize=9, weight="bold", color=INK)
    return save(figure, path)


def step_curve(positive: BoolArray, scores: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return recall, falling from 1 to 0, and precision; each precision holds down to the next recall.

    The area below the steps is the average precision, but for what thinning to about `POINTS` points takes.
    """
    precision, recall, _ = precision_recall_curve(positive, scores)
    precision[-1] = precision[-2]  # no record has recall 0, so no precision belongs to it
    wanted = np.searchsorted(-recall, -np.linspace(1, 0, POINTS), side="right") - 1
    shown = np.unique(np.concatenate([[0], wanted, [recall.size - 1]]))
    return recall[shown], precision[shown]


def _curve(axes: Axes, outcome: Outcome, name: str, look: Look) -> None:
    values = outcome.result.values
    recall, precision = step_curve(*outcome.type_sample(None if name == ALL else name))
    prevalence = values.get(f"prevalence/{name}")
    label = f"{name}\nAP {number(values.get(f'average_precision/{name}'))}, prevalence {percent(prevalence)}"
    axes.plot(
        recall, precision, drawstyle="steps-post", color=look.colour, linestyle=look.dash,
        linewidth=2.4 if name == ALL else 1.7, label=label,
    )  # fmt: skip
    if prevalence is not None:
        axes.axhline(prevalence, color=look.colour, linewidth=0.9, linestyle=":")
    found, right = values.get(f"recall/{name}"), values.get(f"precision/{name}")
    if found is not None and right is not None:
        axes.plot(found, right, "o", color="white", markeredgecolor=look.colour, markeredgewidth=1.8, zorder=5)


def draw_at_threshold(outcome: Outcome, types: list[str], path: Path) -> Path:
    """Draw recall and precision of the alerts as bars, a row a type, with their 95 % intervals where there are any."""
    asked, values = outcome.result.asked, outcome.result.values
    height = 1.75 + 0.36 * len(types)
    note = f"{policy_meaning(asked)}; bars with a line: 95 % interval"
    figure = new_figure(9, height, f"{asked.get('detector')}: what the alerts caught", note)
    left, right = figure.subplots(1, 2, sharey=True)
    _bars(left, values, types, "recall")
    _bars(right, values, types, "precision")
    prevalence = [values.get(f"prevalence/{name}") or np.nan for name in types]
    right.plot(prevalence, range(len(types)), "|", color="white", markersize=15, markeredgewidth=3.6, zorder=4)
    right.plot(prevalence, range(len(types)), "|", color=INK, markersize=13, markeredgewidth=1.6, zorder=4)
    left.set_yticks(range(len(types)), types)
    left.invert_yaxis()
    tidy(left, "Recall", x="share of the anomalous calls that are alerts", grid="x")
    tidy(right, "Precision", x="share of the alerts that are anomalous (black tick: random alerts)", grid="x")
    return save(figure, path)


def _bars(axes: Axes, values: dict[str, float | None], types: list[str], metric: str) -> None:
    by_type = looks(types)
    for row, name in enumerate(types):
        value = values.get(f"{metric}/{name}")
        low, high = values.get(f"{metric}_low/{name}"), values.get(f"{metric}_high/{name}")
        axes.barh(row, 1, height=0.62, color=GRID, alpha=0.45)
        axes.barh(row, value or 0, height=0.62, color=by_type[name].colour)
        if low is not None and high is not None:
            axes.plot([low, high], [row, row], color="white", linewidth=3.2)
            axes.plot([low, high], [row, row], color=INK, linewidth=1.3)
        text = f"{number(value)}" if value is not None else "no alert" if metric == "precision" else "-"
        axes.text(1.015, row, text, va="center", ha="left", fontsize=8.5, color=INK)
    axes.set_xlim(0, 1.13)
    axes.set_xticks(np.linspace(0, 1, 6))
