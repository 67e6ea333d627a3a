"""Anomalies injected into a file of call records do not give themselves away by how the records are written."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

CDRBENCH = str(Path(sys.executable).with_name("cdrbench"))
COLUMNS = ("generator.columns.is_anomaly=null", "generator.columns.anomaly_type=null")


def ended(*command: str) -> int:
    return subprocess.run([CDRBENCH, *command], capture_output=True, check=False).returncode


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The call records of the default world without anomalies, as a file."""
    place = tmp_path_factory.mktemp("records")
    asked = (f"out={place / 'data'}", f"store.worlds={place / 'worlds'}", "audit=none", "report.dataset_figure=null")
    assert ended("generate", "generator.anomaly_ratio=0", *asked) == 0
    return place / "data" / "cdr_call_records.parquet"


@pytest.mark.slow
@pytest.mark.parametrize("pseudonyms", ["true", "false"])
def test_bookkeeping_is_not_red(workplace: Path, records: Path, pseudonyms: str) -> None:
    """With names of hashes too: new users, new devices and SIMs, calls with other outcomes, whole seconds."""
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
        assert ended("audit", "generator=cdr_file", f"generator.path={records}", *COLUMNS, *asked) in (0, 1)
        found = json.loads((Path(out) / "audit.json").read_text())["checks"]["bookkeeping"]
        assert found["light"] in ("green", "marked"), found["found"]["leaks"]
