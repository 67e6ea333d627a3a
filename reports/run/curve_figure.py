"""The picture of precision against recall, for each type of anomaly."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from bench.arrays import BoolArray, FloatArray
from bench.evaluation.run_outcome import Outcome
from bench.evaluation.score_metrics import separate
from reports.style import FAINT, INK, ONE_COLOUR, TypeStyle, looks, new_figure, save, tidy
from reports.wording import ALL, LEVELS, Row, number, own_level, percent, world_meaning

POINTS = 2000
"""A curve is drawn with about this many points, evenly spread over recall."""
TOGETHER, ACROSS = 8, 5
"""The most types that share a panel; and the number of panels side by side if there are more types."""
RECALL = "recall: share of the anomalous {} found"
PRECISION = "precision: share of those found that are anomalous"


def draw_precision_recall(outcome: Outcome, types: list[str], path: Path) -> Path:
    """Draw a step curve for each type, whose area is the average precision, with marks at the threshold.

    A few types share one panel; if there are many, each has its own, sorted by average precision.
    """
    asked, values = outcome.result.asked, outcome.result.values
    ordered = sorted(types, key=lambda name: (-(values.get(f"average_precision/{name}") or 0), name))
    if len(types) > TOGETHER:
        return _draw_apart(outcome, ordered, path)
    figure = new_figure(9, 4.9, f"{asked.get('detector')}: precision and recall", world_meaning(asked))
    axes = figure.add_subplot()
    by_type = looks(types)
    for name in ordered:
        _curve(axes, outcome, name, by_type[name])
    axes.set(xlim=(0, 1.005), ylim=(0, 1.02))
    tidy(axes, x=_recall(asked), y=PRECISION)
    axes.plot([], [], "o", color="white", markeredgecolor=INK, label="threshold of the alerts")
    axes.plot([], [], color=FAINT, linewidth=0.9, linestyle=":", label="prevalence: precision of random alerts")
    legend = figure.legend(
        loc="outside right upper", fontsize=8.5, frameon=False, title="average precision (AP)", alignment="left"
    )
    legend.get_title().set(fontsize=9, weight="bold", color=INK)
    return save(figure, path)


def _draw_apart(outcome: Outcome, ordered: list[str], path: Path) -> Path:
    asked, values = outcome.result.asked, outcome.result.values
    rows = -(-len(ordered) // ACROSS)
    note = (
        f"{world_meaning(asked)}; best found first; number: average precision; dotted: prevalence; "
        "circle: threshold of the alerts"
    )
    figure = new_figure(10.5, 1.5 + 1.45 * rows, f"{asked.get('detector')}: precision and recall", note)
    panels = figure.subplots(rows, ACROSS, sharex=True, sharey=True, squeeze=False).ravel()
    for axes, name in zip(panels, ordered, strict=False):
        _curve(axes, outcome, name, TypeStyle(ONE_COLOUR, "-"))
        axes.set(xlim=(0, 1.03), ylim=(0, 1.05))
        tidy(axes)
        axes.set_title(name, loc="left", fontsize=8.5, weight="bold", color=INK, pad=3)
        precise = number(values.get(f"average_precision/{name}")).removeprefix("0")
        axes.set_title(precise, loc="right", fontsize=8.5, color=INK, pad=3)
    for axes in panels[len(ordered) :]:
        axes.set_axis_off()
    figure.supxlabel(_recall(asked), fontsize=9, color=INK)
    figure.supylabel(PRECISION, fontsize=9, color=INK)
    return save(figure, path)


def _recall(asked: Row) -> str:
    return RECALL.format(LEVELS[own_level(asked)])


def step_curve(positive: BoolArray, scores: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return recall, falling from 1 to 0, and precision; each precision holds down to the next recall.

    The area below the steps is the average precision, except for the effect of thinning to about `POINTS` points.
    """
    apart = separate(positive, scores)
    recall = np.append(apart.steps.hits / apart.found.size, 0.0)
    # no threshold has recall 0, so there is no precision of its own for it
    precision = np.append(apart.precisions, apart.precisions[-1])
    wanted = np.searchsorted(-recall, -np.linspace(1, 0, POINTS), side="right") - 1
    shown = np.unique(np.concatenate([[0], wanted, [recall.size - 1]]))
    return recall[shown], precision[shown]


def _curve(axes: Axes, outcome: Outcome, name: str, look: TypeStyle) -> None:
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
