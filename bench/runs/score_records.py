"""Score new records with the detector of an earlier run."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import pyarrow.parquet as pq

from bench.dataset import Dataset
from bench.detector import Scores
from bench.evaluation.evaluate import evaluate
from bench.evaluation.run_outcome import Outcome
from bench.faults import Fault, SettingsError, UserError
from bench.host.console import clock_running, progress_bars
from bench.host.processors import usable
from bench.isolation.detector_process import Job, Waiting
from bench.isolation.reach import inputs_of, reach_of
from bench.program_settings import ScoreSettings
from bench.result import Result, Status
from bench.runs.detector_description import subject_of
from bench.runs.saved_detector import SavedDetector, saved_in
from bench.runs.write_tables import explainer, write_tables
from bench.schema import TRUTH_TABLES
from bench.truth import Truth
from bench.worlds.append import joined
from bench.worlds.store import StoredWorld, find_or_make, world_of

FACTS = "score.json"


def scored(settings: ScoreSettings, out: Path, staging: Path) -> str:
    """Score records and write the most suspicious first; if the detector fails, return the reason.

    Parameters
    ----------
    settings
        The records to score, and the detector.
    out
        Folder for the results.
    staging
        An empty folder for temporary files.

    Raises
    ------
    UserError
        When the detector cannot be used here, or the records do not start after those that it knows.
    """
    detector = _usable(settings, staging)
    if settings.keep is not None and Path(settings.keep).exists():
        raise SettingsError([Fault("keep", "be a new folder", settings.keep)])
    with progress_bars() as progress:
        world = find_or_make(
            world_of(settings.generator, settings.anomaly), Path(settings.store.worlds), usable(), progress
        )
    _require_same_key(detector, world)
    places = {
        "store.worlds": settings.store.worlds,
        "run": settings.run,
        "out": settings.out,
        **inputs_of(settings.generator),
    }
    reach = reach_of(detector.config, places, settings.limits.confined)
    subject = subject_of(detector.config, detector.seed, settings.trusted_packages)
    with Waiting(subject, out, usable(), reach) as process:
        dataset = joined(detector.dataset, Dataset.open(world.folder / "data"), staging / "data")
        with clock_running(f"fitting and scoring {detector.name}") as tick:
            trial = process.tried(Job(dataset, settings.limits), tick)
    if trial.scores is None:
        return f"{trial.status}: {trial.reason}; see {out / 'detector.log'}"
    failure = _written(settings, detector, (dataset, trial.scores), (out, _nothing_known(staging / "truth")))
    if settings.keep is not None and not failure:
        replace(detector, dataset=dataset).save(Path(settings.keep))
        print(settings.keep)
    return failure


def _usable(settings: ScoreSettings, staging: Path) -> SavedDetector:
    detector = saved_in(Path(settings.run), staging)
    if faults := detector.faults(settings.trusted_packages):
        raise SettingsError(faults)
    if settings.same_versions and (others := list(detector.version_faults())):
        raise UserError(
            f"the detector of {settings.run} was fitted with {', '.join(others)}: its scores could differ; "
            "same_versions=false uses it anyway"
        )
    return detector


def _require_same_key(detector: SavedDetector, world: StoredWorld) -> None:
    """Refuse records whose pseudonyms have another key than the detector's: it would know none of their users."""
    key = world.manifest["recipe"].get("key")
    if key != detector.key:
        keys = [f"key {each}" if each else "none (generator.pseudonyms=false)" for each in (detector.key, key)]
        raise UserError(f"the records must have the pseudonyms that the detector knows, {keys[0]}, got {keys[1]}")


def _written(
    settings: ScoreSettings, detector: SavedDetector, result: tuple[Dataset, Scores], where: tuple[Path, Truth]
) -> str:
    """Write the alerts; if there are none, return the reason."""
    (dataset, scores), (out, truth) = result, where
    evaluation = evaluate(dataset, truth, scores, settings.threshold)
    if evaluation.status is not Status.OK:
        return f"{evaluation.status}: {evaluation.reason}"
    row = Result({"detector": detector.name}, Status.OK)
    outcome = Outcome(
        result=row,
        dataset=dataset,
        truth=truth,
        labels=evaluation.labels,
        scores=scores,
        alerts=evaluation.alerts,
        sample=evaluation.sample,
        levels=evaluation.levels,
        incidents=evaluation.incidents,
        labelled=False,
    )
    files = write_tables(outcome, explainer(settings.report.reasons, detector.config), out)
    facts = {
        "detector": detector.name,
        "run": settings.run,
        "level": str(scores.level),
        "policy": evaluation.alerts.policy if evaluation.alerts else None,
        "threshold": evaluation.alerts.cut.score if evaluation.alerts else None,
        "share_of_ties": evaluation.alerts.cut.share if evaluation.alerts else None,
        "fitted_on": asdict(dataset.history),
        "scored": asdict(dataset.window),
        "versions": detector.versions,
    }
    (out / FACTS).write_text(json.dumps(facts, indent=1) + "\n")
    for path in (*files, out / FACTS):
        print(path)
    return ""


def _nothing_known(folder: Path) -> Truth:
    """Return a truth without incidents: labels of the records, if any, are ignored."""
    folder.mkdir(parents=True)
    for name, table in TRUTH_TABLES.items():
        pq.write_table(table.arrow.empty_table(), folder / f"{name}.parquet")
    return Truth(folder)
