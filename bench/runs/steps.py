"""The steps of one run: find or make the world, fit and score without labels, evaluate."""

import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from hydra.utils import instantiate

from bench.audit.auditing import verdict_on
from bench.audit.verdict import Verdict, audit_in_row
from bench.dataset import Dataset
from bench.detector import Examples
from bench.evaluation.class_values import Values
from bench.evaluation.evaluate import Evaluator
from bench.evaluation.home import with_configured
from bench.evaluation.missing_values import why_missing
from bench.evaluation.run_outcome import Outcome
from bench.faults import Fault, SettingsError, UserError
from bench.generator import LEFT_OUT
from bench.host.console import clock_running, progress_bars
from bench.host.versions import versions
from bench.isolation.detector_process import Job, Trial, Waiting
from bench.isolation.prestarted import end_ahead, store_file
from bench.isolation.reach import inputs_of, reach_of
from bench.result import Result, Status
from bench.runs.detector_description import subject_of
from bench.runs.examples import examples_of
from bench.runs.references import Reference
from bench.runs.request import Request
from bench.settings import LimitSettings
from bench.truth import CONFIGURED_FAILURE, Truth
from bench.worlds.protocol import applied, without_incidents
from bench.worlds.store import StoredWorld, find_or_make, world_of

TELLING_SECONDS = 0.01
"""No speed is reported if scoring took less: start-up and the resolution of the clock would dominate."""


@dataclass(frozen=True)
class PreparedWorld:
    """The world of a run with its split, truth and verdict, and the time that finding or making it took."""

    world: StoredWorld
    seconds: float
    """Time for finding or making it, and for auditing it if needed [s]."""
    dataset: Dataset
    truth: Truth
    verdict: Verdict | None
    """Verdict of an audit of the world; None without an audit."""
    examples: Sequence[Examples] = ()
    """Labelled records on which a supervised baseline is trained."""

    @property
    def labelled(self) -> bool:
        """Whether the truth is known: the user's own records may have no labels."""
        return bool(self.world.manifest["counts"].get("labelled", True))

    @property
    def left_out(self) -> dict[str, str]:
        """Reason, by type, why a requested type was not injected into recorded calls."""
        found = self.world.manifest["counts"].get(LEFT_OUT) or {}
        return {str(name): str(why) for name, why in found.items()} if isinstance(found, dict) else {}


def prepared(request: Request, process: Waiting | None = None) -> PreparedWorld:
    """Find or make the world and split it; a detector that is refused is refused before a world is made."""
    settings = request.settings
    began = time.perf_counter()
    required = partial(_require_constructed, process, settings.limits)
    world = world_of(settings.generator, settings.anomaly)
    with progress_bars(request.number is None) as progress:
        stored = find_or_make(world, Path(settings.store.worlds), request.workers, progress, required)
        verdict = verdict_on(stored, world, settings, progress)
        seconds = time.perf_counter() - began
        dataset = applied(Dataset.open(stored.folder / "data"), settings.protocol)
        prepared_world = PreparedWorld(stored, seconds, dataset, Truth(stored.folder / "truth"), verdict)
        if not prepared_world.labelled:
            _require_no_labels(request)
        if settings.role != "supervised":
            return prepared_world
        return replace(prepared_world, examples=tuple(examples_of(request, dataset, prepared_world.truth, progress)))


def begun(request: Request) -> AbstractContextManager[Waiting | None]:
    """Start the detector's process, which loads in the background; None for scores that the harness itself provides."""
    detector = request.resolved["detector"]
    if str(detector["_target_"]).startswith("bench."):
        end_ahead()
        return nullcontext()
    settings = request.settings
    places = {
        "store.worlds": settings.store.worlds,
        "store.runs": settings.store.runs,
        "hydra.run.dir": str(request.folder),
        "tracking.uri": store_file(settings.tracking.uri),
        **inputs_of(settings.generator),
    }
    reach = reach_of(detector, places, settings.limits.confined)
    subject = subject_of(detector, settings.seed, settings.trusted_packages)
    return Waiting(subject, request.folder, request.processors, reach)


def measured(request: Request, prepared_world: PreparedWorld) -> Evaluator:
    """Prepare the truth for the evaluation before there are scores."""
    return Evaluator.of(prepared_world.dataset, prepared_world.truth, request.settings.protocol.fewest_incidents)


def attempted(request: Request, prepared_world: PreparedWorld, process: Waiting | None) -> Trial:
    """Fit and score the detector in its process, or take the scores that the harness itself provides."""
    if process is None:
        return _provided(request, prepared_world)
    settings, dataset = request.settings, prepared_world.dataset
    what = f"fitting and scoring {request.choices.get('detector')}"
    if settings.protocol.training == "clean":
        dataset = without_incidents(dataset, prepared_world.truth, process.place / "clean")
    with clock_running(what, request.number is None) as tick:
        return process.tried(Job(dataset, settings.limits, prepared_world.examples), tick)


def judged(request: Request, prepared_world: PreparedWorld, trial: Trial, evaluator: Evaluator) -> Outcome:
    """Evaluate the scores of the detector's process."""
    low, high = prepared_world.dataset.call_range(prepared_world.dataset.window)
    asked = request.asked(prepared_world.world.fingerprint) | audit_in_row(prepared_world.verdict)
    asked["isolation"] = trial.isolation
    left_out, types = prepared_world.left_out, evaluator.labels.types
    if left_out or not asked["anomalies"] or CONFIGURED_FAILURE in types:
        asked["anomalies"] = ",".join(types)
    asked["home_levels"] = with_configured(str(asked["home_levels"]), types)
    asked["left_out"] = "; ".join(f"{name}: {why}" for name, why in left_out.items())
    cost = {"world_seconds": prepared_world.seconds, **trial.cost}
    failed = Result(asked=asked, status=trial.status, reason=trial.reason, values={}, cost=cost, versions=versions())
    if trial.scores is None:
        return Outcome(failed, prepared_world.dataset, prepared_world.truth, evaluator.labels)
    settings = request.settings
    evaluation = evaluator.evaluation(trial.scores, settings.threshold, constant=settings.role == "reference")
    failed = replace(failed, asked=asked | {"level": str(trial.scores.level)})
    if trial.cost.get("score_seconds", 0.0) >= TELLING_SECONDS:
        cost["calls_per_second"] = (high - low) / trial.cost["score_seconds"]
    reason = evaluation.reason or why_missing(evaluator, evaluation, trial.scores.level)
    result = replace(failed, status=evaluation.status, reason=reason, cost=cost)
    result = replace(result, values=evaluation.values if prepared_world.labelled else _without_truth(evaluation.values))
    scores = trial.scores if evaluation.status is Status.OK else None
    return Outcome(
        result=result,
        dataset=prepared_world.dataset,
        truth=prepared_world.truth,
        labels=evaluation.labels,
        scores=scores,
        alerts=evaluation.alerts,
        sample=evaluation.sample,
        levels=evaluation.levels,
        incidents=evaluation.incidents,
        labelled=prepared_world.labelled,
    )


def _require_constructed(process: Waiting | None, limits: LimitSettings) -> None:
    if process is not None:
        process.require_constructed(limits)


def _require_no_labels(request: Request) -> None:
    """Refuse settings that need labels, for records without labels."""
    settings, rule = request.settings, "not need the truth where the records have no labels"
    needs = {
        "role": (settings.role, "supervised"),
        "protocol.training": (settings.protocol.training, "clean"),
        "threshold.policy": (settings.threshold.policy, settings.threshold.uses_truth and settings.threshold.policy),
        "detector._target_": (request.resolved["detector"]["_target_"], "bench.runs.references.Oracle"),
    }
    faults = [Fault(key, rule, value) for key, (value, needy) in needs.items() if value == needy]
    if faults:
        raise SettingsError(faults)


def _without_truth(values: Values) -> Values:
    """Leave metrics that need labels empty: all but the number of alerts."""
    return {name: value if name.endswith("alerts/all") else None for name, value in values.items()}


def _provided(request: Request, prepared_world: PreparedWorld) -> Trial:
    reference = instantiate(request.resolved["detector"])
    if not isinstance(reference, Reference):
        path = request.resolved["detector"]["_target_"]
        raise UserError(f"detector._target_ must be a detector or one of bench.runs.references, got {path}")
    return Trial(Status.OK, "", reference.scores(prepared_world.dataset, prepared_world.truth))
