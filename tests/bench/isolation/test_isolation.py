"""The detector's process: what it sees, what it may use, and how it can end."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from eventually import within
from toy_world import ToySettings, ToyWorld

from bench.dataset import Dataset
from bench.generator import silent
from bench.isolation.detector_process import Job, Subject, Trial, Waiting
from bench.isolation.reach import reach_of
from bench.result import Status
from bench.schema import DATA_TABLES
from bench.settings import LimitSettings, ProtocolSettings
from bench.worlds.protocol import applied
from bench.worlds.store import find_or_make

Try = Callable[..., Trial]


@pytest.fixture
def dataset(workplace: Path) -> Dataset:
    world = find_or_make(ToyWorld(ToySettings(calls=200), {}), Path("worlds"), 1, silent)
    return applied(Dataset.open(world.folder / "data"), ProtocolSettings())


@pytest.fixture
def seen() -> set[psutil.Process]:
    """The processes that were running while a detector was tried."""
    return set()


@pytest.fixture
def attempt(dataset: Dataset, workplace: Path, seen: set[psutil.Process]) -> Try:
    def attempt(name: str, limits: LimitSettings | None = None, **parameters: Any) -> Trial:
        detector = {"_target_": f"toy_detectors.{name}", **parameters}
        Path("run").mkdir(exist_ok=True)
        limits = limits or LimitSettings()
        others = {*started_here()}  # such as the browser of other tests
        reach = reach_of(detector, {"store.worlds": "worlds", "store.runs": "run"}, limits.confined)
        with Waiting(Subject(detector, 7), Path("run"), 1, reach) as process:
            trial = process.tried(Job(dataset, limits), lambda: seen.update({*started_here()} - others))
        assert [path.name for path in Path("run").iterdir()] == ["detector.log"]
        return trial

    return attempt


@pytest.mark.slow
def test_what_the_harness_compiles_first_is_not_the_detectors_time(
    attempt: Try, workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In an empty cache that takes a minute; it made every short limit a timeout."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(workplace))
    assert attempt("Longest", LimitSettings(seconds=6)).status is Status.OK
    assert list(workplace.glob("cdrbench/kernels/*/*.done"))


def test_thousands_of_modules_may_lie_beside_a_detector(
    attempt: Try, workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their names are more than one argument of a command line may hold (128 KiB)."""
    folder = workplace / "full"
    folder.mkdir()
    for number in range(2000):
        (folder / f"a_module_of_the_users_own_with_a_long_name_{number}.py").touch()
    monkeypatch.syspath_prepend(folder)
    assert attempt("Longest").status is Status.OK


def test_a_detector_is_scored_in_a_process_of_its_own(attempt: Try, dataset: Dataset) -> None:
    trial = attempt("Longest")
    assert trial.status is Status.OK
    assert trial.scores is not None
    expected = dataset.calls(dataset.window, ["call_duration"])["call_duration"].to_numpy()
    assert np.array_equal(trial.scores.values, expected)
    assert "heard from the detector" in Path("run/detector.log").read_text()
    assert set(trial.cost) == {"fit_seconds", "score_seconds", "peak_mib"}
    assert trial.cost["peak_mib"] > 20


@pytest.mark.parametrize(
    ("name", "status", "reason"),
    [
        ("Raising", Status.ERROR, "ValueError: no such luck"),
        ("Vanishing", Status.ERROR, "its process ended with code 7 before it had given scores"),
        ("Killed", Status.ERROR, "its process was ended by SIGKILL before it had given scores"),
        ("Modest", Status.OOM, "MemoryError"),
        ("NoDetector", Status.ERROR, "TypeError: toy_detectors.NoDetector is no detector: "
         "it needs level, causal, fit and score"),
    ],
)  # fmt: skip
def test_a_failure_has_a_status_and_a_reason(attempt: Try, name: str, status: Status, reason: str) -> None:
    trial = attempt(name)
    assert (trial.status, trial.reason, trial.scores) == (status, reason, None)


def test_the_whole_traceback_is_in_the_log(attempt: Try) -> None:
    attempt("Raising")
    assert 'raise ValueError("no such luck")' in Path("run/detector.log").read_text()


def test_a_detector_sees_the_tables_and_nothing_else(attempt: Try) -> None:
    reason = attempt("Nosy").reason
    tables = " ".join(sorted([*(f"{name}.parquet" for name in DATA_TABLES), "clock.json"]))
    assert reason == f"LookupError: True {tables}"


def test_global_generators_are_seeded(attempt: Try) -> None:
    first, second = attempt("Chancy").scores, attempt("Chancy").scores
    assert first is not None
    assert second is not None
    assert np.array_equal(first.values, second.values)


def test_time_that_runs_out_ends_the_whole_tree(attempt: Try, seen: set[psutil.Process]) -> None:
    trial = attempt("Slow", LimitSettings(seconds=4), note="started.txt")
    assert (trial.status, trial.reason) == (Status.TIMEOUT, "took longer than limits.seconds=4")
    assert len(seen) == 3  # with the supervisor
    assert _all_gone(seen)


def test_memory_is_summed_over_the_process_tree(attempt: Try) -> None:
    trial = attempt("Greedy", LimitSettings(seconds=60, memory_mib=300))
    assert (trial.status, trial.reason) == (Status.OOM, "took more than limits.memory_mib=300")
    assert trial.cost["peak_mib"] > 300


def test_what_moves_to_a_session_of_its_own_ends_too(attempt: Try, seen: set[psutil.Process]) -> None:
    assert attempt("Daemon").status is Status.OK
    assert len(seen) == 3  # with the supervisor
    assert _all_gone(seen)


def test_a_detector_that_writes_to_its_tables_harms_no_world(attempt: Try, dataset: Dataset) -> None:
    before = (dataset.folder / "calls.parquet").read_bytes()
    assert attempt("Spoiling").status is Status.ERROR
    assert (dataset.folder / "calls.parquet").read_bytes() == before


def started_here() -> list[psutil.Process]:
    return psutil.Process().children(recursive=True)


def _all_gone(processes: set[psutil.Process]) -> bool:
    """Whether processes end, at last on a busy machine."""
    return within(60, lambda: not any(_runs(process) for process in processes))


def _runs(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
