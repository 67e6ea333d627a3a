"""When calls of incidents begin marks none of them: neither near a call of their victim, nor on a line just used.

Covers the start and the end of calls, in `calls`, of the types that add calls under a user's number or to one user, at
difficulties 0 and 0.5, in 6,000 users and two weeks.
"""

import polars as pl
import pytest
from small_worlds import make_world, table

from generators.model.clock import PAUSE_MS

CALLED, CALLING = ["tdos"], ["call_forwarding", "irsf", "pbx_hack", "sim_swap", "stolen_phone"]
"""Types with a victim who is called, and with one under whose number calls are made."""
ONE_LINE = ["robocall", "sim_box", "sim_swap", "stolen_phone", "subscription_fraud", "tdos"]
"""Types whose numbers make one call at a time."""
NEAR_MS, MOST_NEAR = 30_000, 0.15
"""A call of the victim this near to the first of an incident is chance in at most that share of the incidents."""
FEWEST = 12


@pytest.fixture(scope="module", params=[0.0, 0.5])
def calls(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    """The calls of a world with their incident and type, in order of caller and start [ms]."""
    world = tmp_path_factory.mktemp("moments") / "w"
    types = sorted({*CALLED, *CALLING, *ONE_LINE, "cloned_sim"})
    hard = [f"anomaly.{name}.difficulty={request.param}" for name in types]
    fit = ("generator.num_users=6000", "generator.days=14", "generator.anomaly_ratio=0.15", "generator/network=none")
    make_world(world, f"anomaly=[{','.join(types)}]", *fit, *hard)
    truth = table(world, "truth").filter(pl.col("row") >= 0, level="call", cause="direct")
    truth = truth.select("row", "incident_id", kind=pl.col("anomaly_type").cast(pl.String))
    found = table(world, "calls").with_row_index("row").cast({"row": pl.Int64, "caller_id": pl.String})
    found = found.cast({"callee_id": pl.String}).join(truth, on="row", how="left")
    found = found.with_columns(start=pl.col("call_start_ts").dt.epoch("ms"), end=pl.col("call_end_ts").dt.epoch("ms"))
    return found.sort("caller_id", "start")


def test_incidents_do_not_begin_at_calls_of_their_victims(calls: pl.DataFrame) -> None:
    own = calls.filter(pl.col("incident_id").is_null()).select("start", "end", user="caller_id").sort("start")
    checked = 0
    for kind in (*CALLED, *CALLING):
        victim = "callee_id" if kind in CALLED else "caller_id"
        first = calls.filter(kind=kind).sort("start").group_by("incident_id", maintain_order=True).first()
        if first.height < FEWEST:
            continue
        first = first.select("incident_id", "start", user=victim)
        pairs = first.join(own, on="user", suffix="_own").with_columns(
            near=(pl.col("start") - pl.col("start_own")).abs() < NEAR_MS,
            after=(pl.col("start") - pl.col("end")).is_between(0, NEAR_MS),
        )
        for how in ("near", "after"):
            share = pairs.filter(how)["incident_id"].n_unique() / first.height
            assert share <= MOST_NEAR, (kind, how, share)
        checked += 1
    assert checked >= 4


def test_calls_follow_on_each_other_no_sooner_than_normal_redials(calls: pl.DataFrame) -> None:
    """Times are whole seconds here, so a few pauses of the least length seem to be a second shorter."""
    pause = pl.col("start") - pl.col("end").shift().over("caller_id")
    soon = calls.with_columns(pause=pause).filter(pl.col("pause").is_between(0, 2 * PAUSE_MS))
    checked = 0
    for kind in ONE_LINE:
        injected = soon.filter(kind=kind)
        if injected.height >= FEWEST:
            assert injected.filter(pl.col("pause") < PAUSE_MS).height <= MOST_NEAR * injected.height, kind
            checked += 1
    assert checked >= 4


def test_a_copy_of_a_sim_calls_while_its_owner_talks(calls: pl.DataFrame) -> None:
    copies = calls.filter(kind="cloned_sim").select("incident_id", "caller_id", "start")
    own = calls.filter(pl.col("incident_id").is_null(), outcome="answered")
    talk = own.select("caller_id", "end", begin=pl.col("end") - 1000 * (pl.col("call_duration") + 1))
    both = copies.join(talk, on="caller_id").filter(pl.col("start").is_between("begin", "end"))
    assert set(both["incident_id"]) == set(copies["incident_id"])
