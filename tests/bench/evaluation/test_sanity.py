"""A sanity world: its anomalies are so crude that the right rule finds each of them, and nothing else."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

CRUDE = (
    "generator.num_users=150", "generator.days=14", "generator/network=none", "anomaly=[long_call]", "audit=none",
    "anomaly.long_call.shortest_s=21600", "anomaly.long_call.longest_s=28800", "threshold=oracle", "tracking=none",
    "report.run_figures=null",
)  # fmt: skip
RIGHT = ("detector.long_s=21600", "detector.short_s=1e-9", "detector.burst_calls=1e9", "detector.night_to_h=2.0001")
"""The one rule that is right; the others are put out of reach."""


@pytest.mark.slow
def test_the_right_rule_gets_all_of_a_crude_anomaly_and_nothing_else(workplace: Path) -> None:
    command = [sys.executable, "-m", "bench.run", *CRUDE, "detector=rules", *RIGHT]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    (path,) = Path("runs").rglob("result.json")
    row = json.loads(path.read_text())
    for metric in ("average_precision", "roc_auc", "precision", "recall", "f1", "incident_recall"):
        assert row[f"{metric}/long_call"] == row[f"{metric}/all"] == 1
    assert row["false_alarms/all"] == 0
    assert row["positives/long_call"] > 20
