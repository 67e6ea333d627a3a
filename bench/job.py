"""One run from its settings to its record: the order of things, and what becomes of a failure."""

import os
import subprocess
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from hydra.utils import get_method
from omegaconf import DictConfig

from bench.benchmark import attempted, judged, prepared
from bench.composition import refuse
from bench.faults import UserError
from bench.request import Request
from bench.result import Outcome, Result, Status
from bench.sweep import PARENT, ROW, discard
from bench.versions import versions


def run(config: DictConfig) -> None:
    """Do one run, and leave its row, figures and record.

    By itself, a fault that the user can put right ends the program with code 2, and a detector that failed with code 1.
    In a multirun any failure is a row, and the other jobs go on.
    """
    request = Request.of(config)
    try:
        outcome = _done(request)
    except UserError as error:
        if request.number is None:
            _discard(request)
            refuse(str(error))
        _fail(request, error)
    except Exception as error:
        if request.number is None:
            raise
        (request.folder / "error.log").write_text(traceback.format_exc())
        _fail(request, error)
    except BaseException:  # interrupted: nothing half-written stays
        _discard(request)
        raise
    else:
        if request.number is None and outcome.result.status is not Status.OK:
            raise SystemExit(1)


def _done(request: Request) -> Outcome:
    ground = prepared(request)
    with ThreadPoolExecutor(1) as pool:
        # What comes after takes seconds to import: meanwhile, the detector's process is at work.
        ahead = pool.submit(_tools, request)
        trial = attempted(request, ground)
        tracker, draw, show = ahead.result()
    outcome = judged(request, ground, trial)
    outcome.result.write(request.folder / ROW)
    pictures = draw(outcome, request.folder) if outcome.scores is not None else []
    if request.number is None:
        show(outcome)
    if tracker is not None:
        _record(request, outcome, tracker, pictures)
    _tell(request, outcome, tracker)
    return outcome


def _tools(request: Request) -> tuple[Any, Callable[..., list[Path]], Callable[..., None]]:
    """Import and open what is needed after scoring: the tracker, and the functions that draw and show."""
    settings = request.settings
    tracking = settings.tracking
    tracker = import_module("bench.tracking").Tracker(tracking.uri, tracking) if tracking.uri else None
    draw = get_method(settings.report.run_figures) if settings.report.run_figures else lambda *_: []
    show = get_method(settings.report.terminal) if settings.report.terminal else lambda *_: None
    return tracker, draw, show


def _record(request: Request, outcome: Outcome, tracker: Any, pictures: list[Path]) -> None:
    result = outcome.result
    tags = {"status": str(result.status), "reason": result.reason, **result.versions, **_source()}
    tags |= {name: str(result.asked[name]) for name in ("detector", "generator", "anomalies", "fingerprint")}
    if PARENT in os.environ and request.number is not None:
        tags["mlflow.parentRunId"] = os.environ[PARENT]
    composed = request.folder / ".hydra" / "config.yaml"
    files = [request.folder / ROW, request.folder / "detector.log", composed, *pictures]
    calls = outcome.dataset.call_range(outcome.dataset.window)[1]
    record = import_module("bench.tracking").Record(
        result=result,
        started_ms=int(request.started.timestamp() * 1000),
        data=outcome.dataset.folder,
        calls=calls,
        parameters=request.parameters(),
        tags=tags,
        artifacts=[path for path in files if path.exists()],
    )
    tracker.record(record)


def _source() -> dict[str, str]:
    """Return MLflow's tags for what ran: the program, and the commit when this is a checkout."""
    tags = {"mlflow.source.name": "bench.run", "mlflow.source.type": "LOCAL"}
    with suppress(OSError, subprocess.CalledProcessError):
        home = Path(__file__).parent
        told = subprocess.run(["git", "rev-parse", "HEAD"], cwd=home, capture_output=True, text=True, check=True)
        tags["mlflow.source.git.commit"] = told.stdout.strip()
    return tags


def _tell(request: Request, outcome: Outcome, tracker: Any) -> None:
    """Print where everything is."""
    folder = os.path.relpath(request.folder)
    if request.number is not None:
        print(f"{request.number}: {request.name}: {outcome.result.status}, {folder}", flush=True)
        return
    print(f"run folder   {folder}")
    if tracker is not None:
        opened = f"run `{tracker.command}` here, then open " if tracker.command else ""
        print(f"in MLflow    {opened}{tracker.link}")


def _fail(request: Request, error: Exception) -> None:
    """Leave the row of a job that did not come to an end."""
    reason = str(error) if isinstance(error, UserError) else f"{type(error).__name__}: {error}"
    row = request.folder / ROW
    if not row.exists():
        Result(request.asked(""), Status.ERROR, reason, versions=versions()).write(row)
    print(f"{request.number}: {request.name}: {Status.ERROR}, {reason}", flush=True)


def _discard(request: Request) -> None:
    if not (request.folder / ROW).exists():
        discard(request.folder)
