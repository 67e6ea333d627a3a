"""Carry out one run, from its settings to its recorded result, and handle failures."""

import os
import traceback
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from functools import cache, partial
from importlib import import_module
from typing import Any

from hydra.utils import get_method
from omegaconf import DictConfig

from bench.config.composition import refuse, refuse_if_full
from bench.evaluation.run_outcome import Outcome
from bench.faults import UserError
from bench.host.exit_codes import FAILED, UNRECORDED
from bench.host.interruption import raise_if_interrupted
from bench.host.locks import held
from bench.host.processes import apart
from bench.host.read_json import UnreadableError
from bench.host.versions import versions
from bench.result import Result, Status
from bench.runs.request import Request
from bench.runs.rows import read_result
from bench.runs.run_folder import ERROR_LOG, NOTES, clear, discard
from bench.runs.run_record import ROW, recorded_ids, send, sending_later
from bench.runs.steps import attempted, begun, judged, measured, prepared
from bench.runs.twin_check import with_twin
from bench.runs.write_tables import Explain, explainer, write_tables
from bench.settings import TrackingSettings


def run(config: DictConfig) -> None:
    """Carry out one run: write its result row and figures, and record it.

    In a single run, an error that the user can correct ends the program with code 2, a failed detector with code 1, and
    a result that could not be recorded with code 3. In a multirun every failure is a row, and the other jobs continue.
    """
    raise_if_interrupted()
    request = Request.of(config)
    if request.number is None:
        _run_alone(request)
        return
    # A process killed in a sweep may take a moment to end, while the sweep is already being resumed.
    with held(request.folder.with_name(f".{request.number}.lock"), "hydra.sweep.dir=FOLDER starts a new one elsewhere"):
        if _recorded(request):
            _send(request, partial(_sent, request, again=True))
        else:
            _run_of_sweep(request)


def _run_alone(request: Request) -> None:
    try:
        outcome, message = _done(request)
    except UserError as error:
        _discard(request)
        refuse(str(error))
    except BaseException as error:  # interrupted, or an error of the program: no incomplete files stay
        _discard(request)
        if isinstance(error, OSError):
            refuse_if_full(error)
        raise
    print(f"run folder   {os.path.relpath(request.folder)}")
    print(message)
    if outcome.result.status is not Status.OK:
        raise SystemExit(FAILED)
    if request.settings.tracking.uri is not None and not recorded_ids(request.folder):
        raise SystemExit(UNRECORDED)


def _run_of_sweep(request: Request) -> None:
    clear(request.folder, keep=(NOTES,))  # files of a job that was interrupted
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
    """Run the steps; return the outcome, and the message about its record."""
    with ThreadPoolExecutor(1) as pool, _recording(request, pool) as recorder:
        with begun(request) as process:
            prepared_world = prepared(request, process)
            # While the detector's process works: imports that take seconds, and everything that needs no scores.
            evaluator = pool.submit(measured, request, prepared_world)
            opened = pool.submit(recorder.submit, _open, request)  # not before: the detector imports until then
            ahead = pool.submit(_tools, request)
            trial = attempted(request, prepared_world, process)
        outcome = judged(request, prepared_world, trial, evaluator.result())
        if request.settings.twin:
            outcome = with_twin(request, outcome)
        try:
            explain, (draw, page, show) = ahead.result()
            if outcome.scores is not None:
                write_tables(outcome, explain, request.folder)
                draw(outcome, request.folder)  # not beside it: two threads that both run Python slow each other down
                page(outcome, request.folder)
        except Exception:  # a table or picture that fails does not lose the result
            outcome.result.write(request.folder / ROW)
            raise
        # last, since a run that is interrupted earlier has no result and is removed
        outcome.result.write(request.folder / ROW)
        if request.number is None:
            show(outcome)

        def sent() -> str:
            opened.result().result()
            return recorder.submit(_sent, request).result()

        return outcome, _send(request, sent)


def _recording(request: Request, beside: Executor) -> AbstractContextManager[Executor]:
    """Return what records the run: for a single one, a process of its own, since importing MLflow takes seconds."""
    single = request.number is None and request.settings.tracking.uri is not None
    return apart() if single else nullcontext(beside)


def _tools(request: Request) -> tuple[Explain | None, list[Callable[..., object]]]:
    """Import the functions that explain alerts, draw pictures, write the page of findings and print."""
    report = request.settings.report
    paths = report.run_figures, report.findings, report.terminal
    return explainer(report.reasons, request.resolved["detector"]), [get_method(p) if p else _nothing for p in paths]


def _nothing(*_: object) -> None:
    """Draw or print nothing."""


def _open(request: Request) -> None:
    """Open the tracking store, if there is one."""
    tracking = request.settings.tracking
    if tracking.uri is not None:
        tracker = _tracker(tracking.uri, tracking.experiment)
        if request.number is None:  # in a sweep, the sweep has done so
            tracker.end_abandoned()


@cache
def _tracker(uri: str, experiment: str) -> Any:
    return import_module("bench.runs.tracking").Tracker(uri, TrackingSettings(uri, experiment))


def _sent(request: Request, *, again: bool = False) -> str:
    """Record the run; return where to look at it."""
    tracking = request.settings.tracking
    tracker = _tracker(str(tracking.uri), tracking.experiment)
    send(request.folder, tracker, again=again)
    return str(tracker.how_to_view)


def _send(request: Request, sent: Callable[[], str]) -> str:
    """Record the run by `sent` unless it is recorded; return a message. A store that fails does not lose the result."""
    uri = request.settings.tracking.uri
    if uri is None or uri in recorded_ids(request.folder):
        return ""
    try:
        return sent()
    except (UserError, BrokenExecutor) as error:
        return f"not in MLflow: {error}\nto send it later: {sending_later(request.folder, uri)}"


def _recorded(request: Request) -> bool:
    """Whether a readable result for the same settings exists, as in a sweep that was interrupted."""
    try:
        return read_result(request.folder / ROW).asked.get("settings") == request.recorded
    except UnreadableError:
        return False


def _fail(request: Request, reason: str) -> None:
    """Write the row of a job that did not finish."""
    row = request.folder / ROW
    if not row.exists():
        Result(request.asked(""), Status.ERROR, reason, versions=versions()).write(row)
        _send(request, partial(_sent, request))


def _discard(request: Request) -> None:
    if not (request.folder / ROW).exists():
        discard(request.folder, of_sweep=request.number is not None)
