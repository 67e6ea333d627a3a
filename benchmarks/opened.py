"""Everything that a detector can open about calls, days of users or quarters of cells, beyond the supervised baseline.

The columns of all tables as they stand, what texts and digits look like, whether what is said twice agrees (the marks
of the audit, `bench.audit.marks`), the rows of other tables that a call, a day or a quarter points to, and what goes on
around it before and after. Nothing of the truth: what is usual is read from the history.
"""

from collections.abc import Iterator

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
from around import around
from encoded import Columns, encoded, held_rows, places, status_rows, summed_up, taken

from bench.arrays import FloatArray, IntArray
from bench.audit.marks.event_marks import event_marks
from bench.audit.marks.forms import Normal, plain
from bench.audit.marks.record_marks import contents, record_marks, rows_of
from bench.audit.marks.status_marks import EventCounts, day_marks, quarter_marks
from bench.audit.marks.user_marks import user_marks
from bench.dataset import Dataset
from bench.detector import Level
from bench.levels import Grid
from detectors.features.cells.neighbourhoods import neighbourhoods
from detectors.features.tables.joins import has_rows

NEAREST = 6
EVENTS = ("time_stamp", "received_at", "state", "x", "y", "tower_id", "power_dbm", "cause", "session_id")


def opened(dataset: Dataset, level: Level, entities: IntArray, of_calls: FloatArray) -> Columns:
    """Describe some entities of the window, ascending, shape (entities,) each.

    Parameters
    ----------
    of_calls
        Shape (calls of the window, columns): what the supervised baseline is given about calls.
    """
    low = dataset.call_range(dataset.window)[0]
    if level is Level.CALL:
        return _of_calls(dataset, entities + low)
    grid = Grid(level, dataset)
    rows = low + np.flatnonzero(np.isin(grid.of_calls, entities))
    columns = _of_calls(dataset, rows)
    known = of_calls[rows - low]
    columns |= {f"baseline's column {number} of calls": values for number, values in enumerate(known.T)}
    found = summed_up(columns, grid.of_calls[rows - low], entities)
    place = status_rows(dataset, level)[entities]
    subject = entities // grid.spans
    if level is Level.USER_DAY:
        return found | taken(_of_users(dataset), subject) | _of_days(dataset, place)
    return found | taken(encoded(dataset.table("cells"), "cells"), subject) | _of_quarters(dataset, entities, place)


def _of_calls(dataset: Dataset, rows: IntArray) -> Columns:
    """Describe calls at some rows of the table, ascending."""
    frame, rng = rows_of(dataset, rows), np.random.default_rng(0)
    table = dataset.table("calls")
    found = taken(encoded(table, "calls"), rows)
    some = table.take(pa.array(rows))
    normal = Normal(np.ones(rows.size, np.bool_), _words(dataset))
    found |= {f"mark {name}": values for name, values in record_marks(dataset, rows, frame, normal, rng).items()}
    found |= {f"content {name}": values for name, values in contents(dataset, rows, frame).items()}
    if has_rows(dataset, "events"):
        nobody = pa.array([], pa.string())
        marks = event_marks(dataset, frame, normal.rows, nobody, rng)
        found |= {f"mark {name}": values for name, values in marks.items()} | _of_events(dataset, some)
    users, known = _of_users(dataset), dataset.table("users", ["user_id"])["user_id"]
    for end in ("caller", "callee"):
        found |= taken(users, places(some[f"{end}_id"], known), f"{end}: ")
        found |= _subscribed(dataset, some, end)
    for level in (Level.USER_DAY, Level.CELL_QUARTER):
        found |= _status_of(dataset, rows, level)
    cells = dataset.table("cells")
    for name in ("first_cell_id", "last_cell_id"):
        found |= taken(encoded(cells, "cells"), places(some[name], cells["cell_id"]), f"{name}: ")
    return found | around(dataset, rows)


def _words(dataset: Dataset) -> dict[str, pl.Series]:
    """Return the texts that the calls of the history have in each column with a dictionary."""
    past = dataset.calls(dataset.history)
    texts = [field.name for field in past.schema if pa.types.is_dictionary(field.type)]
    return {name: pl.Series(pc.unique(past[name].cast(pa.string()))) for name in texts}


def _of_events(dataset: Dataset, calls: pa.Table) -> Columns:
    """Return the first and the last event of each call, as they stand in the table."""
    events = dataset.table("events")
    call = places(events["session_id"], calls["call_id"])
    found: Columns = {}
    kept = np.flatnonzero(call >= 0)
    for which, some in (("last", kept), ("first", kept[::-1])):
        row = np.full(len(calls), -1)
        row[call[some]] = some
        for name in events.column_names:
            found |= taken(encoded(events.select([name]), f"{which} event"), row)
    return found


def _subscribed(dataset: Dataset, calls: pa.Table, end: str) -> Columns:
    row, nth = held_rows(dataset, calls[f"{end}_id"], calls["call_start_ts"])
    columns = taken(encoded(dataset.table("subscriptions"), "subscriptions"), row, f"{end}: ")
    began = columns[f"{end}: subscriptions.valid_from.h"]
    since = encoded(calls.select(["call_start_ts"]), "calls")["calls.call_start_ts.h"] - began
    return columns | {
        f"{end}: subscriptions.nth": nth.astype(np.float64),
        f"{end}: subscriptions.valid_from.since": since,
    }


def _status_of(dataset: Dataset, rows: IntArray, level: Level) -> Columns:
    """Return the status of the caller's day, or of the first cell's quarter, of calls of the window."""
    grid, name = Grid(level, dataset), "user_status" if level is Level.USER_DAY else "tower_status"
    if not has_rows(dataset, name):
        return {}
    entity = grid.of_calls[rows - dataset.call_range(dataset.window)[0]]
    place = np.append(status_rows(dataset, level), -1)[entity]
    return taken(encoded(dataset.table(name), name), place)


def _of_users(dataset: Dataset) -> Columns:
    """Return what the inventory says of each user, in the order of the table."""
    every = Normal(np.ones(len(dataset.table("users", ["user_id"])), np.bool_), {})
    marks = user_marks(dataset, every, np.random.default_rng(0))
    return encoded(dataset.table("users"), "users") | {f"mark {name}": values for name, values in marks.items()}


def _of_days(dataset: Dataset, place: IntArray) -> Columns:
    """Return the rows of `user_status` at some places."""
    if not has_rows(dataset, "user_status"):
        return {}
    table, here = dataset.table("user_status"), place >= 0
    frame = plain(table.take(pa.array(place[here])))
    marks = day_marks(dataset, frame, Normal(np.ones(frame.height, np.bool_), {}), np.random.default_rng(0))
    return taken(encoded(table, "user_status"), place) | _spread(marks, here)


def _of_quarters(dataset: Dataset, entities: IntArray, place: IntArray) -> Columns:
    """Return the rows of `tower_status` at some places, the events there, and the rows of the nearest cells."""
    if not has_rows(dataset, "tower_status"):
        return {}
    grid, table, here = Grid(Level.CELL_QUARTER, dataset), dataset.table("tower_status"), place >= 0
    counts, frame = EventCounts(dataset), plain(table.take(pa.array(place[here])))
    moment = frame["window_start"].to_physical().to_numpy()
    cell = places(table["cell_id"].take(pa.array(place[here])), counts.cells.to_arrow())
    at = (cell, np.clip((moment - counts.first_ms) // counts.step_ms, 0, counts.windows - 1))
    every = Normal(np.ones(frame.height, np.bool_), {})
    marks = quarter_marks(dataset, frame, counts, at, every, np.random.default_rng(0))
    status = encoded(table, "tower_status")
    found = taken(status, place) | _spread(marks, here) | dict(_events_there(dataset, grid, entities))
    row, near = status_rows(dataset, Level.CELL_QUARTER), neighbourhoods(dataset, NEAREST)
    others = near[entities // grid.spans] * grid.spans + (entities % grid.spans)[:, None]
    numeric = [
        field.name for field in table.schema if pa.types.is_floating(field.type) or pa.types.is_integer(field.type)
    ]
    for name in numeric:
        values = np.append(np.nan_to_num(status[f"tower_status.{name}"]), 0.0)[row[others]]
        found |= {f"nearest: tower_status.{name}:mean": values.mean(axis=1), f"nearest: {name}:max": values.max(axis=1)}
    return found


def _spread(marks: Columns, here: "np.ndarray[tuple[int], np.dtype[np.bool_]]") -> Columns:
    """Return marks of some rows, NaN in the others."""
    return taken({f"mark {name}": values for name, values in marks.items()}, np.where(here, np.cumsum(here) - 1, -1))


def _events_there(dataset: Dataset, grid: Grid, entities: IntArray) -> Iterator[tuple[str, FloatArray]]:
    """Yield what the messages to a cell in a quarter are like: how many, mean, highest and lowest of each column."""
    events = dataset.table("events", [*EVENTS, "cell_id"])
    subject = places(events["cell_id"], grid.subjects)
    span = np.asarray(events["time_stamp"].cast(pa.int64())) // grid.span_ms - grid.first
    here = (subject >= 0) & (span >= 0) & (span < grid.spans)
    entity = np.where(here, subject * grid.spans + span, -1)
    kept = np.isin(entity, entities)
    many = np.bincount(entity[kept], minlength=grid.size)[entities]
    yield "events there", many.astype(np.float64)
    some = events.filter(pa.array(kept))
    for name in (each for each in EVENTS if each != "session_id"):
        yield from summed_up(encoded(some.select([name]), "events there"), entity[kept], entities).items()
