"""The simulated world as the harness sees it: its recipe (for the fingerprint), its clean twin, and making it.

`generators.making` makes it, and is imported only then: a run that finds its world in the store does not wait for that.
"""

from collections.abc import Mapping
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.faults import Fault, SettingsError
from bench.generator import Progress
from generators.settings.world import WorldSettings
from generators.sources import plugged_sources, world_code

if TYPE_CHECKING:
    from generators.drawn_world import DrawnWorld
    from generators.injection.injector import Injector
    from generators.scene import SimulatedScene

LIBRARIES = ("numpy", "numba", "llvmlite", "scipy", "pyarrow")
"""Libraries whose versions may change the bytes of a world."""


class World:
    """A simulated world; nothing is computed before `make`."""

    def __init__(self, settings: WorldSettings, anomalies: "Mapping[str, Injector]") -> None:
        self.settings = settings
        self.anomalies = dict(anomalies) if settings.anomaly_ratio > 0 else {}
        if settings.anomaly_ratio > 0 and not any(a.share > 0 for a in anomalies.values()):
            rule = "be 0 unless at least one type is chosen with a share above 0 (anomaly=...)"
            raise SettingsError([Fault("generator.anomaly_ratio", rule, settings.anomaly_ratio)])

    def recipe(self) -> dict[str, Any]:
        """Return everything that decides the bytes of this world."""
        return {
            "settings": asdict(self.settings),
            "anomalies": {name: asdict(a) for name, a in sorted(self.anomalies.items())},  # type: ignore[call-overload]
            "sources": world_code(),
            "plug_ins": plugged_sources(self.anomalies),
            "versions": {name: version(name) for name in LIBRARIES},
        }

    def twin(self) -> "World":
        """Return the same world without its anomalies."""
        return World(replace(self.settings, anomaly_ratio=0.0), {})

    def make(self, folder: Path, workers: int, progress: Progress) -> dict[str, Any]:
        """Write the tables to `folder/data` and the truth to `folder/truth`; return counts for the manifest."""
        from generators.making import Making  # noqa: PLC0415 - heavy

        return Making(self.settings, self.anomalies).make(folder, workers, progress)

    def draw(self) -> "DrawnWorld":
        """Draw the people and places, and plan the incidents; the calls are still to be rendered."""
        from generators.making import Making  # noqa: PLC0415 - heavy

        return Making(self.settings, self.anomalies).draw()

    def scene(self) -> "SimulatedScene | None":
        """Return where users are at any moment, and which cells are heard where; None without a network."""
        from generators.scene import scene_of  # noqa: PLC0415 - heavy

        return scene_of(self.settings) if self.settings.network.radio else None
