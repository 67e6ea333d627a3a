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
MARK = "mlflow.json"
"""In the folder of a run or a sweep: by address of a store, the number that it has there."""
FIGURES = ("precision_recall.png", "scores.png", "at_threshold.png")
"""The pictures of a run (`report.run_figures`)."""
SENT = (ROW, "detector.log", ".hydra/config.yaml", *TABLES, *FIGURES)
"""The files of a run that go along to a store, by these names only: what else is in its folder is somebody's."""
SOURCE = {"mlflow.source.name": "bench.run", "mlflow.source.type": "LOCAL"}
TAGS = (
    *("run_id", "detector", "generator", "anomalies", "fingerprint", "role", "suite"),
    *("audit", "trivial_types", "isolation"),
)


@dataclass(frozen=True)
class Record:
    """What is to be recorded of a run that has ended."""

    result: Result
    started_ms: int
    """When it started, in ms since the Unix epoch (UTC)."""
    data: Path
    """Folder of the tables that it ran on."""
    metrics: Mapping[str, float]
    """What people compare (`bench.runs.logged`); everything else is in the row."""
    parameters: Mapping[str, Scalar]
    """What was chosen; the whole configuration is among the files."""
    tags: Mapping[str, str]
    artifacts: Sequence[Path]
    """Files to keep with the run; pictures and tables go to folders of their own."""
    table: str = ""
    """The evaluation table, as JSON."""


class RunStore(Protocol):
    """A store of runs; `bench.runs.tracking` has one."""

    uri: str

    def record(self, record: Record) -> str:
        """Write one run, and return its number."""

    def start_parent(self, name: str, tags: Mapping[str, str], owner: str) -> str:
        """Begin the run of a sweep, and return its number."""

    def finish_sweep(self, parent: str, summary: Mapping[str, str], report: Path | None) -> None:
        """Add to the run of a sweep what came of it."""

    def forget(self, run_id: str) -> None:
        """Remove a run that was recorded only in part."""


def record_of(folder: Path, parent: str | None = None) -> Record:
    """Read what is to be recorded of the run in a folder.

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
    """Record the run in a folder, below its sweep if it has one, and mark it as recorded.

    Parameters
    ----------
    folder
        Folder of the run.
    tracker
        Where to.
    again
        Whether an earlier attempt may have been cut short: what it left is removed first.
    """
    record = record_of(folder, marks(folder.parent).get(tracker.uri))
    if again:
        tracker.forget(str(record.result.asked["run_id"]))
    mark(folder, tracker.uri, tracker.record(record))


def sending_later(folder: Path, uri: str) -> str:
    """Return the command that records results that a store did not take."""
    store = "" if uri == TrackingSettings().uri else f" tracking.uri={uri}"
    return f"cdrbench record runs={os.path.relpath(folder)}{store}"


def marks(folder: Path) -> dict[str, str]:
    """Return the numbers that a run or sweep has been recorded under, by the address of the store.

    A file that cannot be read tells of none: the run is then sent anew, and what was sent before is removed.
    """
    try:
        return {
            uri: run_id for uri, run_id in object_in(require_plain(folder, MARK)).items() if isinstance(run_id, str)
        }
    except UnreadableError:
        return {}


def mark(folder: Path, uri: str, run_id: str) -> None:
    """Note that a run or sweep is recorded; aside, and then renamed."""
    write_whole(folder / MARK, json.dumps({**marks(folder), uri: run_id}) + "\n")


def _commit() -> dict[str, str]:
    """Return MLflow's tag for the commit, when this is a checkout."""
    with suppress(OSError, subprocess.CalledProcessError):
        home = Path(__file__).parent
        told = subprocess.run(["git", "rev-parse", "HEAD"], cwd=home, capture_output=True, text=True, check=True)
        return {"mlflow.source.git.commit": told.stdout.strip()}
    return {}
