"""What it costs to confine a detector: CPU time of runs with and without, in pairs.

`python benchmarks/isolation.py [pairs=24]` runs isolation forest on a small and on the default world, alternately with
`limits.confined=true` and `false`, and prints the median of the ratios of CPU time (user and system, of all processes)
with its interval. The program ends with code 1 when a whole interval is above the bound. Everything is done in a
temporary folder.
"""

import os
import sys
import tempfile

import numpy as np
from harness import program
from scipy.stats import quantile_test

MOST = 1.03
SMALL = ("generator.num_users=500", "generator.days=7")
WORLDS = {"small": SMALL, "default": ()}


def compared(name: str, world: tuple[str, ...], pairs: int) -> bool:
    """Print what confinement adds to a run; return whether that may be little enough."""
    costs: dict[bool, list[float]] = {True: [], False: []}
    for pair in range(pairs + 1):
        for confined in (True, False) if pair % 2 else (False, True):
            cost = program(*world, "detector=iforest", "tracking=none", f"limits.confined={confined}")
            costs[confined].append(cost.cpu)
    with_it, without = (np.array(costs[each][1:]) for each in (True, False))  # the first pair makes world and caches
    ratios = with_it / without
    found = quantile_test(ratios, q=1.0).confidence_interval(0.95)
    costs_told = f"{np.median(without):.2f} s without, {np.median(with_it):.2f} s with"
    told = f"{np.median(ratios):.3f} ({found.low:.3f} to {found.high:.3f}) in {pairs} pairs (at most {MOST:g})"
    print(f"{name} world: {costs_told}; ratio {told}", flush=True)
    return bool(found.low <= MOST)


def main() -> None:
    """Measure each world with each detector, and fail when anything is beyond the bound."""
    told = dict(each.split("=") for each in sys.argv[1:])
    with tempfile.TemporaryDirectory() as place:
        os.chdir(place)
        well = [compared(name, world, int(told.get("pairs", 24))) for name, world in WORLDS.items()]
    sys.exit(not all(well))


if __name__ == "__main__":
    main()
