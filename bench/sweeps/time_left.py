"""Estimate the time left of a sweep from the finished jobs, by detector and world."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from bench.host.job_order import part

WORLD = ("generator", "anomaly", "mix", "audit", "suite")
"""Groups of settings that determine a world."""


@dataclass(frozen=True)
class Ended:
    """Duration of a finished job."""

    seconds: float
    """Time from its start to its result."""
    world_seconds: float
    """Part of that time spent on finding or making the world, or waiting for it."""


def time_left(
    jobs: Sequence[Sequence[str]], ended: Mapping[int, Ended], begun: Mapping[int, float], at_a_time: int
) -> float | None:
    """Return an estimate of the remaining seconds; None while no job has finished.

    The remaining jobs are simulated: a job takes as long as others of its detector, or as the mean detector if none of
    these has finished yet, and waits for its world unless the world exists. Making a world takes the lower median of
    the times so far, since the first one may include the compilation of the simulator.

    Parameters
    ----------
    jobs
        The overrides of each job, in the order in which they run.
    ended
        Durations of the finished jobs, by their position in that order.
    begun
        Time that the current jobs have been running [s], by their position.
    at_a_time
        Number of jobs that run at the same time.
    """
    if not ended:
        return None
    usual, made = _detectors(jobs, ended), _worlds(jobs, ended)
    anew = sorted(made.values())[(len(made) - 1) // 2]
    mean = fmean(usual.values())
    free, ready = [0.0] * at_a_time, dict[tuple[str, ...], float]()
    for place, job in enumerate(jobs):
        if place in ended:
            continue
        worker, spent, world = free.index(min(free)), begun.get(place, 0.0), part(job, *WORLD)
        start = free[worker]
        if world not in made:
            start = max(start, ready.setdefault(world, start + max(anew - spent, 0.0)))
            spent = max(spent - anew, 0.0)
        free[worker] = start + max(usual.get(part(job, "detector"), mean) - spent, 0.0)
    return max(free)


def _detectors(jobs: Sequence[Sequence[str]], ended: Mapping[int, Ended]) -> dict[tuple[str, ...], float]:
    """Return the mean seconds of each detector, without the time for worlds."""
    found: dict[tuple[str, ...], list[float]] = {}
    for place, each in ended.items():
        found.setdefault(part(jobs[place], "detector"), []).append(max(each.seconds - each.world_seconds, 0.0))
    return {detector: fmean(seconds) for detector, seconds in found.items()}


def _worlds(jobs: Sequence[Sequence[str]], ended: Mapping[int, Ended]) -> dict[tuple[str, ...], float]:
    """Return the seconds for making or finding each world."""
    found: dict[tuple[str, ...], float] = {}
    for place, each in ended.items():
        world = part(jobs[place], *WORLD)
        found[world] = max(found.get(world, 0.0), each.world_seconds)
    return found
