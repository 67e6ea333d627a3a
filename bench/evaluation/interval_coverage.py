"""Coverage study: how often a nominal 95 % interval contains the true value (docs/explanation/coverage.md).

Worlds are drawn from populations with known values (`bench.evaluation.superpopulation`), and intervals are computed as
in a run. A coverage below 92 % or above 98 %, by more than the error of the study itself, is a fault.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from math import sqrt

import numpy as np

from bench.arrays import FloatArray
from bench.evaluation.chance import Chance
from bench.evaluation.class_values import ClassValues, Values
from bench.evaluation.cut import Cut
from bench.evaluation.superpopulation import Population
from bench.evaluation.thresholds import cut_for

INCIDENTS = (12, 30, 100, 1000)
METRICS = (
    "average_precision",
    "roc_auc",
    "precision",
    "recall",
    "f1",
    "precision_at_100",
    "recall_at_100",
    "incident_recall",
    "delay_seconds",
    "delay_calls",
)
"""Lift is the average precision divided by a constant, and so has the same coverage."""
COUNTED = ("delay_calls",)
"""Metrics that are whole numbers: their intervals may contain the true value more often than the nominal 95 %."""
LOWEST, HIGHEST = 0.92, 0.98
ERRORS = 2.6
"""A coverage is a fault if it is outside the limits by more than so many standard errors of the study."""
FEWEST = 50
"""A coverage is reported from this number of worlds with an interval."""


@dataclass(frozen=True)
class StudyCell:
    """One world configuration, and whether the threshold is fixed or follows from a budget."""

    population: Population
    budget: bool

    def __str__(self) -> str:
        """Describe it in words."""
        each = self.population
        sizes = "log-normal" if each.many_records else "one record"
        shared = f" beside {each.others}" if each.others else ""
        users = "heavy" if each.heavy else "even"
        cut = "budget" if self.budget else "fixed"
        return f"{each.incidents}{shared} | {sizes} | {users} | {each.normals:,} | {each.skill:g} | {cut}"


@dataclass
class Count:
    """Number of intervals, and number of those that contain the true value."""

    held: int = 0
    total: int = 0

    @property
    def share(self) -> float | None:
        """The coverage; None if there are too few intervals."""
        return self.held / self.total if self.total >= FEWEST else None

    def fault(self, metric: str) -> bool:
        """Return whether the coverage is outside the limits by more than the error of the study."""
        if self.share is None:
            return False
        low, high = (ERRORS * sqrt(limit * (1 - limit) / self.total) for limit in (LOWEST, HIGHEST))
        return self.share < LOWEST - low or (self.share > HIGHEST + high and metric not in COUNTED)


def coverage(population: Population, repeats: int, seed: int = 0) -> dict[StudyCell, dict[str, Count]]:
    """Simulate worlds of a kind and count, at both thresholds, how often each interval covers the true value."""
    random = np.random.default_rng(seed)
    counts = {StudyCell(population, budget): {metric: Count() for metric in METRICS} for budget in (False, True)}
    for _ in range(repeats):
        world = population.draw(random)
        chance, in_order = Chance(world.sample), dict[str, object]()
        for cell, tally in counts.items():
            cut = cut_of(cell, world.scores)
            judged = ClassValues(world.sample, world.scores, cut, world.moments, chance)
            vars(judged).update(in_order)  # scores are sorted once for both thresholds
            values = judged.all()
            in_order = {"others": judged.others, "classes": judged.classes}
            for metric, value in world.truth(cut).items():
                bounds = _bounds(values, metric, world.judged)
                if bounds is not None:
                    tally[metric].total += 1
                    tally[metric].held += bounds[0] <= value <= bounds[1]
    return counts


def cut_of(cell: StudyCell, scores: FloatArray) -> Cut:
    """Return the threshold that a cell of the study uses for the scores of a world."""
    return cut_for(scores, cell.population.alerts) if cell.budget else Cut(cell.population.threshold)


def grid(normals: int, skill: float) -> list[Population]:
    """Return the world configurations of the study for a number of normal records."""
    kinds = product(INCIDENTS, (False, True), (False, True))
    alone = [Population(number, many, heavy, normals, skill) for number, many, heavy in kinds]
    return [*alone, Population(30, True, True, normals, skill, others=60)]


def faults(counts: Mapping[StudyCell, Mapping[str, Count]]) -> list[str]:
    """Describe each coverage that is outside the limits."""
    return [
        f"{metric} covers {count.share:.1%} of {count.total}: {cell}"
        for cell, row in counts.items()
        for metric, count in row.items()
        if count.fault(metric)
    ]


def table(counts: Mapping[StudyCell, Mapping[str, Count]]) -> Iterator[str]:
    """Yield the lines of a Markdown table of coverages in per cent."""
    yield (
        "| incidents | records | users | normals | skill | cut | " + " | ".join(f"`{name}`" for name in METRICS) + " |"
    )
    yield "|---" * (6 + len(METRICS)) + "|"
    for cell, row in counts.items():
        shares = (row[metric].share for metric in METRICS)
        yield f"| {cell} | " + " | ".join("" if share is None else f"{100 * share:.1f}" for share in shares) + " |"


def _bounds(values: Values, metric: str, name: str) -> tuple[float, float] | None:
    low, high = (values.get(f"{metric}_{end}/{name}") for end in ("low", "high"))
    return None if low is None or high is None else (low, high)
