"""The table of incidents of a run: which were found, at which record, and after how long."""

import numpy as np
import pyarrow as pa

from bench.arrays import IntArray
from bench.detector import Level
from bench.evaluation.home import homes_in
from bench.evaluation.incident_beginnings import NEVER
from bench.evaluation.incidents import found_chances
from bench.evaluation.record_names import RecordNames
from bench.evaluation.run_outcome import LevelOutcome, Outcome
from bench.run_tables import LIST
from bench.schema import TIME

Columns = dict[str, pa.Array]


def judged_level(outcome: Outcome, name: str) -> Level:
    """Return the level at which a type is judged: its home level if the scores reach it, else their own.

    A type without a record at its home level is also judged at the level of the scores.
    """
    own = Level.CALL if outcome.scores is None else outcome.scores.level
    home = Level(homes_in(str(outcome.result.asked.get("home_levels") or "")).get(name, Level.CALL))
    here = outcome.levels.get(home)
    return home if here is not None and here.sample.incident_parts(name)[0].size else own


def incidents_of(names: RecordNames, name: str) -> tuple[Columns, IntArray]:
    """Return the columns of `bench.run_tables.INCIDENTS_FOUND` of a type, except `reasons`, with the record to explain.

    Where the threshold divides equal scores, alerts are one fixed random choice, the same as in the table of alerts.

    Returns
    -------
    columns, rows
        `rows` are entities of the detector's own level, or -1; shape (incidents,).
    """
    outcome = names.outcome
    level = judged_level(outcome, name)
    here = outcome.levels[level]
    table = outcome.truth.table("incidents")
    of_type = np.asarray(table["anomaly_type"].cast(pa.string()).to_pylist(), dtype=object) == name
    mine = outcome.incidents[of_type[outcome.incidents]]
    record, first, best = _records(here, name, mine)
    there = record >= 0
    at = np.where(there, record, 0)
    places = names.of(level, at) if here.scores.size else {}
    columns: Columns = {
        **_of_truth(table, mine, here),
        "level": pa.array([str(level)] * mine.size, pa.string()),
        **_counted(here, name, mine),
        "unscored_calls": pa.array(here.moments.parts.of(mine) - _scored_calls(outcome, mine)),
        **_delays(outcome, here, mine, first),
        "record_ts": _where(there, places.pop("start_ts")),
        **{key: _where(there, column) for key, column in places.items()},
        "score": pa.array(here.scores[at], mask=~there),
        "rank": pa.array(here.rank[at], mask=~there),
        "best_rank": pa.array(here.rank[np.where(there, best, 0)], mask=~there),
        "tied": pa.array(here.tied(at), mask=~there),
    }
    return columns, np.where(there, names.rows(level, at), -1)


def _of_truth(table: pa.Table, mine: IntArray, here: LevelOutcome) -> Columns:
    rows = table.take(pa.array(mine))
    begun = here.moments.begun_ms[mine]
    actors = pa.array([LIST.join(each) for each in rows["actors"].to_pylist()], pa.string())
    texts = {name: rows[name].cast(pa.string()).combine_chunks() for name in ("incident_id", "anomaly_type")}
    starts = pa.array(begun, pa.int64(), mask=begun == NEVER).cast(TIME)
    return {**texts, "start_ts": starts, "end_ts": rows["end_ts"].combine_chunks(), "actors": actors}


def _records(here: LevelOutcome, name: str, mine: IntArray) -> tuple[IntArray, IntArray, IntArray]:
    """Return the record that represents each incident, its first alert and its highest score; -1 for none."""
    entity, incident = here.sample.incident_parts(name)
    alerted = here.alerted[entity]
    first = _first(incident[alerted], entity[alerted], here.moments.end_ms, mine)
    best = _first(incident, entity, here.rank, mine)
    return np.where(first >= 0, first, best), first, best


def _first(incident: IntArray, entity: IntArray, by: IntArray, mine: IntArray) -> IntArray:
    """Return, for each of some incidents, the entity with the lowest value of a key; -1 for none."""
    found = np.full(max(int(incident.max(initial=-1)), int(mine.max(initial=-1))) + 1, -1)
    order = np.lexsort((entity, by[entity]))[::-1]
    found[incident[order]] = entity[order]  # assignment keeps the last value written
    return found[mine]


def _counted(here: LevelOutcome, name: str, mine: IntArray) -> Columns:
    sample = here.sample
    entity, incident = sample.incident_parts(name)
    size = here.moments.begun_ms.size
    of_type = sample.type_code == sample.types.index(name)
    every, every_alert, records, alerts = (
        np.bincount(its, minlength=size)[mine]
        for its in (
            sample.incident[of_type], sample.incident[of_type & here.alerted[sample.entity]],
            incident, incident[here.alerted[entity]],
        )
    )  # fmt: skip
    chances = np.zeros(size)
    chances[np.unique(incident)] = found_chances(incident, here.scores[entity], here.cut)
    return {
        "records": pa.array(records),
        "shared": pa.array(every - records),
        "shared_alerts": pa.array(every_alert - alerts),
        "alerts": pa.array(alerts),
        "found": pa.array(alerts > 0, mask=records == 0),
        "found_probability": pa.array(chances[mine], mask=records == 0),
    }


def _delays(outcome: Outcome, here: LevelOutcome, mine: IntArray, first: IntArray) -> Columns:
    """Return the delay until each incident was noticed; null for detectors that use later records."""
    known = (first >= 0) & (outcome.scores is not None and outcome.scores.causal)
    end_ms = here.moments.end_ms[np.where(known, first, 0)] if here.scores.size else np.zeros(mine.size, np.int64)
    seconds = (end_ms - here.moments.begun_ms[mine]) / 1000
    calls = here.moments.parts.over(mine, end_ms)
    return {
        "delay_s": pa.array(seconds, mask=~known),
        "delay_calls": pa.array(calls, mask=~known | (not here.moments.of_calls)),
    }


def _scored_calls(outcome: Outcome, mine: IntArray) -> IntArray:
    """Return how many calls of each incident are in the scored part."""
    codes = outcome.labels.incident_code[outcome.labels.type_code >= 0]
    return np.bincount(codes, minlength=int(mine.max(initial=-1)) + 1)[mine]


def _where(there: "np.ndarray[tuple[int], np.dtype[np.bool_]]", column: pa.Array) -> pa.Array:
    """Return a column with nulls where a condition does not hold."""
    return column.take(pa.array(np.arange(there.size), mask=~there))
