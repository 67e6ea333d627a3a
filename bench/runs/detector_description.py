"""The description of a detector that is passed to its process."""

from collections.abc import Mapping, Sequence
from typing import Any

from bench.config.target_check import is_checked_by_source, require_sound
from bench.isolation.detector_process import Subject

LOOK = f"{require_sound.__module__}.{require_sound.__name__}"


def subject_of(detector: Mapping[str, Any], seed: int, trusted: Sequence[str]) -> Subject:
    """Return the description of the detector that its process constructs.

    Parameters
    ----------
    detector
        Its resolved configuration.
    seed
        Of the detector.
    trusted
        Packages of the user's own.
    """
    return Subject(detector, seed, "" if is_checked_by_source(detector, trusted) else LOOK, tuple(trusted))
