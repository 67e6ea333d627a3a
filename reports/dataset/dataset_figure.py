"""The picture of a data set: hours, durations, anomalies and outcomes of its calls."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator, PercentFormatter

from bench.dataset import Dataset
from bench.spans import DAY_MS
from bench.truth import NORMAL, Truth
from reports.dataset.dataset_counts import OUTCOMES, DatasetCounts, duration_edges, tally
from reports.style import FAINT, GRID, INK, NORMAL_COLOUR, ONE_COLOUR, TypeStyle, looks, new_figure, save, tidy
from reports.wording import ALL, count, percent, plural

SATURDAY = 5
MOST_COLOURS = 8
"""The most curves that can be distinguished."""
OUTCOME_COLOURS = ("#4b5563", "#9ca3af", "#d1d5db", "#f3c9a5")
DURATION_TICKS = {1: "1 s", 10: "10 s", 60: "1 min", 600: "10 min", 3600: "1 h", 36000: "10 h"}


def draw(dataset: Dataset, truth: Truth, path: Path) -> None:
    """Draw calls by local hour, durations, anomaly types, calls by day, and outcomes, as PNG.

    Calls are counted one part of the table at a time, so that fifty million calls do not fill the memory.
    """
    counts = tally(dataset, truth)
    heights = [3.1, max(1.7, 1.05 + 0.3 * len(counts.types)), 2.2]
    figure = new_figure(9, sum(heights) + 0.9, _title(counts), _note(counts, dataset))
    grid = figure.add_gridspec(3, 2, height_ratios=heights)
    _hours(figure.add_subplot(grid[0, 0]), counts)
    _durations(figure.add_subplot(grid[0, 1]), counts)
    _types(figure.add_subplot(grid[1, 0]), counts)
    _outcomes(figure.add_subplot(grid[1, 1]), counts)
    _days(figure.add_subplot(grid[2, :]), counts)
    save(figure, path)


def _title(counts: DatasetCounts) -> str:
    days = round((counts.clock.end_ms - counts.clock.start_ms) / DAY_MS)
    return f"{plural(counts.calls.sum(), 'call')} in {plural(days, 'day')}"


def _note(counts: DatasetCounts, dataset: Dataset) -> str:
    total = max(int(counts.calls.sum()), 1)
    users = dataset.open_table("users").metadata.num_rows
    direct = int(counts.calls[counts.anomalous].sum())
    note = f"{plural(users, 'user')}; {count(direct)} calls are anomalous ({percent(direct / total)})"
    collateral = int(counts.calls[-1])
    return f"{note}; {count(collateral)} more were touched by an incident" if collateral else note


def _hours(axes: Axes, counts: DatasetCounts) -> None:
    edges = np.arange(25)
    axes.stairs(_share(counts.hours[0]), edges, fill=True, color=NORMAL_COLOUR, alpha=0.75, label=NORMAL)
    if counts.types:
        anomalous = counts.hours[counts.anomalous].sum(axis=0)
        axes.stairs(_share(anomalous), edges, color=INK, linewidth=1.8, label="anomalous, all types")
    tidy(
        axes, "Calls by hour", x=f"local hour of the start ({counts.clock.time_zone})", y="share of the calls", grid="y"
    )
    axes.set_xlim(0, 24)
    axes.set_xticks(range(0, 25, 3))
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    _room_for_legend(axes)


def _durations(axes: Axes, counts: DatasetCounts) -> None:
    edges = duration_edges()
    used = np.flatnonzero(counts.durations.sum(axis=0))
    decades = np.diff(np.log10(edges))
    axes.stairs(_share(counts.durations[0]) / decades, edges, fill=True, color=NORMAL_COLOUR, alpha=0.75, label=NORMAL)
    for name, (look, talk) in _curves(counts).items():
        shares = _share(talk) / decades
        axes.stairs(shares, edges, color=look.colour, linestyle=look.dash, linewidth=1.6, label=name)
    tidy(
        axes,
        "Talk time of the answered calls",
        x="talk time (logarithmic)",
        y="density over log10(talk time)",
        grid="y",
    )
    axes.set_xscale("log")
    axes.set_xlim(edges[0], edges[min(used[-1] + 2, edges.size - 1)] if used.size else 3600)
    low, high = axes.get_xlim()
    ticks = [second for second in DURATION_TICKS if low <= second <= high]
    axes.set_xticks(ticks, [DURATION_TICKS[second] for second in ticks])
    axes.minorticks_off()
    _room_for_legend(axes)


def _curves(counts: DatasetCounts) -> dict[str, tuple[TypeStyle, Any]]:
    """Return style and talk times of each type, or of all together if there are too many types."""
    by_type = looks(counts.types)
    if len(counts.types) > MOST_COLOURS:
        return {"anomalous, all types": (by_type[ALL], counts.durations[counts.anomalous].sum(axis=0))}
    return {name: (by_type[name], counts.durations[row]) for row, name in enumerate(counts.types, start=1)}


def _types(axes: Axes, counts: DatasetCounts) -> None:
    by_type = looks(counts.types)
    calls = counts.calls[counts.anomalous]
    for row, name in enumerate(counts.types):
        colour = by_type[name].colour if len(counts.types) <= MOST_COLOURS else ONE_COLOUR
        axes.barh(row, calls[row], height=0.62, color=colour)
        text = f" {plural(calls[row], 'call')}, {plural(counts.incidents[row], 'incident')}"
        axes.text(calls[row], row, text, va="center", fontsize=8.5, color=INK)
    if not counts.types:
        axes.text(0.5, 0.5, "none injected", transform=axes.transAxes, ha="center", color=FAINT)
    without = any(calls[row] < counts.incidents[row] for row in range(len(counts.types)))
    tidy(axes, "Anomalous calls by type", x=f"calls{' (an incident may leave none)' * without}", grid="x")
    axes.set_yticks(range(len(counts.types)), counts.types)
    axes.set_xlim(0, 1.75 * max(calls, default=1) or 1)
    axes.set_ylim(max(len(counts.types), 1) - 0.45, -0.55)
    axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    _count_axis(axes.xaxis)


def _outcomes(axes: Axes, counts: DatasetCounts) -> None:
    rows = {NORMAL: counts.outcomes[0]}
    rows |= {name: counts.outcomes[row] for row, name in enumerate(counts.types, start=1)}
    left = np.zeros(len(rows))
    shares = np.array([_share(row) for row in rows.values()])
    for column, name in enumerate(OUTCOMES):
        axes.barh(
            range(len(rows)), shares[:, column], left=left, height=0.62, color=OUTCOME_COLOURS[column], label=name
        )
        left += shares[:, column]
    tidy(axes, x="share of the calls", grid="x")
    # the legend is below the panel
    axes.set_title("Outcomes", loc="left", fontsize=10, color=INK, weight="bold", pad=18)
    axes.set_yticks(range(len(rows)), list(rows))
    axes.set_ylim(len(rows) - 0.45, -0.55)
    axes.set_xlim(0, 1)
    axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.legend(
        ncols=4, fontsize=8, frameon=False, loc="lower left", bbox_to_anchor=(0, 1.0), borderaxespad=0.3,
        handlelength=0.9, handletextpad=0.5, columnspacing=1.1, borderpad=0,
    )  # fmt: skip


def _days(axes: Axes, counts: DatasetCounts) -> None:
    dates = _dates(counts)
    edges = np.arange(len(dates) + 1)
    normal = counts.days[0] + counts.days[-1]
    total = normal + counts.days[counts.anomalous].sum(axis=0)
    for day in (day for day, each in enumerate(dates) if each.weekday() >= SATURDAY):
        axes.axvspan(day, day + 1, color=GRID, alpha=0.7, linewidth=0)
    axes.stairs(normal, edges, fill=True, color=NORMAL_COLOUR, label=NORMAL)
    axes.stairs(total, edges, baseline=normal, fill=True, color=INK, label="anomalous, all types")
    axes.fill_between([], [], color=GRID, label="weekend")
    tidy(axes, "Calls by day", y="calls", grid="y")
    axes.set_xlim(0, len(dates))
    axes.set_ylim(0, max(1.28 * total.max(initial=0), 1))
    step = 1 if len(dates) <= 10 else 7 * -(-len(dates) // 70)
    years = [dates[max(day - step, 0)].year for day in range(len(dates))]
    labels = [
        f"{each:%-d %b}" + f"\n{each.year}" * (not day or each.year != years[day]) for day, each in enumerate(dates)
    ]
    axes.set_xticks(edges[:-1:step] + 0.5, labels[::step])
    _count_axis(axes.yaxis)
    axes.legend(ncols=3, fontsize=8, frameon=False, loc="upper right")


def _dates(counts: DatasetCounts) -> list[date]:
    """Return the local date of each day."""
    first = datetime.fromtimestamp(int(counts.clock.local_ms(counts.clock.start_ms)) / 1000, UTC)
    return [first.date() + timedelta(days=day) for day in range(counts.days.shape[1])]


def _share(counts: np.ndarray[Any, Any]) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.asarray(counts / max(int(counts.sum()), 1))


def _room_for_legend(axes: Axes) -> None:
    axes.set_ylim(0, axes.get_ylim()[1] * 1.18)
    axes.legend(fontsize=8, frameon=False, loc="upper right", ncols=2, handlelength=1.4)


def _count_axis(axis: Any) -> None:
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
