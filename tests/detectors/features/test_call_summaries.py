"""The lowest, highest and mean values of the calls of each day and quarter hour, against a plain loop."""

import numpy as np
import pytest

from bench.detector import Level
from bench.levels import Grid
from detectors.checks.subject import worlds
from detectors.features.tables.call_summaries import over_calls
from detectors.features.tables.everything import everything, of_single_calls


@pytest.mark.parametrize("seed", range(5))
def test_they_are_those_of_a_plain_loop(seed: int) -> None:
    rng = np.random.default_rng(seed)
    entity = rng.integers(-1, 12, 40 * seed)
    values = rng.normal(size=(entity.size, 3))
    values[rng.random(values.shape) < 0.5] = np.nan
    found = over_calls(values, entity, 12)
    assert found.shape == (12, 9)
    for number in range(12):
        for column in range(3):
            known = [value for value in values[entity == number, column] if not np.isnan(value)]
            expected = (min(known), max(known), sum(known) / len(known)) if known else (np.nan,) * 3
            np.testing.assert_allclose(found[number, [column, column + 3, column + 6]], expected)


@pytest.mark.parametrize("level", [Level.USER_DAY, Level.CELL_QUARTER])
def test_the_baseline_has_those_of_the_calls_of_days_and_quarter_hours(level: Level) -> None:
    dataset = worlds()["ordinary"]
    grid, rows = Grid(level, dataset), everything(dataset, level)
    wanted = over_calls(of_single_calls(dataset), grid.of_calls, grid.size)
    assert len(np.unique(wanted[~np.isnan(wanted)])) > 1000
    known = {column.tobytes() for column in rows.T.copy()}
    assert all(column.tobytes() in known for column in wanted.T.copy())
