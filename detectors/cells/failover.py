"""Detector of cells that reject sessions, and of the cells that serve these sessions instead."""

from typing import Self

import numpy as np

from bench.arrays import BoolArray, FloatArray, IntArray
from bench.dataset import Dataset
from bench.detector import Level, Scores
from bench.faults import above, inside, require
from detectors.features.cells.cell_quarters import CellEvents, Quarters
from detectors.features.cells.evidence import cumulative_sum, passed_on

PRIOR_HELLOS = 20.0
PASSED_ON = 0.95
"""Share of the evidence against a cell that is passed on to the cells that serve its sessions."""


class Failover:
    """Scores each quarter of a cell by the evidence that it fails, or that it serves the sessions of a failing cell.

    Each Hello is evidence: a healthy cell refuses, or does not answer, the same share as in the history (with
    `PRIOR_HELLOS` additional Hellos assumed at the share of all cells); a failing cell also refuses a share `refused`
    of the others. The log likelihood ratio is added up from quarter to quarter (a cumulative sum after Page 1954, at
    most `most`), so a night without a Hello does not count as recovery. A rejected phone tries another cell: a cell to
    which sessions connect that a failing cell rejected gets that cell's evidence in the same quarter hour.

    Parameters
    ----------
    refused
        Share of the Hellos, otherwise accepted, that a failing cell rejects; in (0, 1).
    most
        Upper limit of the evidence [nat], above 0; with a lower limit, past faults are forgotten sooner.

    Raises
    ------
    SettingsError
        When a setting is out of its range.
    """

    level = Level.CELL_QUARTER
    causal = True
    reasons = ("hellos", "fails", "timeouts", "failure_share", "fails_against_past", "timeouts_against_past")

    def __init__(self, refused: float = 0.5, most: float = 10.0) -> None:
        require("detector", refused=(refused, inside(0, 1)), most=(most, above(0)))
        self.refused, self.most = refused, most

    def fit(self, dataset: Dataset) -> Self:
        """Learn nothing: the usual values are computed from the history when scoring."""
        return self

    def score(self, dataset: Dataset) -> Scores:
        """Score the quarters of `dataset.window`."""
        quarters = Quarters(dataset)
        events = CellEvents(quarters, "failover")
        refused, connected = events.counts(events.refused), events.counts(events.connected)
        history = quarters.columns_of(dataset.history)
        share = usual_share(refused[:, history].sum(axis=1), connected[:, history].sum(axis=1))[:, None]
        failing = share + (1 - share) * self.refused
        evidence = refused * np.log(failing / share) + connected * np.log1p(-self.refused)
        pairs, time_ms = served_instead(events.cell, events.time_ms, events.session, events.connected, events.refused)
        sums = cumulative_sum(evidence, self.most)
        return Scores(self.level, quarters.scored(passed_on(quarters, sums, pairs, time_ms, PASSED_ON)))


def usual_share(refused: IntArray, connected: IntArray) -> FloatArray:
    """Return each cell's usual share of refused Hellos, above 0 and below 1, shape (cells,)."""
    hellos = refused + connected
    overall = (refused.sum() + 1) / (hellos.sum() + 2)
    return np.asarray((refused + PRIOR_HELLOS * overall) / (hellos + PRIOR_HELLOS), np.float64)


def served_instead(
    cell: IntArray, time_ms: IntArray, session: IntArray, connected: BoolArray, refused: BoolArray
) -> tuple[tuple[IntArray, IntArray], IntArray]:
    """Return, for each connection after a refusal, the cell that refused last, the serving cell, and the time [ms].

    Parameters
    ----------
    cell, time_ms, session, connected, refused
        Shape (events,): the cell that was asked (-1 for none), the time, the session, and the cell's answer.
    """
    asked = np.flatnonzero((connected | refused) & (cell >= 0))
    asked = asked[np.lexsort((asked, time_ms[asked], session[asked]))]
    refusal = np.maximum.accumulate(np.where(refused[asked], np.arange(asked.size), -1))
    after = connected[asked] & (refusal >= 0)
    after[after] = session[asked[refusal[after]]] == session[asked[after]]
    return (cell[asked[refusal[after]]], cell[asked[after]]), time_ms[asked[after]]
