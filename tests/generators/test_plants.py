"""Plants: whatever column gives anomalous calls away, the audit is red, and names it; without one it is not."""

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from pretended import pretended
from small_worlds import TYPES, make_settings, make_world

from bench.audit.audited_world import AuditedWorld
from bench.audit.auditing import requested_anomalies
from bench.audit.bookkeeping.leak import check_bookkeeping
from bench.audit.bookkeeping.planting import PLANTS, Edit, Plant, planted
from bench.audit.identity import check_identity
from bench.audit.marks.marks_list import ALONE, BY_NAME, TOUCHABLE, Kind, every_mark
from bench.audit.verdict import Light
from bench.audit_settings import AuditSettings
from bench.dataset import Dataset
from bench.generator import silent
from bench.schema import DATA_TABLES
from bench.truth import Truth
from generators.tables.identities import numbered

SIZE = ("generator.num_users=600", "generator.days=14")
FEW_FOLDS = AuditSettings(folds=2)
"""For what single marks find: the classifier on all marks, which takes most of the time, names no column."""
COLUMNS = [f"{table.name}.{column.name}" for table in DATA_TABLES.values() for column in table.columns]
BY_COLUMN = {f"{plant.table}.{plant.column}": plant for plant in PLANTS}
QUICK = (
    "calls.caller_imei", "calls.call_duration", "calls.callee_imsi", "calls.callee_number", "calls.handovers",
    "calls.last_cell_id", "events.session_id", "events.time_stamp", "events.power_dbm", "events.cause",
    "user_status.x", "tower_status.hellos", "subscriptions.valid_from", "coverage.power_dbm",
)  # fmt: skip
"""What was once planted from outside, and was not found; and a column of each other table."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The four types, and the clean twin beside them."""
    folder = tmp_path_factory.mktemp("plants")
    make_world(folder / "w", *SIZE)
    make_world(folder / "c", *SIZE, "generator.anomaly_ratio=0")
    return folder


def subject_of(world: Path, folder: Path) -> AuditedWorld:
    asked = requested_anomalies(*make_settings())
    return AuditedWorld(
        Dataset.open(folder / "data"), Truth(folder / "truth"), Dataset.open(world / "c" / "data"), asked, 1
    )


def given_away(subject: AuditedWorld) -> tuple[set[tuple[str, str]], bool]:
    """Return columns and types of the leaks that the audit names, and whether the twin differs."""
    check = check_bookkeeping(subject, FEW_FOLDS, silent)
    named = {(column, leak["type"]) for leak in check.found.get("leaks", ()) for column in leak["columns"]}
    return named, check_identity(subject, silent).light is Light.RED


@pytest.fixture(scope="module")
def before(world: Path) -> set[tuple[str, str]]:
    """What is named without a plant: nothing, in a world without leaks."""
    named, off = given_away(subject_of(world, world / "w"))
    assert not off
    return named


def test_a_world_of_the_four_types_is_green(before: set[tuple[str, str]]) -> None:
    assert before == set()


def check_found(world: Path, folder: Path, plant: Plant, before: set[tuple[str, str]], **how: Any) -> set[str]:
    """Hold the audit to finding a plant in all anomalous calls; return the types that it names for it."""
    named, off = given_away(subject_of(world, planted(world / "w", folder, plant, **how)))
    types = {type_ for column, type_ in named - before if column == f"{plant.table}.{plant.column}"}
    assert types or (off and plant.table not in ("calls", "events")), plant.name
    return types


@pytest.mark.parametrize("column", QUICK)
def test_a_plant_is_found(world: Path, tmp_path: Path, before: set[tuple[str, str]], column: str) -> None:
    check_found(world, tmp_path / "w", BY_COLUMN[column], before)


@pytest.mark.parametrize(
    ("column", "what", "edit"),
    [
        ("previous_connection_duration", "0.4 ms longer", lambda column: column + 0.0004),
        ("received_at", "an even number of ms later", lambda at: at + pl.duration(milliseconds=_parity(at))),
    ],
)
def test_a_plant_of_less_than_a_millisecond_or_in_a_difference_is_found(
    world: Path, tmp_path: Path, before: set[tuple[str, str]], column: str, what: str, edit: Edit
) -> None:
    """What was planted from outside, and was not found, beside those that are listed for each column."""
    check_found(world, tmp_path / "w", Plant("events", column, what, edit), before)


def _parity(received_at: pl.Expr) -> pl.Expr:
    return (received_at - pl.col("time_stamp")).dt.total_milliseconds() % 2


@pytest.mark.slow
@pytest.mark.parametrize("column", [column for column in COLUMNS if column not in QUICK])
def test_a_plant_in_any_column_is_found(world: Path, tmp_path: Path, before: set[tuple[str, str]], column: str) -> None:
    check_found(world, tmp_path / "w", BY_COLUMN[column], before)


@pytest.mark.parametrize(
    ("column", "types"),
    [
        ("calls.call_duration", ("burst_call", "long_call")),
        ("events.received_at", ("off_hour_call",)),
        ("calls.callee_number", ("burst_call",)),
    ],
)
def test_a_plant_in_some_types_is_found_in_them(
    world: Path, tmp_path: Path, before: set[tuple[str, str]], column: str, types: Collection[str]
) -> None:
    found = check_found(world, tmp_path / "w", BY_COLUMN[column], before, types=types)
    assert found - {"all"} == set(types)  # all together are a test of their own


def test_a_world_rewritten_without_a_change_is_as_before(
    world: Path, tmp_path: Path, before: set[tuple[str, str]]
) -> None:
    nothing = Plant("calls", "caller_id", "nothing", lambda column: column)
    named, off = given_away(subject_of(world, planted(world / "w", tmp_path / "w", nothing)))
    assert (named, off) == (before, False)


def test_every_column_has_a_plant_and_is_looked_at() -> None:
    """A column that is added to the schema is forgotten by neither."""
    assert sorted(BY_COLUMN) == sorted(COLUMNS)
    assert len(PLANTS) == len(COLUMNS)
    found = [look for look in every_mark() if look.kind is not Kind.TWIN]
    of_kind = {kind: {column for look in found if look.kind is kind for column in look.columns} for kind in Kind}
    said_twice = of_kind[Kind.AGREEMENT]
    assert ALONE | said_twice == set(COLUMNS)
    assert not ALONE & said_twice
    twins = {column for look in every_mark() if look.kind is Kind.TWIN for column in look.columns}
    assert twins == set(COLUMNS)
    assert len(BY_NAME) == len(list(every_mark()))


def test_every_look_is_taken_in_a_world_with_a_network(world: Path) -> None:
    """The list of what is covered is not longer than what is done."""
    check = check_bookkeeping(subject_of(world, world / "w"), AuditSettings(), silent)
    assert check.found["columns"] == check.found["columns_covered"] == len(COLUMNS)
    taken = {way for levels in check.found["coverage"].values() for ways in levels.values() for way in ways}
    agreements = {look.name for look in every_mark() if look.kind is Kind.AGREEMENT}
    assert {f"{name} (agreement)" for name in agreements} <= taken


def test_types_name_what_can_be_touched() -> None:
    """In words of the closed list."""
    anomalies = make_settings("anomaly=all")[1]
    assert sorted(anomalies) == TYPES
    for name, injector in anomalies.items():
        assert set(injector.touches) <= TOUCHABLE, name


@pytest.mark.parametrize("seed", [1, pytest.param(0, marks=pytest.mark.slow), pytest.param(2, marks=pytest.mark.slow)])
def test_normal_calls_are_no_leak_however_they_are_clustered(world: Path, tmp_path: Path, seed: int) -> None:
    """Types as single calls, runs of a caller, places, victims whom few or many call, newcomers: no bookkeeping."""
    check = check_bookkeeping(pretended(world / "c", tmp_path, seed), AuditSettings(), silent)
    assert check.light in (Light.GREEN, Light.MARKED), check.lines
    assert check.found["single_marks"] > 500


def test_without_a_network_records_are_looked_at(tmp_path: Path) -> None:
    """The plants of records are found where there are no events to compare them with."""
    plain = (*SIZE, "generator/network=none")
    make_world(tmp_path / "w", *plain)
    make_world(tmp_path / "c", *plain, "generator.anomaly_ratio=0")
    clean, off = given_away(subject_of(tmp_path, tmp_path / "w"))
    assert (clean, off) == (set(), False)
    for number, column in enumerate(("calls.call_duration", "calls.callee_imsi", "calls.handovers", "calls.call_id")):
        check_found(tmp_path, tmp_path / f"{number}", BY_COLUMN[column], clean)


def test_what_a_type_touches_is_not_held_against_it(world: Path, tmp_path: Path) -> None:
    """An agreement that it says it breaks, and a content that it says it changes."""
    plant = BY_COLUMN["calls.caller_imei"]
    subject = subject_of(world, planted(world / "w", tmp_path / "w", replace(plant, edit=lambda c: pl.lit("0" * 15))))
    said = {
        name: (*each, "caller_imei", "caller_imei_and_inventory", "imsi_with_imei_in_inventory")
        for name, each in subject.asked.touches.items()
    }
    declared = replace(subject, asked=replace(subject.asked, touches=said))
    marks = [marks_found(each) for each in (subject, declared)]
    assert {"caller_imei_and_inventory", "usual_device"} <= marks[0]
    assert not {"caller_imei_and_inventory", "usual_device"} & marks[1]


def one_maker(column: pl.Expr) -> pl.Expr:
    """Give each device the type code 00111111, and the check digit that goes with it."""
    serial = column.str.slice(8, 6).cast(pl.Int64)
    return serial.map_batches(lambda each: pl.Series(numbered("00111111", each.to_numpy(), 6, check=True)), pl.String)


@pytest.mark.parametrize(
    ("column", "edit", "mark"),
    [
        ("caller_imei", one_maker, "caller_imei_type_code"),
        ("caller_imsi", lambda c: c.str.head(5) + "00" + c.str.tail(8), "caller_imsi_number"),
        ("callee_imsi", lambda c: c.str.head(5) + "00" + c.str.tail(8), "callee_imsi_number"),
    ],
)
def test_a_type_that_changes_devices_and_sims_does_not_take_its_own_range(
    world: Path, tmp_path: Path, column: str, edit: Edit, mark: str
) -> None:
    """Whatever it may change, devices of one maker or SIMs of one range are named, each by the mark made for it."""
    changed = replace(BY_COLUMN[f"calls.{column}"], edit=edit, what="of one range")
    subject = subject_of(world, planted(world / "w", tmp_path / "w", changed))
    said = {name: tuple(sorted(TOUCHABLE)) for name in subject.asked.touches}
    assert mark in marks_found(replace(subject, asked=replace(subject.asked, touches=said)))


def marks_found(subject: AuditedWorld) -> set[str]:
    return {leak["mark"] for leak in check_bookkeeping(subject, FEW_FOLDS, silent).found["leaks"]}
