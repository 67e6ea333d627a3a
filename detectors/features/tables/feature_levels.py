"""Features of each level: their names, the standard ones, and the matrix for a model."""

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bench.dataset import Dataset, Window
from bench.detector import Level
from bench.faults import Fault, SettingsError, UserError
from detectors.features.calls import call_features
from detectors.features.calls.call_features import Feature, call_matrix
from detectors.features.tables.totals import TOTALS, total_features

FEATURES: Mapping[Level, Mapping[str, Feature]] = {Level.CALL: call_features.FEATURES, **TOTALS}
"""Names of all features of each level."""
STANDARD: Mapping[Level, tuple[str, ...]] = {
    Level.CALL: (
        *("log_duration", "duration_ratio", "unanswered", "hour_sin", "hour_cos", "weekend", "hour_share", "log_gap"),
        *("calls_last_hour", "new_contact", "outside", "moved"),
    ),
    **{level: tuple(found) for level, found in TOTALS.items()},
}
"""Features that a detector on feature tables uses by default."""
NOUNS = {Level.CALL: "calls", Level.USER_DAY: "days of users", Level.CELL_QUARTER: "quarter hours of cells"}


def level_of(name: str) -> Level:
    """Return the level by its name.

    Raises
    ------
    SettingsError
        When there is no such level.
    """
    if name not in tuple(Level):
        nearest = difflib.get_close_matches(name, list(Level), 1)
        raise SettingsError([Fault("detector.level", f"be one of {', '.join(Level)}", name, *nearest)])
    return Level(name)


def features_of(level: Level, names: Sequence[str] | None) -> list[str]:
    """Return names of features, the standard ones of a level for None.

    Raises
    ------
    UserError
        When there is none, or one is unknown; names the nearest that is known.
    """
    known = FEATURES[level]
    chosen = list(STANDARD[level] if names is None else names)
    if not chosen:
        raise UserError(f"features must name at least one of {', '.join(known)}")
    for name in chosen:
        if name not in known:
            nearest = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
            hint = f"did you mean {nearest[0]}?" if nearest else f"there are {', '.join(known)}"
            raise UserError(f"{name!r} is not a feature of {NOUNS[level]}; {hint}")
    return chosen


def matrix(dataset: Dataset, level: Level, names: Sequence[str], part: Window) -> "np.ndarray[Any, Any]":
    """Return the features of the entities of a level within `part`, shape (entities, names), finite."""
    if level is Level.CALL:
        return call_matrix(dataset, names, part)
    return total_features(dataset, level, names, part)
