"""Send a finished run to MLflow, or another store, from the files that it wrote."""

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from bench.host.aside import write_whole
from bench.host.plain_files import is_plain, require_plain
from bench.host.read_json import UnreadableError, json_of, object_in
from bench.result import Result, Scalar
from bench.run_tables import FILES as TABLES
from bench.runs import logged
from bench.runs.rows import read_result
from bench.settings import TrackingSettings

ROW = "result.json"
RECORDED_IDS = "mlflow.json"
"""File in the folder of a run or sweep: its id in each store, by the store's address."""
FIGURES = ("precision_recall.png", "scores.png", "at_threshold.png")
"""Pictures of a run (`report.run_figures`)."""
FINDINGS = "findings.html"
"""Page of a run on recorded calls (`report.findings`)."""
SENT = (ROW, "detector.log", ".hydra/config.yaml", *TABLES, *FIGURES)
"""Names of the files of a run that are sent to a store; all other files in its folder belong to somebody else."""
SOURCE = {"mlflow.source.name": "bench.run", "mlflow.source.type": "LOCAL"}
TAGS = (
    *("run_id", "detector", "generator", "anomalies", "fingerprint", "role", "suite"),
    *("audit", "trivial_types", "isolation"),
)


@dataclass(frozen=True)
class Record:
    """What is recorded about a finished run."""

    result: Result
    started_ms: int
    """Start, in ms since the Unix epoch (UTC)."""
    data: Path
    """Folder of the tables that the run used."""
    metrics: Mapping[str, float]
    """Metrics for comparison (`bench.runs.logged`); everything else is in the row."""
    parameters: Mapping[str, Scalar]
    """What was chosen; the complete configuration is among the files."""
    tags: Mapping[str, str]
    artifacts: Sequence[Path]
    """Files to store with the run; pictures and tables have folders of their own."""
    table: str = ""
    """The evaluation table, as JSON."""


class RunStore(Protocol):
    """A tracking store; implemented by `bench.runs.tracking`."""

    uri: str

    def record(self, record: Record) -> str:
        """Write one run, and return its id."""

    def start_parent(self, name: str, tags: Mapping[str, str], owner: str) -> str:
        """Start the parent run of a sweep, and return its id."""

    def finish_sweep(self, parent: str, summary: Mapping[str, str], report: Path | None) -> None:
        """Add the results of a sweep to its parent run."""

    def forget(self, run_id: str) -> None:
        """Remove a run that was recorded only in part."""


def record_of(folder: Path, parent: str | None = None) -> Record:
    """Read everything that is recorded about the run in a folder.

    Raises
    ------
    UserError
        When its row cannot be read.
    """
    result = read_result(folder / ROW)
    try:
        settings = json_of(str(result.asked["settings"]))
        started = datetime.fromisoformat(str(result.asked["started_at"]))
        data = Path(str(settings["store"]["worlds"]), Path(str(result.asked["fingerprint"])).name, "data")
    except (KeyError, ValueError, TypeError) as error:
        raise UnreadableError(f"{folder / ROW} is not a whole result row ({type(error).__name__}: {error})") from error
    tags = {"status": str(result.status), "reason": result.reason, **result.versions, **SOURCE, **_commit()}
    tags |= {name: str(result.asked[name]) for name in TAGS if result.asked.get(name)}
    if parent is not None:
        tags["mlflow.parentRunId"] = parent
    return Record(
        result=result,
        started_ms=int(started.timestamp() * 1000),
        data=data,
        metrics=logged.metrics(result),
        parameters=logged.parameters(result, folder),
        tags=tags,
        artifacts=[folder / name for name in SENT if is_plain(folder, name) and (folder / name).stat().st_size],
        table=logged.evaluation_table(result),
    )


def send(folder: Path, tracker: RunStore, *, again: bool = False) -> None:
    """Record the run in a folder, below its sweep if it has one, and note its id there.

    Parameters
    ----------
    folder
        Folder of the run.
    tracker
        The store.
    again
        Whether an earlier attempt may have been interrupted; its remains are removed first.
    """
    record = record_of(folder, recorded_ids(folder.parent).get(tracker.uri))
    if again:
        tracker.forget(str(record.result.asked["run_id"]))
    note_recorded(folder, tracker.uri, tracker.record(record))


def sending_later(folder: Path, uri: str) -> str:
    """Return the command that records results which a store did not accept."""
    store = "" if uri == TrackingSettings().uri else f" tracking.uri={uri}"
    return f"cdrbench record runs={os.path.relpath(folder)}{store}"


def recorded_ids(folder: Path) -> dict[str, str]:
    """Return the ids under which a run or sweep has been recorded, by the address of the store.

    A file that cannot be read counts as empty: the run is then sent again, and the earlier record is removed.
    """
    try:
        return {
            uri: run_id
            for uri, run_id in object_in(require_plain(folder, RECORDED_IDS)).items()
            if isinstance(run_id, str)
        }
    except UnreadableError:
        return {}


def note_recorded(folder: Path, uri: str, run_id: str) -> None:
    """Note that a run or sweep is recorded, in a temporary file that is then renamed."""
    write_whole(folder / RECORDED_IDS, json.dumps({**recorded_ids(folder), uri: run_id}) + "\n")


def _commit() -> dict[str, str]:
    """Return MLflow's tag of the commit if this is a checkout."""
    with suppress(OSError, subprocess.CalledProcessError):
        home = Path(__file__).parent
        completed = subprocess.run(["git", "rev-parse", "HEAD"], cwd=home, capture_output=True, text=True, check=True)
        return {"mlflow.source.git.commit": completed.stdout.strip()}
    return {}
