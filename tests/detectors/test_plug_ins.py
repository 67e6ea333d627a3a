"""A package of somebody else's, written down, installed and run as docs/howto/own-package.md says."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "howto" / "own-package.md").read_text()
BLOCK = re.compile(r"^```\w+\n# (\S+\.\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SMALL = (
    "generator.num_users=1500",
    "generator.days=2",
    "generator.anomaly_ratio=0.01",
    "generator/network=none",
    "tracking=none",
)
QUIET = ("report.run_figures=null", "report.terminal=null", "threshold.alerts_per_day=20")


def run(*arguments: str, path: Path) -> tuple[int, str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(path), str(ROOT)]), "HYDRA_FULL_ERROR": "0"}
    done = subprocess.run(
        [sys.executable, "-m", *arguments], env=environment, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the guide's package is installed: every block of it, word for word."""
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("site")
    for name, content in BLOCK.findall(GUIDE):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(content)
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--disable-pip-version-check", "--target", str(target)]
    subprocess.run([sys.executable, "-m", "pip", "install", *options, str(source)], check=True)
    return target


@pytest.mark.slow
def test_the_guides_package_is_run_by_name(site: Path, workplace: Path) -> None:
    commands = re.findall(r"^    python -m (bench\.run .*)$", GUIDE, re.MULTILINE)
    assert len(commands) == 2
    for command in commands:
        code, output = run(*command.replace("'", "").split(), *SMALL, *QUIET, path=site)
        assert code == 0, output
    rows = [json.loads(path.read_text()) for path in sorted(Path("runs").rglob("result.json"))]
    assert [row["detector"] for row in rows] == ["longest", "longest"]
    assert json.loads(rows[0]["settings"])["detector"] == {"_target_": "longest.detector.Longest", "power": 0.5}
    assert rows[1]["anomalies"] == "half_day_call"
    assert rows[1]["average_precision/half_day_call"] == 1.0
    worlds = [json.loads(path.read_text())["recipe"]["plug_ins"] for path in Path("worlds").glob("*/manifest.json")]
    assert set(map(tuple, worlds)) == {(), ("half_day_call",)}  # a world, and the twin that it is audited against


@pytest.mark.slow
def test_the_guides_package_keeps_the_contract(site: Path, workplace: Path) -> None:
    code, output = run("detectors.checks", "longest.detector:Longest", "power=0.5", path=site)
    assert (code, output.splitlines()[-1]) == (0, "16 of 16 checks passed")


@pytest.mark.slow
def test_a_plug_in_cannot_take_the_name_of_ours(site: Path, workplace: Path) -> None:
    leaf = site / "longest" / "conf" / "detector" / "iforest.yaml"
    leaf.write_text("_target_: longest.detector.Longest\n")
    try:
        code, output = run("bench.run", "detector=iforest", path=site)
    finally:
        leaf.unlink()
    assert (code, output) == (2, "the plug-in longest brings detector/iforest.yaml, which cdrbench has already\n")
