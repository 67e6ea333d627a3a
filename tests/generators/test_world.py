"""Laws of a made world: reproducible bytes, the two-world law, ids without a story."""

from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq
import pytest
from consistency import in_force
from small_worlds import SMALL, make_settings, make_world, table

from bench.dataset import Dataset
from bench.faults import SettingsError
from bench.schema import DATA_TABLES, SOCIETY_TABLES, TRUTH_TABLES
from generators.world import World

World_ = tuple[Path, dict[str, Any]]


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def calls_of(folder: Path) -> pl.DataFrame:
    return table(folder, "calls")


def truth_of(folder: Path) -> pl.DataFrame:
    return table(folder, "truth")


@pytest.mark.parametrize("preset", ["default", "seed_cdr"])
def test_any_number_of_workers_writes_the_same_bytes(tmp_path: Path, preset: str) -> None:
    overrides = (f"generator={preset}", "generator.num_users=9000", "generator.days=2")  # three blocks of users
    for workers in (1, 2, 5):
        make_world(tmp_path / str(workers), *overrides, workers=workers)
    assert contents(tmp_path / "1") == contents(tmp_path / "2") == contents(tmp_path / "5")


def test_without_anomalies_the_normal_rows_are_the_same_row_for_row(default_world: World_, clean_world: World_) -> None:
    """The two-world law: take away what the truth names, put back what it says was changed, and the twin is there."""
    dirty, clean, truth = calls_of(default_world[0]), calls_of(clean_world[0]), truth_of(default_world[0])
    named = truth.filter(pl.col("change") != "removed")["row"]
    normal = dirty.with_row_index("row").filter(~pl.col("row").is_in(named.implode())).drop("row", "call_id")
    untouched = clean.drop("call_id").join(normal, on=normal.columns, how="semi", maintain_order="left")
    assert untouched.equals(normal)
    changed = (truth["change"] != "added").sum()
    assert clean.height - changed == normal.height
    assert truth["incident_id"].null_count() == 0


def test_a_removed_call_says_whose_it_was_where_and_when(default_world: World_, clean_world: World_) -> None:
    truth, clean = truth_of(default_world[0]), calls_of(clean_world[0])
    names = {"user_id": "caller_id", "cell_id": "first_cell_id", "start_ts": "call_start_ts"}
    texts = [pl.col(name).cast(pl.String) for name in ("user_id", "cell_id")]
    gone = truth.filter(change="removed").with_columns(texts)
    there = clean.select(pl.col(old).alias(new) for new, old in names.items()).with_columns(texts)
    assert gone.height > 20
    assert gone.join(there, on=list(names), how="semi").height == gone.height
    assert (gone["start_ts"] == gone["end_ts"]).all()
    kept = truth.filter(pl.col("change") != "removed")
    assert {kept[name].null_count() for name in (*names, "end_ts")} == {kept.height}


def test_incidents_touch_nothing_but_calls(default_world: World_, clean_world: World_) -> None:
    for part in ("data/users", "data/cells", "data/subscriptions", "truth/communities", "truth/ties"):
        name = f"{part}.parquet"
        assert contents(default_world[0])[name] == contents(clean_world[0])[name]


def test_tables_follow_their_schema(default_world: World_) -> None:
    folder = default_world[0]
    for name, schema in DATA_TABLES.items():
        schema.check(pq.read_table(folder / "data" / f"{name}.parquet"), name)
    for name, schema in {**TRUTH_TABLES, **SOCIETY_TABLES}.items():
        schema.check(pq.read_table(folder / "truth" / f"{name}.parquet"), name)


def test_calls_are_numbered_in_order_of_time_and_lines_carry_one_call_at_a_time(default_world: World_) -> None:
    calls = calls_of(default_world[0])
    assert calls["call_start_ts"].is_sorted()
    assert calls["call_id"].to_list() == [f"call_{i:06d}" for i in range(calls.height)]
    ends = (pl.col("call_start_ts") + pl.duration(seconds=pl.col("call_duration"))) <= pl.col("call_end_ts")
    assert calls.select(ends.all()).item()
    by_line = calls.sort("caller_id", "call_start_ts", maintain_order=True)
    gap = (pl.col("call_start_ts") - pl.col("call_end_ts").shift()).over("caller_id")
    assert by_line.select((gap.dt.total_seconds() >= 0).all()).item()


def test_references_between_tables_hold(default_world: World_) -> None:
    calls, users, cells = (table(default_world[0], name) for name in ("calls", "users", "cells"))
    assert set(calls["caller_id"]) <= set(users["user_id"])
    assert set(calls["first_cell_id"]) | set(calls["last_cell_id"]) <= set(cells["cell_id"])
    inside = calls.filter(pl.col("callee_type") == "subscriber")
    assert set(inside["callee_id"]) <= set(users["user_id"])
    assert not set(calls.filter(pl.col("callee_type") != "subscriber")["callee_id"]) & set(users["user_id"])
    assert (calls["caller_id"] != calls["callee_id"]).all()


def test_a_call_carries_the_sim_of_the_inventory_and_mostly_its_device(default_world: World_) -> None:
    """The operator puts numbers on SIMs, so these are exact; of devices it learns late, or never."""
    made = in_force(
        calls_of(default_world[0]).with_row_index("row"), table(default_world[0], "subscriptions"), "caller_id"
    )
    assert (made["caller_imsi"] == made["known_imsi"]).all()
    assert 0.88 < (made["caller_imei"] == made["known_imei"]).mean() < 0.97  # type: ignore[operator]


def test_nothing_of_a_user_tells_its_place_in_the_simulation(default_world: World_) -> None:
    """Ids come from a permuted pool: they have gaps, and those in use are spread over all of it."""
    users = table(default_world[0], "users")
    numbers = users["user_id"].str.slice(5).cast(pl.Int64)
    assert numbers.max() > users.height
    assert numbers.filter(numbers < numbers.max() / 2).len() == pytest.approx(users.height / 2, rel=0.1)  # type: ignore[operator]


@pytest.mark.parametrize("ratio", [0.01, 0.05, 0.2])
def test_the_asked_ratio_is_met_within_five_per_cent(tmp_path: Path, ratio: float) -> None:
    counts = make_world(
        tmp_path / "w", "generator.num_users=1500", "generator.days=7", f"generator.anomaly_ratio={ratio}"
    )
    assert counts["anomaly_ratio"] == pytest.approx(ratio, rel=0.05)
    shares = [calls / counts["anomalous_calls"] for calls in counts["calls_by_type"].values()]
    assert shares == pytest.approx([0.25] * 4, rel=0.15)


def test_the_mix_follows_the_shares(tmp_path: Path) -> None:
    counts = make_world(tmp_path / "w", *SMALL, "anomaly.short_call.share=3", "anomaly=[short_call,long_call]")
    by_type = counts["calls_by_type"]
    assert by_type["short_call"] / by_type["long_call"] == pytest.approx(3, rel=0.15)


def test_a_type_draws_the_same_whichever_others_are_chosen(tmp_path: Path) -> None:
    """Its share may be spent on other calls, but its first choices are its own."""
    few = ("generator.anomaly_ratio=0.01",)
    make_world(tmp_path / "a", *SMALL, *few, "anomaly=[short_call]")
    make_world(tmp_path / "b", *SMALL, "generator.anomaly_ratio=0.02", "anomaly=[long_call,short_call]")
    chosen = []
    for name in ("a", "b"):
        short = truth_of(tmp_path / name).filter(anomaly_type="short_call", cause="direct", change="altered")
        victims = calls_of(tmp_path / name)[short["row"].to_list()]
        chosen.append(set(victims.select("caller_id", "call_start_ts").iter_rows()))
    # Where one of those looked at is another type's, others of the same are chosen: half of them at least are alike.
    assert len(chosen[0] & chosen[1]) / len(chosen[0]) > 0.3


def test_a_world_too_small_for_a_type_says_what_it_would_need(tmp_path: Path) -> None:
    world = World(*make_settings("generator.num_users=20", "generator.days=2"))
    with pytest.raises(SettingsError, match=r"burst_call \(10 calls or more\): about \d+ users for 2 days do"):
        world.make(tmp_path / "w", 1, lambda *_: None)


def test_anomalies_without_a_type_are_refused() -> None:
    settings, _ = make_settings()
    with pytest.raises(SettingsError, match=r"generator.anomaly_ratio must be 0 unless"):
        World(settings, {})


def test_everything_that_decides_the_bytes_is_in_the_recipe() -> None:
    base = World(*make_settings()).recipe()
    other = ("generator.seed=1", "generator.num_users=7", "anomaly.short_call.difficulty=0.1", "generator/region=delhi")
    for override in other:
        assert World(*make_settings(override)).recipe() != base
    assert {"numpy", "numba", "pyarrow"} <= base["versions"].keys()
    no_anomalies = World(*make_settings("generator.anomaly_ratio=0", "anomaly.short_call.share=9")).recipe()
    assert no_anomalies == World(*make_settings("generator.anomaly_ratio=0")).recipe()


def test_a_single_user_lives_too(tmp_path: Path) -> None:
    counts = make_world(tmp_path / "w", "generator.num_users=1", "generator.num_towers=1", "generator.anomaly_ratio=0")
    assert counts["calls"] > 0
    assert Dataset.open(tmp_path / "w" / "data").table("cells").num_rows == 1
