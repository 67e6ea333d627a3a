"""The reasons of records: the features that are rarest by a second library's measure."""

from pathlib import Path

import numpy as np
import pytest
from call_tables import ordinary_calls, write_calls
from scipy.stats import median_abs_deviation

from bench.detector import Level
from detectors.features.calls.call_features import call_features
from detectors.rarest_features import reasons, robust_z

ROWS = np.array([3, 50, 11])


def test_the_first_feature_that_is_told_is_the_farthest_from_the_history(tmp_path: Path) -> None:
    dataset, names = write_calls(tmp_path, ordinary_calls(400, 30, 8), 8), ["log_duration", "log_gap", "hour_share"]
    texts = reasons(dataset, {"features": names}, Level.CALL, ROWS)
    history, values = (call_features(dataset, names, part) for part in (dataset.history, dataset.window))
    z = (values - np.median(history, axis=0)) / median_abs_deviation(history, axis=0, scale="normal")
    assert len(texts) == ROWS.size
    for place, text in zip(ROWS.tolist(), texts, strict=True):
        name, _, _, shown = text.split("; ")[0].split(" ")
        assert name == names[int(np.argmax(np.abs(z[place])))]
        assert float(shown.rstrip(")")) == pytest.approx(z[place, names.index(name)], abs=0.06)


def test_a_detector_without_features_is_told_about_all_the_same(tmp_path: Path) -> None:
    dataset = write_calls(tmp_path, ordinary_calls(400, 30, 8), 8)
    assert "(z " in reasons(dataset, {"short_s": 5}, Level.CALL, ROWS)[0]
    assert reasons(dataset, {}, Level.CALL, ROWS[:0]) == []


def test_features_that_hardly_vary_have_a_z_score_too() -> None:
    history = np.array([[0.0, 3.0]] * 9 + [[1.0, 3.0]])
    z = robust_z(history, np.array([[1.0, 3.0], [0.0, 3.1]]))
    assert z[0].tolist() == [pytest.approx(1 / (1.2533 * 0.1)), 0.0]
    assert z[1].tolist() == [0.0, 99.9]
