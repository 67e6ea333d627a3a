"""Detector of cells that no longer serve places they used to serve, or serve them at an unusual power."""

from typing import Self

import numpy as np

from bench.arrays import FloatArray
from bench.dataset import Dataset
from bench.detector import Level, Scores
from bench.faults import above, at_least, inside, require
from detectors.features.cells.cell_quarters import Quarters
from detectors.features.cells.evidence import cumulative_sum, passed_on, total_of
from detectors.features.cells.nearby import Connections, Nearby, connections, nearby

PRIOR, SUREST = 2.0, 0.95
"""Connections not served by the usual cell that are assumed at each place, and the upper limit of its share."""
MOST = 40.0
"""The most evidence that is kept [nat]."""
LEAST_OF_ONE, MOST_OF_ONE = -1.2, 4.0
"""Limits of the evidence from the power of one connection: for an unchanged cell, and for a changed one [nat]."""


class UsualServer:
    """Scores each quarter hour of a cell by evidence that other cells serve its places, or that it serves theirs.

    The usual server of a place is the cell with more than half of the nearby connections of the history. If that cell
    is healthy, other cells serve the place as rarely as in the history; a cell with a turned antenna, or a sleeping
    one, keeps only a share `keeps` of its connections there. Where it still serves, a healthy cell has its usual power,
    up to a spread (that of the nearby connections, and `spread_db`); a turned one deviates by `shift_db` more. The log
    likelihood ratios are added up from quarter to quarter (a cumulative sum after Page 1954, at most `MOST`). While a
    cell serves places of another one, it gets that cell's evidence, weighted by the certainty that these are the
    other's places. Operators get such reports by the minimization of drive tests (3GPP TS 37.320).

    Parameters
    ----------
    nearest
        Number of nearby connections of the history for each place, at least 1.
    within_m
        Largest distance of these nearby connections [m], above 0.
    keeps
        Share of its connections that a changed cell keeps, in (0, 1).
    spread_db, shift_db
        Additional spread of the power of a healthy cell, and additional deviation of a turned one [dB]; above 0.

    Raises
    ------
    SettingsError
        When a setting is out of its range.
    """

    level = Level.CELL_QUARTER
    causal = True
    reasons = ("usual_km", "new_callers", "calls_against_past", "hellos_against_past", "traffic_against_past")

    def __init__(
        self,
        nearest: int = 12,
        within_m: float = 300.0,
        keeps: float = 0.5,
        spread_db: float = 5.0,
        shift_db: float = 15.0,
    ) -> None:
        require(
            "detector",
            nearest=(nearest, at_least(1)),
            keeps=(keeps, inside(0, 1)),
            within_m=(within_m, above(0)),
            spread_db=(spread_db, above(0)),
            shift_db=(shift_db, above(0)),
        )
        self.nearest, self.within_m, self.keeps = nearest, within_m, keeps
        self.spread_db, self.shift_db = spread_db, shift_db

    def fit(self, dataset: Dataset) -> Self:
        """Learn nothing: the usual values are computed from the history when scoring."""
        return self

    def score(self, dataset: Dataset) -> Scores:
        """Score the quarters of `dataset.window`; evidence is summed from the end of the history on."""
        quarters, history = Quarters(dataset), dataset.history
        every = connections(quarters, "usual_server")
        begin_ms = min(history.end_ms, dataset.window.start_ms)
        known = every.of((every.time_ms >= history.start_ms) & (every.time_ms < history.end_ms))
        new = every.of(every.time_ms >= begin_ms)
        near = nearby(known, new, self.nearest, self.within_m, PRIOR)
        settled = near.share > 0.5
        lost, kept = settled & (near.usual != new.cell), settled & (near.usual == new.cell)
        share = np.minimum(near.share, SUREST)
        evidence = np.where(lost, np.log((1 - self.keeps * share) / (1 - share)), 0.0)
        evidence[kept] = np.log(self.keeps) + self._louder(near, new)[kept]
        sums = cumulative_sum(total_of(quarters, near.usual, new.time_ms, evidence), MOST)
        pairs = near.usual[lost], new.cell[lost]
        return Scores(self.level, quarters.scored(passed_on(quarters, sums, pairs, new.time_ms[lost], share[lost])))

    def _louder(self, near: Nearby, new: Connections) -> FloatArray:
        """Return the evidence of a change of the cell from the power of each connection [nat], shape (connections,)."""
        usual = self.spread_db**2 + near.variance
        changed = usual + self.shift_db**2
        off = (new.power_dbm - near.power_dbm) ** 2
        found = 0.5 * np.log(usual / changed) + off / 2 * (1 / usual - 1 / changed)
        return np.asarray(np.clip(found, LEAST_OF_ONE, MOST_OF_ONE), np.float64)
