"""Protocols, thresholds and levels through the command line, on toys."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

TOY = (
    "generator=toy", "generator.calls=400", "anomaly=[]", "audit=none", "trusted_packages=[toy_world,toy_detectors]",
    "detector=toy_longest", "tracking=none", "report.run_figures=null",
)  # fmt: skip


def ended(toys: Path, *arguments: str) -> tuple[int, str, str]:
    environment = {**os.environ, "PYTHONPATH": f"{toys}{os.pathsep}{toys.parents[1]}", "HYDRA_FULL_ERROR": "0"}
    done = subprocess.run(
        [sys.executable, str(toys / "toy_run.py"), "run", *TOY, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def row() -> dict[str, Any]:
    (path,) = Path("runs").rglob("result.json")
    values: dict[str, Any] = json.loads(path.read_text())
    return values


def test_a_novelty_run_leaves_its_row_and_nothing_of_the_clean_data(toys: Path, workplace: Path) -> None:
    code, out, err = ended(toys, "protocol=novelty", "protocol.fewest_incidents=1000")
    assert (code, err) == (0, "")
    assert json.loads(row()["settings"])["protocol"]["training"] == "clean"
    assert row()["average_precision/all"] == 1
    assert row()["delay_calls/all"] == 0
    assert 3600 <= row()["delay_seconds/all"] <= 7200, "a long call is an alert when it is over"
    assert row()["enough_incidents/all"] == 0
    assert "Too few incidents to judge: long_call, all" in out
    assert not list(Path("runs").rglob("*clean*"))


def test_a_detector_without_a_threshold_cannot_use_its_own(toys: Path, workplace: Path) -> None:
    code, _, err = ended(toys, "threshold=detector")
    assert code == 2
    assert err == "threshold.policy=detector needs a detector with a threshold of its own (`threshold_`)\n"


def test_a_clean_transductive_run_is_refused(toys: Path, workplace: Path) -> None:
    code, _, err = ended(toys, "protocol=transductive", "protocol.training=clean")
    assert code == 2
    assert err == "protocol.training must be contaminated where the scored part is fitted on, got 'clean'\n"


def test_a_supervised_baseline_has_nothing_to_learn_from_clean_data(toys: Path, workplace: Path) -> None:
    code, _, err = ended(toys, "role=supervised", "protocol=novelty")
    assert code == 2
    rule = "be contaminated for a supervised baseline, which learns from the anomalies"
    assert err == f"protocol.training must {rule}, got 'clean'\n"


def test_a_supervised_baseline_is_not_given_the_labels_of_what_it_scores(toys: Path, workplace: Path) -> None:
    code, _, err = ended(toys, "role=supervised", "protocol=transductive")
    assert code == 2
    rule = "be split for a supervised baseline, which would be given the labels of what it scores"
    assert err == f"protocol.name must {rule}, got 'transductive'\n"


LEARNS = ("role=supervised", "detector=toy_labelled")


def test_a_supervised_baseline_is_trained_on_other_worlds(toys: Path, workplace: Path) -> None:
    code, _, err = ended(toys, *LEARNS, "training_seeds=[7,8]")
    assert (code, err) == (0, "")
    assert (row()["role"], row()["average_precision/all"]) == ("supervised", 1)
    assert len(Path("made.txt").read_text().split()) == 3


def test_seeds_of_training_worlds_are_checked(toys: Path, workplace: Path) -> None:
    cases = {
        ("training_seeds=[0,1]",): "not hold generator.seed, whose world is scored, got [0, 1]",
        ("training_seeds=[3,3]",): "be different numbers in [0, 4294967295], got [3, 3]",
        ("training_seeds=[-1]",): "be different numbers in [0, 4294967295], got [-1]",
        ("training_seeds=[3]", "role=detector"): "be empty for role=detector, which sees no labels, got [3]",
    }
    for settings, rule in cases.items():
        code, _, err = ended(toys, *LEARNS, *settings)
        assert (code, err) == (2, f"training_seeds must {rule}\n")
    assert not Path("runs").exists()
