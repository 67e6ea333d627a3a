"""Calls that incidents add or move are dialled again as often as normal calls are, where a person dials."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from small_worlds import make_world, table

from generators.injection.editable_plan import EditablePlan
from generators.injection.normal_calls import NormalCalls
from generators.model.plan import Intents

SOON_S = 150
DEVIATIONS = 4
NIGHT = pl.col("call_start_ts").dt.hour().is_between(2, 4)
DAYS = ("generator.days=14", "generator.anomaly_ratio=0.04")
OF_PEOPLE = ("cloned_sim", "sim_swap", "stolen_phone", "subscription_fraud")
"""Types that add calls which persons dial, without a network."""


def calls_of(world: Path) -> pl.DataFrame:
    """Return the calls, whether each is unanswered, followed soon by one to the same party, and part of a chain."""
    truth = table(world, "truth").filter(pl.col("row") >= 0, level="call", cause="direct")
    truth = truth.select("row", "incident_id", "anomaly_type")
    calls = table(world, "calls").with_row_index("row").cast({"row": pl.Int64}).join(truth, on="row", how="left")
    pair = ["caller_id", "callee_id"]
    start, unanswered = pl.col("call_start_ts"), pl.col("outcome").is_in(["missed", "busy"])
    wait = (start.shift(-1).over(pair) - start).dt.total_seconds()
    calls = calls.sort(*pair, "call_start_ts", "row")
    calls = calls.with_columns(unanswered=unanswered, followed=(wait <= SOON_S).fill_null(value=False))
    leads = pl.col("unanswered") & pl.col("followed")
    return calls.with_columns(chained=leads | leads.shift(1).over(pair).fill_null(value=False))


def share(calls: pl.DataFrame, column: str) -> tuple[float, float]:
    """Return a share of the calls, and its standard error."""
    mean = float(calls[column].mean())  # type: ignore[arg-type]
    return mean, float(np.sqrt(mean * (1 - mean) / calls.height))


def check_alike(injected: pl.DataFrame, normal: pl.DataFrame, column: str) -> None:
    (one, error), (other, its_error) = share(injected, column), share(normal, column)
    assert abs(one - other) < DEVIATIONS * np.hypot(error, its_error), (column, one, other)


@pytest.fixture(scope="module")
def moved(tmp_path_factory: pytest.TempPathFactory) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The calls of a world with moved calls, and those of its clean twin."""
    folder = tmp_path_factory.mktemp("moved")
    how = ("anomaly=[off_hour_call]", "generator/network=none", "generator.num_users=6000", *DAYS)
    make_world(folder / "w", *how)
    make_world(folder / "c", *how, "generator.anomaly_ratio=0")
    return calls_of(folder / "w"), calls_of(folder / "c")


def test_moved_calls_are_in_chains_as_often_as_the_calls_of_those_who_never_call_at_night(
    moved: tuple[pl.DataFrame, pl.DataFrame],
) -> None:
    """These people call a little less than others, so their chains are a little rarer than those at night."""
    calls, clean = moved
    injected, at_night = calls.filter(anomaly_type="off_hour_call"), clean.filter(NIGHT)
    like = clean.filter(~pl.col("caller_id").is_in(at_night["caller_id"].unique().implode()))
    check_alike(injected, like, "chained")
    check_alike(injected.filter("unanswered"), like.filter("unanswered"), "followed")
    assert share(injected, "chained")[0] == pytest.approx(share(at_night, "chained")[0], rel=0.3)


def test_a_chain_is_moved_as_a_whole_with_its_gaps(moved: tuple[pl.DataFrame, pl.DataFrame]) -> None:
    calls, clean = moved
    was: dict[Any, list[Any]] = {}
    for row in clean.iter_rows(named=True):
        start = row["call_start_ts"]
        was.setdefault((row["caller_id"], row["callee_id"], start.date()), []).append(start)
    chains: dict[str, list[dict[str, Any]]] = {}
    for row in calls.filter(anomaly_type="off_hour_call").sort("call_start_ts").iter_rows(named=True):
        chains.setdefault(row["incident_id"], []).append(row)
    longer = [chain for chain in chains.values() if len(chain) > 1]
    found = 0
    for chain in longer:
        starts = [row["call_start_ts"] for row in chain]
        (pair,) = {(row["caller_id"], row["callee_id"]) for row in chain}
        assert "answered" not in [row["outcome"] for row in chain[:-1]]
        assert all(2 <= start.hour < 5 for start in starts)
        before = was.get((*pair, starts[0].date()), [])
        gaps = {(later - first).total_seconds() for first in before for later in before}
        between = [(later - first).total_seconds() for first, later in pairwise(starts)]
        found += all(any(abs(gap - each) <= 1 for each in gaps) for gap in between)
    assert len(longer) > 100
    assert found > 0.97 * len(longer)  # a call of a chain may fall into a running call of its line in one world only


def test_calls_of_a_crowd_are_redialled_as_normal_calls_of_its_cells_and_hours(tmp_path: Path) -> None:
    make_world(tmp_path / "w", "anomaly=[flash_crowd]", "generator.num_users=6000", *DAYS)
    calls = calls_of(tmp_path / "w")
    added = calls.filter(anomaly_type="flash_crowd", unanswered=True)
    around = pl.lit(value=False)
    for incident in table(tmp_path / "w", "incidents").to_dicts():
        during = pl.col("call_start_ts").dt.time().is_between(incident["start_ts"].time(), incident["end_ts"].time())
        around |= during & pl.col("first_cell_id").is_in(incident["actors"])
    normal = calls.filter(pl.col("incident_id").is_null(), pl.col("unanswered"), around)
    assert min(added.height, normal.height) > 500
    check_alike(added, normal, "followed")


def test_calls_that_persons_add_are_redialled_like_normal_calls(tmp_path: Path) -> None:
    how = f"anomaly=[{','.join(OF_PEOPLE)}]"
    make_world(tmp_path / "w", how, "generator/network=none", "generator.num_users=6000", *DAYS)
    calls = calls_of(tmp_path / "w").filter("unanswered")
    added = calls.filter(pl.col("incident_id").is_not_null())
    assert added.height > 500
    normal = calls.filter(pl.col("incident_id").is_null())
    assert share(added, "followed")[0] == pytest.approx(share(normal, "followed")[0], abs=0.08)


def test_nothing_changes_where_nobody_redials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A world without redials is what it would be if incidents knew of none."""
    how = ("anomaly=all", "generator.num_users=3000", *DAYS[:1], "generator.anomaly_ratio=0.2")
    how = (*how, "generator.activity.redial=0")
    make_world(tmp_path / "w", *how)

    def alone(self: EditablePlan, calls: int, rng: np.random.Generator, accept: Any) -> tuple[Intents, Any]:
        return self.draw(calls, rng, accept), np.arange(calls)

    def as_it_is(calls: Intents, normal: NormalCalls, rng: np.random.Generator) -> tuple[Intents, Any]:
        return calls, np.arange(len(calls.user))

    monkeypatch.setattr(EditablePlan, "draw_chains", alone)
    for module in ("injection.incident_parts", "anomalies.flash_crowd"):
        monkeypatch.setattr(f"generators.{module}.redialled", as_it_is)
    make_world(tmp_path / "o", *how)
    files = sorted(path.relative_to(tmp_path / "w") for path in (tmp_path / "w").rglob("*.parquet"))
    assert len(files) > 5
    for name in files:
        assert (tmp_path / "w" / name).read_bytes() == (tmp_path / "o" / name).read_bytes(), name
