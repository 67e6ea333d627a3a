"""Anomalies injected into a file of call records do not give themselves away by how the records are written."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

CDRBENCH = str(Path(sys.executable).with_name("cdrbench"))
FILE = (
    *("generator=cdr_file", "generator.path=data/cdr_call_records.parquet"),
    *("generator.columns.is_anomaly=null", "generator.columns.anomaly_type=null"),
)


def ended(*command: str) -> int:
    return subprocess.run([CDRBENCH, *command], capture_output=True, check=False).returncode


@pytest.mark.slow
@pytest.mark.parametrize("pseudonyms", ["true", "false"])
def test_bookkeeping_is_not_red(workplace: Path, pseudonyms: str) -> None:
    """With names of hashes too: new users, new devices and SIMs, calls with other outcomes, whole seconds."""
    assert ended("generate", "out=data", "generator.anomaly_ratio=0", "report.dataset_figure=null") == 0
    for number, types in enumerate(
        ("short_call,long_call,off_hour_call,burst_call", "tdos,robocall,subscription_fraud")
    ):
        out = f"audited{number}"
        asked = (
            f"anomaly=[{types}]",
            "generator.anomaly_ratio=0.05",
            f"generator.pseudonyms={pseudonyms}",
            f"out={out}",
        )
        assert ended("audit", *FILE, *asked) in (0, 1)
        found = json.loads((Path(out) / "audit.json").read_text())["checks"]["bookkeeping"]
        assert found["light"] in ("green", "marked"), found["found"]["leaks"]
