"""Make the outputs that README and the tutorial show anew: `python docs/readme.py`.

It runs the commands that stand beside them, in a folder of its own, and writes what comes into the pages: the output of
the main job and the table of detectors in README.md, each output in docs/start/tutorial.md.
`tests/docs/test_commands.py` fails while a page says something else.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from shown_commands import Command, File, Output, printed, steps

README = Path(__file__).parents[1] / "README.md"
MAIN_JOB = "python -m bench.run generator.anomaly_ratio=0.05 detector=iforest"
TUTORIAL = "docs/start/tutorial.md"
SWEEP = re.compile(r"`(python -m bench\.run --multirun detector=[\w,]+)`")
OUTPUT = re.compile(r"(?<=The main job ends so \(`make run`\):\n\n)(?: {4}.*\n|\n(?= {4}))+")
TABLE = re.compile(r"(?<=\|---\|---\|---:\|---:\|---:\|---:\|---:\|\n)(?:\|.*\n)+")
COLUMNS = (
    "user_day/average_precision/burst_call",
    "average_precision/long_call",
    "average_precision/off_hour_call",
    "average_precision/short_call",
    "average_precision/all",
)
TYPES = "burst_call,long_call,off_hour_call,short_call"
Row = dict[str, Any]


def ended(line: str, folder: Path) -> str:
    """Return what a command of a page prints when it is run in a folder, by this environment's programs."""
    programs = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, "PATH": programs, "COLUMNS": "100", "PYTHONPATH": str(README.parent)}
    return subprocess.run(
        ["bash", "-c", line], cwd=folder, env=environment, check=True, capture_output=True, text=True
    ).stdout


def output(text: str) -> str:
    """Return what README shows of what the main job prints."""
    return "".join(f"    {line}".rstrip() + "\n" for line in printed(text).splitlines())


def with_outputs(page: str, folder: Path) -> str:
    """Return the text of a page with the outputs that its commands print now."""
    text, last = (README.parent / page).read_text(), ""
    for step in steps(page):
        if isinstance(step, File):
            (folder / step.path).parent.mkdir(parents=True, exist_ok=True)
            (folder / step.path).write_text(step.text)
        elif isinstance(step, Command) and not (step.inline or step.line.startswith("make ")):  # it is set up already
            last = ended(step.line, folder)
        elif isinstance(step, Output):
            text = text.replace(f"```text\n{step.text}```", f"```text\n{printed(last)}```", 1)
    return text


def table(rows: list[Row], before: str) -> str:
    """Return the lines of the table of detectors, best first, with the words that it has for each."""
    words = dict(re.findall(r"^\| `(\w+)` \| (.*?) \|", before, re.MULTILINE))
    lines = [
        f"| `{row['detector']}` | {words[row['detector']]} | "
        + " | ".join(f"{row[name]:.3f}" for name in COLUMNS)
        + " |\n"
        for row in sorted(rows, key=lambda row: -row[COLUMNS[-1]])
    ]
    shares = " | ".join(f"{rows[0][name.replace('average_precision', 'prevalence')]:.3f}" for name in COLUMNS)
    return "".join(lines) + f"| prevalence | | {shares} |\n"


def rows_of(runs: Path, detectors: set[str]) -> list[Row]:
    """Return the rows of the sweep below a folder that ran just these detectors, each once, on the default world."""
    for sweep in sorted(runs.rglob("sweep.json")):
        rows = [json.loads(path.read_text()) for path in sorted(sweep.parent.glob("*/result.json"))]
        worlds = {(row["generator"], row["world_seed"], row["anomaly_ratio"], row["anomalies"]) for row in rows}
        if sorted(row["detector"] for row in rows) == sorted(detectors) and worlds == {("default", 42, 0.05, TYPES)}:
            return rows
    raise ValueError(f"no sweep of {', '.join(sorted(detectors))} below {runs}")


def main() -> None:
    """Run the commands, and write the pages anew."""
    text = README.read_text()
    sweep = SWEEP.search(text)
    assert sweep is not None
    with TemporaryDirectory() as place:
        Path(place, "examples").symlink_to(README.parent / "examples")
        text = OUTPUT.sub(lambda _: output(ended(MAIN_JOB, Path(place))), text, count=1)
        ended(sweep[1], Path(place))
        rows = rows_of(Path(place, "runs"), set(sweep[1].rpartition("=")[2].split(",")))
        tutorial = with_outputs(TUTORIAL, Path(place))
    (README.parent / TUTORIAL).write_text(tutorial)
    README.write_text(TABLE.sub(lambda found: table(rows, found[0]), text, count=1))


if __name__ == "__main__":
    main()
