from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from toy_world import ToySettings, ToyWorld

from bench.dataset import Clock, Dataset, Window
from bench.faults import UserError, faults_of
from bench.generator import silent
from bench.settings import ProtocolSettings
from bench.spans import DAY_MS
from bench.truth import Truth
from bench.worlds.protocol import applied, without_incidents

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


def test_clean_history_lacks_what_incidents_touched_and_nothing_else(workplace: Path) -> None:
    world = ToyWorld(ToySettings(calls=500, anomaly_ratio=0.2), {})
    Path("toy").mkdir()
    world.make(Path("toy"), 1, silent)
    found, truth = applied(Dataset.open(Path("toy/data")), ProtocolSettings()), Truth(Path("toy/truth"))
    clean = without_incidents(found, truth, Path("clean"))
    bad = set(truth.table("truth")["row"].to_pylist())
    low, high = found.call_range(found.history)
    expected = [row for row in range(500) if not (low <= row < high and row in bad)]
    assert clean.table("calls").equals(found.table("calls").take(expected))
    assert 0 < 500 - len(expected) < len(bad)
    assert clean.calls(clean.window).equals(found.calls(found.window))
    assert {path.name for path in clean.folder.iterdir()} == {path.name for path in found.folder.iterdir()}


def test_what_is_scored_cannot_be_cleaned_of_its_incidents() -> None:
    settings = ProtocolSettings("transductive", training="clean")
    messages = [str(fault) for fault in faults_of(settings, "protocol")]
    assert messages == ["protocol.training must be contaminated where the scored part is fitted on, got 'clean'"]
