"""What docs/howto/own-records.md and docs/howto/other-tools.md tell people to paste works."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from generators.own_records.file_settings import CdrFileSettings, Columns

DOCS = Path(__file__).parents[3] / "docs"
TEXT = (DOCS / "howto" / "own-records.md").read_text()
TOOLS = (DOCS / "howto" / "other-tools.md").read_text()
READERS = {code.split()[1]: code for code in re.findall(r"```python\n(.*?)```", TOOLS, re.DOTALL)}


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)


def run(line: str, *further: str) -> subprocess.CompletedProcess[str]:
    program, *arguments = shlex.split(line)
    assert program == "python"
    environment = {**os.environ, "HYDRA_FULL_ERROR": "0"}
    return subprocess.run(
        [sys.executable, *arguments, *further], check=False, capture_output=True, text=True, env=environment
    )


def test_the_example_ends_in_a_file_of_alerts(workplace: Path) -> None:
    (workplace / "mine" / "generator").mkdir(parents=True)
    (workplace / "mine" / "generator" / "my_cdr.yaml").write_text(blocks("yaml")[0])
    (workplace / "docs").mkdir()
    shutil.copyfile(DOCS / "own-data-sample.csv", workplace / "docs" / "own-data-sample.csv")
    (line,) = blocks("sh")[1].splitlines()
    completed = run(line, "tracking=none")
    assert completed.returncode == 0
    assert [each for each in completed.stderr.splitlines() if not each.startswith("compiling ")] == []
    assert "These records have no labels" in completed.stdout
    assert "871 calls of 52 parties, 8 days from 2024-01-01 to 2024-01-08, no labels" in completed.stdout
    (row,) = (json.loads(path.read_text()) for path in workplace.rglob("result.json"))
    assert row["status"] == "OK"
    assert {name for name in row if "/" in name and row[name] is not None and not name.startswith("version/")} == {
        "alerts/all", "user_day/alerts/all", "cell_quarter/alerts/all",
    }  # fmt: skip
    (path,) = workplace.rglob("alerts.csv")
    alerts = pl.read_csv(path)
    assert (alerts["level"] == "call").sum() == row["alerts/all"] == 20
    numbers = set(pl.read_csv(DOCS / "own-data-sample.csv", separator=";", infer_schema=False)["A_NUMBER"])
    outputs = [each for each in workplace.rglob("*") if each.is_file() and "docs" not in each.parts]
    seen = b"".join(each.read_bytes() for each in outputs if each.suffix != ".parquet")
    assert not [number for number in numbers if number.encode() in seen]
    unlimited = line.replace("threshold.alerts_per_day=5 hydra.run.dir=runs/own", "")
    refused = run(unlimited, "tracking=none", "detector=oracle", "threshold=oracle")
    assert refused.returncode == 2
    assert refused.stderr.splitlines() == [
        "threshold.policy must not need the truth where the records have no labels, got 'oracle'",
        "detector._target_ must not need the truth where the records have no labels, "
        "got 'bench.runs.references.Oracle'",
    ]


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working directory with `data` as the page has it, of a smaller world."""
    folder = tmp_path_factory.mktemp("page")
    home = Path.cwd()
    os.chdir(folder)
    try:
        completed = run(blocks("sh")[3].splitlines()[0], "generator.num_users=300", "generator.days=7")
    finally:
        os.chdir(home)
    assert completed.returncode == 0, completed.stderr
    return folder


@pytest.mark.parametrize("tool", READERS)
def test_other_tools_read_what_is_exported(exported: Path, monkeypatch: pytest.MonkeyPatch, tool: str) -> None:
    pytest.importorskip(tool)
    monkeypatch.chdir(exported)
    completed = subprocess.run([sys.executable, "-c", READERS[tool]], check=False, capture_output=True, text=True)
    assert (completed.returncode, completed.stderr) == (0, "")
    assert completed.stdout


def test_the_page_names_every_setting_and_column() -> None:
    own = {name for name in CdrFileSettings.__dataclass_fields__ if not name.startswith("_")}
    assert not [name for name in own | set(Columns.__dataclass_fields__) if f"`{name}`" not in TEXT]
