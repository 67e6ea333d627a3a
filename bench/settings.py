"""Settings of a run and of its parts, as Hydra structured configs, so unknown keys and wrong types are refused.

Settings of the other programs are in `bench.program_settings`.

This module imports nothing heavy: it is read before a program knows whether it has anything to do.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from typing import Any

from omegaconf import MISSING, DictConfig

from bench.audit_settings import AuditSettings
from bench.faults import Fault, above, at_least, named, one_of, within

STORES = ("sqlite", "postgresql", "mysql", "mssql", "http", "https", "databricks")
"""Prefixes of MLflow tracking URIs, besides those that MLflow's plug-ins add; folders are not accepted."""
SEED_MAX = 2**32 - 1
"""The largest seed that NumPy and scikit-learn accept."""


@dataclass
class ProtocolSettings:
    """How the data is split into the part that a detector is fitted on and the part that it scores."""

    name: str = field(default="split", metadata=one_of("split", "transductive"))
    """`split`: fit on the first part of the data, score the rest; `transductive`: fit and score on all of it."""
    fit_share: float = field(default=0.5, metadata=within(0.01, 0.99))
    """Share of the days that `split` fits on, rounded to whole weeks if there are two or more, else to whole days."""
    training: str = field(default="contaminated", metadata=one_of("contaminated", "clean"))
    """`contaminated`: fit on all records of the first part; `clean`: fit without the records that incidents made or
    changed (novelty detection). The harness removes them: the detector sees no labels in either case."""
    fewest_incidents: int = field(default=10, metadata=at_least(1))
    """A type with fewer incidents than this in the scored part is not judged, and marked in reports."""

    def faults(self, key: str) -> Iterator[Fault]:
        """Yield a fault if `clean` and `transductive` are combined."""
        if self.training == "clean" and self.name == "transductive":
            yield Fault(f"{key}.training", "be contaminated where the scored part is fitted on", self.training)


@dataclass
class TrackingSettings:
    """MLflow store in which runs are recorded."""

    uri: str | None = "sqlite:///mlflow.db"
    """An MLflow tracking URI: SQLite, another database or a server; empty (null): runs are not recorded."""
    experiment: str = "cdrbench"
    """Name of the experiment in MLflow."""

    def faults(self, key: str) -> Iterator[Fault]:
        """Yield a fault for an unknown kind of store; whether it can be reached is found out when it is used."""
        kind = (self.uri or "").partition(":")[0].partition("+")[0]
        plugged = {each.name for each in entry_points(group="mlflow.tracking_store")} if kind not in STORES else ()
        if self.uri is not None and (kind not in (*STORES, *plugged) or self.uri == "sqlite:///"):
            rule = "be a store such as sqlite:///FILE, postgresql://... or http://HOST:PORT; tracking=none for no store"
            yield Fault(f"{key}.uri", rule, self.uri)


@dataclass
class ReportSettings:
    """Functions that draw and print results, as dotted paths; null: none."""

    run_figures: str | None = "reports.run.run_figures.draw"
    """Draws the pictures of a run; null: no pictures."""
    findings: str | None = "reports.run.findings_page.write"
    """Writes the page of a run on recorded calls: whom to look at first, and what would be found; null: none."""
    terminal: str | None = "reports.run.terminal.show"
    """Prints the table of a run; null: nothing is printed."""
    dataset_figure: str | None = "reports.dataset.dataset_figure.draw"
    """Draws an overview of a data set; null: none."""
    network_figure: str | None = "reports.dataset.network_figures.draw"
    """Draws the network; null: none."""
    sweep: str | None = "reports.comparison.sweep_matrix.summary"
    """Prints a summary at the end of a sweep (which detector finds which type best); null: none."""
    comparison: str = "reports.comparison.pages.write"
    """Writes the page that compares all runs."""
    audit: str = "reports.audit.audit_report.write"
    """Writes the report of an audit."""
    difficulty: str = "reports.audit.difficulty_figure.draw"
    """Draws the curves of `cdrbench difficulty`."""
    reasons: str | None = "detectors.rarest_features.reasons"
    """Explains alerts and incidents in the tables of a run; null: the column stays empty."""


@dataclass
class LimitSettings:
    """Limits of a detector, for fitting and scoring together."""

    seconds: float = field(default=3600.0, metadata=above(0))
    """Wall-clock time [s]; a run that takes longer ends as TIMEOUT."""
    memory_mib: float = field(default=8192.0, metadata=at_least(64))
    """Resident memory of the detector's whole process tree [MiB]; a run that uses more ends as OOM."""
    confined: bool = True
    """Whether the detector's process loses access to the network and to all files except its tables, its program and
    the files that its settings name, where the system supports that; the result row has the restrictions that were
    in force (`isolation`)."""


@dataclass
class StoreSettings:
    """Folders of worlds and runs, relative to the working directory."""

    worlds: str = field(default="worlds", metadata=named())
    """Folder of worlds; each world is made once and then found here."""
    runs: str = field(default="runs", metadata=named())
    """Folder of runs."""


@dataclass
class SuiteSettings:
    """A named matrix of worlds, detectors and seeds; any change of it gets a new version."""

    name: str = ""
    """Name of the suite; null for a run outside suites."""
    version: int = 0
    """Version of the suite, which stands for everything that the suite fixes."""
    world: str = ""
    """Name of one of the worlds of the suite."""
    worlds: dict[str, Any] = field(default_factory=dict)
    """What the suite's worlds differ in, by name; settings of the suite refer to it."""
    kind: Any = None
    """The entry of `worlds` that `world` names."""


REFERENCES = "bench.runs.references."
"""Classes of the references (oracle and constant), which are recognised whatever the name of their YAML file."""
LEARNS = "learns from the anomalies"
WHY = {
    "protocol.training": LEARNS,
    "protocol.name": "would be given the labels of what it scores",
    "twin": LEARNS,
}
"""Settings that cannot be combined with a supervised baseline."""


def open_part() -> DictConfig:
    """Return a part that accepts any key; keys are checked against the constructor that `_target_` names."""
    return DictConfig({"_target_": MISSING}, flags={"struct": False})


@dataclass
class MixSettings:
    """Defaults that a mix of anomalies (such as `anomaly=fraud`) sets for `generator=default`."""

    num_users: int = field(default=2000, metadata=within(1, 10_000_000))
    """Number of users with which each type has at least about ten incidents in the scored part."""


@dataclass
class RunSettings:
    """`python -m bench.run`: one benchmark run."""

    generator: Any = MISSING
    anomaly: dict[str, Any] = field(default_factory=dict)
    """The types of anomaly to inject, by name."""
    mix: MixSettings = field(default_factory=MixSettings)
    detector: Any = field(default_factory=open_part)
    protocol: ProtocolSettings = field(default_factory=ProtocolSettings)
    threshold: Any = MISSING
    """Policy that turns scores into alerts: one of `bench.threshold_policies`."""
    tracking: TrackingSettings = field(default_factory=TrackingSettings)
    report: ReportSettings = field(default_factory=ReportSettings)
    audit: AuditSettings = field(default_factory=AuditSettings)
    limits: LimitSettings = field(default_factory=LimitSettings)
    store: StoreSettings = field(default_factory=StoreSettings)
    suite: SuiteSettings = field(default_factory=SuiteSettings)
    role: str = field(default="detector", metadata=one_of("detector", "reference", "supervised"))
    """`detector`: ranked among the others; `reference`: for comparison only, such as the oracle; `supervised`:
    trained on labels. The last two are marked and never ranked."""
    training_seeds: list[int] = field(default_factory=list)
    """Seeds of other worlds with the same settings, on whose scored parts a supervised baseline is trained.

    Empty: the baseline is trained on the labelled history of the world that it scores."""
    twin: bool = False
    """Whether the detector is also run in the clean twin, the same world without incidents, to count its false
    alarms there."""
    name: str = ""
    """Name of the run; empty: composed of detector, world, ratio and seed."""
    seed: int = field(default=0, metadata=within(0, SEED_MAX))
    """Seed of the detector; the world has its own seed, `generator.seed`."""
    workers: int = field(default=0, metadata=at_least(0))
    """Number of processes that make a world; 0: all processors, shared among the jobs of a multirun."""
    trusted_packages: list[str] = field(default_factory=list)
    """Further packages that a `_target_` may name, for example for your own detector; their code is run."""

    def faults(self, key: str) -> Iterator[Fault]:
        """Yield settings that conflict with a supervised baseline, and a role that the detector does not have."""
        rules = {
            "protocol.training": (self.protocol.training, "clean", "be contaminated"),
            "protocol.name": (self.protocol.name, "transductive", "be split"),
            "twin": (self.twin, True, "be false"),
        }
        for name, (value, wrong, rule) in rules.items() if self.role == "supervised" else ():
            if value == wrong:
                requirement = f"{rule} for a supervised baseline, which {WHY[name]}"
                yield Fault(f"{key}.{name}" if key else name, requirement, value)
        yield from self._training_faults(f"{key}.training_seeds" if key else "training_seeds")
        path = str((self.detector or {}).get("_target_"))
        if path.startswith(REFERENCES) and self.role != "reference":
            rule = f"be reference for {path}, which never ranks (role=reference, or `role: reference` in its file)"
            yield Fault(f"{key}.role" if key else "role", rule, self.role)

    def _training_faults(self, key: str) -> Iterator[Fault]:
        """Yield what is wrong with the seeds of the worlds on which a supervised baseline is trained."""
        seeds, scored = self.training_seeds, getattr(self.generator, "seed", None)
        if not seeds:
            return
        if self.role != "supervised":
            yield Fault(key, f"be empty for role={self.role}, which sees no labels", seeds)
        if not hasattr(self.generator, "num_users"):
            yield Fault(key, "be empty for recorded calls, of which no seed makes others (training_seeds=[])", seeds)
        elif scored in seeds:
            yield Fault(key, "not hold generator.seed, whose world is scored", seeds)
        if len(set(seeds)) < len(seeds) or any(not 0 <= seed <= SEED_MAX for seed in seeds):
            yield Fault(key, f"be different numbers in [0, {SEED_MAX}]", seeds)
