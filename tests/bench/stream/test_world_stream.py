"""A world as messages: all of its rows, in the order in which they were received, whatever the row groups."""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import jsonschema
import polars as pl
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up_worlds import START_MS, WINDOW_S, made_up, moment

from bench.dataset import Clock
from bench.faults import UserError
from bench.schema import DATA_TABLES, LABELS, SOCIETY_TABLES, TRUTH_TABLES, exported
from bench.stream import world_stream
from bench.stream.messages import json_schema, kinds, union_schema
from bench.stream.stream_settings import KINDS
from bench.stream.world_stream import WorldStream
from bench.worlds.places import Place

SEEDS = st.integers(0, 2**32 - 1)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Give a new folder at each call."""
    return lambda: tmp_path_factory.mktemp("world") / "world"


def messages(place: Place, chosen: Any = KINDS) -> list[dict[str, Any]]:
    return [json.loads(line) for chunk in WorldStream(place, chosen).chunks() for line in chunk.lines]


def plain_order(place: Place) -> list[tuple[int, int, str]]:
    """Return when each message is received, its kind and what it is about, by sorting all rows at once."""
    tables = {name: pl.read_parquet(place.data / f"{name}.parquet") for name in ("events", "tower_status", "calls")}
    found = [(_ms(row["received_at"]), 0, row["session_id"]) for row in tables["events"].to_dicts()]
    states: dict[str, str] = {}
    for row in tables["tower_status"].to_dicts():
        if states.get(row["cell_id"]) != row["state"]:
            found.append((_ms(row["window_start"]) + 1000 * WINDOW_S, 1, row["cell_id"]))
        states[row["cell_id"]] = row["state"]
    found += [(_ms(row["call_end_ts"]) + 1000, 2, row["call_id"]) for row in tables["calls"].to_dicts()]
    return sorted(found, key=lambda each: each[:2])


def _ms(time: Any) -> int:
    return round(time.timestamp() * 1000)


@settings(max_examples=5)
@given(SEEDS, st.sampled_from([1, 3, 40, 10_000]), st.sampled_from([1, 7, 10_000]))
def test_every_row_comes_in_the_order_of_receipt(folders: Any, seed: int, rows: int, most: int) -> None:
    place = made_up(folders(), seed, minutes=2, rows=rows)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(world_stream, "MOST", most)
        found = messages(place)
    assert [each["sequence"] for each in found] == list(range(len(found)))
    assert (found[0]["type"], found[-1]["type"], found[-1]["messages"]) == ("start", "end", len(found))
    assert len({each["stream"] for each in found}) == 1
    about = {"event": (0, "session_id"), "tower_status": (1, "cell_id"), "call": (2, "call_id")}
    order = [
        (_ms(pl.Series([each["received_at"]]).str.to_datetime(time_zone="UTC")[0]), about[each["type"]][0],
         each[about[each["type"]][1]])
        for each in found[1:-1]
    ]  # fmt: skip
    assert order == plain_order(place)
    assert all(low["received_at"] <= high["received_at"] for low, high in pairwise(found))


@settings(max_examples=5)
@given(SEEDS)
def test_each_message_follows_the_schema(folders: Any, seed: int) -> None:
    validator = jsonschema.Draft202012Validator(json_schema())
    found = messages(made_up(folders(), seed, minutes=2))
    assert {each["type"] for each in found} >= {"start", "tower_status", "end"}
    for each in found:
        validator.validate(each)


def test_the_schema_refuses_what_is_no_message(folders: Any) -> None:
    jsonschema.Draft202012Validator.check_schema(json_schema())
    validator = jsonschema.Draft202012Validator(json_schema())
    event = next(each for each in messages(made_up(folders(), 1)) if each["type"] == "event")
    assert validator.is_valid(event)
    wrong = [
        {**event, "is_anomaly": True},
        {**event, "sequence": "1"},
        {**event, "received_at": "2024-01-01 00:00:00"},
        {name: value for name, value in event.items() if name != "tower_id"},
        {**event, "type": "call"},
    ]
    assert not any(validator.is_valid(each) for each in wrong)


def test_no_kind_of_message_has_a_column_of_the_truth() -> None:
    hidden = {column.name for table in (*TRUTH_TABLES.values(), *SOCIETY_TABLES.values()) for column in table.columns}
    hidden = (hidden | {column.name for column in LABELS}) - {"user_id", "cell_id", "cause"}
    assert not hidden & set(union_schema().names)


def test_an_export_is_the_same_stream_without_its_labels(folders: Any) -> None:
    place, out = made_up(folders(), 5), folders()
    out.mkdir()
    for name in DATA_TABLES:
        if place.table(name).exists():
            table = pl.read_parquet(place.table(name)).to_arrow()
            schema = pq.read_schema(place.table(name))
            table = table.select(schema.names).cast(schema)
            if name == "calls":
                labels = pl.DataFrame(
                    {"is_anomaly": [True] * table.num_rows, "anomaly_type": ["ring"] * table.num_rows}
                )
                for label in labels.to_arrow().itercolumns():
                    table = table.append_column(f"label_{table.num_columns}", label)
                table = table.rename_columns([*schema.names, "is_anomaly", "anomaly_type"])
            pq.write_table(table, out / f"{exported(name)}.parquet", row_group_size=9)
    for name, where in (("clock.json", place.data), ("manifest.json", place.manifest.parent)):
        (out / name).write_bytes((where / name).read_bytes())
    found = Place.of(out)
    assert found is not None
    assert found.exported

    def unnamed(place: Place) -> list[dict[str, Any]]:
        return [{**each, "stream": ""} for each in messages(place)]

    assert unnamed(found) == unnamed(place)
    assert not any(b"anomaly" in line for chunk in WorldStream(found, KINDS).chunks() for line in chunk.lines)


def test_the_first_message_has_the_clock_and_the_towers(folders: Any) -> None:
    place = made_up(folders(), 3, minutes=130)
    start = json.loads(next(WorldStream(place, KINDS).chunks()).lines[0])
    assert start["towers"] == ["tower_0", "tower_1", "tower_2"]
    clock = Clock.read(place.data)
    assert start["clock_changes"] == [list(each) for each in clock.changes] != []
    assert (start["time_zone"], start["utc_offset_s"]) == ("Europe/Berlin", 3600)
    assert start["event_time"] == moment(START_MS).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def test_kinds_are_chosen_and_make_another_stream(folders: Any) -> None:
    place = made_up(folders(), 4)
    calls = messages(place, ["call"])
    assert {each["type"] for each in calls} == {"start", "call", "end"}
    assert WorldStream(place, ["call"]).identity != WorldStream(place, KINDS).identity
    assert WorldStream(place, KINDS).identity == WorldStream(place, KINDS).identity


def test_a_call_has_the_site_of_its_first_cell(folders: Any) -> None:
    for each in messages(made_up(folders(), 6), ["call"])[1:-1]:
        assert each["tower_id"] == (each["first_cell_id"].removesuffix("_cell") or None)


@pytest.mark.parametrize("name", ["clock.json", "cells.parquet", "events.parquet"])
def test_a_damaged_table_is_named(folders: Any, name: str) -> None:
    place = made_up(folders(), 7)
    (place.data / name).write_bytes(b"nonsense")
    with pytest.raises(UserError, match=str(place.data)):
        messages(place)


def test_a_missing_column_is_named(folders: Any) -> None:
    place = made_up(folders(), 8)
    path = place.table("events")
    pq.write_table(pq.read_table(path).drop_columns(["cause"]), path)
    with pytest.raises(UserError, match=r"column cause must be .*no such column"):
        messages(place)


def test_columns_of_all_kinds_agree() -> None:
    union = union_schema()
    assert set(union.names) == {name for kind in kinds().values() for name in kind.names}


def test_row_groups_need_no_statistics(folders: Any, tmp_path: Path) -> None:
    place = made_up(folders(), 9, rows=11)
    before = [{**each, "stream": ""} for each in messages(place)]
    path = place.table("events")
    pq.write_table(pq.read_table(path), path, row_group_size=11, write_statistics=False)
    assert [{**each, "stream": ""} for each in messages(place)] == before
