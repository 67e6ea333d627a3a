"""Two interfaces of outlier detectors made one: higher means more anomalous.

- scikit-learn's: `fit(X)` and `score_samples(X)`, where *lower* means more anomalous (isolation forest, one-class SVM,
  elliptic envelope, local outlier factor with `novelty=True`, mixtures and densities, pipelines that end in one).
- PyOD's: `fit(X)` and `decision_function(X)`, where *higher* means more anomalous. Its models know themselves by
  `contamination` and have no `score_samples`; scikit-learn's `decision_function`, which points the other way, is
  never used.
"""

from typing import Any

import numpy as np

from bench.arrays import FloatArray, IntArray
from bench.faults import UserError

ODD, OTHER_ODD = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9)
"""Odd multipliers, those of splitmix64."""
BITS = 40
FEW_ROWS = 100


def require_outlier_model(model: Any) -> None:
    """Raise `UserError` unless the model has one of the two interfaces."""
    if not hasattr(model, "fit") or not (_is_scikit_learn(model) or _is_pyod(model)):
        raise UserError(
            "model must be an outlier detector with the interface of PyOD (fit, decision_function, contamination) "
            f"or scikit-learn (fit, score_samples), got {type(model).__name__}"
        )


def outlier_scores(model: Any, matrix: "np.ndarray[Any, Any]") -> FloatArray:
    """Score rows by a fitted model; higher means more anomalous.

    Parameters
    ----------
    model
        A fitted model that `require_outlier_model` accepts.
    matrix
        Shape (rows, features), finite.

    Returns
    -------
    FloatArray
        Shape (rows,).
    """
    if not len(matrix):
        return np.empty(0)
    return without_dust(-model.score_samples(matrix) if _is_scikit_learn(model) else model.decision_function(matrix))


def fitted(model: Any, matrix: "np.ndarray[Any, Any]", ordered: bool = False) -> Any:
    """Fit a model on rows, `ordered` by their content or to be ordered so, and return it.

    Raises
    ------
    UserError
        When there are too few rows for it.
    """
    try:
        return model.fit(matrix if ordered else matrix[by_content(matrix)])
    except ValueError as error:
        if len(matrix) > FEW_ROWS:
            raise
        told = f"the history has {len(matrix)} rows to fit on, too few for {type(model).__name__}"
        raise UserError(f"{told}: {str(error).splitlines()[0]}") from error


def without_dust(scores: "np.ndarray[Any, Any]") -> FloatArray:
    """Return scores rounded to `BITS` binary digits each, so that those that arithmetic alone tells apart are equal."""
    part, exponent = np.frexp(np.asarray(scores, np.float64))
    return np.asarray(np.ldexp(np.rint(np.ldexp(part, BITS)), exponent - BITS), np.float64)


def by_content(matrix: "np.ndarray[Any, Any]") -> IntArray:
    """Return the rows of a matrix in an order that only their content decides, shape (rows,).

    A model that draws rows, or starts from some of them, gives the same whichever way they were ordered before. The
    order is that of a digest, so rows at even distances are a sample at random.
    """
    bits = np.ascontiguousarray(matrix, np.float64) + 0.0  # no -0
    found = np.zeros(len(bits), np.uint64)
    for column in bits.view(np.uint64).T:
        found = (found ^ column) * ODD
        found = (found ^ (found >> np.uint64(31))) * OTHER_ODD
        found ^= found >> np.uint64(32)
    return np.argsort(found, kind="stable")


def own_threshold(model: Any) -> float | None:
    """Return the lowest score by which a fitted model calls a row an outlier; None where it draws no line.

    PyOD does above `threshold_`, from its `contamination` and the rows that it was fitted on; scikit-learn does where
    `score_samples` is below `offset_`.
    """
    if not _is_scikit_learn(model):
        return float(np.nextafter(without_dust(model.threshold_), np.inf))
    offset = getattr(model[-1] if hasattr(model, "steps") else model, "offset_", None)
    if offset is None:
        return None
    return float(np.nextafter(without_dust(-np.asarray(offset).item()), np.inf))  # some models keep an array of one


def _is_scikit_learn(model: Any) -> bool:
    return hasattr(model, "score_samples")


def _is_pyod(model: Any) -> bool:
    return hasattr(model, "decision_function") and hasattr(model, "contamination")
