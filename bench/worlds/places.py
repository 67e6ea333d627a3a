"""Where the tables of a world are: in the store, or exported."""

from dataclasses import dataclass
from pathlib import Path

from bench.schema import exported


@dataclass(frozen=True)
class Place:
    """Location of the tables of a world."""

    data: Path
    truth: Path
    manifest: Path
    exported: bool

    @classmethod
    def of(cls, folder: Path) -> "Place | None":
        """Return the location for a world's folder, its `data`, or what `bench.generate` wrote; None for others."""
        if (folder / "clock.json").exists():
            if (folder / f"{exported('calls')}.parquet").exists():
                return cls(folder, folder, folder / "manifest.json", exported=True)
            folder = folder.parent
        return cls.stored(folder) if (folder / "data" / "clock.json").exists() else None

    @classmethod
    def stored(cls, world: Path) -> "Place":
        """Return the location for the folder of a world in the store."""
        return cls(world / "data", world / "truth", world / "manifest.json", exported=False)

    def table(self, name: str) -> Path:
        """Return the file of a table."""
        return self.data / f"{exported(name) if self.exported else name}.parquet"
