"""Audits of simulated worlds: green on what is shipped, red on each thing that can be wrong."""

import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import polars as pl
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from small_worlds import make_settings, make_world, table
from tampering import (
    changed,
    event_of,
    idle_user,
    named_in_vain,
    place_of,
    swapped_in_a_second,
    tampered,
    unnamed_row,
    without,
)

from bench.audit.amounts import check_amounts, check_incidents
from bench.audit.audited_world import AuditedWorld, RequestedAnomalies
from bench.audit.auditing import requested_anomalies
from bench.audit.bookkeeping.problems import problems
from bench.audit.checks import checks
from bench.audit.identity import check_identity
from bench.audit.triviality import check_triviality
from bench.audit.verdict import Check, Light, Verdict
from bench.audit_settings import AuditSettings
from bench.dataset import Dataset
from bench.generator import silent
from bench.settings import ProtocolSettings
from bench.truth import Truth
from bench.worlds.protocol import applied
from detectors.features.tables.audited import Audited
from generators.anomalies.short_call import ShortCall
from generators.injection.injector import Incidents
from generators.making import Making
from generators.world import World

SETTINGS = AuditSettings(features={"_target_": "detectors.features.tables.audited.Audited"})
AUDITED = ("generator.num_users=1200", "generator.days=14")
"""Users and days of the worlds that are audited over difficulties and seeds: 52,000 calls, 2,600 of them anomalous."""
FAULTS = "anomaly=network_faults"
World_ = tuple[Path, dict[str, Any]]


def subject_of(world: Path, clean: Path | None, *overrides: str) -> AuditedWorld:
    """Put a world under audit, asked for by the shipped settings."""
    asked = requested_anomalies(*make_settings(*overrides))
    twin = None if clean is None else Dataset.open(clean / "data")
    dataset = applied(Dataset.open(world / "data"), ProtocolSettings())
    return AuditedWorld(dataset, Truth(world / "truth"), twin, asked, ProtocolSettings().fewest_incidents)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A small world with a network, and its clean twin."""
    folder = tmp_path_factory.mktemp("small")
    size = ("generator.num_users=200", "generator.days=4", "generator.num_towers=7")
    make_world(folder / "w", *size)
    make_world(folder / "c", *size, "generator.anomaly_ratio=0")
    return folder / "w", folder / "c"


@pytest.fixture(scope="module")
def default_checks(default_world: World_, clean_world: World_) -> dict[str, Check]:
    subject = subject_of(default_world[0], clean_world[0])
    return {check.name: check for check in checks(subject, SETTINGS, silent)}


def test_the_default_world_is_green(default_checks: dict[str, Check], default_world: World_) -> None:
    verdict = Verdict("", {}, tuple(default_checks.values()))
    assert verdict.light is Light.GREEN
    counts = default_world[1]
    found = default_checks["identity"].found
    touched = counts["anomalous_calls"] + counts["collateral_calls"]
    assert (found["differing"], found["compared"]) == (touched, counts["calls"] - touched)


def test_a_leak_planted_in_one_per_cent_of_the_anomalous_calls_is_found(default_checks: dict[str, Check]) -> None:
    bookkeeping = default_checks["bookkeeping"]
    assert bookkeeping.light is Light.GREEN
    assert bookkeeping.found["least_share_found"] == 0.01
    assert {test["type"] for test in bookkeeping.found["tests"]} >= {"all", "burst_call", "long_call"}
    assert all(abs(test["roc_auc"] - 0.5) < 0.2 for test in bookkeeping.found["tests"])
    assert bookkeeping.found["columns_covered"] == bookkeeping.found["columns"]


def test_what_a_single_feature_finds_is_marked_trivial(default_checks: dict[str, Check]) -> None:
    triviality = default_checks["triviality"]
    assert triviality.light is Light.MARKED
    assert "long_call" in triviality.found["trivial"]
    assert "short_call" not in triviality.found["trivial"]  # normal life has short calls too
    assert triviality.found["best"]["long_call"]["feature"] in {"duration", "duration_ratio"}


def test_a_trivial_type_can_be_made_to_fail(default_world: World_) -> None:
    strict = replace(SETTINGS, trivial_fails=True)
    check = check_triviality(subject_of(default_world[0], None), strict, Audited(), silent)
    assert check.light is Light.RED
    lenient = replace(strict, trivial_auc=1.0)
    assert check_triviality(subject_of(default_world[0], None), lenient, Audited(), silent).light is Light.GREEN


@pytest.mark.parametrize("column", ["call_duration", "callee_id", "caller_imei", "last_cell_id", "call_start_ts"])
def test_a_changed_value_that_truth_does_not_name_is_red(small: tuple[Path, Path], tmp_path: Path, column: str) -> None:
    world, clean = small
    edit = changed(column, unnamed_row(world))
    off = tampered(world, tmp_path / "w", "data/calls.parquet", edit)
    check = check_identity(subject_of(off, clean), silent)
    assert check.light is Light.RED
    assert check.found["unnamed"] == 1


def test_identity_tells_what_is_wrong_with_truth(small: tuple[Path, Path], tmp_path: Path) -> None:
    world, clean = small
    assert check_identity(subject_of(world, clean), silent).light is Light.GREEN
    cases = {
        "unnamed": ("truth/truth.parquet", without(place_of(world, change="added"))),
        "missing": ("truth/truth.parquet", without(place_of(world, change="removed"))),
        "strange": ("truth/truth.parquet", changed("user_id", place_of(world, change="removed"))),
        "idle": ("truth/truth.parquet", named_in_vain(place_of(world, change="added"), unnamed_row(world))),
        "events": ("data/events.parquet", changed("x", event_of(world, unnamed_row(world)))),
        "rows of cells differ although no incident touches them": ("data/cells.parquet", changed("tower_type", 0)),
        "rows of users differ although no incident touches them": (
            "data/users.parquet",
            changed("call_pattern", idle_user(world)),
        ),
    }
    for what, (name, edit) in cases.items():
        off = tampered(world, tmp_path / what.replace(" ", "_"), name, edit)
        check = check_identity(subject_of(off, clean), silent)
        assert check.light is Light.RED, what
        assert check.found[what] >= 1
    order = tampered(world, tmp_path / "order", "data/calls.parquet", swapped_in_a_second)
    assert "moved" in check_identity(subject_of(order, clean), silent).found


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A world with faults of cells, turned antennas among them, and its clean twin."""
    folder = tmp_path_factory.mktemp("faulty")
    size = ("generator.num_users=1200", "generator.days=5", "generator.num_towers=10", "generator.anomaly_ratio=0.07")
    world = World(*make_settings(*size, FAULTS, "anomaly.antenna_misaligned.share=1"))
    # So small a world may miss the ratio, and is not made again for it: fewer have no room.
    with patch.multiple(Making, _checked=lambda _, counts: counts, _more_faults=lambda *_: None):
        world.make(folder / "w", 2, silent)
    world.twin().make(folder / "c", 2, silent)
    return folder / "w", folder / "c"


def test_identity_looks_at_the_status_of_cells_where_no_call_differs(faulty: tuple[Path, Path], tmp_path: Path) -> None:
    world, clean = faulty
    check = check_identity(subject_of(world, clean), silent)
    assert check.light is Light.GREEN, check.lines
    status = table(world, "tower_status").with_row_index()
    assert 0.3 * status.height < check.found["windows"] < status.height
    assert not status.drop("index").equals(table(clean, "tower_status"))
    quiet = int(status.filter(hellos=0)["index"][-1])
    for column in ("hellos", "traffic_erlang"):
        off = tampered(world, tmp_path / column, "data/tower_status.parquet", changed(column, quiet))
        check = check_identity(subject_of(off, clean), silent)
        assert check.found["rows of tower_status differ although no incident touches them"] == 1


def test_identity_looks_at_every_day_of_users_with_an_incident(small: tuple[Path, Path], tmp_path: Path) -> None:
    """Covers place and signal on the days of incidents and on all others, and the counts of days without a change."""
    world, clean = small
    anomalous = table(world, "truth").filter(level="call", change="added")["row"].to_numpy()
    days = table(world, "user_status").with_row_index()
    calls = table(world, "calls")[anomalous].select(
        user_id="caller_id", window_start=pl.col("call_start_ts").dt.truncate("1d"), with_incident=True
    )
    days = days.join(calls.unique(), on=["user_id", "window_start"], how="left")
    theirs = days.filter(pl.col("user_id").is_in(calls["user_id"].implode()))
    during = int(theirs.filter(pl.col("with_incident"))["index"][0])
    after = int(theirs.filter(pl.col("with_incident").is_null(), pl.col("power_dbm").is_not_null())["index"][0])
    for column, row, seen in (
        ("x", during, 1), ("power_dbm", during, 1), ("calls", during, 0), ("x", after, 1), ("calls", after, 1),
    ):  # fmt: skip
        off = tampered(world, tmp_path / f"{column}{row}", "data/user_status.parquet", changed(column, row))
        check = check_identity(subject_of(off, clean), silent)
        assert check.found.get("rows of user_status differ although no incident touches them", 0) == seen, column


def test_a_call_of_which_only_the_events_differ_has_to_be_named(faulty: tuple[Path, Path], tmp_path: Path) -> None:
    world, clean = faulty
    columns = [name for name in table(world, "calls").columns if name != "call_id"]
    calls = table(world, "calls").with_row_index("row").cast({"row": pl.Int64})
    truth = table(world, "truth").with_row_index("place").filter(level="call", change="altered")
    alike = truth.join(calls.join(table(clean, "calls"), on=columns, how="semi"), on="row", how="semi")
    assert set(alike["cause"]) == {"collateral"}
    off = tampered(world, tmp_path / "w", "truth/truth.parquet", without(alike["place"][0]))
    assert check_identity(subject_of(off, clean), silent).found["events"] == 1


def test_incidents_that_only_hold_cells_are_counted(faulty: tuple[Path, Path], tmp_path: Path) -> None:
    world, _ = faulty
    counts = check_incidents(subject_of(world, None, FAULTS)).found["by_type"]
    incidents = table(world, "incidents")
    window = subject_of(world, None).dataset.window
    late = pl.col("end_ts").dt.epoch("ms") > window.start_ms
    expected = incidents.filter(late, pl.col("level") == "cell").group_by("anomaly_type").len()
    assert counts == dict.fromkeys(counts, 0) | dict(expected.iter_rows())
    assert sum(counts.values()) > 5
    shutil.copytree(world, tmp_path / "w")
    truth = pq.read_table(world / "truth" / "truth.parquet")
    pq.write_table(truth.filter(pc.less(truth["row"], 0)), tmp_path / "w" / "truth" / "truth.parquet")
    assert check_incidents(subject_of(tmp_path / "w", None, FAULTS)).found["by_type"] == counts


def test_who_meets_a_fault_is_chance_with_all_its_calls(faulty: tuple[Path, Path]) -> None:
    """More may be asked for than there are by as much as callers happen to come, and no more."""
    subject = subject_of(faulty[0], None)
    truth = table(faulty[0], "truth").filter(level="call", cause="direct", anomaly_type="sleeping_cell")
    calls = table(faulty[0], "calls").with_row_index("row").cast({"row": pl.Int64}).join(truth, on="row")
    each = calls.group_by("caller_id").len()["len"]
    deviation = float(np.sqrt((each**2).sum()))
    assert deviation > 1.2 * np.sqrt(each.sum())
    counts = check_amounts(subject, SETTINGS).found["by_type"]
    met, whole = counts["sleeping_cell"], sum(counts.values())
    for deviations, wrong in ((2.9, False), (3.1, True)):
        expected = (met + deviations * deviation) / 0.9
        others = {name: many * (whole - expected) / (whole - met) for name, many in counts.items()}
        asked = RequestedAnomalies(0.07, {**others, "sleeping_cell": expected})
        lines = check_amounts(replace(subject, asked=asked), SETTINGS).lines
        assert any(line.startswith("sleeping_cell has") for line in lines) == wrong


def test_without_a_twin_identity_is_untested(small: tuple[Path, Path]) -> None:
    assert check_identity(subject_of(small[0], None), silent).light is Light.UNTESTED


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (RequestedAnomalies(0.04, {}), "the share of anomalous calls is 0.05"),
        (RequestedAnomalies(0.05, {"short_call": 1.0}), "burst_call has "),
        (
            RequestedAnomalies(0.05, {"short_call": 2.0, "long_call": 1, "burst_call": 1, "off_hour_call": 1}),
            "short_call has ",
        ),
    ],
)
def test_amounts_other_than_asked_are_red(default_world: World_, asked: RequestedAnomalies, message: str) -> None:
    check = check_amounts(replace(subject_of(default_world[0], None), asked=asked), SETTINGS)
    assert check.light is Light.RED
    assert any(line.startswith(message) for line in check.lines)


def test_too_few_incidents_are_red(small: tuple[Path, Path]) -> None:
    subject = subject_of(small[0], None)
    check = check_incidents(subject)
    assert check.light is Light.RED
    rarest = min(check.found["by_type"].values())
    assert rarest == check.found["by_type"]["burst_call"] < 10
    assert check_incidents(replace(subject, fewest_incidents=rarest)).light is Light.GREEN
    assert check_incidents(replace(subject, fewest_incidents=rarest + 1)).light is Light.RED


@dataclass
class Hasty(ShortCall):
    """Short calls that begin with the minute: their times are rounded, which is a leak."""

    def plan(self, draft: Any, calls: int, rng: np.random.Generator) -> Incidents | None:
        found = super().plan(draft, calls, rng)
        if found is None:
            return None
        start = found.edits.start_ms - found.edits.start_ms % 60_000
        return replace(found, edits=found.edits._replace(start_ms=start))


def test_a_leaky_injector_turns_the_audit_red(tmp_path: Path) -> None:
    """Its records differ from the clean twin as truth says; only their bookkeeping gives them away."""
    settings, anomalies = make_settings(*AUDITED, "anomaly=[short_call,long_call]", "generator/network=none")
    leaky = World(settings, {**anomalies, "short_call": Hasty(**vars(anomalies["short_call"]))})
    leaky.make(tmp_path / "w", 2, silent)
    leaky.twin().make(tmp_path / "c", 2, silent)
    asked = requested_anomalies(settings, anomalies)
    subject = replace(subject_of(tmp_path / "w", tmp_path / "c"), asked=asked)
    found = {check.name: check for check in checks(subject, SETTINGS, silent)}
    assert found["bookkeeping"].light is Light.RED
    assert any(
        line.startswith("calls of short_call are separated by start_second") for line in found["bookkeeping"].lines
    )
    assert found["identity"].light is Light.GREEN
    tests = {(t["problem"], t["type"]): t["p_holm"] for t in found["bookkeeping"].found["tests"]}
    assert tests["calls", "long_call"] > 0.001


def test_a_window_that_one_call_fills_is_no_round_number(default_world: World_) -> None:
    """Three zeros come once in a thousand; 900,000 ms say that a call lasted through a quarter of an hour."""
    asked = problems(subject_of(default_world[0], None), SETTINGS, np.random.default_rng(0))
    quarters = next(problem for problem in asked if problem.name == "quarters")
    zeros = quarters.marks["traffic_in_milliseconds"][~quarters.positive]
    assert 1e-4 < (zeros == 3).mean() < 0.003


def test_who_shares_a_device_counts_once_and_is_nobody_elses_normal_user(tmp_path: Path) -> None:
    """SIM boxes have several SIMs in a device: no leak of theirs, and none of those whom others call."""
    size = ("generator.num_users=1500", "generator.days=14", "generator.anomaly_ratio=0.1", "anomaly.sim_box.share=3")
    overrides = ("anomaly=[sim_box,wangiri]", "generator/network=none", *size)
    make_world(tmp_path / "w", *overrides)
    subject = subject_of(tmp_path / "w", None, *overrides)
    found = {problem.name: problem for problem in problems(subject, SETTINGS, np.random.default_rng(0))}
    callers, callees = found["callers"], found["callees"]
    of_box = callers.positive & (callers.type_code == callers.types.index("sim_box"))
    shared = callers.touched["unique_identifiers"][of_box]
    assert shared.sum() > 20
    seen = np.unique(callers.marks["imei_number"][of_box], return_counts=True)[1]
    assert seen.max() <= 3  # two more may be shown the same one by chance
    assert callers.marks["imei_mod_10"][of_box].tolist() == (callers.marks["imei_number"][of_box] % 10).tolist()
    of_wangiri = callees.type_code == callees.types.index("wangiri")
    assert callees.positive[of_wangiri].sum() > 200
    assert not callees.marks["unique_identifiers"][of_wangiri].any()


@pytest.mark.slow
@pytest.mark.parametrize("difficulty", [0.2, 0.5, 0.8])
def test_the_default_mix_is_green_at_every_difficulty(tmp_path: Path, difficulty: float) -> None:
    """One of the five seeds of docs/explanation/audit.md."""
    types = ("short_call", "long_call", "off_hour_call", "burst_call")
    overrides = (*AUDITED, "generator.seed=1", *(f"anomaly.{name}.difficulty={difficulty}" for name in types))
    make_world(tmp_path / "w", *overrides)
    make_world(tmp_path / "c", *overrides, "generator.anomaly_ratio=0")
    made = checks(subject_of(tmp_path / "w", tmp_path / "c", *overrides), SETTINGS, silent)
    assert Verdict("", {}, made).light is Light.GREEN, [check.lines for check in made]


@pytest.mark.slow
def test_the_whole_catalogue_is_green(tmp_path: Path) -> None:
    """In a world of the size that the mix brings, with ten incidents or more of each of the 23 types scored."""
    make_world(tmp_path / "w", "anomaly=all")
    make_world(tmp_path / "c", "anomaly=all", "generator.anomaly_ratio=0")
    made = checks(subject_of(tmp_path / "w", tmp_path / "c", "anomaly=all"), SETTINGS, silent)
    lights = {check.name: check.light for check in made}
    assert lights.pop("triviality") is Light.MARKED
    assert set(lights.values()) == {Light.GREEN}, [check.lines for check in made]


@pytest.mark.slow
def test_antennas_that_learn_give_no_anomaly_away(tmp_path: Path) -> None:
    """They change cells and powers from day to day, in both worlds: what is in no incident must look the same."""
    how = (
        "generator.num_users=1500", "generator.days=14", "generator.anomaly_ratio=0.06", "anomaly=[antenna_misaligned]",
        "anomaly.antenna_misaligned.difficulty=0.2", "generator.network.antenna.pattern=ellipse",
        "generator.network.antenna.eccentricity=0.5", "generator.network.antenna.learning.step=0.1", "generator.seed=2",
    )  # fmt: skip
    make_world(tmp_path / "w", *how)
    make_world(tmp_path / "c", *how, "generator.anomaly_ratio=0")
    subject = subject_of(tmp_path / "w", tmp_path / "c", *how)
    found = {each.name: each for each in checks(subject, replace(SETTINGS, features=None), silent)}
    assert found["identity"].light is Light.GREEN, found["identity"].lines
    assert found["bookkeeping"].light is Light.GREEN, found["bookkeeping"].lines
