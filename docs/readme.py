"""Make README's output of the main job and its table of detectors anew: `python docs/readme.py`.

It runs the two commands that stand beside them, in a folder of its own, and writes what comes into README.md.
`tests/docs/test_commands.py` fails while README says something else.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

README = Path(__file__).parents[1] / "README.md"
MAIN_JOB = "generator.anomaly_ratio=0.05 detector=iforest"
SWEEP = re.compile(r"`python -m bench\.run (--multirun detector=[\w,]+)`")
OUTPUT = re.compile(r"(?<=The main job ends so \(`make run`\):\n\n)(?: {4}.*\n|\n(?= {4}))+")
TABLE = re.compile(r"(?<=\|---\|---\|---:\|---:\|---:\|---:\|---:\|\n)(?:\|.*\n)+")
COLUMNS = (
    "user_day/average_precision/burst_call",
    "average_precision/long_call",
    "average_precision/off_hour_call",
    "average_precision/short_call",
    "average_precision/all",
)
Row = dict[str, Any]


def ended(arguments: str, folder: Path) -> str:
    """Return what a run prints."""
    environment = {**os.environ, "COLUMNS": "100", "PYTHONPATH": str(README.parent)}
    command = [sys.executable, "-m", "bench.run", *arguments.split()]
    return subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True, text=True).stdout


def output(printed: str) -> str:
    """Return what README shows of what the main job prints: all but costs and places, which differ each time."""
    told = printed.partition("\nCost: ")[0].strip("\n").splitlines()
    return "".join(f"    {line}".rstrip() + "\n" for line in told)


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
    """Return the rows of a sweep of the default world below a folder, a detector once."""
    every = [json.loads(path.read_text()) for path in sorted(runs.rglob("result.json"))]
    asked = (
        row for row in every if (row["generator"], row["world_seed"], row["anomaly_ratio"]) == ("default", 42, 0.05)
    )
    found = {
        row["detector"]: row for row in asked if row["detector"] in detectors and len(row["anomalies"].split(",")) == 4
    }
    if missing := detectors - set(found):
        raise ValueError(f"no run of {', '.join(sorted(missing))} below {runs}")
    return list(found.values())


def main() -> None:
    """Run both, and write README anew."""
    text = README.read_text()
    sweep = SWEEP.search(text)
    assert sweep is not None
    with TemporaryDirectory() as place:
        text = OUTPUT.sub(lambda _: output(ended(MAIN_JOB, Path(place))), text, count=1)
        ended(sweep[1], Path(place))
        rows = rows_of(Path(place, "runs"), set(sweep[1].partition("=")[2].split(",")))
    README.write_text(TABLE.sub(lambda found: table(rows, found[0]), text, count=1))


if __name__ == "__main__":
    main()
