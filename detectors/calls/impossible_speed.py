"""Detector of SIMs that are used in two places at once."""

from typing import Self

import numpy as np
import pyarrow as pa

from bench.arrays import FloatArray, IntArray
from bench.dataset import Dataset
from bench.detector import Level, Scores
from bench.faults import UserError, above, require
from bench.spans import SECOND_MS
from detectors.features.cells.cell_quarters import Quarters
from detectors.features.sequence.codes import shared_codes
from detectors.features.sequence.groups import Groups
from detectors.features.sequence.timeline import Timeline

EARTH_KM = 6371.0
LEAST_S = 60.0


class ImpossibleSpeed:
    """Scores each call by the speed at which its SIM got there from its previous call.

    The distance is that between the cell in which the SIM's previous call ended and the cell in which this call begins,
    less `slack_km`, since a phone is not at its cell's position. The time is that between the end of the previous call
    and the begin of this one, at least a minute even if the calls overlap. The score is ln(1 + speed in km/h); speeds
    of `alert_kmh` and more are alerts.

    Parameters
    ----------
    slack_km
        Apparent movement of a phone that only changes cells [km], above 0.
    alert_kmh
        Speed at which nobody travels [km/h], above 0.

    Raises
    ------
    SettingsError
        When a setting is out of its range.

    Notes ----- Scoring raises `UserError` if the data do not have the positions of cells.
    """

    level = Level.CALL
    causal = True
    reasons = ("speed", "jump_km", "moved_km")

    def __init__(self, slack_km: float = 5.0, alert_kmh: float = 300.0) -> None:
        require("detector", slack_km=(slack_km, above(0)), alert_kmh=(alert_kmh, above(0)))
        self.slack_km, self.alert_kmh = slack_km, alert_kmh

    @property
    def threshold_(self) -> float:
        """The score of the fastest possible speed."""
        return float(np.log1p(self.alert_kmh))

    def fit(self, dataset: Dataset) -> Self:
        """Learn nothing."""
        return self

    def score(self, dataset: Dataset) -> Scores:
        """Score the calls of `dataset.window`."""
        timeline = Timeline(dataset)
        calls = dataset.table("calls", ["caller_imsi", "first_cell_id", "last_cell_id", "call_duration"])
        _, (sim,) = shared_codes(calls, "caller_imsi")
        groups = timeline.grouped(sim)
        before = previous(groups)
        known = before >= 0
        end_ms = timeline.start_ms + timeline.duration_s * SECOND_MS
        seconds = np.maximum((timeline.start_ms - end_ms[before]) / SECOND_MS, LEAST_S)
        first, last = (places(Quarters(dataset), calls[name]) for name in ("first_cell_id", "last_cell_id"))
        away = np.maximum(distance_km(last[before], first) - self.slack_km, 0.0)
        kmh = np.where(known & np.isfinite(away), away / seconds * 3600, 0.0)
        scored = slice(*dataset.call_range(dataset.window))
        return Scores(self.level, np.log1p(kmh[scored]))


def previous(groups: Groups) -> IntArray:
    """Return the previous row in the same group for each row, -1 where there is none, shape (rows,)."""
    found = np.full(groups.key.size, -1, np.int64)
    later = np.flatnonzero(groups.first != np.arange(groups.key.size))
    found[groups.order[later]] = groups.order[later - 1]
    return found


def distance_km(one: FloatArray, other: FloatArray) -> FloatArray:
    """Return the great-circle distance of places (n, 2), latitude and longitude [deg], shape (n,) [km]."""
    a, b = np.radians(one), np.radians(other)
    half = np.sin((b - a) / 2) ** 2
    root = half[:, 0] + np.cos(a[:, 0]) * np.cos(b[:, 0]) * half[:, 1]
    return np.asarray(2 * EARTH_KM * np.arcsin(np.sqrt(np.clip(root, 0, 1))), np.float64)


def places(quarters: Quarters, column: pa.ChunkedArray) -> FloatArray:
    """Return latitude and longitude [deg] of each cell of a column, NaN where unknown, shape (rows, 2).

    Raises
    ------
    UserError
        When the positions of all cells are unknown.
    """
    table = quarters.dataset.table("cells", ["latitude", "longitude"])
    known = np.column_stack(
        [np.asarray(table[name].cast(pa.float64()).fill_null(np.nan)) for name in table.column_names]
    )
    if not np.isfinite(known).any():
        raise UserError("impossible_speed needs the latitude and longitude of the cells, which these data do not have")
    return np.vstack([known, np.full((1, 2), np.nan)])[quarters.cells_of(column)]
