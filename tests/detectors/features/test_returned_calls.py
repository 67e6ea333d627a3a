"""Calls back within a week, against a plain loop."""

import numpy as np

from detectors.checks.subject import worlds
from detectors.features.calls.returned_calls import WEEK_MS, returned_calls


def test_they_are_those_of_a_plain_loop() -> None:
    dataset = worlds()["ordinary"]
    table = dataset.table("calls", ["caller_id", "callee_id", "call_start_ts"])
    callers, callees = (table[column].to_pylist() for column in ("caller_id", "callee_id"))
    starts = table["call_start_ts"].cast("int64").to_pylist()
    times: dict[tuple[str, str], list[int]] = {}
    for caller, callee, start in zip(callers, callees, starts, strict=True):
        times.setdefault((caller, callee), []).append(start)
    found = returned_calls(dataset)
    low, high = dataset.call_range(dataset.window)
    assert found.shape == (high - low, 2)
    for row in range(low, high):
        back = times.get((callees[row], callers[row]), [])
        many = sum(abs(each - starts[row]) <= WEEK_MS for each in back)
        np.testing.assert_array_equal(found[row - low], [many > 0, many])
    assert 0.1 < found[:, 0].mean() < 0.9
