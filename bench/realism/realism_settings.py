"""What can be set for `cdrbench realism`. Light: it is read before anything else happens."""

from dataclasses import dataclass, field
from typing import Any

from bench.faults import writable_folder
from bench.settings import StoreSettings, TrackingSettings


@dataclass
class ScorecardSettings:
    """What prints and draws the scorecard; dotted paths of functions, empty (null) for none."""

    table: str | None = "reports.realism.scorecard_table.show"
    figure: str | None = "reports.realism.scorecard_figure.draw"


@dataclass
class RealismSettings:
    """`cdrbench realism`: call records beside published ones."""

    data: str | None = None
    """A folder that this program wrote, or files of one's own as `generator.path` of `generator=cdr_file` has them."""
    generator: Any = None
    """How files of one's own are read; or a simulated world, when there is no `data`."""
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
