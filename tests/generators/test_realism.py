"""The default world's people beside published call records (Copenhagen Networks Study, Nodobo), with stated tolerances.

Covered: talk times (the mixture is the fitted one, too), how calls end, the hours of the day, how users differ, how
ties are shared and repeated, bursts of calls made and received, redials, long silences, and that communities steer
calls; all of the world with seed 42, without its incidents. Calls by couriers, call centres and machines are left
out, since the published records are of people; calls to external parties are in, but for ties.

Not covered: the network, places, communities as found in the graph, and degrees. `cdrbench realism
generator=default generator.anomaly_ratio=0` measures these as well, over all users; docs/explanation/realism.md says
which of them are off, and why.
"""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import yaml
from small_worlds import make_settings, table

PEOPLE = ("individual", "business", "student", "night_worker")
FIT = Path(__file__).parents[2] / "docs" / "talk_times.py"


@pytest.fixture(scope="module")
def calls(clean_world: tuple[Path, dict[str, Any]]) -> pl.DataFrame:
    users = table(clean_world[0], "users").filter(pl.col("user_type").is_in(PEOPLE))
    calls = table(clean_world[0], "calls").with_columns(hour=pl.col("call_start_ts").dt.hour())
    return calls.join(users, left_on="caller_id", right_on="user_id", how="semi")


def test_it_is_quick_to_try(clean_world: tuple[Path, dict[str, Any]]) -> None:
    assert 100_000 < clean_world[1]["calls"] <= 200_000


def test_durations_are_heavy_tailed_as_published(calls: pl.DataFrame) -> None:
    talk = calls.filter(outcome="answered")["call_duration"].to_numpy()
    assert np.median(talk) == pytest.approx(27, abs=1)
    assert talk.mean() == pytest.approx(77, rel=0.05)
    assert np.percentile(talk, [90, 95, 99]) == pytest.approx([167, 288, 870], rel=0.1)
    assert np.log(talk).std() == pytest.approx(1.66, rel=0.02)
    assert (talk <= 5).mean() == pytest.approx(0.27, abs=0.01)
    assert ((talk >= 3600) & (talk <= 7200)).mean() == pytest.approx(0.0004, abs=0.0002)


def test_the_mixture_of_talk_times_is_the_one_that_is_fitted() -> None:
    """`docs/talk_times.py` prints what the settings say: they are made anew when published values change."""
    output = subprocess.run([sys.executable, FIT], check=True, capture_output=True, text=True).stdout
    fitted = yaml.safe_load(output)
    for name in PEOPLE:
        durations = make_settings("generator=default")[0].user_types[name].durations
        for key, values in fitted.items():
            assert getattr(durations, key) == pytest.approx(values, rel=0.01)


def test_outcomes_are_as_published(calls: pl.DataFrame) -> None:
    assert (calls["outcome"] == "missed").mean() == pytest.approx(0.102, abs=0.005)
    assert (calls["call_duration"] == 0).mean() == pytest.approx(0.263, abs=0.01)
    assert (calls.filter(outcome="answered")["call_duration"] > 0).all()


def test_the_day_has_the_published_rhythm(calls: pl.DataFrame) -> None:
    hours = np.bincount(calls["hour"].to_numpy(), minlength=24) / calls.height
    assert hours.argmax() == 17
    assert hours[17] == pytest.approx(0.111, abs=0.01)
    assert hours[16] == pytest.approx(0.084, abs=0.01)
    assert hours.argmin() == 5
    assert hours[5] == pytest.approx(0.0011, rel=0.4)
    assert hours[2:5].sum() == pytest.approx(0.021, rel=0.2)


def test_users_differ_as_published(calls: pl.DataFrame) -> None:
    made = calls.group_by("caller_id").len()["len"].to_numpy()
    assert np.log(made).std() == pytest.approx(1.086, rel=0.1)
    top = np.sort(made)[-len(made) // 10 :].sum() / made.sum()
    assert top == pytest.approx(0.406, rel=0.1)


def test_ties_are_mutual_and_repeated(calls: pl.DataFrame) -> None:
    inside = calls.filter(callee_type="subscriber")
    inside = inside.filter(pl.col("callee_id").is_in(calls["caller_id"].unique().implode()))
    ties = inside.group_by("caller_id", "callee_id").len()
    back = ties.join(ties, left_on=["caller_id", "callee_id"], right_on=["callee_id", "caller_id"], how="semi")
    assert back.height / ties.height == pytest.approx(0.66, rel=0.2)
    assert ties["len"].mean() == pytest.approx(5.8, rel=0.25)


def burstiness(starts: pl.DataFrame) -> float:
    """Return (sigma - mu) / (sigma + mu) of the gaps of a user, mean over those with 11 calls or more."""
    gap = pl.col("start").diff().over("user").dt.total_seconds()
    gaps = starts.sort("user", "start").select("user", gap.alias("gap")).drop_nulls()
    each = gaps.group_by("user").agg(pl.col("gap").mean().alias("mu"), pl.col("gap").std().alias("sigma"), pl.len())
    each = each.filter(pl.col("len") >= 10)
    return float(each.select(((pl.col("sigma") - pl.col("mu")) / (pl.col("sigma") + pl.col("mu"))).mean()).item())


def test_calls_come_in_bursts_as_published(calls: pl.DataFrame) -> None:
    made, received = (calls.select(user=side, start="call_start_ts") for side in ("caller_id", "callee_id"))
    assert burstiness(made) == pytest.approx(0.21, rel=0.2)
    people = received.filter(pl.col("user").is_in(calls["caller_id"].unique().implode()))
    assert burstiness(pl.concat([made, people])) == pytest.approx(0.269, rel=0.25)
    most = calls.group_by("caller_id", pl.col("call_start_ts").dt.truncate("1h")).len()
    most = most.group_by("caller_id").agg(pl.col("len").max())["len"]
    assert most.median() in {2, 3}
    assert most.quantile(0.99) == pytest.approx(9, rel=0.25)


def test_what_was_not_answered_is_dialled_again(calls: pl.DataFrame) -> None:
    """Within two minutes and far more often than an answered call is followed by one to the same number."""
    after = calls.sort("caller_id", "call_start_ts").with_columns(
        same=(pl.col("callee_id") == pl.col("callee_id").shift(-1).over("caller_id")),
        gap=(pl.col("call_start_ts").shift(-1).over("caller_id") - pl.col("call_start_ts")).dt.total_seconds()
        - pl.col("call_duration"),
    )
    again = pl.col("same") & (pl.col("gap") <= 120)
    unanswered = pl.col("outcome") != "answered"
    found = after.select(no=again.filter(unanswered).mean(), yes=again.filter(~unanswered).mean()).row(0)
    assert 0.3 < found[0] < 0.6
    assert found[1] < 0.08


def test_who_calls_little_is_silent_for_longer(calls: pl.DataFrame) -> None:
    """By the 95th percentile of the gaps over their user's mean: an even stream (exponential gaps) has 3.0."""
    gap = pl.col("call_start_ts").diff().over("caller_id").dt.total_seconds()
    gaps = calls.sort("caller_id", "call_start_ts").select("caller_id", gap.alias("gap")).drop_nulls()
    relative = (pl.col("gap") / pl.col("gap").mean()).over("caller_id")
    gaps = gaps.with_columns(relative=relative, count=pl.len().over("caller_id"))
    few = gaps.filter(pl.col("count").is_between(10, 40))["relative"]
    assert few.quantile(0.95) == pytest.approx(4.4, rel=0.1)
    assert few.quantile(0.05) < 0.002


def test_communities_steer_who_calls_whom(calls: pl.DataFrame, clean_world: tuple[Path, dict[str, Any]]) -> None:
    """By far most calls stay within a community that both are in; at random hardly any would."""
    both = ["community_id", "community_type"]
    members = table(clean_world[0], "communities").select("user_id", *both)
    pairs = members.join(members, on=both).rename({"user_id": "caller_id", "user_id_right": "callee_id"})
    inside = calls.filter(callee_type="subscriber").with_row_index("call")
    shared = inside.join(pairs, on=["caller_id", "callee_id"])
    assert shared["call"].n_unique() / inside.height > 0.8
    who = ["caller_id", "callee_id"]
    once = pairs.filter(pl.col("caller_id") != pl.col("callee_id"), pl.len().over(who) == 1)
    count = inside.join(once, on=who)["community_type"].value_counts()
    of = count.join(once["community_type"].value_counts(), on="community_type", suffix="_pairs")
    per_pair = dict(of.select("community_type", pl.col("count") / pl.col("count_pairs")).iter_rows())
    assert per_pair["family"] > per_pair["work"] > per_pair["friends"] > per_pair["clubs"]
