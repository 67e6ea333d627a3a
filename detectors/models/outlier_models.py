"""One interface for PyOD's and scikit-learn's outlier models: higher means more anomalous.

- scikit-learn's: `fit(X)` and `score_samples(X)`, where *lower* means more anomalous (isolation forest, one-class SVM,
  elliptic envelope, local outlier factor with `novelty=True`, mixtures and densities, pipelines that end in one).
- PyOD's: `fit(X)` and `decision_function(X)`, where *higher* means more anomalous. These models are recognised by
  `contamination`, and have no `score_samples`; scikit-learn's `decision_function`, which points the other way, is never
  used.
"""

from typing import Any

import numpy as np

from bench.arrays import FloatArray
from bench.faults import UserError
from detectors.order_and_rounding import content_order, rounded

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
    return rounded(-model.score_samples(matrix) if _is_scikit_learn(model) else model.decision_function(matrix))


def fitted(model: Any, matrix: "np.ndarray[Any, Any]", ordered: bool = False) -> Any:
    """Fit a model on rows, which are sorted by content first unless `ordered`, and return it.

    Raises
    ------
    UserError
        When there are too few rows for it.
    """
    try:
        return model.fit(matrix if ordered else matrix[content_order(matrix)])
    except ValueError as error:
        if len(matrix) > FEW_ROWS:
            raise
        message = f"the history has {len(matrix)} rows to fit on, too few for {type(model).__name__}"
        raise UserError(f"{message}: {str(error).splitlines()[0]}") from error


def own_threshold(model: Any) -> float | None:
    """Return the lowest score that a fitted model calls an outlier; None if the model has no threshold.

    In PyOD outliers are scores above `threshold_`, which follows from `contamination` and the fitted rows; in
    scikit-learn those with `score_samples` below `offset_`.
    """
    if not _is_scikit_learn(model):
        return float(np.nextafter(rounded(model.threshold_), np.inf))
    offset = getattr(model[-1] if hasattr(model, "steps") else model, "offset_", None)
    if offset is None:
        return None
    # some models store it as an array with one element
    return float(np.nextafter(rounded(-np.asarray(offset).item()), np.inf))


def _is_scikit_learn(model: Any) -> bool:
    return hasattr(model, "score_samples")


def _is_pyod(model: Any) -> bool:
    return hasattr(model, "decision_function") and hasattr(model, "contamination")
