"""Outlier models whose cost grows with the square of the number of rows: they are fitted on a sample or refused."""

from typing import Any

from bench.faults import UserError

MOST_ROWS = 20_000
"""Number of rows above which such models take hours, or more memory than there is."""
OF_FITTED = frozenset(
    {"ABOD", "KDE", "KNN", "KPCA", "LocalOutlierFactor", "LOF", "LUNAR", "OCSVM", "OneClassSVM", "KernelDensity"}
)
"""Models of PyOD and scikit-learn that compare each fitted or scored row with each fitted row."""
OF_SCORED = frozenset({"CD", "COF", "LMDD", "LOCI", "QMCD", "ROD", "SOD", "SOS"})
"""Models of PyOD that compare each scored row with each other."""


def require_affordable(model: Any, fitted: int, scored: int) -> None:
    """Raise `UserError` where a model would compare more than `MOST_ROWS` rows, each with each.

    Parameters
    ----------
    model
        Any model, or a pipeline that ends in one.
    fitted, scored
        Number of rows that it would be fitted on, and that it would score.
    """
    name = type(model[-1] if hasattr(model, "steps") else model).__name__
    if name in OF_FITTED and fitted > MOST_ROWS:
        raise UserError(
            f"detector.fit_rows must be at most {MOST_ROWS:,} for {name}, whose cost grows with the square of the "
            f"rows, got {fitted:,} rows of history (detector.fit_rows={MOST_ROWS} draws so many of them)"
        )
    if name in OF_SCORED and max(fitted, scored) > MOST_ROWS:
        raise UserError(
            f"detector.model must not be {name} for more than {MOST_ROWS:,} rows, which it compares each with each, "
            f"got {max(fitted, scored):,} (LOF and KNN with detector.fit_rows={MOST_ROWS} score as many as there are)"
        )
