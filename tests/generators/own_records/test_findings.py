"""The page of a run on an exchange's file: whom to look at first, what would be found, and how to inject enough."""

import json
import re
import shlex
import subprocess
import sys
from html import unescape
from pathlib import Path

import polars as pl
import pytest
from small_worlds import make_world, table

CDRBENCH = str(Path(sys.executable).with_name("cdrbench"))
WORDS = {"answered": "ANSWERED", "missed": "NO ANSWER", "busy": "BUSY", "failed": "FAILED"}
FILE = ("generator=asterisk", "generator.path=Master.csv", "generator.time_zone=Europe/Berlin", "tracking=none")
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with Master.csv, as Asterisk would have written it in Berlin, of a simulated world."""
    folder = tmp_path_factory.mktemp("exchange")
    make_world(
        folder / "of", "generator.num_users=1200", "generator.days=14", "generator.seed=3", "anomaly=[]",
        "generator.anomaly_ratio=0", "generator/network=none",
    )  # fmt: skip
    calls = table(folder / "of", "calls").sort("call_end_ts")
    talk, answered = pl.duration(seconds="call_duration"), pl.col("outcome") == "answered"
    start, end = pl.col("call_start_ts"), pl.col("call_end_ts")
    local = {"start": start, "answer": pl.when(answered).then(end - talk), "end": end}
    times = [
        each.dt.convert_time_zone("Europe/Berlin").dt.strftime("%Y-%m-%d %H:%M:%S").alias(name)
        for name, each in local.items()
    ]
    constant = {"account": "", "context": "internal", "clid": "", "channel": "PJSIP/a", "to": "PJSIP/b", "app": "Dial"}
    fields = [pl.lit(text).alias(name) for name, text in constant.items()]
    calls.select(
        fields[0], "caller_id", "callee_id", *fields[1:], pl.lit("").alias("data"), *times,
        (end - start).dt.total_seconds().alias("duration"), "call_duration", pl.col("outcome").replace_strict(WORDS),
        pl.lit("DOCUMENTATION").alias("flags"), pl.format("{}.{}", start.dt.epoch("s"), pl.int_range(pl.len())),
        pl.lit("").alias("userfield"),
    ).write_csv(folder / "Master.csv", include_header=False, quote_style="non_numeric")  # fmt: skip
    return folder


def run(folder: Path, *settings: str, command: tuple[str, ...] = (CDRBENCH, "run")) -> str:
    done = subprocess.run([*command, *settings], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def cells(page: str) -> list[list[str]]:
    rows = re.findall(r"<tr.*?</tr>", page, re.DOTALL)
    return [[unescape(cell) for cell in re.findall(r"<td.*?>(.*?)</td>", row, re.DOTALL)] for row in rows]


def test_without_labels_it_says_whom_to_look_at_first(exchange: Path) -> None:
    out = run(exchange, *FILE, "hydra.run.dir=plain")
    assert "only the alerts are known: see findings.html and alerts.csv" in out
    page = (exchange / "plain" / "findings.html").read_text()
    alerts = pl.read_parquet(exchange / "plain" / "alerts.parquet").filter(level="call")
    first = alerts.unique("user_id", keep="first", maintain_order=True).head(25)
    shown = [row for row in cells(page) if row]
    assert [row[1] for row in shown] == first["user_id"].to_list()
    counts = alerts.group_by("user_id").len()
    assert [int(row[2]) for row in shown] == first.join(counts, on="user_id", maintain_order="left")["len"].to_list()
    lines = (exchange / "Master.csv").read_text().splitlines()
    for row, reasons in zip(shown, first["reasons"], strict=True):
        file, number = row[7].split(", ")
        fields = lines[int(number) - 1].replace('"', "").split(",")
        assert (file, fields[16], fields[9]) == ("Master.csv", row[8], row[4][:19])
        assert row[6] == reasons
    assert "no labels" in page


def test_with_injected_types_it_says_what_would_be_found_and_what_gives_enough(exchange: Path) -> None:
    out = run(exchange, *FILE, "anomaly=fraud", "generator.anomaly_ratio=0.03", "hydra.run.dir=fraud")
    assert "Not injected, since these records cannot carry it:" in out
    assert re.search(r"cloned_sim, [a-z_, ]+:\s+it\s+needs\s+foreign\s+parties", out)
    row = json.loads((exchange / "fraud" / "result.json").read_text())
    page = (exchange / "fraud" / "findings.html").read_text()
    assert "amounts" not in row["audit"]
    types = row["anomalies"].split(",")
    by_type = {cell[0].removesuffix(" *"): cell for cell in cells(page) if cell and cell[0].removesuffix(" *") in types}
    homes = dict(each.split(":") for each in row["home_levels"].split(","))
    for name, cell in by_type.items():
        level = "" if homes[name] == "call" else f"{homes[name]}/"
        incidents, recall = row[f"{level}incidents/{name}"], row[f"{level}incident_recall/{name}"]
        assert cell[2] == f"{recall * incidents:.0f} of {incidents:.0f}"
    assert len(by_type) >= 4
    leads = {cell[1] for cell in cells(page) if cell and cell[0].isdigit()}
    alerts = pl.read_parquet(exchange / "fraud" / "alerts.parquet").filter(level="call")
    assert leads <= set(alerts.filter(verdict="false alarm")["user_id"])
    commands = [unescape(each) for each in re.findall(r"<pre>(.*?)</pre>", page)]
    assert commands
    for number, command in enumerate(commands):
        program, *words = shlex.split(command)
        assert program == "cdrbench"
        run(exchange, *words[1:], "detector=random", f"hydra.sweep.dir=enough{number}", command=(CDRBENCH, words[0]))
        wanted = re.findall(r"\[(\w+)\]", command)
        rows = [json.loads(path.read_text()) for path in exchange.glob(f"enough{number}/*/result.json")]
        assert sorted(each["anomalies"] for each in rows) == sorted(wanted)
        for each in rows:
            level = "" if homes[each["anomalies"]] == "call" else f"{homes[each['anomalies']]}/"
            assert each[f"{level}enough_incidents/{each['anomalies']}"] == 1, command
