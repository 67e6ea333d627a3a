"""What a supervised baseline is trained on in its own world: both halves of the history.

Training on other worlds: `tests/bench/isolation/test_fair_run.py`.
"""

from dataclasses import replace

import numpy as np
import pytest

from bench.detector import Level
from bench.levels import Grid
from bench.runs.examples import halves
from detectors.checks.subject import worlds


def test_halves_of_the_history_know_each_other() -> None:
    dataset = worlds()["ordinary"]
    early, later = halves(dataset)
    assert (early.window, early.history) == (later.history, later.window)
    assert early.window.start_ms == dataset.history.start_ms
    assert early.window.end_ms == later.window.start_ms
    assert later.window.end_ms == dataset.history.end_ms


@pytest.mark.parametrize("level", [Level.USER_DAY, Level.CELL_QUARTER])
def test_halves_have_the_entities_of_the_history(level: Level) -> None:
    dataset = worlds()["ordinary"]
    whole = Grid(level, replace(dataset, window=dataset.history))
    parts = [Grid(level, half) for half in halves(dataset)]
    for facts in (lambda grid: grid.start_ms, lambda grid: grid.of_calls.size):
        assert np.sum([np.sum(facts(part)) for part in parts]) == np.sum(facts(whole))
    assert sum(part.size for part in parts) == whole.size
