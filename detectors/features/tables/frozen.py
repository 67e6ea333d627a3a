"""Lists of features that are frozen under a version."""

from bench.faults import Fault, SettingsError


def require_version(setting: str, version: int, known: int) -> int:
    """Return the version of a list that is asked for.

    Raises
    ------
    SettingsError
        When there is no such version.
    """
    if version != known:
        raise SettingsError([Fault(f"{setting}.version", f"be {known}", version)])
    return version
