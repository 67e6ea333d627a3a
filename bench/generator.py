"""The interface of a generator: settings from which a world can be made in a folder."""

from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, Protocol, Self, runtime_checkable

Progress = Callable[[str, int, int], None]
"""Called as progress(what, done, of) from time to time."""

LEFT_OUT = "types_left_out"
"""Among the counts of a world of recorded calls: why each type that was asked for was not injected, by type."""

INPUT = {"kept_from_detectors": True}
"""Metadata of a setting that names files of the user's own, with labels or a key: kept from detectors' processes."""


def silent(what: str, done: int, of: int) -> None:
    """Report no progress."""


class World(Protocol):
    """A world that can be made; constructed from `generator` settings and the chosen `anomaly` settings."""

    def recipe(self) -> dict[str, Any]:
        """Return all that decides the bytes of this world, as JSON values: settings, sources, versions."""

    def make(self, folder: Path, workers: int, progress: Progress) -> dict[str, Any]:
        """Write `data/` (the tables of `bench.schema.DATA_TABLES` and clock.json), and `truth/`.

        Returns counts and shares for the manifest, as JSON values. The bytes do not depend on `workers`.
        """

    def twin(self) -> Self | None:
        """Return the clean twin, the same world without its anomalies; None if there is none."""


@runtime_checkable
class Pseudonymous(Protocol):
    """A world of recorded calls, whose parties may have pseudonyms."""

    def revealed(self, names: Collection[str]) -> dict[str, tuple[str, str]]:
        """Return the kind (number, sim, device) and the original of those pseudonyms that are of these records.

        Raises
        ------
        UserError
            When there are no pseudonyms, or no key.
        """
