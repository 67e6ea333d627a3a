"""What lies in the working folder is not taken for ours: each name of ours and of our libraries, as a trap.

Covers `python -m bench.run` and `cdrbench`, from settings to a whole run, with packages (with and without an
`__init__.py`) and single files; and that detectors of the user's own in the working folder are still found.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

TRAP = "raise SystemExit('a module of the working folder was run')\n"
PACKAGES = ("conf", "generators", "detectors", "reports", "hydra", "pandas")
FILES = ("numpy", "pathlib", "json", "ast", "dataclasses", "sklearn", "polars", "conftest")
OWN = """
from bench.detector import Level, Scores

class Mine:
    level, causal = Level.CALL, True

    def fit(self, dataset):
        return self

    def score(self, dataset):
        low, high = dataset.call_range(dataset.window)
        return Scores(Level.CALL, dataset.calls(dataset.window, ["call_duration"])["call_duration"].to_numpy() * 1.0)
"""


def trapped(folder: Path, whole: bool) -> None:
    """Fill a folder with traps: packages, whole or as bare folders, and files."""
    for name in PACKAGES:
        (folder / name).mkdir()
        (folder / name / ("__init__.py" if whole else "something.py")).write_text(TRAP)
        (folder / name / "default.yaml").write_text("a: trap")
    for name in FILES:
        (folder / f"{name}.py").write_text(TRAP)


def started(*command: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("program", [("-m", "bench.run"), ("-m", "bench.report"), ("-m", "bench")])
def test_modules_of_the_working_folder_are_not_taken_for_ours(
    workplace: Path, program: tuple[str, ...], whole: bool
) -> None:
    trapped(workplace, whole)
    completed = started(sys.executable, *program, *(["run"] if program[-1] == "bench" else []), "--cfg", "job")
    assert (completed.returncode, completed.stderr) == (0, "")
    assert "trap" not in completed.stdout


@pytest.mark.slow
def test_a_whole_run_with_a_detector_of_ones_own_among_traps(workplace: Path) -> None:
    trapped(workplace, True)
    (workplace / "mine.py").write_text(OWN)
    small = ("generator.num_users=300", "generator.num_towers=6", "generator/network=none", "audit=none")
    own = ("detector._target_=mine.Mine", "trusted_packages=[mine]", "detector=constant", "role=detector")
    completed = started(sys.executable, "-m", "bench.run", *small, *own, "~detector.value", "tracking=none")
    assert (completed.returncode, completed.stderr) == (0, "")
    assert "constant on generator default" in completed.stdout
