"""Code that is edited while a program runs makes no world under a wrong name."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import generators

PROGRAM = """
from pathlib import Path
from bench.faults import UserError
from generators.settings.world import WorldSettings
from generators.world import World

world = World(WorldSettings(anomaly_ratio=0.0), {})
assert world.recipe() == world.recipe()
Path("generators/model/clock.py").open("a").write("# edited\\n")
try:
    world.recipe()
except UserError as error:
    print(error)
"""


def test_a_world_is_refused_once_its_code_has_changed_on_disk(tmp_path: Path) -> None:
    ours = Path(generators.__file__).parent
    shutil.copytree(ours, tmp_path / "generators", ignore=shutil.ignore_patterns("__pycache__"))
    path = os.pathsep.join([str(tmp_path), str(ours.parent)])
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    told = "the code that makes worlds has changed since this program started: start it again\n"
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, told, "")
