"""Settings of `cdrbench realism`."""

from dataclasses import dataclass, field
from typing import Any

from bench.faults import writable_folder
from bench.settings import StoreSettings, TrackingSettings


@dataclass
class ScorecardSettings:
    """Functions that print and draw the scorecard, as dotted paths; null: none."""

    table: str | None = "reports.realism.scorecard_table.show"
    figure: str | None = "reports.realism.scorecard_figure.draw"


@dataclass
class RealismSettings:
    """`cdrbench realism`: compares call records with published values."""

    data: str | None = None
    """A folder written by this program, or your own files (as for `generator.path` of `generator=cdr_file`)."""
    generator: Any = None
    """How your own files are read; or a simulated world, if `data` is not given."""
    anomaly: dict[str, Any] = field(default_factory=dict)
    out: str = field(default="realism", metadata=writable_folder())
    """Folder that the table and the picture are written to."""
    report: ScorecardSettings = field(default_factory=ScorecardSettings)
    store: StoreSettings = field(default_factory=StoreSettings)
    tracking: TrackingSettings = field(default_factory=TrackingSettings)
    trusted_packages: list[str] = field(default_factory=list)


def schemas() -> dict[str, type]:
    """Return the dataclass behind the configuration."""
    return {"realism": RealismSettings}
