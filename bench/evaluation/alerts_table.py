"""The table of alerts of a run, at each level that its scores reach, the highest score first."""

import numpy as np
import pyarrow as pa

from bench.arrays import IntArray
from bench.detector import Level
from bench.evaluation.record_names import RecordNames
from bench.evaluation.run_outcome import LevelOutcome, Outcome
from bench.run_tables import COLLATERAL, FALSE_ALARM, HIT, LIST

Columns = dict[str, pa.Array]


def alerts_at(names: RecordNames, level: Level) -> tuple[Columns, IntArray]:
    """Return the columns of `bench.run_tables.ALERTS` at a level, but `reasons`, and the record of each alert.

    Where the threshold divides equal scores, the allowed number of them is included: one fixed random choice.

    Parameters
    ----------
    names
        Identifiers of the run's records.
    level
        A level that the run's scores reach.

    Returns
    -------
    columns, rows
        `rows` are entities of the detector's own level, or -1; shape (alerts,).
    """
    outcome = names.outcome
    here = outcome.levels[level]
    entities = here.order[: int(np.count_nonzero(here.alerted))]
    columns = {
        "level": pa.array([str(level)] * entities.size, pa.string()),
        "rank": pa.array(np.arange(1, entities.size + 1)),
        "score": pa.array(here.scores[entities]),
        **names.of(level, entities),
        "tied": pa.array(here.tied(entities)),
    }
    columns |= _truth(outcome, here, entities) | names.origins(level, entities)
    return columns, names.rows(level, entities)


def _truth(outcome: Outcome, here: LevelOutcome, entities: IntArray) -> Columns:
    """Return verdict, types and incidents of alerts; null where the truth is unknown."""
    if not outcome.labelled:
        return {name: pa.nulls(entities.size, pa.string()) for name in ("verdict", "anomaly_type", "incident_id")}
    sample = here.sample
    known = outcome.truth.table("incidents")["incident_id"].to_pylist()
    alerted = np.zeros(here.scores.size, np.bool_)
    alerted[entities] = True
    types: dict[int, set[str]] = {}
    incidents: dict[int, set[str]] = {}
    for part in np.flatnonzero(alerted[sample.entity]).tolist():
        entity = int(sample.entity[part])
        types.setdefault(entity, set()).add(sample.types[sample.type_code[part]])
        incidents.setdefault(entity, set()).add(known[sample.incident[part]])
    each = entities.tolist()
    normal = sample.normal[entities].tolist()
    verdicts = [
        HIT if entity in types else FALSE_ALARM if is_normal else COLLATERAL
        for entity, is_normal in zip(each, normal, strict=True)
    ]
    named = {"anomaly_type": types, "incident_id": incidents}
    return {
        "verdict": pa.array(verdicts, pa.string()),
        **{name: pa.array([LIST.join(sorted(of.get(e, ()))) for e in each], pa.string()) for name, of in named.items()},
    }
