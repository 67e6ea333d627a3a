"""The lowest and highest values of the calls of each quarter hour, against a plain loop."""

import numpy as np
import pytest

from bench.detector import Level
from bench.levels import Grid
from detectors.checks.subject import worlds
from detectors.features.tables.everything import everything, of_single_calls
from detectors.features.tables.extremes import extremes


@pytest.mark.parametrize("seed", range(5))
def test_they_are_those_of_a_plain_loop(seed: int) -> None:
    rng = np.random.default_rng(seed)
    entity = rng.integers(-1, 12, 40 * seed)
    values = rng.normal(size=(entity.size, 3))
    values[rng.random(values.shape) < 0.5] = np.nan
    found = extremes(values, entity, 12)
    assert found.shape == (12, 6)
    for number in range(12):
        for column in range(3):
            known = [value for value in values[entity == number, column] if not np.isnan(value)]
            expected = (min(known), max(known)) if known else (np.nan, np.nan)
            np.testing.assert_array_equal(found[number, [column, column + 3]], expected)


def test_the_baseline_has_those_of_the_calls_of_quarter_hours() -> None:
    dataset = worlds()["ordinary"]
    grid, rows = Grid(Level.CELL_QUARTER, dataset), everything(dataset, Level.CELL_QUARTER)
    wanted = extremes(of_single_calls(dataset), grid.of_calls, grid.size)
    assert len(np.unique(wanted[~np.isnan(wanted)])) > 1000
    known = {column.tobytes() for column in rows.T.copy()}
    assert all(column.tobytes() in known for column in wanted.T.copy())
