"""The scorecard reads a world, its data and its export alike, and leaves out what incidents touched."""

import json
from pathlib import Path

import numpy as np
import pytest
from small_worlds import SMALL, make_world, table

from bench.generator import silent
from bench.realism.read_records import records_at
from bench.realism.scorecard import scorecard
from bench.worlds.places import Place
from generators.tables import export

WORLD = (*SMALL, "generator/network=none")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scorecard")
    counts = make_world(folder / "world", *WORLD)
    (folder / "world" / "manifest.json").write_text(
        json.dumps({"counts": counts, "recipe": {"settings": {}}, "fingerprint": "0" * 16})
    )
    return folder / "world"


def place(folder: Path) -> Place:
    found = Place.of(folder)
    assert found is not None
    return found


def test_a_world_its_data_and_its_export_measure_alike(
    world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "data_card", lambda *_: "")
    export.write(world, tmp_path, csv=False, progress=lambda *_: None)
    first, *others = (
        [(row.quantity.key, row.value, row.reason) for row in scorecard(records_at(place(folder))[0], silent)]
        for folder in (world, world / "data", tmp_path)
    )
    assert others == [first, first]
    missing = {key: reason for key, value, reason in first if value is None}
    without_events = {key for key, reason in missing.items() if reason.startswith("there are no events of a network")}
    assert {"drops", "blocking", "handovers", "serving_km"} <= without_events
    assert len(missing) - len(without_events) < 8
    assert Place.of(tmp_path / "nowhere") is None


def test_what_incidents_touched_is_left_out(world: Path) -> None:
    found, _ = records_at(place(world))
    touched = table(world, "truth").filter(level="call")["row"].to_numpy()
    calls = table(world, "calls")
    normal = np.setdiff1d(np.arange(len(calls)), touched)
    assert found.caller.size == normal.size
    np.testing.assert_array_equal(found.seconds, calls["call_duration"].to_numpy()[normal])
    assert not found.failed.any() or (calls["outcome"] == "failed").any()


def test_cells_lie_where_they_lie(world: Path) -> None:
    found, _ = records_at(place(world))
    cells = table(world, "cells")
    one, other = np.radians(cells.select("latitude", "longitude").to_numpy()[[0, -1]])
    haversine = np.sin((other[0] - one[0]) / 2) ** 2
    haversine += np.cos(one[0]) * np.cos(other[0]) * np.sin((other[1] - one[1]) / 2) ** 2
    apart = float(np.hypot(*(found.cell_km[0] - found.cell_km[-1])))
    assert apart == pytest.approx(2 * 6371 * np.arcsin(np.sqrt(haversine)), rel=1e-3)
