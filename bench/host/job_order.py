"""The order of the jobs of a sweep: at first one job of each detector, on different worlds.

So the first jobs show how long each detector takes, and no two of them wait for the same world.
"""

from collections.abc import Sequence


def spread(jobs: Sequence[Sequence[str]]) -> list[int]:
    """Return the numbers of jobs, given by their overrides, in the order in which they run.

    The jobs of the n-th detector begin with the n-th of them, and the detectors take turns.

    >>> spread([["detector=a", "seed=1"], ["detector=a", "seed=2"], ["detector=b", "seed=1"], ["detector=b", "seed=2"]])
    [0, 3, 1, 2]
    """
    by_detector: dict[tuple[str, ...], list[int]] = {}
    for number, job in enumerate(jobs):
        by_detector.setdefault(part(job, "detector"), []).append(number)
    turns = []
    for place, numbers in enumerate(by_detector.values()):
        first = place % len(numbers)
        turns += [(turn, place, number) for turn, number in enumerate([*numbers[first:], *numbers[:first]])]
    return [number for _, _, number in sorted(turns)]


def part(job: Sequence[str], *roots: str) -> tuple[str, ...]:
    """Return those overrides of a job that belong to some groups of settings."""
    return tuple(line for line in job if line.lstrip("+~").partition("=")[0].split(".")[0].split("/")[0] in roots)
