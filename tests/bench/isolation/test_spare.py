"""The process that is started before it is known which detector it is for."""

import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from bench import run
from bench.host.processors import usable
from bench.isolation import prestarted
from bench.isolation.confinement import Reach
from bench.settings import StoreSettings, TrackingSettings

HERE = Reach(frozenset())


def finished(started: prestarted.Started) -> None:
    """Let a process know that nobody needs it, and wait for its end."""
    started.channel.close()
    started.process.wait()
    started.tidy()
    assert not started.place.exists()


def children() -> set[int]:
    return {child.pid for child in psutil.Process().children() if "bench.isolation.confined" in command(child)}


def command(process: psutil.Process) -> list[str]:
    """Return the command line of a process; one that has just begun has none for a moment."""
    until = time.monotonic() + 5
    while not (arguments := process.cmdline()) and time.monotonic() < until:
        time.sleep(0.01)
    return arguments


@pytest.fixture(autouse=True)
def _nothing_stays() -> Iterator[None]:
    before = children()
    yield
    prestarted.end_ahead()
    assert children() == before


def test_it_is_taken_once() -> None:
    prestarted.start_ahead(["detector=iforest"])
    (first,) = children()
    taken = [prestarted.taken(usable(), HERE), prestarted.taken(usable(), HERE)]
    assert taken[0].process.pid == first != taken[1].process.pid
    for started in taken:
        finished(started)
        assert started.process.returncode == 0


@pytest.mark.parametrize(
    ("arguments", "modules"),
    [
        (["detector=random", "detector=iforest"], ["detectors.tables.tabular", "sklearn.ensemble"]),
        (["detector=../../secret"], []),
        (["detector=nosuch"], []),
        (["seed=2"], []),
    ],
)
def test_it_imports_what_a_shipped_detector_is_made_of(arguments: list[str], modules: list[str]) -> None:
    prestarted.start_ahead(arguments)
    (pid,) = children()
    assert psutil.Process(pid).cmdline()[8:] == modules


def test_it_is_not_taken_where_it_would_use_too_many_processors() -> None:
    prestarted.start_ahead([])
    (ahead,) = children()
    started = prestarted.taken(usable() + 1, HERE)
    assert started.process.pid != ahead
    finished(started)


@pytest.mark.parametrize(
    ("reach", "fits"),
    [
        (Reach(frozenset({Path("worlds").resolve(), Path("runs/today/now").resolve()})), True),
        (Reach(frozenset({Path("elsewhere").resolve()})), False),
        (Reach(frozenset(), frozenset({Path("conf").resolve()})), False),
        (Reach(frozenset(), confined=False), False),
    ],
)
def test_it_is_not_taken_where_it_may_see_too_much_or_too_little(reach: Reach, fits: bool) -> None:
    prestarted.start_ahead(["detector=iforest"])
    (ahead,) = children()
    started = prestarted.taken(usable(), reach)
    assert (started.process.pid == ahead) is fits
    finished(started)


def test_what_a_command_line_hides_and_names_is_known_ahead(workplace: Path) -> None:
    Path("mine.csv").touch()
    mine = (workplace / "mine.csv").resolve()
    prestarted.start_ahead(["store.worlds=/far/worlds", f"detector.path={mine}", "limits.confined=False"])
    reach = Reach(frozenset({Path("/far/worlds")}), frozenset({mine}), confined=False)
    (ahead,) = children()
    started = prestarted.taken(usable(), reach)
    assert started.process.pid == ahead
    finished(started)


def test_the_places_that_are_assumed_are_those_of_the_settings() -> None:
    store, tracking = StoreSettings(), TrackingSettings()
    places = {"store.worlds": store.worlds, "store.runs": store.runs, "tracking.uri": tracking.uri}
    assert {**prestarted.PLACES, **places} == prestarted.PLACES


def test_a_secret_of_the_environment_does_not_reach_it(monkeypatch: pytest.MonkeyPatch) -> None:
    names = {"MLFLOW_TRACKING_URI": "sqlite:////runs.db", "OLDPWD": "/worlds", "OMP_SCHEDULE": "static"}
    for name, value in names.items():
        monkeypatch.setenv(name, value)
    started = prestarted.taken(usable(), HERE)
    command(psutil.Process(started.process.pid))
    assert names.keys() & psutil.Process(started.process.pid).environ().keys() == {"OMP_SCHEDULE"}
    finished(started)


def test_its_threads_do_not_spin_unless_the_user_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    for wish, found in ((None, "PASSIVE"), ("ACTIVE", "ACTIVE")):
        monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
        if wish:
            monkeypatch.setenv("OMP_WAIT_POLICY", wish)
        started = prestarted.taken(usable(), HERE)
        command(psutil.Process(started.process.pid))
        assert psutil.Process(started.process.pid).environ()["OMP_WAIT_POLICY"] == found
        finished(started)


@pytest.mark.parametrize("argument", ["--help", "-m", "--multirun", "--cfg", "suite=smoke", "hydra.mode=MULTIRUN"])
def test_none_is_started_where_no_single_run_follows(argument: str) -> None:
    prestarted.start_ahead(["detector=iforest", argument])
    assert not children()


def test_a_refused_command_line_leaves_none(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["cdrbench", "detector=iforst"])
    with pytest.raises(SystemExit) as ended:
        run.main()
    assert ended.value.code == 2
    assert not children()
