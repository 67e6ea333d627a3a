"""Cells that have served nobody for longer, and refused more in the meantime, than chance allows."""

from typing import Self

import numpy as np
import pyarrow as pa

from bench.dataset import Dataset
from bench.detector import FloatArray, Level, Scores
from detectors.features.cell_quarters import CellEvents, Quarters, usual_by_hour
from detectors.features.codes import IntArray
from detectors.features.runs import require_above_zero

PRIOR_HELLOS = 20.0


class OutOfService:
    """Scores each quarter of a cell by how unlikely it is that nobody has connected since the last quarter with one.

    What is out of service stays so until somebody connects: a night without a Hello is no recovery. The surprise is
    -log10 of the chance that a cell in service refuses, or leaves unanswered, each Hello since then, at its own share
    of such Hellos in the history (as if it had `PRIOR_HELLOS` more of the share of all), and that it is silent for so
    long, at its own pace by the hour of the week. A silence in which m connections are usual has the chance
    (1 + m / bursts) ^ -bursts, that of waiting times at a rate that varies by a gamma distribution (Lomax 1954): people
    come in bursts. The score is the cell's surprise, plus the mean over the cells of its site, which share its power
    and its link.

    Parameters
    ----------
    bursts
        Shape of the silences, above 0; the larger, the more evenly people come.

    Raises
    ------
    SettingsError
        When `bursts` is out of its range.
    """

    level = Level.CELL_QUARTER
    causal = True
    reasons = ("hellos", "fails", "timeouts", "failure_share", "hellos_against_past", "traffic_against_past")

    def __init__(self, bursts: float = 2.0) -> None:
        require_above_zero({"bursts": bursts})
        self.bursts = bursts

    def fit(self, dataset: Dataset) -> Self:
        """Keep nothing: what is usual is read from the history of what is scored."""
        return self

    def score(self, dataset: Dataset) -> Scores:
        """Score the quarters of `dataset.window`."""
        quarters = Quarters(dataset)
        events = CellEvents(quarters, "out_of_service")
        connected, refused = events.counts(events.connected), events.counts(events.refused)
        history = quarters.columns_of(dataset.history)
        missed = since_last(connected, usual_by_hour(connected, quarters.slot, history))
        share = usual_share(refused[:, history].sum(axis=1), connected[:, history].sum(axis=1))
        silent = self.bursts * np.log10(1 + missed / self.bursts)
        surprise = silent - np.log10(share)[:, None] * since_last(connected, refused)
        return Scores(self.level, quarters.scored(surprise + mean_of_site(surprise, sites(dataset))))


def sites(dataset: Dataset) -> IntArray:
    """Return the number of each cell's site, shape (cells,)."""
    tower = dataset.table("cells", ["tower_id"])["tower_id"].cast(pa.string()).combine_chunks()
    return np.asarray(tower.dictionary_encode(null_encoding="encode").indices, np.int64)


def mean_of_site(values: FloatArray, site: IntArray) -> FloatArray:
    """Return the mean over the cells of each cell's site, shape (cells, quarters)."""
    total = np.zeros((int(site.max(initial=-1)) + 1, values.shape[1]))
    np.add.at(total, site, values)
    return np.asarray((total / np.bincount(site, minlength=len(total))[:, None])[site], np.float64)


def usual_share(refused: IntArray, connected: IntArray) -> FloatArray:
    """Return the share of refused Hellos of each cell, above 0 and below 1, shape (cells,)."""
    hellos = refused + connected
    overall = (refused.sum() + 1) / (hellos.sum() + 2)
    return np.asarray((refused + PRIOR_HELLOS * overall) / (hellos + PRIOR_HELLOS), np.float64)


def since_last(connected: IntArray, values: "IntArray | FloatArray") -> FloatArray:
    """Return the sum of values over the quarters since the last one with a connection, shape (cells, quarters)."""
    total = np.cumsum(values, axis=1, dtype=np.float64)
    return np.asarray(total - np.maximum.accumulate(np.where(connected > 0, total, 0.0), axis=1), np.float64)
