"""Settings of all programs except single runs, as Hydra structured configs; their parts are in `bench.settings`.

This module imports nothing heavy: it is read before a program knows whether it has anything to do.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from omegaconf import MISSING

from bench.audit_settings import AuditSettings
from bench.faults import Fault, at_least, named, within, writable_folder
from bench.settings import (
    SEED_MAX,
    LimitSettings,
    MixSettings,
    ProtocolSettings,
    ReportSettings,
    RunSettings,
    StoreSettings,
    TrackingSettings,
)
from bench.threshold_policies import ThresholdPolicy


@dataclass
class GenerateSettings:
    """`python -m bench.generate`: only the data."""

    out: str = field(default=MISSING, metadata=writable_folder())
    """Folder that the data products are written to; new, empty, or written by this program before."""
    csv: bool = False
    """Also write the tables as CSV."""
    generator: Any = MISSING
    anomaly: dict[str, Any] = field(default_factory=dict)
    mix: MixSettings = field(default_factory=MixSettings)
    protocol: ProtocolSettings = field(default_factory=ProtocolSettings)
    audit: AuditSettings = field(default_factory=AuditSettings)
    export: str = "generators.tables.export.write"
    report: ReportSettings = field(default_factory=ReportSettings)
    store: StoreSettings = field(default_factory=StoreSettings)
    workers: int = field(default=0, metadata=at_least(0))
    trusted_packages: list[str] = field(default_factory=list)


@dataclass
class AuditRunSettings:
    """`cdrbench audit`: checks whether the labels of a world can be trusted."""

    out: str = field(default="audit", metadata=writable_folder())
    """Folder that the report is written to."""
    generator: Any = MISSING
    anomaly: dict[str, Any] = field(default_factory=dict)
    mix: MixSettings = field(default_factory=MixSettings)
    protocol: ProtocolSettings = field(default_factory=ProtocolSettings)
    audit: AuditSettings = field(default_factory=AuditSettings)
    report: ReportSettings = field(default_factory=ReportSettings)
    store: StoreSettings = field(default_factory=StoreSettings)
    workers: int = field(default=0, metadata=at_least(0))
    trusted_packages: list[str] = field(default_factory=list)


@dataclass
class DifficultySettings:
    """`cdrbench difficulty`: tests whether types get harder to find as their difficulty grows."""

    out: str = field(default="difficulty", metadata=writable_folder())
    """Folder that the table and the picture are written to."""
    difficulties: list[float] = field(default_factory=lambda: [0.0, 0.2, 0.4, 0.6, 0.8, 1.0])
    seeds: list[int] = field(default_factory=lambda: [1, 2, 3])
    """`generator.seed` of the worlds over which results are averaged."""
    together: bool = False
    """Whether all types are injected into the same worlds instead of one world each: fewer worlds, with fewer incidents
    of each."""
    most_correlation: float = field(default=-0.8, metadata=within(-1, 1))
    """Largest allowed rank correlation between difficulty and a type's ROC-AUC (or share found); -1 is a steady
    fall."""
    least_effect: float = field(default=0.02, metadata=within(0, 1))
    """Smallest fall, from the lowest to the highest difficulty, of the ROC-AUC or of the share of calls found that
    counts as getting harder."""
    generator: Any = MISSING
    anomaly: dict[str, Any] = field(default_factory=dict)
    mix: MixSettings = field(default_factory=MixSettings)
    protocol: ProtocolSettings = field(default_factory=ProtocolSettings)
    audit: AuditSettings = field(default_factory=AuditSettings)
    cell_features: Any = None
    """Class with the fixed list of features of cell quarters (`_target_`), for types at the level of cells."""
    report: ReportSettings = field(default_factory=ReportSettings)
    store: StoreSettings = field(default_factory=StoreSettings)
    workers: int = field(default=0, metadata=at_least(0))
    trusted_packages: list[str] = field(default_factory=list)

    def faults(self, key: str) -> Iterator[Fault]:
        """Yield what is wrong with the lists."""
        prefix = f"{key}." if key else ""
        if len(set(self.difficulties)) < 3 or not all(0 <= each <= 1 for each in self.difficulties):
            yield Fault(f"{prefix}difficulties", "be three numbers or more in [0, 1]", self.difficulties)
        if not self.seeds:
            yield Fault(f"{prefix}seeds", "have at least one entry", [])
        if not hasattr(self.generator, "seed"):
            yield Fault(f"{prefix}generator", "be one that makes worlds from a seed", type(self.generator).__name__)


@dataclass
class ReportPageSettings:
    """`python -m bench.report`: all recorded runs side by side."""

    out: str = field(default="report", metadata=writable_folder())
    """Folder that the pages are written to."""
    runs: str = field(default="runs", metadata=named())
    """Folder that is searched for results."""
    report: ReportSettings = field(default_factory=ReportSettings)
    trusted_packages: list[str] = field(default_factory=list)


@dataclass
class ResumeSettings:
    """`cdrbench resume`: runs the rest of an interrupted sweep."""

    folder: str = MISSING
    """Folder of the sweep."""
    failed: bool = False
    """Also repeat the runs that failed."""


@dataclass
class RecordSettings:
    """`cdrbench record`: sends results to MLflow that are not in it yet."""

    runs: str = field(default="runs", metadata=named())
    """Folder that is searched for results."""
    tracking: TrackingSettings = field(default_factory=TrackingSettings)


@dataclass
class SaveSettings:
    """`cdrbench save`: saves the detector of a run, to keep or move it."""

    run: str = MISSING
    """Folder of the run."""
    out: str = field(default=MISSING, metadata=writable_folder())
    """New folder that the detector is written to."""


@dataclass
class ExplainReportSettings:
    """The function that draws and explains an incident, as a dotted path."""

    incident: str = "reports.incident.explained.explain"
    """Dotted path of the function that draws an incident and returns its description."""


@dataclass
class ExplainSettings:
    """`cdrbench explain`: draws and explains one incident of a run."""

    run: str = MISSING
    """Folder of the run."""
    incident: str = MISSING
    """Number or name of the incident, or a type of anomaly for the first incident of that type."""
    out: str = ""
    """Picture file, `.png` or `.svg`; empty: a `.png` named after the incident, in the working folder."""
    report: ExplainReportSettings = field(default_factory=ExplainReportSettings)
    trusted_packages: list[str] = field(default_factory=list)


@dataclass
class ScoreReportSettings:
    """The function that gives reasons for alerts, as a dotted path."""

    reasons: str | None = "detectors.rarest_features.reasons"
    """Dotted path of the function that gives the reasons of alerts; null: they stay empty."""


@dataclass
class ScoreSettings:
    """`cdrbench score`: scores new records with the detector of an earlier run."""

    run: str = MISSING
    """Folder of the run, or of a saved detector."""
    generator: Any = MISSING
    """The new records; they must start on a later local day than the last one of the run's records."""
    anomaly: dict[str, Any] = field(default_factory=dict)
    out: str = field(default="scored", metadata=writable_folder())
    """Folder that the alerts are written to."""
    keep: str | None = None
    """New folder in which the detector is saved together with the scored records, so that `run=` that folder scores the
    next day's; null: nothing is saved."""
    same_versions: bool = True
    """Whether to refuse a detector that was fitted with other versions of the libraries."""
    threshold: Any = MISSING
    """Policy that turns scores into alerts: one of `bench.threshold_policies`."""
    limits: LimitSettings = field(default_factory=LimitSettings)
    store: StoreSettings = field(default_factory=StoreSettings)
    report: ScoreReportSettings = field(default_factory=ScoreReportSettings)
    trusted_packages: list[str] = field(default_factory=list)

    def faults(self, key: str) -> Iterator[Fault]:
        """Yield a fault if the policy needs the truth."""
        if isinstance(self.threshold, ThresholdPolicy) and self.threshold.uses_truth:
            yield Fault("threshold.policy", "not need the truth where nobody knows it", self.threshold.policy)


@dataclass
class RevealSettings:
    """`cdrbench reveal`: shows the originals behind the pseudonyms of a run on recorded calls."""

    run: str = field(default=MISSING, metadata=named())
    """Folder with the alerts, of a run or of `cdrbench score`."""
    names: list[str] = field(default_factory=list)
    """Pseudonyms to look up; empty: those of the users and callees in the alerts."""
    generator: Any = MISSING
    """The records that the run has read."""
    anomaly: dict[str, Any] = field(default_factory=dict)
    trusted_packages: list[str] = field(default_factory=list)


@dataclass
class SearchSettings:
    """Search space, metric and worlds of a search for the best settings of a detector."""

    space: list[str] = field(default_factory=list)
    """Settings to vary, in Hydra's notation of sweeps: `detector.model.max_samples=choice(64,256)`, `...=range(1,9)`,
    `...=interval(0.1,1.0)`, `...=tag(log,interval(0.001,1.0))`."""
    trials: int = field(default=20, metadata=at_least(1))
    metric: str = "average_precision/all"
    """Metric whose mean over the tuning worlds is maximised."""
    tuning_seeds: list[int] = field(default_factory=lambda: [11, 12])
    """`generator.seed` of the worlds on which settings are compared."""
    reporting_seeds: list[int] = field(default_factory=lambda: [1, 2, 3])
    """`generator.seed` of the worlds on which the best settings are run afterwards."""
    sampler_seed: int = field(default=0, metadata=within(0, SEED_MAX))

    def faults(self, key: str) -> Iterator[Fault]:
        """Yield what is wrong with the lists, such as a world that is both tuned and reported on."""
        for name in ("space", "tuning_seeds", "reporting_seeds"):
            if not getattr(self, name):
                yield Fault(f"{key}.{name}", "have at least one entry", [])
        if both := sorted(set(self.tuning_seeds) & set(self.reporting_seeds)):
            yield Fault(f"{key}.tuning_seeds", "have no seed in common with reporting_seeds", both)


@dataclass
class SearchRunSettings(RunSettings):
    """`cdrbench search`: a run, with its search for the best settings."""

    search: SearchSettings = field(default_factory=SearchSettings)


@dataclass
class WatchSettings(RunSettings):
    """`cdrbench watch`: the page that replays a world, with the alerts of a run or of a detector that is run first."""

    detector: Any = None
    """Detector that is fitted and scored at the start, to show its alerts; null: none."""
    world: str = ""
    """Folder of a world in the store, or of an exported data set; empty: the world of `generator`, or of the run."""
    run: str = ""
    """Folder of a run whose world and alerts are shown; empty: none."""
    port: int = field(default=8765, metadata=within(0, 65_535))
    """Port of the page on this machine; 0: a free one."""

    def faults(self, key: str) -> Iterator[Fault]:
        """Yield choices that exclude each other, and those of a run."""
        if self.detector is not None:
            yield from super().faults(key)
            for name in ("world", "run"):
                if value := getattr(self, name):
                    rule = "be empty if a detector is chosen, which is run on the world of `generator` (detector=null)"
                    yield Fault(name, rule, value)


def schemas() -> dict[str, type]:
    """Return the dataclass behind the configuration of each entry point."""
    return {
        "run": RunSettings,
        "generate": GenerateSettings,
        "audit": AuditRunSettings,
        "difficulty": DifficultySettings,
        "report": ReportPageSettings,
        "resume": ResumeSettings,
        "record": RecordSettings,
        "save": SaveSettings,
        "explain": ExplainSettings,
        "score": ScoreSettings,
        "reveal": RevealSettings,
        "search": SearchRunSettings,
        "watch": WatchSettings,
    }
