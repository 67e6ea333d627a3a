"""Runs in MLflow. The only module that imports it, and only when needed, since that takes two seconds.

A run is written at once when it has finished: parameters, metrics and tags in batches, the data set, the artifacts. A
SQLite store is created once, under a lock, so that many processes can start on a fresh one.
"""

import json
import logging
import math
import os
import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from functools import partial
from importlib import import_module
from pathlib import Path

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # read when MLflow is imported
os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")  # each run prints its own link
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")  # report an unreachable server within seconds

import pyarrow.parquet as pq
from mlflow import MlflowClient
from mlflow.entities import Dataset as DatasetEntity
from mlflow.entities import DatasetInput, InputTag, Metric, Param
from mlflow.exceptions import MlflowException

from bench.faults import UserError
from bench.host.identity import has_ended, own_identity
from bench.host.locks import held
from bench.host.texts import shortened
from bench.result import Status
from bench.runs.copied_store import keep_files_here
from bench.runs.logged import TABLE, types_of
from bench.runs.run_record import Record
from bench.runs.saved_views import BY_COST, BY_TYPE, link, views
from bench.schema import CALLS, UNREADABLE
from bench.settings import TrackingSettings

SQLITE = "sqlite:///"
LONGEST_PARAMETER = 6000
LONGEST_REASON = 200
"""Longest reason printed when a store cannot be used [characters]: database errors may include whole statements."""
BATCH = 100
SHOWN_OPEN = {"mlflow.runType": "evaluation"}
"""Tag of a parent run that is shown expanded on the page of runs."""
TABLE_TAG = {"mlflow.loggedArtifacts": json.dumps([{"path": TABLE, "type": "table"}])}
"""Tag by which MLflow's pages recognise a table among the files."""
OWNER = "cdrbench.process"
"""Tag with the process that writes a run (`bench.host.identity.own_identity`)."""
BAD_CHARACTERS = re.compile(r"[^\w\-. /:]")

logging.getLogger("mlflow").setLevel(logging.ERROR)
logging.getLogger("alembic").setLevel(logging.ERROR)


def import_store(uri: str) -> None:
    """Import what MLflow imports only when it opens a store: once, before processes are forked that each open it."""
    if not uri.startswith("http"):
        import_module("mlflow.store.tracking.sqlalchemy_store")


class Tracker:
    """A tracking store that is ready for use.

    Raises
    ------
    UserError
        When the store cannot be reached, read or created.
    """

    def __init__(self, uri: str, settings: TrackingSettings) -> None:
        self.uri = uri
        with _as_user_errors(uri), _alone(uri):
            self.client = MlflowClient(tracking_uri=uri)
            found = self.client.get_experiment_by_name(settings.experiment)
            if uri.startswith(SQLITE):
                keep_files_here(Path(uri.removeprefix(SQLITE)), settings.experiment)
            self.experiment_id = str(
                found.experiment_id if found else self.client.create_experiment(settings.experiment)
            )

    @property
    def link(self) -> str:
        """Address of the view of runs by type, on a server or in `mlflow ui`."""
        return self._address(BY_TYPE)

    @property
    def cost_link(self) -> str:
        """Address of the charts of average precision against cost."""
        return self._address(BY_COST)

    def _address(self, view: str) -> str:
        place = self.uri.rstrip("/") if self.uri.startswith("http") else "http://127.0.0.1:5000"
        return f"{place}/#{link(self.experiment_id, view)}"

    @property
    def how_to_view(self) -> str:
        """How to view what was recorded, for the last lines of a run or sweep."""
        how = f"run `{self.command}` here, then open " if self.command else ""
        return f"in MLflow    {how}{self.link}\n  or, against cost:  {self.cost_link}"

    @property
    def command(self) -> str:
        """Command that opens the pages of a local store."""
        if self.uri.startswith("http"):
            return ""
        default = self.uri == TrackingSettings().uri
        return "mlflow ui" if default else f"mlflow ui --backend-store-uri {self.uri}"

    def record(self, record: Record) -> str:
        """Write one run, and return its id; it lasted as long as its work took, whenever it is written."""
        result = record.result
        ended_ms = record.started_ms + int(1000 * sum(v for k, v in result.cost.items() if k.endswith("_seconds")))
        metrics = [Metric(_key(k), v, ended_ms, 0) for k, v in record.metrics.items() if math.isfinite(v)]
        parameters = [Param(_key(k), str(v)[:LONGEST_PARAMETER]) for k, v in record.parameters.items()]
        with _as_user_errors(self.uri):
            run = self.client.create_run(
                self.experiment_id,
                record.started_ms,
                {**record.tags, **SHOWN_OPEN, **(TABLE_TAG if record.table else {}), OWNER: own_identity()},
                str(result.asked["name"]),
            )
            run_id = str(run.info.run_id)
            try:
                self._fill(run_id, record, metrics, parameters)
                self.finish(run_id, result.status is Status.OK, ended_ms)
            except BaseException:  # else it would be shown as a run that goes on
                with suppress(MlflowException, OSError):
                    self.client.delete_run(run_id)
                raise
        return run_id

    def _fill(self, run_id: str, record: Record, metrics: Sequence[Metric], parameters: Sequence[Param]) -> None:
        """Write what a run has."""
        for start in range(0, max(len(metrics), len(parameters)), BATCH):
            part = slice(start, start + BATCH)
            self.client.log_batch(run_id, metrics[part], parameters[part])
        _despite_others(lambda: self.client.log_inputs(run_id, [_dataset(record)]))
        for path in record.artifacts:
            self.client.log_artifact(run_id, str(path), _place(path))
        if record.table:
            self.client.log_text(run_id, record.table, TABLE)
        self._install_views(types_of(record.result.values))

    def _install_views(self, types: Sequence[str]) -> None:
        """Install the saved views for the types of a run, unless they exist."""
        known = self.client.get_experiment(self.experiment_id).tags
        for tag, view in views(types).items() if types else ():
            if known.get(tag) != view:
                _despite_others(partial(self.client.set_experiment_tag, self.experiment_id, tag, view))

    def finish_sweep(self, parent: str, summary: Mapping[str, str], report: Path | None) -> None:
        """Add the results of a sweep to its parent run.

        Parameters
        ----------
        parent
            Id of the parent run.
        summary
            Tags to set.
        report
            The page that compares its runs, if any.
        """
        with _as_user_errors(self.uri):
            for name, text in summary.items():
                self.client.set_tag(parent, _key(name), text)
            if report is not None:
                self.client.log_artifact(parent, str(report), "report")

    def start_parent(self, name: str, tags: Mapping[str, str], owner: str) -> str:
        """Start the parent run of a sweep's runs, and return its id; `owner` is the sweep's process."""
        owned = {**tags, OWNER: owner}
        with _as_user_errors(self.uri):
            return str(self.client.create_run(self.experiment_id, tags=owned, run_name=name).info.run_id)

    def take_up(self, run_id: str, owner: str) -> None:
        """Continue the parent run of an interrupted sweep, in another process."""
        with _as_user_errors(self.uri):
            self.client.update_run(run_id, status="RUNNING")
            self.client.set_tag(run_id, OWNER, owner)

    def end_abandoned(self) -> None:
        """End, as KILLED, the runs whose process on this machine was killed before it could end them."""
        theirs = f"attributes.status = 'RUNNING' and tags.`{OWNER}` != ''"
        with _as_user_errors(self.uri):
            for run in self.client.search_runs([self.experiment_id], theirs):
                if has_ended(run.data.tags[OWNER]):
                    self.client.set_terminated(run.info.run_id, "KILLED")

    def finish(self, run_id: str, well: bool, ended_ms: int | None = None) -> None:
        """End a run, by default now."""
        with _as_user_errors(self.uri):
            self.client.set_terminated(run_id, "FINISHED" if well else "FAILED", ended_ms)

    def forget(self, run_id: str) -> None:
        """Remove an incomplete record of a run, found by its tag `run_id`."""
        with _as_user_errors(self.uri):
            for run in self.client.search_runs([self.experiment_id], f"tags.run_id = '{run_id}'"):
                self.client.delete_run(run.info.run_id)


def _despite_others(write: Callable[[], object]) -> None:
    """Write what runs of an experiment share (its data sets and tags), again if another run did so at the same moment.

    MLflow looks whether it exists and then inserts it: of two runs that do so together, one fails.
    """
    try:
        write()
    except MlflowException:
        write()


def _place(path: Path) -> str | None:
    """Return the folder of an artifact."""
    return {".png": "figures", ".parquet": "tables", ".csv": "tables"}.get(path.suffix)


def _dataset(record: Record) -> DatasetInput:
    columns = [{"name": c.name, "type": str(c.type), "required": not c.nullable} for c in CALLS.columns]
    entity = DatasetEntity(
        name=str(record.result.asked["generator"]),
        digest=str(record.result.asked["fingerprint"]),
        source_type="local",
        source=json.dumps({"uri": record.data.resolve().as_uri()}),
        schema=json.dumps({"mlflow_colspec": columns}),
        profile=json.dumps({"num_rows": _calls(record.data)}),
    )
    return DatasetInput(entity, [InputTag("mlflow.data.context", "benchmark")])


def _calls(data: Path) -> int:
    """Return the number of calls; 0 if the world no longer exists or cannot be read."""
    path = data / "calls.parquet"
    try:
        return int(pq.read_metadata(path).num_rows) if path.is_file() else 0
    except UNREADABLE:
        return 0


def _key(name: str) -> str:
    """Return a name with the characters that MLflow does not accept replaced."""
    return BAD_CHARACTERS.sub("_", name)


@contextmanager
def _alone(uri: str) -> Iterator[None]:
    """Hold the lock of a SQLite store, and switch it to a mode in which readers and writers work side by side."""
    if not uri.startswith(SQLITE):
        yield
        return
    path = Path(uri.removeprefix(SQLITE))
    path.parent.mkdir(parents=True, exist_ok=True)
    with held(path.with_name(f".{path.name}.lock"), "tracking.uri=sqlite:///FILE records elsewhere"):
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
        yield


@contextmanager
def _as_user_errors(uri: str) -> Iterator[None]:
    try:
        yield
    except (MlflowException, OSError, sqlite3.Error, ImportError) as error:
        reason = shortened(str(error), LONGEST_REASON)
        raise UserError(f"tracking.uri must be a store that can be used, got {uri} ({reason})") from error
