"""Features of calls: against values worked out by hand, and that none sees the future."""

import math
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from call_tables import DAY_MS, ordinary_calls, write_calls
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_features import plain_features

from bench.dataset import Window
from bench.faults import UserError
from bench.schema import CELLS
from detectors.features.calls.call_features import FEATURES, call_features
from detectors.features.calls.kernel_arrays import FeatureColumn

HOUR, DAY = 3600, 86_400
OFFSET = 5 * HOUR + 1800
"""Delhi: local time is 5.5 h ahead."""


@pytest.fixture
def by_hand(tmp_path):
    """Seven calls, all but one of `a`: Monday, twice within the hour, then Saturday of the week after."""
    calls = {
        "start_s": [9 * HOUR, 9 * HOUR + 600, 9 * HOUR + 900, 10 * HOUR, 33 * HOUR + 60, 12 * DAY + 3 * HOUR, 13 * DAY],
        "caller_id": ["a", "b", "a", "a", "a", "a", "b"],
        "callee_id": ["b", "a", "b", "c", "z", "b", "a"],
        "call_duration": [99, 10, 0, 199, 149, 4, 20],
        "outcome": ["answered", "answered", "busy", "answered", "answered", "answered", "answered"],
        "callee_type": ["subscriber", "subscriber", "subscriber", "subscriber", "premium", "subscriber", "subscriber"],
        "last_cell_id": ["a", "a", "a", "z", "a", "a", "a"],
    }
    return write_calls(tmp_path, calls, 14, OFFSET)


EXPECTED = {
    "duration": [99, 10, 0, 199, 149, 4, 20],
    "log_duration": [math.log1p(each) for each in (99, 10, 0, 199, 149, 4, 20)],
    "duration_ratio": [0, 0, 0, math.log(200 / 100), 0, math.log(5 / 150), math.log(21 / 11)],
    "unanswered": [0, 0, 1, 0, 0, 0, 0],
    "hour": [9, 9 + 1 / 6, 9.25, 10, 9 + 1 / 60, 3, 0],
    "night": [0, 0, 0, 0, 0, 1, 1],
    "weekend": [0, 0, 0, 0, 0, 1, 1],
    "hour_share": [1 / 24, 1 / 24, 2 / 25, 1 / 26, 3 / 27, 1 / 28, 1 / 25],
    "gap": [7 * DAY, 7 * DAY, 900, 2700, 23 * HOUR + 60, 7 * DAY, 7 * DAY],
    "calls_last_hour": [0, 0, 1, 2, 0, 0, 0],
    "calls_last_day": [0, 0, 1, 2, 2, 0, 0],
    "new_contact": [1, 1, 0, 1, 1, 0, 0],
    "outside": [0, 0, 0, 0, 1, 0, 0],
    "moved": [0, 0, 0, 1, 0, 0, 0],
}


@pytest.mark.parametrize("name", EXPECTED)
def test_by_hand(by_hand, name):
    whole = Window(by_hand.clock.start_ms, by_hand.clock.end_ms)
    assert call_features(by_hand, [name], whole)[:, 0] == pytest.approx(EXPECTED[name])


def test_the_hour_is_on_a_circle(by_hand):
    whole = Window(by_hand.clock.start_ms, by_hand.clock.end_ms)
    sine, cosine = call_features(by_hand, ["hour_sin", "hour_cos"], whole).T
    assert np.arctan2(sine, cosine) % (2 * np.pi) * 24 / (2 * np.pi) == pytest.approx(EXPECTED["hour"])


def test_the_window_looks_back_into_the_history(by_hand):
    assert call_features(by_hand, ["new_contact", "gap"], by_hand.window).tolist() == [[0, 7 * DAY], [0, 7 * DAY]]


def test_no_feature_sees_the_future(tmp_path):
    calls = ordinary_calls(600, 30, 14)
    (tmp_path / "whole").mkdir()
    (tmp_path / "begun").mkdir()
    whole = write_calls(tmp_path / "whole", calls, 14)
    cut = len([start for start in calls["start_s"] if start < 10 * DAY])
    begun = write_calls(tmp_path / "begun", {name: rows[:cut] for name, rows in calls.items()}, 14)
    part = Window(whole.clock.start_ms, whole.clock.start_ms + 10 * DAY_MS)
    np.testing.assert_array_equal(
        call_features(whole, list(FEATURES), part), call_features(begun, list(FEATURES), part)
    )


def test_all_are_finite_and_as_many_as_asked(ordinary):
    matrix = call_features(ordinary, list(FEATURES), ordinary.window)
    low, high = ordinary.call_range(ordinary.window)
    assert matrix.shape == (high - low, len(FEATURES))
    assert np.isfinite(matrix).all()
    assert call_features(ordinary, ["gap", "moved"], Window(0, 1)).shape == (0, 2)


def test_an_unknown_name_is_reported_with_the_nearest(ordinary):
    with pytest.raises(UserError, match=r"'log_durations' is not a feature of calls; did you mean log_duration\?"):
        call_features(ordinary, ["log_durations"], ordinary.window)
    with pytest.raises(UserError, match="features must name at least one of duration, "):
        call_features(ordinary, [], ordinary.window)


def test_the_numbers_of_features_are_those_of_the_kernels():
    assert [column.name for column in FeatureColumn] == list(FEATURES)


PARTIES, PLACES = ("a", "b", "c"), ("p", "q", "nowhere")
CALL = st.tuples(
    st.one_of(st.integers(0, 3 * DAY), st.integers(DAY, DAY + 2 * HOUR)),
    st.sampled_from(PARTIES),
    st.sampled_from(PARTIES),
    st.integers(0, 5000),
    *(st.sampled_from(PLACES) for _ in range(2)),
    *(st.sampled_from(("1", "2")) for _ in range(2)),
    st.sampled_from(("answered", "missed")),
)
NAMES = ("start_s", "caller_id", "callee_id", "call_duration", "first_cell_id", "last_cell_id")
NAMES += ("caller_imei", "caller_imsi", "outcome")


@settings(max_examples=60)
@given(st.lists(CALL, min_size=1, max_size=40))
def test_a_plain_loop_finds_the_same(rows):
    columns = dict(zip(NAMES, map(list, zip(*sorted(rows), strict=True)), strict=True))
    with TemporaryDirectory() as folder:
        dataset = write_calls(Path(folder), columns, 4, OFFSET)
        place = {"cell_id": ["p", "q", "nowhere"], "latitude": [1.0, 1.2, None], "longitude": [50.0, 50.1, None]}
        table = {field.name: pa.array(place.get(field.name, ["x"] * 3)).cast(field.type) for field in CELLS.arrow}
        pq.write_table(pa.table(table, CELLS.arrow), Path(folder) / "cells.parquet")
        whole = Window(dataset.clock.start_ms, dataset.clock.end_ms)
        expected = plain_features(dataset)
        found = dict(zip(FEATURES, call_features(dataset, list(FEATURES), whole).T, strict=True))
    assert list(expected) == list(found)
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], np.array(values, float), rtol=1e-5, atol=2e-5, err_msg=name)


@settings(max_examples=20)
@given(st.floats(-80, 80), st.floats(-170, 170), st.integers(2, 60))
def test_who_always_calls_from_one_place_is_exactly_there(latitude, longitude, calls):
    """Not the 1e-14 km off that sums of coordinates round to, which a standardised column would make much of."""
    columns = {"start_s": [100 * k for k in range(2 * calls)]}
    columns |= {"caller_id": ["a", "b"] * calls, "first_cell_id": ["p", "q"] * calls}
    with TemporaryDirectory() as folder:
        dataset = write_calls(Path(folder), columns, 4)
        place = {"cell_id": ["p", "q"], "latitude": [latitude, latitude + 1], "longitude": [longitude, longitude + 1]}
        table = {field.name: pa.array(place.get(field.name, ["x"] * 2)).cast(field.type) for field in CELLS.arrow}
        pq.write_table(pa.table(table, CELLS.arrow), Path(folder) / "cells.parquet")
        whole = Window(dataset.clock.start_ms, dataset.clock.end_ms)
        assert not call_features(dataset, ["usual_km", "gyration_km"], whole).any()


def test_texts_have_the_same_number_in_every_part_of_a_file(tmp_path):
    calls = ordinary_calls(3000, 40, 8)
    one, many = tmp_path / "one", tmp_path / "many"
    for folder in (one, many):
        folder.mkdir()
    first, second = (write_calls(folder, calls, 8) for folder in (one, many))
    table = pq.read_table(many / "calls.parquet")
    parts = [table.slice(low, 100) for low in range(0, 3000, 100)]
    with pq.ParquetWriter(many / "calls.parquet", table.schema) as writer:
        for part in parts:  # each with a dictionary of its own
            plain = [column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column for column in part]
            writer.write_table(pa.table(plain, part.column_names).cast(table.schema))
    found = [call_features(each, list(FEATURES), each.window) for each in (first, second)]
    np.testing.assert_array_equal(*found)
