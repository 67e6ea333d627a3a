"""The time left of a sweep: right within a third after the first quarter of its jobs, whatever differs between them."""

from collections.abc import Sequence
from itertools import product

import pytest

from bench.host.job_order import part, spread
from bench.sweeps.time_left import Ended, time_left

SECONDS = {"detector=quick": 2.0, "detector=fair": 20.0, "detector=slow": 120.0, "detector=slower": 300.0}
MAKING, COMPILING = 60.0, 150.0


def jobs(worlds: int, detectors: Sequence[str] = tuple(SECONDS)) -> list[list[str]]:
    return [[name, f"generator.seed={seed}"] for name, seed in product(detectors, range(worlds))]


def played(ordered: Sequence[Sequence[str]], at_a_time: int) -> list[tuple[float, float, Ended]]:
    """Return start and end of each job, and what it took: the first world is compiled too, each is made once."""
    free, ready, found = [0.0] * at_a_time, dict[str, float](), []
    for name, world in ordered:
        worker = free.index(min(free))
        start = free[worker]
        made = ready.setdefault(world, start + MAKING + (0 if ready else COMPILING))
        begin = max(start, made)
        free[worker] = begin + SECONDS[name]
        found.append((start, free[worker], Ended(free[worker] - start, begin - start)))
    return found


@pytest.mark.parametrize(("worlds", "at_a_time"), [(8, 1), (8, 2), (14, 1), (14, 2), (14, 4)])
def test_the_estimate_is_right_within_a_third_after_the_first_quarter(worlds: int, at_a_time: int) -> None:
    """Where a job of each detector has ended by then."""
    every = jobs(worlds)
    ordered = [every[number] for number in spread(every)]
    history = played(ordered, at_a_time)
    now = sorted(end for _, end, _ in history)[max(len(ordered) // 4, 1) - 1]
    ended = {place: took for place, (_, end, took) in enumerate(history) if end <= now}
    begun = {place: now - start for place, (start, end, _) in enumerate(history) if start <= now < end}
    found = time_left(ordered, ended, begun, at_a_time)
    left = max(end for _, end, _ in history) - now
    assert found == pytest.approx(left, rel=1 / 3)


def test_no_time_left_is_estimated_before_a_job_has_ended() -> None:
    assert time_left(jobs(2), {}, {}, 2) is None


def test_every_job_is_done_once_and_soon_one_of_each_detector_on_different_worlds() -> None:
    every = jobs(5)
    order = spread(every)
    assert sorted(order) == list(range(len(every)))
    first = [every[number] for number in order[: len(SECONDS)]]
    assert {part(job, "detector") for job in first} == {(name,) for name in SECONDS}
    assert len({part(job, "generator") for job in first}) == len(SECONDS)


def test_jobs_of_one_detector_keep_their_order() -> None:
    assert (
        spread(jobs(4, ["detector=slow"])) == spread([["seed=1"], ["seed=2"], ["seed=3"], ["seed=4"]]) == [0, 1, 2, 3]
    )
