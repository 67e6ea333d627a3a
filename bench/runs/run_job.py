"""Carry out one run, from its settings to its record, and handle failures."""

import os
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from typing import Any

from hydra.utils import get_method
from omegaconf import DictConfig

from bench.config.composition import refuse, refuse_if_full
from bench.evaluation.run_outcome import Outcome
from bench.faults import UserError
from bench.host.exit_codes import FAILED, UNRECORDED
from bench.host.interruption import heed
from bench.host.locks import held
from bench.host.read_json import UnreadableError
from bench.host.versions import versions
from bench.result import Result, Status
from bench.runs.request import Request
from bench.runs.rows import read_result
from bench.runs.run_folder import ERROR_LOG, NOTES, clear, discard
from bench.runs.run_record import ROW, marks, send, sending_later
from bench.runs.steps import attempted, begun, judged, measured, prepared
from bench.runs.twin_check import with_twin
from bench.runs.write_tables import explainer, write_tables


def run(config: DictConfig) -> None:
    """Carry out one run: write its result row and figures, and record it.

    By itself, a fault that the user can put right ends the program with code 2, a detector that failed with code 1,
    and a result that could not be recorded with code 3. In a multirun any failure is a row, and the other jobs go on.
    """
    heed()
    request = Request.of(config)
    if request.number is None:
        _run_alone(request)
        return
    # Who is killed in a sweep may take a moment to go, while the sweep is taken up again.
    with held(request.folder.with_name(f".{request.number}.lock"), "hydra.sweep.dir=FOLDER starts a new one elsewhere"):
        if _recorded(request):
            _send(request, lambda: _tracker(request), again=True)
        else:
            _run_of_sweep(request)


def _run_alone(request: Request) -> None:
    try:
        outcome, told = _done(request)
    except UserError as error:
        _discard(request)
        refuse(str(error))
    except BaseException as error:  # interrupted, or a fault of the program: nothing half-written stays
        _discard(request)
        if isinstance(error, OSError):
            refuse_if_full(error)
        raise
    print(f"run folder   {os.path.relpath(request.folder)}")
    print(told)
    if outcome.result.status is not Status.OK:
        raise SystemExit(FAILED)
    if request.settings.tracking.uri is not None and not marks(request.folder):
        raise SystemExit(UNRECORDED)


def _run_of_sweep(request: Request) -> None:
    clear(request.folder, keep=(NOTES,))  # what a job left that was cut short
    try:
        _done(request)
    except UserError as error:
        _fail(request, str(error))
    except Exception as error:  # noqa: BLE001 - whatever goes wrong is the outcome of this job
        (request.folder / ERROR_LOG).write_text(traceback.format_exc())
        _fail(request, f"{type(error).__name__}: {error}")
    except BaseException:  # interrupted
        _discard(request)
        raise


def _done(request: Request) -> tuple[Outcome, str]:
    """Do it; return the outcome, and what to tell about its record."""
    with ThreadPoolExecutor(1) as pool:
        with begun(request) as process:
            ground = prepared(request, process)
            # While the detector's process is at work: what takes seconds to import, and what needs no scores.
            yardstick = pool.submit(measured, request, ground)
            ahead = pool.submit(_tools, request)
            opened = pool.submit(_tracker, request)
            trial = attempted(request, ground, process)
        outcome = judged(request, ground, trial, yardstick.result())
        draw, show = ahead.result()
    if request.settings.twin:
        outcome = with_twin(request, outcome)
    try:
        if outcome.scores is not None:
            explain = explainer(request.settings.report.reasons, request.resolved["detector"])
            with ThreadPoolExecutor(1) as pool:  # kernels describe the alerts while pictures are drawn
                tables = pool.submit(write_tables, outcome, explain, request.folder)
                draw(outcome, request.folder)
            tables.result()
    except Exception:  # a table or picture that cannot be made loses no result
        outcome.result.write(request.folder / ROW)
        raise
    outcome.result.write(request.folder / ROW)  # last: a run that is interrupted before has no result, and goes
    if request.number is None:
        show(outcome)
    return outcome, _send(request, opened.result)


def _tools(request: Request) -> tuple[Callable[..., object], Callable[..., object]]:
    """Import what draws and shows."""
    settings = request.settings
    draw = get_method(settings.report.run_figures) if settings.report.run_figures else _nothing
    show = get_method(settings.report.terminal) if settings.report.terminal else _nothing
    return draw, show


def _nothing(*_: object) -> None:
    """Draw or show nothing."""


def _tracker(request: Request) -> Any:
    """Open the store of runs; None when there is to be none."""
    tracking = request.settings.tracking
    if tracking.uri is None:
        return None
    tracker = import_module("bench.runs.tracking").Tracker(tracking.uri, tracking)
    if request.number is None:  # else the sweep has done it
        tracker.end_abandoned()
    return tracker


def _send(request: Request, opened: Callable[[], Any], *, again: bool = False) -> str:
    """Record the run unless it is recorded; return what to tell about that. A store that fails loses no result."""
    uri = request.settings.tracking.uri
    if uri is None or uri in marks(request.folder):
        return ""
    try:
        tracker = opened()
        send(request.folder, tracker, again=again)
    except UserError as error:
        return f"not in MLflow: {error}\nto send it later: {sending_later(request.folder, uri)}"
    return str(tracker.told)


def _recorded(request: Request) -> bool:
    """Whether what is asked for has a result already that can be read: in a sweep that was cut short."""
    try:
        return read_result(request.folder / ROW).asked.get("settings") == request.recorded
    except UnreadableError:
        return False


def _fail(request: Request, reason: str) -> None:
    """Leave the row of a job that did not come to an end."""
    row = request.folder / ROW
    if not row.exists():
        Result(request.asked(""), Status.ERROR, reason, versions=versions()).write(row)
        _send(request, lambda: _tracker(request))


def _discard(request: Request) -> None:
    if not (request.folder / ROW).exists():
        discard(request.folder, of_sweep=request.number is not None)
