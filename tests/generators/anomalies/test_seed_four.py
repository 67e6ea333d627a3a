"""The four default types (`anomaly=seed_four`): each does what its entry says, to the right calls, and nothing else."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy.stats import ks_2samp
from small_worlds import make_world, table

SIZE = ("generator.num_users=600", "generator.days=14", "generator/network=none")
"""Without a network, which may lose or refuse what an incident wants."""


def one_type(folder: Path, name: str, *overrides: str) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Make a world with one type; return its calls with their truth, its clean twin's calls, and its incidents."""
    make_world(folder / "w", *SIZE, f"anomaly=[{name}]", *overrides)
    make_world(folder / "c", *SIZE, f"anomaly=[{name}]", *overrides, "generator.anomaly_ratio=0")
    calls, truth, incidents = (table(folder / "w", name) for name in ("calls", "truth", "incidents"))
    clean = table(folder / "c", "calls")
    direct = truth.filter(cause="direct").select("row", "incident_id", "anomaly_type", "change")
    return calls.with_row_index("row").cast({"row": pl.Int64}).join(direct, on="row", how="left"), clean, incidents


def hits_of(calls: pl.DataFrame) -> pl.DataFrame:
    return calls.filter(pl.col("incident_id").is_not_null())


def local_hour(calls: pl.DataFrame) -> Any:
    seconds = calls["call_start_ts"].dt.epoch("s").to_numpy()
    return seconds % 86400 / 3600


def test_short_calls_last_one_to_five_seconds_and_are_else_what_they_were(tmp_path: Path) -> None:
    calls, clean, _ = one_type(tmp_path, "short_call")
    hits = hits_of(calls)
    assert hits["call_duration"].is_between(1, 5).all()
    assert np.bincount(hits["call_duration"], minlength=6)[1:] == pytest.approx(hits.height / 5, rel=0.25)
    same = ["caller_id", "callee_id", "call_start_ts", "first_cell_id", "caller_imei", "caller_imsi", "outcome"]
    was = hits.join(clean, on=same, how="inner", suffix="_was")
    assert was.height >= 0.98 * hits.height  # the rest had been suppressed by a call that is now short
    assert (was["call_duration_was"] > 5).all()


def test_long_calls_last_one_to_two_hours_and_go_to_known_users(tmp_path: Path) -> None:
    calls, _, _ = one_type(tmp_path, "long_call")
    hits = hits_of(calls)
    assert hits["call_duration"].is_between(3600, 7200).all()
    assert hits["call_duration"].mean() == pytest.approx(5400, rel=0.05)
    assert (hits["callee_type"] == "subscriber").all()
    assert (hits["first_cell_id"] != hits["last_cell_id"]).mean() > 0.9  # who talks for an hour moves on


def test_what_a_long_call_prevents_is_collateral(tmp_path: Path) -> None:
    calls, clean, incidents = one_type(tmp_path, "long_call")
    truth = table(tmp_path / "w", "truth")
    removed = truth.filter(change="removed", cause="collateral")
    assert removed.height > 0.2 * incidents.height
    assert (removed["row"] == -1).all()
    assert clean.height - calls.height == truth.filter(change="removed").height - truth.filter(change="added").height


def test_off_hour_calls_start_at_night_on_the_day_they_were_meant_for_by_who_never_does(tmp_path: Path) -> None:
    calls, clean, _ = one_type(tmp_path, "off_hour_call")
    hits = hits_of(calls)
    hours = local_hour(hits)
    assert ((hours >= 2) & (hours < 5)).all()
    assert np.histogram(hours, [2, 3, 4, 5])[0] == pytest.approx(hits.height / 3, rel=0.2)
    at_night = clean.filter(pl.Series((local_hour(clean) >= 2) & (local_hour(clean) < 5)))
    assert not set(hits["caller_id"]) & set(at_night["caller_id"])
    # Not the median: with calls without talk at 26 % it is 8 s, where 4 % of the calls more or less move it by 3 s.
    assert ks_2samp(hits["call_duration"], clean["call_duration"]).statistic < 0.08


def test_off_hours_are_local(tmp_path: Path) -> None:
    calls, _, _ = one_type(tmp_path, "off_hour_call", "generator/region=delhi")
    local = (local_hour(hits_of(calls)) + 5.5) % 24
    assert ((local >= 2) & (local < 5)).all()


def test_bursts_are_ten_to_twenty_short_calls_within_an_hour(tmp_path: Path) -> None:
    calls, clean, incidents = one_type(tmp_path, "burst_call")
    hits = hits_of(calls)
    assert hits["call_duration"].is_between(10, 60).all()
    assert (hits["outcome"] == "answered").all()
    per = hits.group_by("incident_id").agg(
        pl.len(), pl.col("caller_id").n_unique().alias("callers"),
        (pl.col("call_end_ts").max() - pl.col("call_start_ts").min()).dt.total_seconds().alias("span"),
    )  # fmt: skip
    assert (per["callers"] == 1).all()
    assert (per["span"] <= 3601).mean() > 0.95  # a few are put off by calls of their line
    assert per["span"].mean() > 1800
    assert per["len"].max() <= 20
    assert per["len"].mean() > 12  # some of a burst fall into a running call of the same line
    assert incidents["parameters"].str.json_path_match("$.calls").cast(pl.Int64).is_between(10, 20).all()
    assert calls.height > clean.height


def test_the_callers_of_incidents_are_drawn_by_their_calls(tmp_path: Path) -> None:
    """Who calls more is hit more: a bar for the published generator, which drew callers evenly."""
    calls, clean, _ = one_type(tmp_path, "short_call", "generator.anomaly_ratio=0.2")
    volume = clean.group_by("caller_id").len("calls")
    hit = hits_of(calls).group_by("caller_id").len("hits")
    both = volume.join(hit, on="caller_id", how="left").fill_null(0)
    assert both.select(pl.corr("calls", "hits")).item() > 0.85


@pytest.mark.parametrize(
    ("name", "measure"),
    [
        ("short_call", lambda hits: -hits["call_duration"].mean()),
        ("burst_call", lambda hits: -_span(hits)),
    ],
)
def test_higher_difficulty_comes_nearer_to_normal_life(tmp_path: Path, name: str, measure: Any) -> None:
    found = []
    for difficulty in (0.0, 0.5, 1.0):
        overrides = (*SIZE, f"anomaly=[{name}]", f"anomaly.{name}.difficulty={difficulty}")
        make_world(tmp_path / str(difficulty), *overrides)
        calls, truth = (table(tmp_path / str(difficulty), part) for part in ("calls", "truth"))
        direct = truth.filter(pl.col("cause") == "direct", pl.col("row") >= 0)
        found.append(measure(calls[direct["row"].to_list()].with_columns(direct["incident_id"])))
    assert all(before > after for before, after in pairwise(found))


def _span(hits: pl.DataFrame) -> float:
    spans = hits.group_by("incident_id").agg((pl.col("call_start_ts").max() - pl.col("call_start_ts").min()).alias("s"))
    return float(spans["s"].dt.total_seconds().mean())  # type: ignore[arg-type]
