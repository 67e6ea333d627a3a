"""Look up the strongest cell and its power at a position, in the radio map."""

from typing import Any

import numpy as np
import polars as pl

from bench.arrays import BoolArray, FloatArray
from bench.audit.marks.forms import plain
from bench.dataset import Dataset


class CoverageMap:
    """The pixels of `coverage`, in rows from south to north."""

    def __init__(self, dataset: Dataset) -> None:
        table = plain(dataset.table("coverage", ["x", "y", "cell_id", "power_dbm"]))
        self._cell = table["cell_id"].fill_null("").append(pl.Series([""]))
        self._power = np.append(table["power_dbm"].cast(pl.Float64).fill_null(np.nan).to_numpy(), np.nan)
        self._x, self._y = (np.unique(table[name].to_numpy()) for name in ("x", "y"))
        if len(self._x) * len(self._y) != table.height:  # the table is no rectangular map: every place lies beyond it
            self._x = self._y = np.empty(0, np.int64)

    def at(self, x: Any, y: Any) -> tuple[BoolArray, pl.Series, FloatArray]:
        """Return whether places lie beyond the map, and the strongest cell of their pixels with its power."""
        column, row = (_pixel(place, middles) for place, middles in ((x, self._x), (y, self._y)))
        outside = (column < 0) | (row < 0)
        pixel = np.where(outside, len(self._cell) - 1, row * len(self._x) + column)
        return outside, self._cell[pixel], self._power[pixel]


def _pixel(place: Any, middles: Any) -> Any:
    """Return the pixel of each place along one axis; -1 beyond the map."""
    if not len(middles):
        return np.full(len(place), -1)
    width = int(middles[1] - middles[0]) if len(middles) > 1 else 2 * int(middles[0]) + 2
    found = (place.astype(np.int64) - middles[0] + width // 2) // width
    return np.where((found >= 0) & (found < len(middles)), found, -1)
