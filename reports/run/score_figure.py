"""The picture of the scores: distributions of normal calls and of each type, with the threshold."""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from bench.arrays import FloatArray
from bench.evaluation.run_outcome import Outcome
from reports.style import FAINT, INK, NORMAL_COLOUR, ONE_COLOUR, new_figure, save, tidy
from reports.wording import ALL, LEVELS, count, cut_meaning, own_level, percent, policy_meaning

BINS = 90
ONE_COLUMN = 8
"""The most types shown one below another; more are in three columns."""
NEGLIGIBLE = 1e-12
LONG_TAIL = 30
"""Ratio of the whole range to the interquartile range above which scores have a nonlinear scale."""


def draw_scores(outcome: Outcome, types: list[str], path: Path) -> Path:
    """Draw the distribution of the scores, one panel per type, with the normal calls behind each."""
    asked = outcome.result.asked
    noun = LEVELS[own_level(asked)]
    shown = [name for name in types if name != ALL]
    across = 1 if len(shown) <= ONE_COLUMN else 3
    rows = -(-len(shown) // across)
    figure = new_figure(
        7.5 + 1.5 * across, 1.35 + 1.02 * rows, f"{asked.get('detector')}: scores of normal and of anomalous {noun}",
        f"share of the {noun} of a kind in each bin; above each panel: how many {noun}, and the share that are alerts",
    )  # fmt: skip
    every_panel = figure.subplots(rows, across, sharex=True, squeeze=False)
    panels = every_panel.T.ravel()[: len(shown)]
    for empty in every_panel.T.ravel()[len(shown) :]:
        empty.set_axis_off()
    samples = {name: outcome.type_sample(name) for name in shown}
    normal = samples[shown[0]][1][~samples[shown[0]][0]]
    every = np.concatenate([normal, *(scores[positive] for positive, scores in samples.values())])
    edges, width = score_bins(every)
    for axes, (name, (positive, scores)) in zip(panels, samples.items(), strict=True):
        if width is not None:
            axes.set_xscale("asinh", linear_width=width)
        _panel(axes, edges, normal, scores[positive], name)
        many, caught = int(np.count_nonzero(positive)), outcome.result.values.get(f"recall/{name}")
        axes.set_title(f"{count(many)}, {percent(caught)} alerts", loc="right", fontsize=8.8, color=FAINT, pad=3)
        _threshold(axes, outcome)
    _legend(panels[0], outcome, normal.size)
    bent = "" if width is None else "; logarithmic towards the ends"
    for axes in {*panels[rows - 1 :: rows], panels[-1]}:
        axes.xaxis.set_tick_params(labelbottom=True)
        axes.set_xlabel(f"score (higher: more anomalous){bent}", fontsize=9, color=INK)
    return save(figure, path)


def score_bins(scores: FloatArray) -> tuple[FloatArray, float | None]:
    """Return the edges of the bins over the whole range, and the width of the linear part of a nonlinear scale.

    The width is None if a linear scale is sufficient: if the interquartile range is a large enough part of the range.
    For whole-number scores, every bin covers equally many numbers, since otherwise some would look emptier than their
    neighbours.
    """
    low, quarter, three_quarters, high = np.quantile(scores, [0, 0.25, 0.75, 1])
    width = float(three_quarters - quarter) / 2
    if width <= NEGLIGIBLE * max(abs(low), abs(high)) or high - low <= LONG_TAIL * 2 * width:
        if high - low >= 1 and np.array_equal(scores, np.round(scores)):
            step = np.ceil((high - low + 1) / BINS)
            return low - 0.5 + step * np.arange(np.ceil((high - low + 1) / step) + 1), None
        spread = max(high - low, abs(high) * 1e-6, 1e-9)
        return _reaching(np.linspace(low, low + spread, BINS + 1), low, high), None
    bent = np.sinh(np.linspace(np.arcsinh(low / width), np.arcsinh(high / width), BINS + 1)) * width
    return _reaching(bent, low, high), width


def _reaching(edges: FloatArray, low: float, high: float) -> FloatArray:
    """Extend the outer edges to the outer scores where rounding left these outside."""
    edges[0], edges[-1] = min(edges[0], low), max(edges[-1], high)
    return edges


def _panel(axes: Axes, edges: FloatArray, normal: FloatArray, anomalous: FloatArray, name: str) -> None:
    axes.stairs(_shares(normal, edges), edges, fill=True, color=NORMAL_COLOUR, alpha=0.75)
    shares = _shares(anomalous, edges)
    axes.stairs(shares, edges, fill=True, color=ONE_COLOUR, alpha=0.25)
    axes.stairs(shares, edges, color=ONE_COLOUR, linewidth=1.6)
    tidy(axes, grid="y")
    axes.set_title(name, loc="left", fontsize=10, weight="bold", color=INK, pad=3)
    axes.set_xlim(edges[0], edges[-1])
    axes.yaxis.set_major_locator(MaxNLocator(3))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: percent(round(value, 6))))


def _shares(scores: FloatArray, edges: FloatArray) -> np.ndarray[Any, np.dtype[np.float64]]:
    counts, _ = np.histogram(np.clip(scores, edges[0], edges[-1]), edges)
    return counts / max(scores.size, 1)


def _threshold(axes: Axes, outcome: Outcome) -> None:
    low, high = axes.get_xlim()
    if outcome.alerts is not None and low <= outcome.alerts.cut.score <= high:
        axes.axvline(outcome.alerts.cut.score, color=INK, linewidth=1.2, linestyle=(0, (4, 2)))


def _legend(axes: Axes, outcome: Outcome, normal: int) -> None:
    axes.stairs([], [0], fill=True, color=NORMAL_COLOUR, alpha=0.75, label=f"normal ({count(normal)})")
    if outcome.alerts is not None:
        label = f"alerts {cut_meaning(outcome.alerts.cut)} ({policy_meaning(outcome.result.asked)})"
        axes.plot([], [], color=INK, linewidth=1.2, linestyle=(0, (4, 2)), label=label)
    axes.figure.legend(loc="outside lower left", ncols=2, fontsize=8.8, frameon=False)
