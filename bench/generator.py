"""The interface of a generator: settings from which a world can be made in a folder."""

from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, Protocol, Self, runtime_checkable

Progress = Callable[[str, int, int], None]
"""Called repeatedly as progress(what, done, of)."""

LEFT_OUT = "types_left_out"
"""Key, in the counts of a world of recorded calls, of the requested types that could not be injected, with reasons."""

INPUT = {"kept_from_detectors": True}
"""Metadata of a setting that names files of the user's with labels or a key, which detectors' processes cannot read."""


def silent(what: str, done: int, of: int) -> None:
    """Report no progress."""


class World(Protocol):
    """A world that can be generated; constructed from `generator` settings and the chosen `anomaly` settings."""

    def recipe(self) -> dict[str, Any]:
        """Return everything that determines the bytes of this world, as JSON values: settings, sources, versions."""

    def make(self, folder: Path, workers: int, progress: Progress) -> dict[str, Any]:
        """Write `data/` (the tables of `bench.schema.DATA_TABLES` and clock.json), and `truth/`.

        Returns counts and shares for the manifest, as JSON values. The bytes do not depend on `workers`.
        """

    def twin(self) -> Self | None:
        """Return the clean twin, the same world without its anomalies; None if there is none."""


@runtime_checkable
class Pseudonymous(Protocol):
    """A world of recorded calls, whose users and called parties may have pseudonyms."""

    def revealed(self, names: Collection[str]) -> dict[str, tuple[str, str]]:
        """Return the kind (number, sim, device) and original of those pseudonyms that occur in these records.

        Raises
        ------
        UserError
            When there are no pseudonyms, or no key.
        """
