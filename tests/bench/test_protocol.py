from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.dataset import Clock, Dataset, Window
from bench.faults import UserError
from bench.protocol import DAY_MS, applied
from bench.settings import ProtocolSettings

START = 1_704_067_200_000


def dataset(days: int) -> Dataset:
    whole = Window(START, START + days * DAY_MS)
    return Dataset(Path("nowhere"), Clock(whole.start_ms, whole.end_ms, "UTC", 0), whole, whole)


@given(st.integers(2, 400), st.floats(0.01, 0.99))
def test_a_split_parts_the_days_in_two_and_leaves_neither_empty(days: int, share: float) -> None:
    found = applied(dataset(days), ProtocolSettings("split", share))
    assert found.history.start_ms == found.clock.start_ms
    assert found.history.end_ms == found.window.start_ms
    assert found.window.end_ms == found.clock.end_ms
    fitted, left = divmod(found.history.end_ms - START, DAY_MS)
    assert left == 0
    assert 1 <= fitted <= days - 1
    if days >= 14:
        assert fitted % 7 == 0
        assert abs(fitted - days * share) <= max(3.5, 7 - days * share, days * share - (days - 7)) + 7 * (days % 7 > 0)
    else:
        assert abs(fitted - days * share) <= 1


@pytest.mark.parametrize(("days", "fitted"), [(28, 14), (14, 7), (15, 7), (7, 4), (2, 1), (4, 2)])
def test_half_of_the_days_in_whole_weeks(days: int, fitted: int) -> None:
    assert applied(dataset(days), ProtocolSettings()).history.end_ms == START + fitted * DAY_MS


def test_transductive_is_the_whole_twice() -> None:
    found = applied(dataset(3), ProtocolSettings("transductive"))
    assert found.history == found.window == Window(START, START + 3 * DAY_MS)


def test_one_day_cannot_be_split() -> None:
    with pytest.raises(UserError, match="at least 2 days of data, got 1"):
        applied(dataset(1), ProtocolSettings())
