"""The same world in other forms (row order, names, dates), which must not change scores."""

from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bench.arrays import FloatArray
from bench.detector import Level

Tables = dict[str, pa.Table]
IntArray = np.ndarray[tuple[int], np.dtype[np.int64]]

MINUTE_MS = 60_000
IN_ORDER_OF_TIME = {"calls": "call_start_ts", "events": "time_stamp"}
"""Tables whose rows are in order of time, with the column that they are ordered by."""
WORDS = {
    *("callee_type", "outcome", "state", "cause", "user_type", "call_pattern", "area_type", "tower_type"),
    *("community_type", "tie_type", "anomaly_type"),
}
"""Text columns with words of the schema; all other text columns are identifiers, which are renamed."""


@dataclass(frozen=True)
class Places:
    """Original positions of rows in the shuffled tables: row i of the shuffled table was row `of[i]`."""

    calls: IntArray
    users: IntArray
    cells: IntArray

    def moved(self, level: Level, values: FloatArray, first_call: int) -> FloatArray:
        """Return scores of a window of the original in the order of the shuffled world."""
        if level is Level.CALL:
            those = self.calls[first_call : first_call + values.size]
            return values[those - first_call]
        subjects = self.users if level is Level.USER_DAY else self.cells
        return values.reshape(subjects.size, -1)[subjects].ravel()


def at_whole_minutes(tables: Tables) -> Tables:
    """Return tables in which calls start at whole minutes, so that many start at the same moment."""
    calls = tables["calls"]
    for name in ("call_start_ts", "call_end_ts"):
        time_ms = _milliseconds(calls[name])
        start_ms = _milliseconds(tables["calls"]["call_start_ts"])
        found = pa.array(time_ms - start_ms % MINUTE_MS).cast(calls[name].type)
        calls = calls.set_column(calls.column_names.index(name), calls.schema.field(name), found)
    return {**tables, "calls": calls}


def with_looser_circles(tables: Tables, share: float = 0.4) -> Tables:
    """Return tables in which a share of the calls between subscribers are redirected at random."""
    random, calls = np.random.Generator(np.random.Philox(key=2)), tables["calls"]
    callee, users = calls["callee_id"].cast(pa.string()).to_numpy(False), tables["users"]["user_id"].to_numpy()
    moved_on = (random.random(callee.size) < share) & np.isin(callee, users)
    callee = np.where(moved_on, random.choice(users, callee.size), callee)
    place = calls.column_names.index("callee_id")
    found = pa.array(callee, pa.string()).cast(calls.schema.field("callee_id").type)
    return {**tables, "calls": calls.set_column(place, calls.schema.field("callee_id"), found)}


def shuffled(tables: Tables) -> tuple[Tables, Places]:
    """Return tables in random order; in those ordered by time, only rows with equal times are shuffled."""
    random = np.random.Generator(np.random.Philox(key=1))
    orders = {}
    for name, table in tables.items():
        order = random.permutation(len(table))
        if name in IN_ORDER_OF_TIME:
            order = order[np.argsort(_milliseconds(table[IN_ORDER_OF_TIME[name]])[order], kind="stable")]
        orders[name] = order
    places = Places(orders["calls"], orders["users"], orders["cells"])
    return {name: table.take(pa.array(orders[name])) for name, table in tables.items()}, places


def renamed(tables: Tables) -> Tables:
    """Return tables with other identifiers, one to one, and with dictionaries in the order of these."""
    return {name: _renamed(table) for name, table in tables.items()}


def moved(tables: Tables, later_ms: int) -> Tables:
    """Return tables in which every time is later by a given amount."""

    def later(table: pa.Table) -> pa.Table:
        for index, field in enumerate(table.schema):
            if pa.types.is_timestamp(field.type):
                known = pc.add(pc.cast(table[field.name], pa.int64()), later_ms)
                table = table.set_column(index, field, pc.cast(known, field.type))
        return table

    return {name: later(table) for name, table in tables.items()}


def _renamed(table: pa.Table) -> pa.Table:
    for index, field in enumerate(table.schema):
        listed = pa.types.is_dictionary(field.type)
        if field.name not in WORDS and (listed or pa.types.is_string(field.type)):
            texts = table[field.name].cast(pa.string()).combine_chunks()
            found = pa.array([None if text is None else _other_name(text) for text in texts.to_pylist()], pa.string())
            table = table.set_column(index, field, _in_order_of_text(found) if listed else found)
    return table


def _other_name(text: str) -> str:
    return blake2b(text.encode(), digest_size=8).hexdigest()


def _in_order_of_text(texts: pa.Array) -> pa.DictionaryArray:
    known = pc.unique(texts.drop_null()).sort()
    return pa.DictionaryArray.from_arrays(pc.index_in(texts, known).cast(pa.int32()), known)


def _milliseconds(column: pa.ChunkedArray) -> IntArray:
    return np.asarray(pc.cast(column, pa.int64()), np.int64)
