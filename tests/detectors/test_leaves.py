"""Every detector that ships keeps the contract."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from call_tables import DAY_MS, ordinary_calls, write_calls
from hydra.utils import instantiate
from omegaconf import OmegaConf

import conf
from bench.dataset import Window
from bench.detector import Detector, Level

ALL = sorted(Path(conf.__path__[0]).glob("detector/*.yaml"))
LEAVES = [leaf for leaf in ALL if str(OmegaConf.load(leaf).get("_target_")).startswith("detectors.")]


def detector_of(leaf, seed=7):
    settings = OmegaConf.create({"seed": seed, "detector": OmegaConf.load(leaf)})
    return instantiate(settings).detector


@pytest.fixture(params=LEAVES, ids=lambda leaf: leaf.stem)
def leaf(request):
    return request.param


def test_finite_scores_one_a_call_the_same_again(leaf, ordinary):
    low, high = ordinary.call_range(ordinary.window)
    detector = detector_of(leaf)
    assert isinstance(detector, Detector)
    assert detector.fit(ordinary) is detector
    first, second = detector.score(ordinary), detector_of(leaf).fit(ordinary).score(ordinary)
    assert first.level is detector.level is Level.CALL
    assert first.values.shape == (high - low,)
    assert first.values.dtype == np.float64
    assert np.isfinite(first.values).all()
    assert np.unique(first.values).size > 1
    np.testing.assert_array_equal(first.values, second.values)


def test_a_causal_score_does_not_change_with_what_comes_later(leaf, ordinary):
    detector = detector_of(leaf).fit(ordinary)
    start = ordinary.window.start_ms
    begun = replace(ordinary, window=Window(start, start + 2 * DAY_MS))
    some = detector.score(begun).values
    if detector.causal:
        np.testing.assert_allclose(detector.score(ordinary).values[: some.size], some, rtol=1e-9, atol=1e-12)


def test_one_call_and_none(leaf, ordinary):
    detector = detector_of(leaf).fit(ordinary)
    start_ms = ordinary.calls(ordinary.window, ["call_start_ts"])["call_start_ts"][0].value
    one = replace(ordinary, window=Window(start_ms, start_ms + 1))
    assert ordinary.call_range(one.window)[1] - ordinary.call_range(one.window)[0] == 1
    assert np.isfinite(detector.score(one).values).tolist() == [True]
    assert detector.score(replace(ordinary, window=Window(0, 1))).values.shape == (0,)


def test_callers_without_a_history(leaf, tmp_path):
    calls = ordinary_calls(1500, 60, 14)
    for index, start in enumerate(calls["start_s"]):
        if start >= 7 * 86_400 and index % 3 == 0:
            calls["caller_id"][index] = f"new_{index}"
    dataset = write_calls(tmp_path, calls, 14)
    assert np.isfinite(detector_of(leaf).fit(dataset).score(dataset).values).all()
