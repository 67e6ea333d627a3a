"""Rows of the table `events`, from session events."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from bench.schema import EVENTS
from generators.model.changes import talk_seconds
from generators.model.events import CAUSES, DROP, END, RECONNECT, STATES
from generators.model.records import Records
from generators.sessions.arrival import Arrival, delays_ms
from generators.tables.columns import coded, moments, rows_of
from generators.tables.identities import numbered
from generators.tables.names import Names


@dataclass(frozen=True)
class EventTable:
    """Turns the events of a world into rows."""

    names: Names
    epoch_ms: int
    """Start of the world, in ms since the Unix epoch (UTC)."""
    digits: int
    """Number of digits in a call_id."""
    site: Any
    """Shape (C,), int32: site of each cell."""
    arrival: Arrival

    def rows(self, events: Any, records: Records, first_number: int) -> pa.Table:
        """Return the events of calls as rows of `bench.schema.EVENTS`; the calls are numbered from `first_number`."""
        call = np.repeat(np.arange(len(records.key)), records.events)
        over = (events["state"] == END) | (events["cause"] == DROP)
        again = events["state"] == RECONNECT
        off = self.epoch_ms + self.arrival.clock_ms[records.caller[call]]
        taken = delays_ms(records, self.arrival)
        columns = {
            "session_id": numbered("call_", first_number + call, self.digits),
            "caller_id": coded(records.caller[call], self.names.user),
            "time_stamp": moments(off + events["time_ms"]),
            "received_at": moments(self.epoch_ms + events["time_ms"] + taken),
            "state": coded(events["state"].astype(np.int32), pa.array(STATES)),
            "x": pa.array(events["x"]),
            "y": pa.array(events["y"]),
            "tower_id": self._named(events["cell"], self.names.tower, self.site),
            "cell_id": self._named(events["cell"], self.names.cell, None),
            "power_dbm": pa.array(events["power"], mask=events["cell"] < 0),
            "cause": coded(events["cause"].astype(np.int32), pa.array(CAUSES)),
            "call_start": moments(off + records.start_ms[call]),
            "duration": pa.array(talk_seconds(events["talk_ms"]).astype(np.int32), mask=~over),
            "previous_tower_id": self._named(events["previous"], self.names.tower, self.site),
            "previous_connection_duration": pa.array(
                (events["held_ms"] / 1000).astype(np.float32), mask=~(over | again)
            ),
        }
        return rows_of(EVENTS, columns)

    def _named(self, cell: Any, texts: pa.Array, of: Any) -> pa.DictionaryArray:
        """Return the names for an array of indices; empty where there is none."""
        heard = cell >= 0
        code = cell if of is None else of[np.maximum(cell, 0)]
        return pa.DictionaryArray.from_arrays(pa.array(code.astype(np.int32), mask=~heard), texts)
