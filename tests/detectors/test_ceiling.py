"""The supervised ceiling: learns from labels, and from nothing else."""

from pathlib import Path

import numpy as np
import pytest
from hydra.utils import instantiate
from omegaconf import OmegaConf

import conf
from bench.detector import Detector, Supervised
from bench.faults import UserError
from detectors.ceiling import Ceiling

LEAF = Path(conf.__path__[0]) / "detector" / "supervised.yaml"


def ceiling():
    return instantiate(OmegaConf.merge({"seed": 3}, OmegaConf.load(LEAF))).detector


def test_it_finds_what_it_was_told_to_find(ordinary):
    detector = ceiling()
    assert isinstance(detector, Detector)
    assert isinstance(detector, Supervised)
    durations = {part: ordinary.calls(part, ["call_duration"])["call_duration"].to_numpy()
                 for part in (ordinary.history, ordinary.window)}  # fmt: skip
    border = np.median(durations[ordinary.history])
    scores = detector.fit_labelled(ordinary, durations[ordinary.history] > border).score(ordinary).values
    wanted = durations[ordinary.window] > border
    assert scores[wanted].min() > scores[~wanted].max()


def test_without_labels_there_is_nothing_to_learn(ordinary):
    with pytest.raises(UserError, match=r"^role must be ceiling"):
        ceiling().fit(ordinary)
    low, high = ordinary.call_range(ordinary.history)
    with pytest.raises(UserError, match="both normal and anomalous"):
        ceiling().fit_labelled(ordinary, np.zeros(high - low, bool))
    with pytest.raises(UserError, match=r"^detector\.model must have predict_proba, got object"):
        Ceiling(["log_duration"], object())
