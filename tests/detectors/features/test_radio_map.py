"""The radio map beside what sessions report: as a plain loop has it, and nothing without a map."""

from collections import defaultdict
from dataclasses import replace
from statistics import fmean

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from bench.detector import Level
from bench.levels import Grid
from bench.schema import COVERAGE
from detectors.checks.subject import worlds
from detectors.features.cells.radio_map import SPANS, radio_map_deviations
from detectors.features.tables.everything import everything

QUARTER_MS, WIDTH = 900_000, 601


@pytest.fixture
def dataset(tmp_path):
    """A world of checks with a made-up map, which some of its pixels are blank on."""
    whole, rng = worlds()["ordinary"], np.random.default_rng(5)
    events, cells = whole.table("events"), whole.table("cells")["cell_id"].to_pylist()
    axes = [
        range(pc.min(events[name]).as_py() - 90, pc.max(events[name]).as_py() + WIDTH, WIDTH) for name in ("x", "y")
    ]
    pixels = [(x, y, *rng.choice([None, *cells], 1)) for y in axes[1] for x in axes[0]]
    x, y, cell = zip(*pixels, strict=True)
    power = [None if each is None else float(rng.uniform(-110, -60)) for each in cell]
    return with_coverage(whole, tmp_path / "data", [x, y, cell, power, [1] * len(x)])


def with_coverage(whole, folder, columns):
    folder.mkdir()
    for path in whole.folder.iterdir():
        if path.name != "coverage.parquet":
            (folder / path.name).symlink_to(path.resolve())
    arrays = [pa.array(values).cast(column.type) for values, column in zip(columns, COVERAGE.columns, strict=True)]
    pq.write_table(pa.table(arrays, schema=COVERAGE.arrow), folder / "coverage.parquet")
    return replace(whole, folder=folder)


def by_a_loop(dataset):
    """Whether another cell is the strongest, and by how much the power is off, by cell and quarter."""
    pixels = dataset.table("coverage").to_pylist()
    found = defaultdict(list)
    for event in dataset.table("events").to_pylist():
        if event["state"] not in ("CONNECT", "RECONNECT"):
            continue
        near = [each for each in pixels if max(abs(each["x"] - event["x"]), abs(each["y"] - event["y"])) <= WIDTH / 2]
        for pixel in near[:1]:
            if pixel["power_dbm"] is not None:
                at = event["cell_id"], int(event["time_stamp"].timestamp() * 1000) // QUARTER_MS
                found[at].append((pixel["cell_id"] != event["cell_id"], event["power_dbm"] - pixel["power_dbm"]))
    return found


def test_it_is_as_a_plain_loop_has_it(dataset):
    grid, rows, wanted = Grid(Level.CELL_QUARTER, dataset), radio_map_deviations(dataset), by_a_loop(dataset)
    assert rows.shape == (grid.size, 3 * len(SPANS))
    named = grid.named(np.arange(grid.size))
    cells, begins = named["cell_id"].to_pylist(), named["begins"].cast(pa.int64()).to_pylist()
    compared = 0
    for row in range(0, grid.size, 7):
        its = [wanted[cells[row], begins[row] // QUARTER_MS - back] for back in range(SPANS[0])]
        its = [each for part in its for each in part]
        expected = [0.0, 0.0, 0.0]
        if its:
            expected = [fmean(o for o, _ in its), fmean(p for _, p in its), fmean(abs(p) for _, p in its)]
        np.testing.assert_allclose(rows[row, :3], expected, rtol=1e-5, atol=1e-4)
        compared += bool(its)
    assert compared > 20


def test_a_map_that_is_no_rectangle_says_nothing(dataset, tmp_path):
    columns = [each.to_pylist()[1:] for each in dataset.table("coverage").columns]
    assert not radio_map_deviations(with_coverage(dataset, tmp_path / "less", columns)).any()


def test_the_baseline_has_it(dataset):
    rows, own = everything(dataset, Level.CELL_QUARTER), radio_map_deviations(dataset)
    assert own.any(axis=0).all()
    assert all(any(np.array_equal(column, each) for each in rows.T) for column in own.T)
