"""Kernel: features that compare a call with the places of its caller's earlier calls."""

import numpy as np

from bench.arrays import Array
from bench.spans import DAY_MS, SECOND_MS
from detectors.features.calls.kernel_arrays import FeatureColumn, Room
from detectors.features.kernels import kernel

FASTEST_KMH = 10_000.0


@kernel
def apart(places: Array, one: int, other: int) -> float:
    """Return the distance of two cells [km], 0 where the position of either is unknown."""
    away = np.sqrt((places[one, 0] - places[other, 0]) ** 2 + (places[one, 1] - places[other, 1]) ** 2)
    return 0.0 if np.isnan(away) else float(away)


@kernel
def whereabouts(mine: Array, places: Array, room: Room) -> None:
    """Compute features of calls from their caller's earlier places; `places` are the cells' coordinates [km]."""
    features, cells = room.features, room.cells
    day, in_day, known, east, north, squares = 0, 0, 0, 0.0, 0.0, 0.0
    first_x, first_y = 0.0, 0.0
    for k in range(mine.size):
        call = mine[k]
        # relative to the first place, sums of calls from that place alone are exactly 0, without rounding errors
        if known == 0:
            first_x, first_y = places[call.first, 0], places[call.first, 1]
        x, y = places[call.first, 0] - first_x, places[call.first, 1] - first_y
        while mine[day].start_ms < call.start_ms - DAY_MS:
            cells[mine[day].first, 1] -= 1
            in_day -= cells[mine[day].first, 1] == 0
            day += 1
        features[k, FeatureColumn.moved_km] = apart(places, call.first, call.last)
        features[k, FeatureColumn.new_cell] = cells[call.first, 0] == 0
        features[k, FeatureColumn.cell_share] = cells[call.first, 0] / max(k, 1)
        features[k, FeatureColumn.cells_last_day] = in_day
        before = mine[max(k - 1, 0)]
        jump_km = apart(places, before.last, call.first) if k > 0 else 0.0
        since_s = (call.start_ms - before.start_ms) / SECOND_MS - before.duration_s
        features[k, FeatureColumn.jump_km] = jump_km
        features[k, FeatureColumn.speed] = min(jump_km * 3600 / max(since_s, 1.0), FASTEST_KMH)
        mean_x, mean_y = east / max(known, 1), north / max(known, 1)
        spread = squares / max(known, 1) - mean_x * mean_x - mean_y * mean_y
        away = np.sqrt((x - mean_x) ** 2 + (y - mean_y) ** 2)
        features[k, FeatureColumn.usual_km] = 0.0 if known == 0 or np.isnan(away) else away
        features[k, FeatureColumn.gyration_km] = np.sqrt(max(spread, 0.0))
        in_day += cells[call.first, 1] == 0
        cells[call.first, 0] += 1
        cells[call.first, 1] += 1
        if not np.isnan(x):
            known, east, north, squares = known + 1, east + x, north + y, squares + x * x + y * y
    for k in range(mine.size):
        cells[mine[k].first] = 0
