"""What the operator knows of numbers, SIMs and devices, against the plain model, and what one table says of another."""

from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from consistency import inventory_faults, read_tables
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_worlds import WITHOUT_NETWORK, all_at, make_settings, make_world, table

from generators.calls.model_arrays import make_model_arrays
from generators.model.clock import DAY_MS, HOUR_MS
from generators.model.plan import FOR_EVER, OWN, Holdings
from generators.radio.towers import make_towers
from generators.social.communities import make_society
from generators.social.people import make_people
from generators.social.possessions import make_possessions
from generators.tables.inventory import Inventory
from generators.tables.inventory_reference import PlainInventory
from generators.tables.names import make_names
from generators.world import World

WORLD, _ = make_settings("generator/network=none", "generator.num_users=12", "generator.num_towers=2")
LIVELY = (
    "generator.subscriptions.new_sim_per_month=0.4",
    "generator.subscriptions.new_device_per_month=0.4",
    "generator.subscriptions.second_device=0.8",
    "generator.subscriptions.joining_per_month=0.4",
)


@st.composite
def inventories(draw: Any) -> tuple[Inventory, PlainInventory]:
    """Draw what a dozen people have, what incidents hold, and how soon the operator knows."""
    world = WORLD
    world.seed, world.days = draw(st.integers(0, 2**63 - 1)), draw(st.integers(1, 20))
    rules = world.subscriptions
    rules.new_sim_per_month = rules.new_device_per_month = draw(st.sampled_from([0.0, 0.5]))
    rules.joining_per_month = rules.leaving_per_month = draw(st.sampled_from([0.0, 0.3]))
    rules.sim_back, rules.second_device = draw(st.sampled_from([0.0, 0.5])), draw(st.sampled_from([0.0, 1.0]))
    rules.sim_with_device, rules.borrowed = draw(st.sampled_from([0.0, 0.5])), draw(st.sampled_from([0.0, 0.5]))
    rules.second_device_days = draw(st.sampled_from([[0.25, 0.5], [1.0, 14.0], [5.0, 5.0]]))
    rules.second_device_h = draw(st.sampled_from([[2.0, 96.0], [0.1, 0.1]]))
    rules.device_seen_h = draw(st.sampled_from([[0.0, 0.0], [2.0, 240.0], [0.0, 5.0]]))
    rules.device_missed = draw(st.sampled_from([0.0, 0.3]))
    towers, society = make_towers(world), make_society(world)
    people = make_people(world, towers, society)
    owned = make_possessions(world, people.still)
    names = make_names(world, make_model_arrays(world, towers, society, people), owned, 2, 2)
    rows = [
        (user, begin * HOUR_MS, (begin + lasts) * HOUR_MS, [OWN, row][swapped], row)
        for row, (user, begin, lasts, swapped) in enumerate(
            draw(st.lists(st.tuples(st.integers(0, 11), st.integers(0, 200), st.integers(1, 90), st.integers(0, 1)),
                          max_size=4, unique_by=lambda each: each[0])), 14)
    ]  # fmt: skip
    rows += [(20, draw(st.integers(-5, 0)) * DAY_MS + 7000, int(FOR_EVER), 20, draw(st.sampled_from([20, 21])))]
    people.active_from_ms[20] = rows[-1][1]
    held = Holdings.of(*(np.array(column, np.int64) for column in zip(*sorted(rows), strict=True)))
    return (
        Inventory(people, owned, names, held, world.days),
        PlainInventory(rules, people, owned, held, world.days),
    )


@given(inventories())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_the_inventory_is_that_of_the_plain_model(both: tuple[Inventory, PlainInventory]) -> None:
    fast, plain = both
    names, found = fast.names, defaultdict(list)
    for row in fast.table(plain.rules, 0).to_pylist():
        moments = [int(row[name].timestamp() * 1000) if row[name] else 2**62 for name in ("valid_from", "valid_to")]
        found[row["user_id"]].append((*moments, row["imsi"], row["imei"]))
    expected = {
        names.user[user].as_py(): [
            (begin, end, names.sim[names.sim_place[sim[1], sim[0]]].as_py(),
             names.device[names.device_place[device[1], device[0]]].as_py())
            for begin, end, sim, device in plain.periods(user)
        ]
        for user in [*range(12), 20]
    }  # fmt: skip
    assert found == expected


def test_a_call_shows_the_sim_and_device_in_use(tmp_path: Path) -> None:
    """What the plain model says, of both sides, call by call."""
    size = ("generator/network=none", "generator.num_users=60", "generator.days=9", "generator.anomaly_ratio=0")
    world = World(*make_settings(*size, *LIVELY))
    drawn = world.draw()
    names, people, owned = drawn.names, drawn.model.people, drawn.owned
    plain = PlainInventory(world.settings.subscriptions, people, owned, Holdings.none(), 9)
    number = {text: place for place, text in enumerate(names.party.to_pylist())}
    texts = {
        "sim": lambda thing: names.sim[names.sim_place[thing[1], thing[0]]].as_py(),
        "device": lambda thing: names.device[names.device_place[thing[1], thing[0]]].as_py(),
    }
    calls = pa.concat_tables(drawn.calls(1)).to_pylist()
    used = set()
    for call in calls:
        caller, moment = number[call["caller_id"]], int(call["call_start_ts"].timestamp() * 1000) - drawn.epoch_ms
        device = plain.own_device(caller, moment)
        used.add(device[1])
        assert call["caller_imei"] == texts["device"](device)
        assert call["caller_imsi"] == texts["sim"](plain.own_sim(caller, moment))
        if call["callee_type"] == "subscriber":
            assert call["callee_imsi"] == texts["sim"](plain.own_sim(number[call["callee_id"]], moment))
    assert used == {0, 1, 2, *range(4, 10)}
    assert len(calls) > 500


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("inventory") / "world"
    make_world(
        folder, WITHOUT_NETWORK, "generator/network=none", "generator.num_users=1500", "generator.days=14", *all_at(0.5)
    )
    return folder


def test_what_is_said_twice_agrees(world: Path) -> None:
    assert inventory_faults(read_tables(world)) == {}


TWIST = {
    "sim": ("calls", "caller_imsi"),
    "callee's sim": ("calls", "callee_imsi"),
    "number": ("calls", "callee_number"),
    "check digit": ("calls", "caller_imei"),
    "user": ("users", "imei"),
    "user's number": ("users", "phone_number"),
}


@pytest.mark.parametrize("what", TWIST)
def test_a_planted_contradiction_is_found(world: Path, what: str) -> None:
    """The last digit of the text is another one, in the calls of incidents or in one row of a table of users."""
    tables, (name, column) = read_tables(world), TWIST[what]
    digit = (pl.col(column).str.slice(-1).cast(pl.Int32) + 1) % 10
    twisted = pl.concat_str(pl.col(column).str.head(-1), digit.cast(pl.String))
    hit = pl.col("direct") if name == "calls" else pl.int_range(pl.len()) == 5
    tables[name] = tables[name].with_columns(pl.when(hit).then(twisted).otherwise(column).alias(column))
    assert inventory_faults(tables)


@pytest.mark.parametrize(("column", "expression"), [
    ("valid_from", pl.col("valid_from") + pl.duration(milliseconds=7)),
    ("valid_from", pl.col("valid_from").dt.truncate("1d") + pl.duration(hours=3)),
    ("valid_to", pl.col("valid_to") - pl.duration(hours=1)),
    ("user_id", pl.lit("user_none")),
])  # fmt: skip
def test_planted_periods_are_found(world: Path, column: str, expression: pl.Expr) -> None:
    """In the rows of one user with several periods."""
    tables = read_tables(world)
    several = tables["subscriptions"].filter(pl.col("valid_to").is_not_null())["user_id"][0]
    hit = pl.col("user_id") == several
    tables["subscriptions"] = tables["subscriptions"].with_columns(
        pl.when(hit).then(expression).otherwise(column).alias(column)
    )
    assert inventory_faults(tables)


def test_a_planted_date_is_found(world: Path) -> None:
    tables = read_tables(world)
    late = pl.when(pl.int_range(pl.len()) == 5).then(pl.col("creation_date") + pl.duration(days=1))
    tables["users"] = tables["users"].with_columns(creation_date=late.otherwise("creation_date"))
    assert "creation_date" in inventory_faults(tables)


def test_as_many_subscriptions_begin_just_before_a_world_as_just_after() -> None:
    """In the default world, so that the date on which one began tells nobody apart: 30 days on either side."""
    settings, _ = make_settings("generator.num_users=40000", "generator/network=none", "generator.days=30")
    people = make_people(settings, make_towers(settings), make_society(settings))
    begins = people.active_from_ms[: settings.num_users] // DAY_MS
    before, after = ((begins >= low) & (begins < low + 30) for low in (-30, 0))
    assert 0.7 * after.sum() < before.sum() < after.sum()  # 0.95 of the users over 24 months, 0.05 in one
    days = np.bincount(begins[before] + 30, minlength=30)
    assert days.min() > 0.4 * days.mean()


@pytest.mark.slow
def test_the_date_of_a_new_subscription_does_not_name_fraud(tmp_path: Path) -> None:
    """In each two weeks, before the world and in it, most of those whose subscription begins are honest."""
    make_world(tmp_path, "anomaly=[subscription_fraud]", "generator.num_users=4000", "generator/network=none")
    actors = table(tmp_path, "incidents")["actors"].explode()
    users = table(tmp_path, "users").with_columns(fraud=pl.col("user_id").is_in(actors.implode()))
    age = (pl.col("creation_date") - pl.lit("2024-01-01").str.to_date()).dt.total_days() // 14
    late = users.filter(age >= -3).group_by(age.alias("fortnight")).agg(pl.len(), pl.col("fraud").mean())
    assert users["fraud"].sum() > 5
    assert late.height >= 4
    assert late["fraud"].max() < 0.5, late
