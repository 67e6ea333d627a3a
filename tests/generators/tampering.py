"""Worlds with something wrong in them: one table of a good one changed."""

import shutil
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

Edit = Callable[[pa.Table], pa.Table]


def tampered(world: Path, folder: Path, name: str, edit: Edit) -> Path:
    """Copy a world with one table changed."""
    shutil.copytree(world, folder, copy_function=lambda a, b: Path(b).symlink_to(a))
    path = folder / name
    table = edit(pq.read_table(path))
    path.unlink()
    pq.write_table(table, path)
    return folder


def changed(column: str, row: int) -> Edit:
    """Add one to a number of a row or a second to its time, or give it another row's text."""

    def edit(table: pa.Table) -> pa.Table:
        values = table[column].to_pylist()
        old = values[row]
        if isinstance(old, int | datetime):
            values[row] = old + (1 if isinstance(old, int) else timedelta(seconds=1))
        else:
            values[row] = next(each for each in values if each not in (old, None))
        place = table.schema.get_field_index(column)
        plain = pa.array(values, getattr(table[column].type, "value_type", table[column].type))
        return table.set_column(place, table.schema.field(place), plain.cast(table[column].type))

    return edit


def without(row: int) -> Edit:
    return lambda table: pa.concat_tables([table.slice(0, row), table.slice(row + 1)])


def place_of(world: Path, **wanted: str) -> int:
    truth = pq.read_table(world / "truth" / "truth.parquet")
    keep = np.ones(truth.num_rows, np.bool_)
    for column, value in wanted.items():
        keep &= np.array([each == value for each in truth[column].to_pylist()])
    return int(np.flatnonzero(keep)[0])


def unnamed_row(world: Path) -> int:
    """Return a row in the middle that truth does not name."""
    rows = set(pq.read_table(world / "truth" / "truth.parquet")["row"].to_pylist())
    calls = pq.read_metadata(world / "data" / "calls.parquet").num_rows
    return next(row for row in range(calls // 2, calls) if row not in rows)


def named_in_vain(place: int, row: int) -> Edit:
    """Let a row of truth name another call, which does not differ; its own is then unnamed too."""

    def edit(table: pa.Table) -> pa.Table:
        rows = table["row"].to_pylist()
        rows[place] = row
        return table.set_column(table.schema.get_field_index("row"), table.schema.field("row"), pa.array(rows))

    return edit


def swapped_in_a_second(calls: pa.Table) -> pa.Table:
    """Swap the first two calls of one second."""
    start = np.asarray(calls["call_start_ts"].cast(pa.int64()))
    first = int(np.flatnonzero(np.diff(start) == 0)[0])
    order = np.arange(calls.num_rows)
    order[[first, first + 1]] = first + 1, first
    swapped = calls.take(pa.array(order))
    return swapped.set_column(0, calls.schema.field(0), calls["call_id"])


def event_of(world: Path, row: int) -> int:
    call = pq.read_table(world / "data" / "calls.parquet", columns=["call_id"])["call_id"][row].as_py()
    return int(pq.read_table(world / "data" / "events.parquet")["session_id"].to_pylist().index(call))


def idle_user(world: Path) -> int:
    """Return the row of a user whom no incident touches."""
    truth = pq.read_table(world / "truth" / "truth.parquet")
    calls = pq.read_table(world / "data" / "calls.parquet", columns=["caller_id"])["caller_id"].to_pylist()
    touched = {calls[row] for row in truth["row"].to_pylist() if row >= 0} | set(truth["user_id"].to_pylist())
    actors = pq.read_table(world / "truth" / "incidents.parquet")["actors"].to_pylist()
    touched |= {actor for each in actors for actor in each}
    users = pq.read_table(world / "data" / "users.parquet")["user_id"].to_pylist()
    return next(row for row, user in enumerate(users) if user not in touched)
