"""Fit a detector and have it score, measuring the time of each, in whichever process this is called."""

import time
from collections.abc import Callable

import numpy as np

from bench.arrays import FloatArray
from bench.dataset import Dataset
from bench.detector import Detector, Scores, with_threshold_and_causality


def fitted_and_scored(fit: Callable[[], Detector], dataset: Dataset) -> tuple[Scores, dict[str, float]]:
    """Return the scores, with what the detector says of itself, and `fit_seconds` and `score_seconds`.

    Any numbers pass: `bench.evaluation.evaluate` refuses those that are NaN, constant or wrong in number.

    Parameters
    ----------
    fit
        Fits the detector, and returns it.
    dataset
        What it then scores.

    Raises
    ------
    ValueError
        When the scores are no list of numbers.
    """
    began = time.perf_counter()
    fitted = fit()
    between = time.perf_counter()
    scores = fitted.score(dataset)
    ended = time.perf_counter()
    values: FloatArray = np.asarray(scores.values, np.float64)
    if values.ndim != 1:
        raise ValueError(f"scores must have one dimension, got shape {values.shape}")
    complete = with_threshold_and_causality(Scores(scores.level, values), fitted)
    return complete, {"fit_seconds": between - began, "score_seconds": ended - between}
