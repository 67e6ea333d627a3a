"""`cdrbench watch`: what it shows, and what it refuses before it makes a world."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

import pytest
from eventually import within
from programs import ended
from shown_worlds import DEMO, Shown, settings

from bench.faults import SettingsError, UserError
from bench.result import Result, Status
from bench.watch.watch_job import _require_same_world, _world_of_run

EMPTY = "must be empty if a detector is chosen, which is run on the world of `generator` (detector=null), got"
SPLIT = "protocol.name=split needs at least 2 days of data, got 1 (protocol=transductive fits and scores the whole; "


@pytest.mark.slow
@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("run=nowhere", "run must be the folder of a run, got 'nowhere'\n"),
        (
            "world=nowhere",
            "world must be the folder of a world in the store, or one that `cdrbench generate` wrote, got 'nowhere'\n",
        ),
        ("detector=volume world=a port=70000", "port must be in [0, 65535], got 70000\n"),
        ("detector=volume world=a run=b", f"world {EMPTY} 'a'\nrun {EMPTY} 'b'\n"),
        (
            "generator=demo_2016 generator.days=1 generator.num_users=5 detector=volume",
            f"{SPLIT}in a simulated world, generator.days=2 or more)\n",
        ),
    ],
)
def test_what_cannot_be_shown_is_one_message(workplace: Path, line: str, message: str) -> None:
    assert ended("watch", "port=0", *line.split())[::2] == (2, message)


def test_a_detector_is_chosen_and_checked_as_for_a_run() -> None:
    assert settings(*DEMO).detector is None
    assert settings(*DEMO, "detector=failure_share").detector["sigmas"] == 3.0
    with pytest.raises(SettingsError, match="role must be reference"):
        settings("detector=oracle", "role=detector")


def test_a_run_on_another_world_is_refused(demo: Shown, tmp_path: Path) -> None:
    own = str(demo.tables.manifest["fingerprint"])
    row = {"detector": "d", "name": "n"}
    Result({**row, "fingerprint": own}, Status.OK, values={}).write(tmp_path / "result.json")
    _require_same_world(tmp_path, demo.tables)
    Result({**row, "fingerprint": "0123456789abcdef"}, Status.OK, values={}).write(tmp_path / "result.json")
    with pytest.raises(SettingsError, match="run must be a run on the world that is shown"):
        _require_same_world(tmp_path, demo.tables)


def test_the_world_of_a_run_must_be_there(demo: Shown) -> None:
    there = json.dumps({"store": {"worlds": str(demo.folder.parent)}})
    assert _world_of_run({"fingerprint": demo.folder.name, "settings": there}) == demo.folder
    with pytest.raises(UserError, match="run it again, which makes it anew"):
        _world_of_run({"fingerprint": "0123", "settings": there})
    with pytest.raises(UserError, match="run it again"):
        _world_of_run({"fingerprint": "../../etc", "settings": there})


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_ends_it_cleanly(demo: Shown, tmp_path: Path, how: signal.Signals) -> None:
    command = [sys.executable, "-m", "bench", "watch", f"world={demo.folder}", "port=0"]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    server = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=-1, stderr=-1, text=True)
    try:
        assert server.stdout is not None
        address = server.stdout.readline().split()[0]
        with urlopen(f"{address}world.json", timeout=20) as answer:
            assert json.load(answer)["title"] == demo.folder.name
        server.send_signal(how)
        assert within(20, lambda: server.poll() is not None)
    finally:
        server.kill()
        _, said = server.communicate()
    assert server.returncode == (0 if how == signal.SIGINT else 128 + how)
    assert "Traceback" not in said
    assert list(tmp_path.iterdir()) == []
