"""All metrics with their intervals of ten million scores and 23 types, beside one `np.argsort` of the scores.

`python benchmarks/metrics.py [scores]`
"""

import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from bench.evaluation.chance import Chance
from bench.evaluation.class_values import ClassValues, known_values
from bench.evaluation.cut import Cut
from bench.evaluation.incidents import Moments, Parts
from bench.evaluation.sample import Sample

TYPES = 23
ANOMALOUS = 0.05
CALLS_AN_INCIDENT = 10
CALLS_A_USER = 50
BOUND = 10.0
REPEATS = 3


def made_up(size: int) -> tuple[Sample, np.ndarray[Any, np.dtype[np.float64]]]:
    """Return calls of which every twentieth is anomalous, ten to an incident, and scores that tell them a little."""
    random = np.random.default_rng(1)
    entity = np.sort(random.permutation(size)[: int(ANOMALOUS * size)])
    incident = random.integers(0, entity.size // CALLS_AN_INCIDENT, entity.size)
    normal = np.ones(size, np.bool_)
    normal[entity] = False
    scores = random.normal(size=size)
    scores[entity] += incident % TYPES / 10
    users = random.integers(0, size // CALLS_A_USER, size)
    names = tuple(f"type_{number:02}" for number in range(TYPES))
    return Sample(names, normal, users, entity, incident % TYPES, incident), scores


def seconds(task: Callable[[], object]) -> float:
    """Return the shortest of a few times that a task takes [s]."""
    times = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        task()
        times.append(time.perf_counter() - began)
    return min(times)


def main() -> None:
    """Measure, print, and fail above the bound."""
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000
    sample, scores = made_up(size)
    cut, ends_ms = Cut(float(np.quantile(scores, 0.99))), np.arange(size)
    moments = Moments(ends_ms, np.zeros(size, np.int64), Parts(sample.incident, ends_ms[sample.entity]))
    found: dict[str, float | None] = {}

    def everything() -> None:
        found.update(known_values(sample, 10))
        found.update(ClassValues(sample, scores, cut, moments, Chance(sample)).all())

    sort, metrics = seconds(lambda: np.argsort(scores)), seconds(everything)
    print(f"scores {size:,}, types {TYPES}, values {len(found):,}, intervals {sum('_low/' in name for name in found)}")
    print(f"np.argsort {sort:.2f} s, all metrics with intervals {metrics:.2f} s")
    print(f"ratio {metrics / sort:.1f} (at most {BOUND:g})")
    sys.exit(metrics > BOUND * sort)


if __name__ == "__main__":
    main()
