"""What it costs to confine a detector: CPU time with and without, in alternating pairs.

`python benchmarks/isolation.py [process] [small] [default] [pairs=24]`; all three parts without an argument. The ratio
of runs must be at most 1.03; the program ends with code 1 when its whole interval is above. All is done in a temporary
folder.

- process: a detector's process by itself, with random scores on a small world; the differences, and their quartiles;
- small, default: whole runs of isolation forest (all their processes) on a small and on the default world; the median
  of the ratios with `limits.confined=true` and `false`, with its 95 % interval.
"""

import os
import resource
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from harness import program
from scipy.stats import quantile_test

from bench.dataset import Dataset
from bench.isolation.detector_process import Job, Subject, Waiting
from bench.isolation.reach import reach_of
from bench.settings import LimitSettings, ProtocolSettings
from bench.worlds.protocol import applied

MOST = 1.03
SMALL = ("generator.num_users=500", "generator.days=7")
WORLDS = {"small": SMALL, "default": ()}
RANDOM = {"_target_": "detectors.reference.random.RandomScores"}


def in_pairs(cost: Callable[[bool], float], pairs: int) -> tuple[np.ndarray, np.ndarray]:
    """Return what something costs confined and unconfined, in turn; the first pair, which fills caches, is left out."""
    costs: dict[bool, list[float]] = {True: [], False: []}
    for pair in range(pairs + 1):
        for confined in (True, False) if pair % 2 else (False, True):
            costs[confined].append(cost(confined))
    return np.array(costs[True][1:]), np.array(costs[False][1:])


def runs(name: str, pairs: int) -> bool:
    """Print what confinement adds to whole runs; return whether that may be little enough."""
    with_it, without = in_pairs(
        lambda confined: program(*WORLDS[name], "detector=iforest", "tracking=none", f"limits.confined={confined}").cpu,
        pairs,
    )
    ratios = with_it / without
    found = quantile_test(ratios, q=1.0).confidence_interval(0.95)
    result = f"ratio {np.median(ratios):.3f} ({found.low:.3f} to {found.high:.3f}) in {pairs} pairs (at most {MOST:g})"
    print(
        f"{name} world: {np.median(without):.2f} s unconfined, {np.median(with_it):.2f} s confined; {result}",
        flush=True,
    )
    return bool(found.low <= MOST)


def process(pairs: int) -> bool:
    """Print what confinement adds to the process of a detector, with what the harness does for it."""
    program(*SMALL, "detector=random", "tracking=none", "audit=none")  # makes the world
    (world,) = (path.parent for path in Path("worlds").glob("*/manifest.json"))
    dataset = applied(Dataset.open(world / "data"), ProtocolSettings())

    def cost(confined: bool) -> float:
        before = _used()
        reach = reach_of(RANDOM, {"store.worlds": "worlds"}, confined)
        with Waiting(Subject(RANDOM, 0), Path(), 2, reach) as waiting:
            trial = waiting.tried(Job(dataset, LimitSettings(confined=confined)), lambda: None)
        if trial.scores is None:
            sys.exit(trial.reason)
        return _used() - before

    with_it, without = in_pairs(cost, pairs)
    low, middle, high = np.quantile(with_it - without, (0.25, 0.5, 0.75))
    result = f"{middle:+.3f} s (quartiles {low:+.3f} to {high:+.3f}) in {pairs} pairs"
    print(f"a detector's process: {np.median(without):.2f} s unconfined; confinement adds {result}", flush=True)
    return True


def _used() -> float:
    used = [resource.getrusage(whose) for whose in (resource.RUSAGE_CHILDREN, resource.RUSAGE_SELF)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def main() -> None:
    """Measure what is asked for, and fail when anything is beyond the bound."""
    pairs = next((int(each.removeprefix("pairs=")) for each in sys.argv[1:] if each.startswith("pairs=")), 24)
    parts = [each for each in sys.argv[1:] if not each.startswith("pairs=")] or ["process", *WORLDS]
    with tempfile.TemporaryDirectory() as place:
        os.chdir(place)
        well = [process(pairs) if part == "process" else runs(part, pairs) for part in parts]
    sys.exit(not all(well))


if __name__ == "__main__":
    main()
