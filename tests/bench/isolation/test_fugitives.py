"""What a detector has started, changed or left ends with its run, however that ends.

Covers processes whose parents have ended, in sessions of their own, after an end, a failure, a limit of time and a kill
of the harness; files in `/dev/shm`; modes and times of files outside; capabilities; memory that is shared; and folders
that are hard to remove. Each was seen to fail before the supervisor was there.
"""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from eventually import within
from programs import QUIET, TOY, started
from toy_world import ToySettings, ToyWorld

from bench.dataset import Dataset
from bench.generator import silent
from bench.isolation import landlock, seccomp
from bench.isolation.detector_process import Job, Subject, Trial, Waiting
from bench.isolation.reach import reach_of
from bench.result import Status
from bench.settings import LimitSettings, ProtocolSettings
from bench.worlds.protocol import applied
from bench.worlds.store import find_or_make

Try = Callable[..., Trial]
PLACES = {"store.worlds": "worlds", "store.runs": "now"}
complete = pytest.mark.skipif(not (landlock.version() and seccomp.available()), reason="this kernel cannot do it all")
GONE_S = 20
CONFINED = [pytest.param(True, marks=complete, id="confined"), pytest.param(False, id="unconfined")]


@pytest.fixture
def attempt(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> Try:
    world = find_or_make(ToyWorld(ToySettings(calls=200), {}), Path("worlds"), 1, silent)
    dataset = applied(Dataset.open(world.folder / "data"), ProtocolSettings())
    for name in ("now", "tmp"):
        Path(name).mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(workplace / "tmp"))

    def attempt(name: str, confined: bool = True, limits: LimitSettings | None = None, **parameters: Any) -> Trial:
        detector = {"_target_": f"toy_fugitives.{name}", **parameters}
        limits = limits or LimitSettings(seconds=120)
        with Waiting(Subject(detector, 7), Path("now"), 1, reach_of(detector, PLACES, confined)) as process:
            trial = process.tried(Job(dataset, limits), lambda: None)
        assert list(Path("tmp").iterdir()) == []
        return trial

    return attempt


def processes_of(place: Path) -> list[str]:
    """The processes whose environment or working directory is of a folder, but for this one."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            context = (process / "environ").read_bytes() + os.fsencode((process / "cwd").readlink())
            if process.name != str(os.getpid()) and os.fsencode(place) in context:
                found.append(f"{process.name} {(process / 'cmdline').read_bytes()!r}")
        except OSError:
            continue
    return found


@pytest.mark.parametrize("confined", CONFINED)
@pytest.mark.parametrize(
    ("end", "status"),
    [("well", Status.OK), ("killed", Status.ERROR), ("hangs", Status.TIMEOUT), ("replaced", Status.TIMEOUT)],
)
def test_no_process_outlives_a_run(attempt: Try, workplace: Path, end: str, status: Status, confined: bool) -> None:
    trial = attempt("Orphans", confined, LimitSettings(seconds=4 if status is Status.TIMEOUT else 120), end=end)
    assert trial.status is status
    assert processes_of(workplace) == []


@pytest.mark.parametrize("confined", CONFINED)
def test_not_even_one_that_forks_and_ends_all_the_time(attempt: Try, workplace: Path, confined: bool) -> None:
    assert attempt("Runner", confined).status is Status.OK
    assert processes_of(workplace) == []


@pytest.mark.parametrize("end", ["hangs", "replaced"])
def test_when_the_harness_is_killed_all_that_it_started_ends(
    workplace: Path, end: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(workplace / "tmp"))
    trusted = "trusted_packages=[toy_world,toy_detectors,toy_fugitives]"
    detector = ["detector=toy_longest", "detector._target_=toy_fugitives.Orphans", f"+detector.end={end}"]
    process = started("run", *TOY, *QUIET, trusted, *detector)
    assert within(120, lambda: any("time.sleep(600)" in each for each in processes_of(workplace)))
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert within(GONE_S, lambda: processes_of(workplace) == []), processes_of(workplace)
    assert within(GONE_S, lambda: list(Path("tmp").iterdir()) == [])


@complete
def test_nothing_stays_in_memory_that_others_share(attempt: Try) -> None:
    for path in Path("/dev/shm").glob("*cdrbench-toy*"):
        path.unlink()
    assert attempt("Keeper").status in (Status.OK, Status.ERROR)  # the latter where it has no shared memory at all
    assert list(Path("/dev/shm").glob("*cdrbench-toy*")) == []


@complete
def test_files_outside_keep_their_modes_and_times(attempt: Try, workplace: Path) -> None:
    for name in ("read", "hidden"):
        Path(name).write_text("x")
    facts = [Path(name).stat() for name in ("read", "hidden")]
    assert attempt("Changer", path=str(workplace / "read")).status is Status.OK
    assert [Path(name).stat() for name in ("read", "hidden")] == facts


@complete
def test_what_libraries_do_with_files_works(attempt: Try) -> None:
    trial = attempt("Copier")
    assert trial.status is Status.OK, Path("now/detector.log").read_text()


@complete
def test_it_has_no_capabilities(attempt: Try) -> None:
    words = attempt("Powers").reason.removeprefix("LookupError: ").split()
    assert "NoNewPrivs:1" in words
    sets = dict(each.split(":") for each in words if each.startswith("Cap"))
    held = {name for name, each in sets.items() if int(each, 16)}
    assert held <= (set() if os.geteuid() == 0 else {"CapBnd"})


@pytest.mark.parametrize("name", ["Hidden", "Stored"])
def test_shared_memory_counts_though_nobody_has_it_in_use(attempt: Try, name: str) -> None:
    trial = attempt(name, limits=LimitSettings(seconds=60, memory_mib=350))
    if name == "Stored" and "Permission" in trial.reason:
        pytest.skip("no user may have a /dev/shm of their own here")
    assert (trial.status, trial.reason) == (Status.OOM, "took more than limits.memory_mib=350")
    assert trial.cost["peak_mib"] < 800


@pytest.mark.parametrize("confined", CONFINED)
def test_folders_that_are_hard_to_remove_go(attempt: Try, confined: bool) -> None:
    assert attempt("Deep", confined).status is Status.OK
