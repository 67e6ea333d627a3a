"""Each type of fraud (`anomaly=fraud`) does what its entry says when it is crude, and nothing else."""

from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import roc_auc_score
from small_worlds import WITHOUT_NETWORK, all_at, check_two_worlds, make_settings, make_world, table

from generators.model.clock import DAY_MS
from generators.world import World

RATIO = "generator.anomaly_ratio=0.2"
SIZE = (WITHOUT_NETWORK, "generator/network=none", "generator.num_users=1500", "generator.days=14", RATIO)


class Pair(NamedTuple):
    """A world with all types, crude, and its clean twin."""

    dirty: Path
    clean: Path
    counts: dict[str, Any]

    def hits(self, name: str) -> pl.DataFrame:
        """Return the calls of a type with the incident of each."""
        direct = table(self.dirty, "truth").filter(pl.col("cause") == "direct", pl.col("row") >= 0)
        direct = direct.filter(anomaly_type=name).select("row", "incident_id", "change")
        calls = table(self.dirty, "calls").with_row_index("row").cast({"row": pl.Int64})
        return calls.join(direct, on="row").sort("row")

    def actors(self, name: str) -> pl.DataFrame:
        """Return the incidents of a type, one row an actor."""
        incidents = table(self.dirty, "incidents").filter(anomaly_type=name)
        return incidents.explode("actors").rename({"actors": "user_id"})


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    folder = tmp_path_factory.mktemp("all")
    counts = make_world(folder / "dirty", *SIZE, *all_at(0.0))
    make_world(folder / "clean", *SIZE, *all_at(0.0), "generator.anomaly_ratio=0")
    return Pair(folder / "dirty", folder / "clean", counts)


def most_at_a_time(calls: pl.DataFrame) -> int:
    """Return how many of some calls ran at the same time."""
    begins, ends = calls["call_start_ts"].dt.epoch("s").to_numpy(), calls["call_end_ts"].dt.epoch("s").to_numpy()
    return int(max(((begins <= moment) & (ends > moment)).sum() for moment in begins))


def span_s(calls: pl.DataFrame) -> float:
    return float((calls["call_start_ts"].max() - calls["call_start_ts"].min()).total_seconds())  # type: ignore[operator,union-attr]


def each(calls: pl.DataFrame) -> list[pl.DataFrame]:
    return calls.partition_by("incident_id")


def test_all_types_together_leave_the_rest_as_it_was(pair: Pair) -> None:
    check_two_worlds(pair.dirty, pair.clean)
    assert pair.counts["anomaly_ratio"] == pytest.approx(0.2, rel=0.05)
    assert all(many > 0 for many in pair.counts["incidents_by_type"].values())
    assert set(table(pair.clean, "users")["user_id"]) < set(table(pair.dirty, "users")["user_id"])


def test_wangiri_rings_many_once(pair: Pair) -> None:
    rings, callers = pair.hits("wangiri"), set(pair.actors("wangiri")["user_id"])
    assert set(rings["caller_id"]) == callers
    assert (rings["call_duration"] <= 1).all()
    assert (rings["outcome"] == "missed").mean() > 0.9
    assert rings.select("caller_id", "callee_id").is_unique().mean() > 0.95
    assert all(span_s(calls) < 10 * 3600 for calls in each(rings))
    assert 0 < (rings["callee_type"] == "unlisted").mean() < 0.3


def test_a_sim_box_is_many_sims_in_few_devices_in_one_place(pair: Pair) -> None:
    hits, actors = pair.hits("sim_box"), pair.actors("sim_box")
    for calls in each(hits):
        assert calls["caller_imsi"].n_unique() >= 5
        assert calls["caller_imei"].n_unique() <= -(-calls["caller_imsi"].n_unique() // 5)
        assert calls["first_cell_id"].n_unique() == calls["last_cell_id"].n_unique() == 1
        assert calls["callee_id"].n_unique() > 0.9 * calls.height
    assert table(pair.dirty, "calls").filter(pl.col("callee_id").is_in(actors["user_id"].implode())).is_empty()
    clean = table(pair.clean, "calls")
    assert hits["call_duration"].mean() == pytest.approx(clean["call_duration"].mean(), rel=0.3)
    known = table(pair.dirty, "subscriptions").join(actors, on="user_id")
    assert known["imei"].is_in(hits["caller_imei"].implode()).mean() > 0.85  # 5 % are listed with an earlier device


def test_irsf_is_long_calls_abroad_several_at_a_time(pair: Pair) -> None:
    hits = pair.hits("irsf")
    assert (hits["callee_type"] == "foreign").all()
    assert hits["call_duration"].is_between(300, 3600).all()
    for calls in each(hits):
        assert calls["caller_id"].n_unique() == 1
        assert calls["callee_id"].n_unique() <= 3
        assert 2 <= most_at_a_time(calls) <= 10


def test_a_hacked_exchange_calls_premium_numbers_out_of_hours(pair: Pair) -> None:
    hits = pair.hits("pbx_hack").with_columns(
        hour=pl.col("call_start_ts").dt.hour(), day=pl.col("call_start_ts").dt.weekday()
    )
    assert (hits["callee_type"] == "premium").all()
    holiday = hits["call_start_ts"].dt.date() == date(2024, 1, 1)
    assert (~hits["hour"].is_between(7, 17) | (hits["day"] >= 6) | holiday).all()
    users = table(pair.dirty, "users").filter(user_type="business")
    assert set(hits["caller_id"]) <= set(users["user_id"])


def test_robocalls_are_short_and_nobody_calls_the_machines(pair: Pair) -> None:
    hits, actors = pair.hits("robocall"), pair.actors("robocall")
    assert hits.filter(outcome="answered")["call_duration"].is_between(5, 30).all()
    assert (hits["outcome"] == "answered").mean() == pytest.approx(0.5, abs=0.06)
    assert set(hits["caller_id"]) <= set(actors["user_id"])
    assert table(pair.dirty, "calls").filter(pl.col("callee_id").is_in(actors["user_id"].implode())).is_empty()
    assert hits["callee_id"].n_unique() > 0.5 * min(hits.height, 1500)


VICTIMS = ("irsf", "pbx_hack", "cloned_sim", "stolen_phone", "call_forwarding")


def test_whose_subscription_ends_is_no_victim() -> None:
    """The rest of the incident would not take place, and its type miss its share."""
    world = ("generator/network=none", "generator.num_users=600", "generator.days=14")
    leaving = "generator.subscriptions.leaving_per_month=0.5"
    drawn = World(*make_settings(*world, leaving, f"anomaly=[{','.join(VICTIMS)}]")).draw()
    ends = drawn.model.people.active_until_ms
    assert (ends[:600] < 14 * DAY_MS).mean() > 0.1
    actors = drawn.plan.actors.member
    assert len(actors) > 30
    assert (ends[actors[actors < 600]] >= 14 * DAY_MS).all()


def test_who_hides_is_carried_about_or_called_back(tmp_path: Path) -> None:
    types = ["robocall", "subscription_fraud"]
    world = ("generator/network=none", "generator.num_users=1500", "generator.days=7", f"anomaly=[{','.join(types)}]")
    counts = make_world(tmp_path / "d", *world, *all_at(1.0, types))
    made = Pair(tmp_path / "d", tmp_path / "d", counts)
    calls = table(tmp_path / "d", "calls")
    for name in types:
        hits, actors = made.hits(name), set(made.actors(name)["user_id"])
        assert set(hits["caller_id"]) <= actors
        back = calls.filter(pl.col("callee_id").is_in(actors))
        assert 0 < back.height / hits.height < (0.05 if name == "robocall" else 0.6)
        cells = hits.group_by("caller_id").agg(pl.col("first_cell_id").n_unique())
        assert (cells["first_cell_id"] > 1).mean() > 0.5


def test_subscription_fraud_is_new_and_calls_far_more_than_others(pair: Pair) -> None:
    hits = pair.hits("subscription_fraud")
    new = table(pair.dirty, "users").join(pair.actors("subscription_fraud"), on="user_id")
    ages = hits.join(new, left_on="caller_id", right_on="user_id").select(
        (pl.col("call_start_ts").dt.date() - pl.col("creation_date")).dt.total_days().alias("days")
    )["days"]
    assert ages.is_between(0, 30).all()
    assert new["creation_date"].n_unique() > new.height / 2  # they are not all opened when the fraud begins
    usual = pair.counts["calls"] / 1500 / 14
    for calls in each(hits):
        assert calls["caller_id"].n_unique() == 1
        assert calls.height / max(span_s(calls) / 86_400, 0.25) > 5 * usual
    assert hits["callee_id"].n_unique() > 0.4 * hits.height


def test_who_calls_a_swapped_number_reaches_the_other_sim(tmp_path: Path) -> None:
    make_world(tmp_path / "w", *SIZE[1:-1], "anomaly=[sim_swap]", "anomaly.sim_swap.difficulty=0")
    pair = Pair(tmp_path / "w", tmp_path / "w", {})
    calls, hits = table(pair.dirty, "calls"), pair.hits("sim_swap")
    sims = dict(zip(hits["caller_id"], hits["caller_imsi"], strict=True))
    reached = calls[table(pair.dirty, "truth").filter(change="altered", cause="collateral")["row"].to_list()]
    assert reached.height > 10
    assert set(reached["callee_id"]) <= set(sims)
    assert all(sims[user] == sim for user, sim in zip(reached["callee_id"], reached["callee_imsi"], strict=True))


def test_a_swapped_number_is_on_another_sim_elsewhere_and_its_owner_is_silent(pair: Pair) -> None:
    hits, users = pair.hits("sim_swap"), table(pair.dirty, "users")
    owned = hits.join(users, left_on="caller_id", right_on="user_id")
    assert (owned["caller_imsi"] != owned["imsi"]).all()
    assert (owned["caller_imei"] != owned["imei"]).all()
    calls = table(pair.dirty, "calls")
    truth = table(pair.dirty, "truth").filter(anomaly_type="sim_swap")
    others = table(pair.dirty, "truth").filter(pl.col("anomaly_type") != "sim_swap", cause="direct")
    for made in each(hits):
        (user,) = set(made["caller_id"])
        own = calls.with_row_index("row").cast({"row": pl.Int64}).join(others, on="row", how="anti")
        own = own.filter(pl.col("caller_id") == user, ~pl.col("call_id").is_in(made["call_id"].implode()))
        assert not own["call_start_ts"].is_between(made["call_start_ts"].min(), made["call_start_ts"].max()).any()
    assert truth.filter(change="removed").height > 0
    held = table(pair.dirty, "subscriptions").join(hits.unique("caller_imsi"), left_on="imsi", right_on="caller_imsi")
    assert set(held["user_id"]) == set(hits["caller_id"])


def test_a_cloned_sim_is_in_two_devices_and_places(pair: Pair) -> None:
    hits = pair.hits("cloned_sim")
    calls = table(pair.dirty, "calls").filter(pl.col("caller_id").is_in(hits["caller_id"].implode()))
    own = calls.filter(~pl.col("call_id").is_in(hits["call_id"].implode()))
    for made in each(hits):
        (user,), (sim,), (device,) = (set(made[name]) for name in ("caller_id", "caller_imsi", "caller_imei"))
        theirs = own.filter(caller_id=user)
        assert sim in set(theirs["caller_imsi"])
        assert device not in set(theirs["caller_imei"])
    homes = own.group_by("caller_id").agg(pl.col("first_cell_id").mode().first().alias("home"))
    away = hits.join(homes, on="caller_id")
    assert (away["first_cell_id"] != away["home"]).mean() > 0.6  # few incidents, and a copy may live in the same cell


def test_a_thief_calls_others_from_the_same_phone_in_its_owners_place(pair: Pair) -> None:
    hits, calls = pair.hits("stolen_phone"), table(pair.dirty, "calls").with_row_index("row").cast({"row": pl.Int64})
    others = table(pair.dirty, "truth").filter(pl.col("anomaly_type") != "stolen_phone", cause="direct")
    calls = calls.join(others, on="row", how="anti")
    for made in each(hits):
        (user,), (_,), (_,) = (set(made[name]) for name in ("caller_id", "caller_imsi", "caller_imei"))
        assert span_s(made) < 6 * 3600
        own = calls.filter(pl.col("caller_id") == user, ~pl.col("call_id").is_in(made["call_id"].implode()))
        assert not own["call_start_ts"].is_between(made["call_start_ts"].min(), made["call_start_ts"].max()).any()
        assert {(made["caller_imsi"][0], made["caller_imei"][0])} <= set(
            own.select("caller_imsi", "caller_imei").iter_rows()
        )
        assert len(set(made["callee_id"]) - set(own["callee_id"])) > 0.8 * made["callee_id"].n_unique()
    assert table(pair.dirty, "truth").filter(anomaly_type="stolen_phone", change="removed").height > 0


def test_forwarded_calls_are_legs_to_one_number_abroad(pair: Pair) -> None:
    hits = pair.hits("call_forwarding")
    assert (hits["callee_type"] == "foreign").all()
    for calls in each(hits):
        assert calls["caller_id"].n_unique() == calls["callee_id"].n_unique() == 1
    assert max(most_at_a_time(calls) for calls in each(hits)) >= 4


def test_tdos_is_very_many_callers_of_one_number_within_minutes(pair: Pair) -> None:
    hits = pair.hits("tdos")
    assert (hits["call_duration"] <= 10).all()
    for calls in each(hits):
        assert calls["callee_id"].n_unique() == 1
        assert calls["caller_id"].n_unique() >= calls.height / 10
        waited = (calls["call_start_ts"] - calls["call_start_ts"].min()).dt.total_seconds()
        assert (waited <= 600).mean() > 0.9  # a few wait for their own line


@pytest.mark.parametrize("name", ["community_break", "ring"])
def test_only_the_callee_differs_where_only_a_graph_can_see(pair: Pair, name: str) -> None:
    hits = pair.hits(name)
    same = [
        c for c in hits.columns if not c.startswith("callee") and c not in ("row", "call_id", "incident_id", "change")
    ]
    assert (hits["change"] == "altered").all()
    was = hits.join(table(pair.clean, "calls"), on=same, how="inner", suffix="_was")
    assert was.height == hits.height
    assert (was["callee_id"] != was["callee_id_was"]).all()
    assert (was["callee_type"] == "subscriber").all()
    callers = was.group_by("incident_id").agg(pl.col("caller_id").n_unique())["caller_id"]
    assert callers.max() <= (5 if name == "ring" else 1)  # type: ignore[operator]
    assert callers.len() > 1
    pairs = was.group_by("incident_id", "caller_id").agg(pl.col("callee_id", "callee_id_was").n_unique())
    assert (pairs["callee_id"] == pairs["callee_id_was"]).all()


def test_a_ring_is_closed(pair: Pair) -> None:
    whole = 0
    for calls in each(pair.hits("ring")):
        following = dict(zip(calls["caller_id"], calls["callee_id"], strict=True))
        assert set(following.values()) <= set(following) or len(following) < 5
        user = calls["caller_id"][0]
        round_trip = [user := following.get(user) for _ in range(5)]
        whole += len(set(round_trip)) == 5 and round_trip[-1] == calls["caller_id"][0]
    assert whole >= 0.6 * len(each(pair.hits("ring")))  # calls may be suppressed, and the last one is cut short


PLAIN = {
    "duration": pl.col("call_duration"),
    "hour": pl.col("call_start_ts").dt.hour(),
    "weekday": pl.col("call_start_ts").dt.weekday(),
    "answered": pl.col("outcome") == "answered",
    "moved": pl.col("first_cell_id") != pl.col("last_cell_id"),
    "calls_of_caller": pl.len().over("caller_id"),
    "calls_that_day": pl.len().over("caller_id", pl.col("call_start_ts").dt.date()),
    "callees_that_day": pl.col("callee_id").n_unique().over("caller_id", pl.col("call_start_ts").dt.date()),
    "mean_duration": pl.col("call_duration").mean().over("caller_id"),
    "gap": pl.col("call_start_ts").diff().dt.total_seconds().fill_null(10**7).over("caller_id"),
    "second": pl.col("call_start_ts").dt.second(),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["community_break", "ring"])
@pytest.mark.parametrize("difficulty", [0.0, 0.5])
def test_nothing_but_a_graph_sees_them(tmp_path: Path, name: str, difficulty: float) -> None:
    """No plain feature of a call tells; whether the callee ever calls back does."""
    world = ("generator.num_users=4000", "generator/network=none", f"anomaly=[{name}]")
    make_world(tmp_path / "w", *world, f"anomaly.{name}.difficulty={difficulty}")
    calls, truth = table(tmp_path / "w", "calls"), table(tmp_path / "w", "truth").filter(cause="direct")
    hit = np.isin(np.arange(calls.height), truth["row"].to_numpy())
    inside = (calls["callee_type"] == "subscriber").to_numpy()
    features = calls.with_columns(**PLAIN)
    for feature in PLAIN:
        values = features[feature].cast(pl.Float64).to_numpy()
        assert 0.4 < roc_auc_score(hit, values) < 0.6, feature
        assert 0.4 < roc_auc_score(hit[inside], values[inside]) < 0.6, feature
    pairs = set(calls.select("caller_id", "callee_id").iter_rows())
    mutual = np.array([(b, a) in pairs for a, b in calls.select("caller_id", "callee_id").iter_rows()])
    assert roc_auc_score(hit[inside], ~mutual[inside]) > 0.8
