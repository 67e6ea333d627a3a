"""A detector that tries to reach the truth: by what it gets at when it is confined, and when it is not."""

import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import average_precision_score
from toy_burglar import Burglar
from toy_world import ToySettings, ToyWorld

from bench.dataset import Dataset
from bench.generator import silent
from bench.isolation import landlock, seccomp
from bench.isolation.detector_process import Job, Subject, Trial, Waiting
from bench.isolation.reach import reach_of
from bench.settings import LimitSettings, ProtocolSettings
from bench.truth import Truth
from bench.worlds.protocol import applied
from bench.worlds.store import find_or_make

Burgle = Callable[[bool], tuple[Trial, float]]
WAYS = tuple(Burglar("", "", 0, 0).ways())
NEVER = {"own environment", "own files"}
"""Closed whatever the system has."""
OF_THE_SUPERUSER = {"parent's memory", "ptrace", "writing to the tables"}
"""Some systems (Yama) leave other processes' memory to the superuser, who alone writes to files that nobody may."""
MADE_BY_SECCOMP = {"TCP", "UDP", "socket", "letters", "letters of a pair", "abstract socket"}
complete = pytest.mark.skipif(landlock.version() < 6 or not seccomp.available(), reason="this kernel cannot do it all")


@pytest.fixture
def sockets(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, int]]:
    """A folder with sockets, and a number that a port and an abstract socket have."""
    place = tmp_path_factory.mktemp("s")
    stream, letters, abstract = (socket.socket(socket.AF_UNIX, kind) for kind in (1, 2, 1))
    with stream, letters, abstract, socket.create_server(("127.0.0.1", 0)) as server:
        port = int(server.getsockname()[1])
        stream.bind(str(place / "stream"))
        letters.bind(str(place / "letters"))
        abstract.bind(f"\0{port}")
        stream.listen()
        abstract.listen()
        yield place, port


@pytest.fixture
def other() -> Iterator[int]:
    """A process of the same user."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield process.pid
        process.kill()


@pytest.fixture
def burgle(workplace: Path, sockets: tuple[Path, int], other: int, monkeypatch: pytest.MonkeyPatch) -> Burgle:
    """Let it try; return what came of it and the average precision."""
    stored = find_or_make(ToyWorld(ToySettings(), {}), Path("worlds"), 1, silent)
    dataset = applied(Dataset.open(stored.folder / "data"), ProtocolSettings())
    for name in ("runs", "tmp", "now"):
        Path(name).mkdir()
    Path("runs/result.json").write_text("{}")
    Path("mlflow.db").write_text("runs")
    monkeypatch.setenv("TMPDIR", str(workplace / "tmp"))
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///mlflow.db")
    labels = Truth(stored.folder / "truth").call_labels(*dataset.call_range(dataset.window)).anomalous
    home, place = str(workplace)[1:], str(sockets[0])[1:]
    detector = {"_target_": "toy_burglar.Burglar", "home": home, "sockets": place, "port": sockets[1], "other": other}
    places = {"store.worlds": "worlds", "store.runs": "runs", "tracking.uri": "mlflow.db"}

    def burgle(confined: bool) -> tuple[Trial, float]:
        with Waiting(Subject(detector, 0), Path("now"), 2, reach_of(detector, places, confined)) as process:
            trial = process.tried(Job(dataset, LimitSettings(confined=confined)), lambda: None)
        assert trial.scores is not None, Path("now/detector.log").read_text()
        return trial, float(average_precision_score(labels, trial.scores.values))

    return burgle


def worked(trial: Trial) -> set[str]:
    """Return the ways that its scores say have worked."""
    assert trial.scores is not None
    code = int(np.floor(trial.scores.values.min()))
    return {name for number, name in enumerate(WAYS) if code >> number & 1}


def test_nothing_keeps_it_from_the_truth_where_it_is_not_confined(
    burgle: Burgle,
) -> None:
    trial, precision = burgle(False)
    assert worked(trial) | OF_THE_SUPERUSER == set(WAYS) - NEVER
    assert (precision, trial.isolation) == (1.0, "process only")


@complete
def test_a_confined_detector_finds_none_of_it(burgle: Burgle) -> None:
    trial, precision = burgle(True)
    assert worked(trial) == set()
    assert precision < 0.15  # of 5 % anomalous calls
    assert trial.isolation == f"landlock abi {landlock.version()}, no network"
    assert not Path("written").exists()


@complete
def test_what_lies_beside_it_does_not_run_before_it_is_confined(
    burgle: Burgle, workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(workplace)
    for name in ("sitecustomize", "usercustomize", "landlock", "bench", "numba", "json"):
        Path(f"{name}.py").write_text(f"open({str(workplace / 'ran')!r}, 'w')")
    Path("mine.pth").write_text(f"import sys; open({str(workplace / 'ran')!r}, 'w')")
    with suppress(AssertionError):  # `json` and `numba` of its own leave it without scores
        burgle(True)
    assert not Path("ran").exists()


@pytest.mark.parametrize(("abi", "filtered"), [(0, False), (0, True), (1, False), (1, True), (5, False)])
def test_a_system_that_can_do_less_says_so(
    abi: int, filtered: bool, burgle: Burgle, monkeypatch: pytest.MonkeyPatch
) -> None:
    if abi > landlock.version() or (filtered and not seccomp.available()):
        pytest.skip("this kernel cannot do that much")
    monkeypatch.setattr("bench.isolation.landlock.version", lambda: abi)
    monkeypatch.setattr("bench.isolation.seccomp.available", lambda: filtered)
    trial, precision = burgle(True)
    expected = {(0, False): "process only", (0, True): "process only, no network", (1, False): "landlock abi 1"}
    expected |= {(1, True): "landlock abi 1, no network", (5, False): "landlock abi 5, no TCP"}
    assert trial.isolation == expected[abi, filtered]
    assert (precision == 1.0) is (abi == 0)
    assert ("TCP" in worked(trial)) is (abi < 4 and not filtered)
    assert (worked(trial) & MADE_BY_SECCOMP - {"TCP"} == set()) is filtered
    assert ("signal" in worked(trial)) is (abi < 6)
