"""The tables of numbers of the comparison, before they are rendered as Markdown, HTML or SVG."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from bench.evaluation.compare import Standing, fewest_blocks
from bench.result import Scalar
from reports.comparison.best import signs_of
from reports.comparison.grouping import Comparison, Contender
from reports.comparison.standing import Contest, meaning, not_different_from, verdict
from reports.wording import ALL, LEVELS, NOTHING, SHORT, count, duration, home_level, key, number, percent

MEASURES = {
    "average_precision": (
        "Average precision",
        "the precision averaged over all thresholds, each type at its home level; random scores get about the "
        "prevalence, more where scores of calls are aggregated",
    ),
    "recall": (
        "Recall of the alerts",
        "the share of the anomalous records that are alerts, each type at its home level",
    ),
    "precision": (
        "Precision of the alerts",
        "the share of the alerts that are anomalous, each type at its home level; random alerts get the prevalence",
    ),
    "incident_recall": (
        "Incidents found",
        "the share of the incidents with at least one alert; random: what the same number of random alerts would find",
    ),
}
HEADLINE = "average_precision"
"""The measure of the heat map."""
COSTS: dict[str, tuple[str, Callable[[Scalar], str]]] = {
    "fit_seconds": ("fit [s]", partial(number, digits=2)),
    "score_seconds": ("score [s]", partial(number, digits=2)),
    "calls_per_second": ("calls scored per second", count),
    "peak_mib": ("peak memory [MiB]", count),
}


@dataclass(frozen=True)
class NumberCell:
    """One number with a note below it; `shade` in [0, 1] if the cell is coloured."""

    text: str
    details: tuple[str, ...] = ()
    shade: float | None = None
    failed: bool = False
    sign: str = ""
    """Whether it is the best of its type (`best.BEST`), or not significantly different from that (`best.ALIKE`)."""


@dataclass(frozen=True)
class NumberTable:
    """One table: a row per detector; the last rows are references."""

    title: str
    meaning: str
    columns: list[str]
    rows: list[tuple[str, list[NumberCell]]]
    reference: list[tuple[str, list[NumberCell]]]
    each_row_is: str = "detector"


FEW_COLUMNS = 10
"""A table with more columns than this, and fewer rows than columns, is transposed."""


def upright(grid: NumberTable) -> NumberTable:
    """Return a table that is not unnecessarily wide: many types become rows, and the detectors columns."""
    rows = grid.rows + grid.reference
    if len(grid.columns) <= FEW_COLUMNS or len(rows) >= len(grid.columns):
        return grid
    turned = [(name, [cells[place] for _, cells in rows]) for place, name in enumerate(grid.columns)]
    return NumberTable(
        title=grid.title,
        meaning=grid.meaning,
        columns=[label for label, _ in rows],
        rows=turned,
        reference=[],
        each_row_is="type",
    )


def grids_of(each: Comparison) -> list[NumberTable]:
    """Return the tables of one comparison, the average precision first and the cost last."""
    grids = [_measure_grid(each, measure) for measure in MEASURES if each.prevalences.repeats]
    names = {name for row in each.rows for name in row}
    homes = {home_level(each.sample, name) for name in each.types}
    grids += [
        _level_grid(each, level) for level in LEVELS if key("prevalence", level, ALL) in names and homes != {level}
    ]
    if any(who.summary(at_home(each, "delay_seconds", ALL)) for who in each.contenders):
        grids.append(_delay_grid(each))
    return [*grids, _cost_grid(each)]


def rank_grid(found: Standing) -> NumberTable:
    """Return the mean ranks, and the detectors that do not differ significantly."""
    rows = [
        (name, [NumberCell(number(rank, 2)), NumberCell(not_different_from(found, place))])
        for place, (name, rank) in enumerate(zip(found.names, found.mean_ranks.tolist(), strict=True))
    ]
    return NumberTable("Mean ranks", meaning(found), ["mean rank", "not significantly different from"], rows, [])


def difference_grid(contest: Contest) -> NumberTable:
    """Return the paired differences of each detector to the first."""
    columns = ["average precision", "difference to the first, simultaneous 95 % interval"]
    found = contest.differences(contest.metric())
    rows = [
        (label, [NumberCell(number(mean)), NumberCell(verdict(difference) if place else NOTHING)])
        for place, (label, mean, difference) in enumerate(found)
    ]
    said = (
        "average precision over the single worlds, and paired differences; too few world configurations for tests "
        f"({fewest_blocks(len(contest.contenders))} would be needed), three worlds at least for an interval"
    )
    return NumberTable("Paired differences", said, columns, rows, [])


def at_home(each: Comparison, measure: str, name: str) -> str:
    """Return the name of a metric of a type at its home level."""
    return key(measure, home_level(each.sample, name), name)


def _measure_cell(who: Contender, measure: str, level: str, name: str) -> NumberCell:
    metric = key(measure, level, name)
    cell, summary = _cell(who, metric, number), who.summary(metric)
    if summary is None:
        return cell if who.good else NumberCell(who.failure, failed=True)
    chance = who.summary(key(f"{measure}_chance", level, name)) if measure == "incident_recall" else None
    details = (*cell.details, f"random {number(chance.mean)}") if chance else cell.details
    return replace(cell, details=details, shade=min(max(summary.mean, 0), 1))


def _cost_grid(each: Comparison) -> NumberTable:
    columns = ["successful runs", *(name for name, _ in COSTS.values())]
    rows = [
        (who.label, [_runs(who), *(_cell(who, key, say) for key, (_, say) in COSTS.items())]) for who in each.contenders
    ]
    return NumberTable("Cost", "in a separate process, on the machine of the run", columns, rows, [])


def _runs(who: Contender) -> NumberCell:
    return NumberCell(f"{len(who.good)} of {len(who.repeats)}", (who.failure,) if who.failure else ())


def _cell(who: Contender, metric: str, say: Callable[[Scalar], str]) -> NumberCell:
    summary = who.summary(metric)
    if summary is None:
        return NumberCell(NOTHING)
    low, high = say(summary.low), say(summary.high)
    word = "range " if len(who.repeats) > 1 else ""
    return NumberCell(say(summary.mean), () if summary.low is None or low == high else (f"{word}{low} to {high}",))


def _any_cell(each: Comparison, metric: str) -> NumberCell:
    """Return a share that is the same for all detectors that have it."""
    found = [who for who in each.contenders if who.summary(metric) is not None]
    return _cell(found[0], metric, percent) if found else NumberCell(NOTHING)


def _level_grid(each: Comparison, level: str) -> NumberTable:
    title = f"Average precision of {LEVELS[level]}"
    meaning = (
        "each scored by its most suspicious call, or by a detector of its own; random scores of calls get more than "
        "the prevalence, for the busier are more suspicious then"
    )
    rows = [
        (who.label, [_measure_cell(who, "average_precision", level, name) for name in each.types])
        for who in each.contenders
    ]
    shares = [_cell(each.prevalences, key("prevalence", level, name), percent) for name in each.types]
    return NumberTable(title, meaning, each.types, rows, [("prevalence", shares)])


def _delay_grid(each: Comparison) -> NumberTable:
    meaning = (
        "median time from an incident's beginning to the end of its first alert, of those found, each type at its home "
        "level; causal detectors only"
    )
    rows = [
        (who.label, [_cell(who, at_home(each, "delay_seconds", name), duration) for name in each.types])
        for who in each.contenders
    ]
    return NumberTable("Delay of the first alert", meaning, each.types, rows, [])


def _signs(each: Comparison) -> dict[tuple[str, str], str]:
    """Return the signs of the best and of those alike by average precision, by type and label."""
    contest = Contest(each)
    found = {name: signs_of(contest, at_home(each, HEADLINE, name)) for name in each.types}
    return {(name, label): sign for name, signs in found.items() for label, sign in signs.items()}


def _measure_grid(each: Comparison, measure: str) -> NumberTable:
    title, meaning = MEASURES[measure]
    homes = {name: home_level(each.sample, name) for name in each.types}
    signs = _signs(each) if measure == HEADLINE else {}
    rows = [
        (
            who.label,
            [
                replace(_measure_cell(who, measure, homes[name], name), sign=signs.get((name, who.label), ""))
                for name in each.types
            ],
        )
        for who in each.contenders
    ]
    shares = [_cell(each.prevalences, at_home(each, "prevalence", name), percent) for name in each.types]
    reference = [("prevalence", shares)] if measure != "incident_recall" else []
    if set(homes.values()) != {"call"}:
        reference.append(("home level", [NumberCell(f"{SHORT[level]}s") for level in homes.values()]))
    beside = {"average_precision": ("of several types, left out", "shared_share"), "recall": ("at most", "recall_cap")}
    if measure in beside:
        label, metric = beside[measure]
        cells = [_any_cell(each, at_home(each, metric, name)) for name in each.types]
        reference += [(label, cells)] * any(cell.text not in {NOTHING, "0 %", "100 %"} for cell in cells)
    return NumberTable(title, meaning, each.types, rows, reference)
