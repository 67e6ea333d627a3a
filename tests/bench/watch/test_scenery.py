"""Where phones and cells are: exactly, if the program would make the same world again; else by what the tables show."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shown_worlds import Shown

from bench.scene import Plane
from bench.watch.activity import Names, Sightings, activity_of
from bench.watch.scenery import ESTIMATED, EXACT, UNKNOWN, scene_for, simulated
from bench.watch.sightings import SPEED_M_MS, SightedScene, _points, sighted_scene
from bench.watch.tables import WorldTables


def changed(manifest: dict[str, Any], **recipe: Any) -> dict[str, Any]:
    return {**manifest, "recipe": {**manifest["recipe"], **recipe}}


def test_a_world_is_drawn_again_only_if_it_would_be_the_same(demo: Shown, labelled: Shown) -> None:
    for shown in (demo, labelled):  # incidents change neither places nor movements
        assert shown.replay.world.positions == EXACT
        assert simulated(shown.tables.manifest, shown.settings.generator) is not None
    manifest, generator = demo.tables.manifest, demo.settings.generator
    settings = manifest["recipe"]["settings"]
    for other in (
        changed(manifest, sources="of another version"),
        changed(manifest, versions={}),
        changed(manifest, settings={**settings, "num_users": "many"}),
        changed(manifest, settings={**settings, "unheard_of": 1}),
        changed(manifest, settings={**settings, "_target_": "os.system"}),
        changed(manifest, settings=None),
        {},
    ):
        assert simulated(other, generator) is None


def test_estimates_are_right_where_phones_send_messages(demo: Shown) -> None:
    world = demo.replay.world
    activity = activity_of(demo.tables, world.names)
    scene = sighted_scene(demo.tables, world.names, activity)
    assert scene.plane.wrap
    assert scene.plane.width_m == pytest.approx(world.scene.plane.width_m, abs=1)
    assert scene.site_m == pytest.approx(world.scene.site_m, abs=5)
    users = world.names.user.to_pylist()
    seen, size = activity.sightings, np.array([scene.plane.width_m, scene.plane.height_m])
    tracks = scene.tracks(users, 0, demo.replay.length_ms)
    for row in range(0, len(seen.user), 997):
        low, high = tracks.first[seen.user[row]], tracks.first[seen.user[row] + 1]
        at = low + np.flatnonzero(tracks.time_ms[low:high] == seen.time_ms[row])
        away = tracks.position_m[at] - np.array([seen.x[row], seen.y[row]])
        assert (np.abs(away - size * np.round(away / size)) < 1).all(axis=1).any()


def test_the_cells_of_an_estimated_scene_are_the_best_ones(demo: Shown) -> None:
    scene = sighted_scene(demo.tables, demo.replay.world.names, demo.replay.world.activity)
    heard, exact = scene.heard, demo.replay.world.scene.heard
    assert heard is not None
    assert exact is not None
    assert (heard.columns, heard.rows, heard.complete) == (exact.columns, exact.rows, False)
    np.testing.assert_array_equal(heard.cell[:, 0], exact.cell[:, 0])


SEEN = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 10**7), st.integers(0, 9999), st.integers(0, 9999)), max_size=12
)


@given(SEEN, st.booleans(), st.integers(0, 10**7), st.integers(0, 10**6))
def test_a_part_of_the_estimates_is_cut_from_the_whole(
    rows: list[tuple[int, int, int, int]], wrap: bool, start: int, length: int
) -> None:
    """With the last point before the part and the first one after it, and nobody faster than assumed."""
    user, time_ms, x, y = (np.array([row[i] for row in rows], np.int64) for i in range(4))
    plane = Plane(10_000.0, 10_000.0, wrap)
    points = _points(Sightings(user, time_ms, x, y), plane, 3)
    names = pa.array(["a", "b", "c"])
    scene = SightedScene(plane, np.empty((0, 2)), None, points, names, True)
    found = scene.tracks(["c", "a"], start, start + length)
    for place, number in enumerate((2, 0)):
        all_times = points.time_ms[points.first[number] : points.first[number + 1]]
        assert (np.diff(all_times) >= 0).all()
        here = found.time_ms[found.first[place] : found.first[place + 1]]
        before, after = all_times[all_times <= start], all_times[all_times >= start + length]
        wanted = all_times[(all_times > start) & (all_times < start + length)]
        assert set(wanted.tolist()) <= set(here.tolist())
        assert not len(before) or before[-1] in here
        assert not len(after) or after[0] in here
        steps = np.diff(points.position_m[points.first[number] : points.first[number + 1]].astype(float), axis=0)
        gaps = np.diff(all_times)
        moved = np.hypot(*steps.T) if len(steps) else np.empty(0)
        slow = (moved <= SPEED_M_MS * (gaps + 1) + 1) | (np.isin(all_times[:-1], time_ms))
        assert slow.all()


def test_recorded_calls_without_positions_stand_on_a_grid(tmp_path: Path, demo: Shown) -> None:
    """Cells of recorded calls have no coordinates, and the records have no events."""
    shutil.copytree(demo.folder, tmp_path / "world")
    data = tmp_path / "world" / "data"
    for name in ("events", "coverage", "tower_status"):
        table = pq.read_table(data / f"{name}.parquet")
        pq.write_table(table.slice(0, 0), data / f"{name}.parquet")
    cells = pq.read_table(data / "cells.parquet")
    nowhere = pa.nulls(len(cells), pa.float64())
    for name in ("latitude", "longitude"):
        cells = cells.set_column(cells.column_names.index(name), name, nowhere)
    pq.write_table(cells, data / "cells.parquet")
    (tmp_path / "world" / "manifest.json").write_text("{}")
    tables = WorldTables.of(tmp_path / "world")
    names = Names.of(tables)
    activity = activity_of(tables, names)
    scene, positions = scene_for(tables, names, activity, demo.settings.generator)
    assert positions == UNKNOWN != ESTIMATED
    assert scene.heard is None
    assert np.isfinite(scene.site_m).all()
    apart = [np.hypot(*(one - other)) for i, one in enumerate(scene.site_m) for other in scene.site_m[:i]]
    assert min(apart) >= 2000
    tracks = scene.tracks(names.user.to_pylist(), 0, demo.replay.length_ms)
    assert (tracks.position_m >= 0).all()
    assert (tracks.position_m <= [scene.plane.width_m, scene.plane.height_m]).all()
