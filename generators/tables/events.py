"""From session events to rows of the schema."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from bench.schema import EVENTS
from generators.model.changes import talk_seconds
from generators.model.events import CAUSES, DROP, END, RECONNECT, STATES
from generators.model.records import Records
from generators.sessions.arrival import Arrival, delays_ms
from generators.tables.columns import coded, moments
from generators.tables.identities import numbered
from generators.tables.names import Names


@dataclass(frozen=True)
class EventTable:
    """Turns the events of a world into rows."""

    names: Names
    epoch_ms: int
    """Start of the world, in ms since the Unix epoch (UTC)."""
    digits: int
    """Width of the number in a call_id."""
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
        columns = [
            numbered("call_", first_number + call, self.digits),
            coded(records.caller[call], self.names.user),
            moments(off + events["time_ms"]),
            moments(self.epoch_ms + events["time_ms"] + taken),
            coded(events["state"].astype(np.int32), pa.array(STATES)),
            pa.array(events["x"]),
            pa.array(events["y"]),
            self._named(events["cell"], self.names.tower, self.site),
            self._named(events["cell"], self.names.cell, None),
            pa.array(events["power"], mask=events["cell"] < 0),
            coded(events["cause"].astype(np.int32), pa.array(CAUSES)),
            moments(off + records.start_ms[call]),
            pa.array(talk_seconds(events["talk_ms"]).astype(np.int32), mask=~over),
            self._named(events["previous"], self.names.tower, self.site),
            pa.array((events["held_ms"] / 1000).astype(np.float32), mask=~(over | again)),
        ]
        return pa.Table.from_arrays(columns, schema=EVENTS.arrow)

    def _named(self, cell: Any, texts: pa.Array, of: Any) -> pa.DictionaryArray:
        """Return the names of cells, or of what they belong to; empty where there is none."""
        heard = cell >= 0
        code = cell if of is None else of[np.maximum(cell, 0)]
        return pa.DictionaryArray.from_arrays(pa.array(code.astype(np.int32), mask=~heard), texts)
