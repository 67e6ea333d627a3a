"""Code that is edited makes no world under a wrong name: while a program runs, and that of types from outside."""

import importlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import generators
from generators.anomalies.short_call import ShortCall
from generators.sources import plugged_sources

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
    message = "the code that makes worlds has changed since this program started: start it again\n"
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, message, "")


def test_a_change_of_what_a_foreign_type_imports_changes_its_digest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "strange"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "kind.py").write_text("from strange.sizes import SIZE\n\nclass Kind:\n    size = SIZE\n")
    (package / "sizes.py").write_text("SIZE = 1\n")
    (package / "unused.py").write_text("SIZE = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    kind = importlib.import_module("strange.kind").Kind()
    try:
        before = plugged_sources({"strange": kind, "short_call": ShortCall()})
        assert list(before) == ["strange"]
        (package / "unused.py").write_text("SIZE = 2\n")
        assert plugged_sources({"strange": kind}) == before
        (package / "sizes.py").write_text("SIZE = 2\n")
        assert plugged_sources({"strange": kind}) != before
    finally:
        for name in [name for name in sys.modules if name.startswith("strange")]:
            del sys.modules[name]
