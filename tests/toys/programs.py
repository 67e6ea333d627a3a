"""Starts the programs on toys, in the working directory."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

TOYS = Path(__file__).parent
COMPILING = re.compile("compiling [a-z ]+, which is kept: ")
TOY = ("generator=toy", "generator.calls=400", "anomaly=[]", "audit=none", "trusted_packages=[toy_world,toy_detectors]")
QUIET = ("tracking=none", "report.run_figures=null", "report.terminal=null")


def started(program: str, *arguments: str, first: Path = TOYS) -> subprocess.Popen[str]:
    """Start `cdrbench PROGRAM`, with the packages that stand in `first` instead of ours."""
    path = os.pathsep.join(map(str, (first, TOYS, TOYS.parents[1])))
    environment = {**os.environ, "PYTHONPATH": path, "HYDRA_FULL_ERROR": "0"}
    return subprocess.Popen(
        [sys.executable, str(TOYS / "toy_run.py"), program, *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def ended(program: str, *arguments: str, first: Path = TOYS) -> tuple[int, str, str]:
    """Run a program to its end; return its code and what it wrote, but for what it says of compiling kernels first."""
    process = started(program, *arguments, first=first)
    out, err = process.communicate(timeout=300)
    lines = [line for line in err.splitlines(keepends=True) if not COMPILING.match(line)]
    return process.returncode, out, "".join(lines)


def rows(folder: str = "runs") -> list[dict[str, Any]]:
    """Read all result rows below a folder."""
    return [json.loads(path.read_text()) for path in sorted(Path(folder).rglob("result.json"))]


def leavings() -> list[str]:
    """What would be half-written: folders and files that only exist while something is made."""
    marks = (".making", ".partial")
    every = [Path(above, name) for above, folders, files in os.walk(".") for name in (*folders, *files)]
    unwanted = [path for path in every if path.name.endswith(marks) or path.name.startswith(".detector-")]
    return [str(path) for path in [*unwanted, *Path().glob("runs/**/.*.lock")]]
