"""Every alert on recorded calls names the file, the row and the record that it comes from; the key, its people.

Covers calls as they are, in several files and out of order, and with injected incidents: unchanged, altered and added.
"""

import csv
from pathlib import Path

import polars as pl
from programs import QUIET, ended
from test_injected_own import injectors, make, table

from bench.schema import ORIGINS

LINES = [f"r{n},a{n % 9},b{n % 7},2030-01-{1 + (n * 7) % 20:02d} 10:{n % 60:02d}:00,{n % 90}" for n in range(400)]
HEADER = "call_id,caller_id,callee_id,call_start_ts,call_duration"
OWN = ("generator=cdr_file", "generator.path=days", "generator.pseudonyms=false", "threshold.alerts_per_day=3")


def test_each_alert_names_its_file_row_and_record(workplace: Path) -> None:
    Path("days").mkdir()
    parts = {"days/one.csv": LINES[:150], "days/two.csv": LINES[150:]}
    for name, lines in parts.items():
        Path(name).write_text("\n".join([HEADER, *lines]) + "\n")
    code, _, err = ended("run", *OWN, *QUIET, "detector=rules", "hydra.run.dir=runs/own")
    assert code == 0, err
    with Path("runs/own/alerts.csv").open() as file:
        alerts = [row for row in csv.DictReader(file) if row["level"] == "call"]
    assert len(alerts) >= 10
    for alert in alerts:
        fields = parts[alert["file"]][int(alert["row"]) - 1].split(",")
        assert fields[:3] == [alert["record_id"], alert["user_id"], alert["callee_id"]]


def test_injected_calls_keep_the_origin_of_what_they_alter_and_added_ones_have_none(tmp_path: Path) -> None:
    make(tmp_path / "clean", {})
    make(tmp_path / "world", injectors("short_call", "burst_call"), anomaly_ratio=0.1)
    before, after = (pl.read_parquet(tmp_path / name / "origins.parquet") for name in ("clean", "world"))
    calls, truth = table(tmp_path / "world", "calls"), table(tmp_path / "world", "truth")
    assert before.columns == [column.name for column in ORIGINS.columns]
    assert after.height == calls.height
    assert before["row"].sort().to_list() == list(range(1, before.height + 1))
    added = set(truth.filter(change="added")["row"].to_list())
    assert set(after.with_row_index().filter(pl.col("row").is_null())["index"].to_list()) == added
    source = table(tmp_path / "clean", "calls").with_columns(row=before["row"])
    same = calls.with_columns(row=after["row"]).join(source, on="row", suffix="_before")
    assert same.height == calls.height - len(added)
    assert same["caller_id"].equals(same["caller_id_before"])


def test_who_holds_the_key_sees_who_is_behind_the_alerts(workplace: Path) -> None:
    Path("days").mkdir()
    Path("days/one.csv").write_text("\n".join([HEADER, *LINES]) + "\n")
    own = ("generator=cdr_file", "generator.path=days")
    code, _, err = ended("run", *own, *QUIET, "threshold.alerts_per_day=3", "detector=rules", "hydra.run.dir=runs/own")
    assert code == 0, err
    with Path("runs/own/alerts.csv").open() as file:
        alerts = [row for row in csv.DictReader(file) if row["level"] == "call"]
    code, out, err = ended("reveal", "run=runs/own", *own)
    assert (code, err) == (0, "")
    behind = {row["pseudonym"]: (row["kind"], row["value"]) for row in csv.DictReader(out.splitlines())}
    for alert in alerts:
        _, caller, callee, *_ = LINES[int(alert["row"]) - 1].split(",")
        assert behind[alert["user_id"]] == ("number", caller)
        assert behind[alert["callee_id"]] == ("number", callee)
    code, out, err = ended("reveal", "run=runs/own", *own, "names=[number_00]")
    assert (code, out) == (2, "")
    assert err.startswith("none of the pseudonyms is of these files with this key")
    Path("pseudonyms.key").unlink()
    code, out, err = ended("reveal", "run=runs/own", *own)
    assert (code, out) == (2, "")
    assert err.startswith("generator.key_file must be the file with the key of the pseudonyms")
    assert not Path("pseudonyms.key").exists()
