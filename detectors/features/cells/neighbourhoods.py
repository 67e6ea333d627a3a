"""The cells nearest to each cell."""

import numpy as np

from bench.arrays import IntArray
from bench.dataset import Dataset
from bench.faults import UserError


def neighbourhoods(dataset: Dataset, nearest: int) -> IntArray:
    """Return the cell itself and those nearest to it, shape (cells, 1 + nearest), as rows of the table of cells.

    Raises
    ------
    UserError
        When the cells have no coordinates.
    """
    table = dataset.table("cells", ["latitude", "longitude"])
    if table["latitude"].null_count or table["longitude"].null_count:
        raise UserError("quiet_neighbour needs the latitude and longitude of each cell, which this world does not have")
    latitude, longitude = (np.asarray(table[name]) for name in ("latitude", "longitude"))
    east = np.cos(np.radians(latitude))[:, None] * (longitude[None, :] - longitude[:, None])
    away = np.hypot(east, latitude[None, :] - latitude[:, None])
    np.fill_diagonal(away, -1.0)
    return np.asarray(np.argsort(away, axis=1, kind="stable")[:, : nearest + 1], np.int64)
