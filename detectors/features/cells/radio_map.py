"""Connections compared with the radio map: places served by an unexpected cell, and deviations of power."""

import numpy as np
import pyarrow.compute as pc

from bench.arrays import BoolArray, FloatArray, IntArray
from bench.dataset import Dataset
from detectors.features.cells.cell_quarters import CellEvents, Quarters, trailing_sum

SPANS = (4, 32)
"""Numbers of trailing quarters over which the connections of a quarter are averaged."""


def radio_map_deviations(dataset: Dataset) -> FloatArray:
    """Compare the connections of cells with the radio map, for the quarters of the window.

    For an hour and for eight hours up to the end of each quarter, over the connections of the cell: the share of places
    where the map has another cell as the strongest; the mean, and the mean absolute, difference of the reported power
    from that of the map's strongest cell [dB]. 0 without a connection on the map.

    Returns
    -------
    FloatArray
        Shape (cells * quarters of the window, 3 * `SPANS`), finite.
    """
    quarters = Quarters(dataset)
    events = CellEvents(quarters, "the radio map")
    strongest, map_power, x, y = _map(quarters)
    reports = dataset.table("events", ["x", "y", "power_dbm"])
    places = [np.asarray(reports[name]).astype(np.int64) for name in ("x", "y")]
    column, row = (_pixel(place, middles) for place, middles in zip(places, (x, y), strict=True))
    pixel = np.where((column < 0) | (row < 0), strongest.size - 1, row * x.size + column)
    power = np.asarray(pc.fill_null(reports["power_dbm"], np.nan), np.float64) - map_power[pixel]
    known = events.connected & (events.cell >= 0) & np.isfinite(power)
    other = strongest[pixel] != events.cell
    return np.column_stack([quarters.scored(each) for each in _ratios(quarters, events, known, (other, power))])


def _ratios(
    quarters: Quarters, events: CellEvents, known: BoolArray, facts: tuple[BoolArray, FloatArray]
) -> list[FloatArray]:
    """Return the means over trailing spans, shape (cells, quarters) each."""
    place, here = quarters.places(events.cell[known], events.time_ms[known])
    other, power = (np.asarray(each[known][here], np.float64) for each in facts)
    size = int(np.prod(quarters.shape))
    sums = [
        np.bincount(place[here], weights, size).reshape(quarters.shape)
        for weights in (np.ones(other.size), other, power, np.abs(power))
    ]
    found = []
    for spans in SPANS:
        many, *totals = (trailing_sum(each, spans) for each in sums)
        found += [np.asarray(total / np.maximum(many, 1)) for total in totals]
    return found


def _map(quarters: Quarters) -> tuple[IntArray, FloatArray, IntArray, IntArray]:
    """Return the strongest cell and its power [dBm] by pixel, rows from the south, and the pixel centres of both axes.

    One more pixel stands for what lies beyond: no cell, and no power.
    """
    table = quarters.dataset.table("coverage", ["x", "y", "cell_id", "power_dbm"])
    x, y = (np.asarray(table[name]).astype(np.int64) for name in ("x", "y"))
    order = np.lexsort((x, y))
    power = np.asarray(pc.fill_null(table["power_dbm"], np.nan), np.float64)[order]
    axes = np.unique(x), np.unique(y)
    if axes[0].size * axes[1].size != order.size:  # the table is no rectangular map: every place lies beyond it
        axes = (np.zeros(0, np.int64), np.zeros(0, np.int64))
    return np.append(quarters.cells_of(table["cell_id"])[order], -1), np.append(power, np.nan), *axes


def _pixel(place: IntArray, middles: IntArray) -> IntArray:
    """Return the pixel of each position along one axis, -1 beyond the map."""
    if not middles.size:
        return np.full(place.size, -1)
    width = int(middles[1] - middles[0]) if middles.size > 1 else 2 * int(middles[0]) + 2
    found = (place - middles[0] + width // 2) // width
    return np.where((found >= 0) & (found < middles.size), found, -1)
