"""The table of precision and recall along the thresholds, for each type and level of a run."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from bench.arrays import FloatArray, IntArray
from bench.evaluation.ranking import SortedScores
from bench.evaluation.run_outcome import LevelOutcome, Outcome
from bench.run_tables import CURVES

POINTS = 200
"""The most points of a curve: half evenly spaced in recall, half in the logarithm of the alerts."""


def curves(outcome: Outcome) -> pa.Table:
    """Return the table `bench.run_tables.CURVES` of a run: a point for each threshold at which a positive is gained.

    Between two points, recall lies between theirs; among equal scores it grows in proportion to the alerts.
    """
    days = outcome.dataset.window.days
    parts = []
    for level, here in outcome.levels.items():
        for name, columns in _of_level(here):
            columns["alerts_per_day"] /= days
            size = columns["score"].size
            named = {"level": [str(level)] * size, "anomaly_type": [name] * size}
            parts.append(pa.table({**named, **columns}).select([each.name for each in CURVES.columns]))
    table = pa.concat_tables(parts) if parts else CURVES.arrow.empty_table()
    return table.cast(CURVES.arrow)


def _of_level(here: LevelOutcome) -> Iterator[tuple[str, dict[str, FloatArray]]]:
    ascending, others = np.sort(here.scores), np.sort(here.scores[here.sample.normal])
    for name in here.sample.classes:
        entity, incident = here.sample.incident_parts(name)
        if not entity.size:
            continue
        apart = SortedScores(np.sort(here.scores[np.unique(entity)]), others)
        steps = apart.steps
        alerts = ascending.size - np.searchsorted(ascending, steps.thresholds, side="left")
        highest = np.sort(_highest(incident, here.scores[entity]))
        found = highest.size - np.searchsorted(highest, steps.thresholds, side="left")
        shown = thinned(steps.hits, alerts)[::-1]
        columns = {
            "score": steps.thresholds,
            "alerts_per_day": alerts.astype(np.float64),
            "recall": steps.hits / apart.found.size,
            "precision": apart.precisions,
            "incident_recall": found / highest.size,
        }
        yield name, {key: column[shown] for key, column in columns.items()}


def _highest(incident: IntArray, scores: FloatArray) -> FloatArray:
    """Return the highest score of each incident."""
    _, index = np.unique(incident, return_inverse=True)
    found = np.full(int(index.max()) + 1, -np.inf)
    np.maximum.at(found, index, scores)
    return found


def thinned(hits: IntArray, alerts: IntArray) -> IntArray:
    """Return which points of a curve are kept, ascending; both arrays fall, to at least 1, as the threshold rises."""
    by_recall = np.linspace(hits[0], hits[-1], POINTS // 2)
    by_alerts = np.geomspace(alerts[0], alerts[-1], POINTS // 2)
    wanted = [np.searchsorted(-each, -at) for each, at in ((hits, by_recall), (alerts, by_alerts))]
    return np.unique(np.minimum(np.concatenate(wanted), hits.size - 1))
