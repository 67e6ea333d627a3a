"""The frozen list of features that audits try."""

from pathlib import Path

import numpy as np
import pytest
from call_tables import ordinary_calls, write_calls

from bench.faults import SettingsError
from detectors.features.calls.call_features import call_features
from detectors.features.tables.audited import OF_CONTACTS, OF_GRAPH, Audited


def test_every_feature_is_there_by_its_name_once_and_finite(tmp_path: Path) -> None:
    dataset = write_calls(tmp_path, ordinary_calls(1500, 60, 6), 6)
    features = Audited(1)
    low, high = dataset.call_range(dataset.window)
    found = dict(features.columns(dataset))
    assert list(found) == list(features.names)
    assert all(values.shape == (high - low,) and np.isfinite(values).all() for values in found.values())
    assert {name for name, graph in features.names.items() if graph} == {*OF_CONTACTS, *OF_GRAPH}
    assert (found["duration"] == call_features(dataset, ["duration"], dataset.window)[:, 0]).all()


def test_features_are_as_they_are_named(tmp_path: Path) -> None:
    """Of an hour and a contact seen before, and of the graph of the history."""
    calls = {
        "start_s": [3600, 7200, 90_000, 90_060],
        "caller_id": ["a", "b", "a", "b"],
        "callee_id": ["b", "a", "c", "a"],
    }
    found = dict(Audited().columns(write_calls(tmp_path, calls, 2)))
    assert found["hour"].tolist() == pytest.approx([1, 61 / 60])
    assert found["new_contact"].tolist() == [1, 0]
    assert found["unknown_callee"].tolist() == [1, 0]
    assert found["reciprocated"].tolist() == [0, 1]


def test_another_version_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"audit.features.version must be 1, got 2"):
        Audited(2)
