"""The share of answered calls around each call, against a plain loop."""

import numpy as np
import pytest

from detectors.checks.subject import worlds
from detectors.features.calls.answers_nearby import answers_nearby

QUARTER_S = 900


def test_it_is_that_of_a_plain_loop() -> None:
    dataset = worlds()["ordinary"]
    calls = dataset.table("calls").to_pylist()
    low, high = dataset.call_range(dataset.window)
    found = answers_nearby(dataset)
    assert found.size == high - low
    for row in range(low, high, 53):
        one = calls[row]
        near = [
            each["outcome"] == "answered"
            for each in calls
            if each["caller_id"] == one["caller_id"]
            and abs((each["call_start_ts"] - one["call_start_ts"]).total_seconds()) <= QUARTER_S
        ]
        assert found[row - low] == pytest.approx(np.mean(near))
