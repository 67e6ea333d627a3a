"""From rendered calls to rows of the schema."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from bench.schema import CALLS
from generators.calls.model_arrays import Habits
from generators.model.changes import end_second, whole_seconds
from generators.model.compiled import kernel
from generators.model.outcome import OUTCOMES
from generators.model.records import Records
from generators.model.sim_holdings import Swaps
from generators.settings.society import EXTERNAL_TYPES
from generators.social.possessions import Possessions, device_in_use, sim_in_use
from generators.tables.columns import coded, moments
from generators.tables.identities import counted
from generators.tables.names import Names

CALLEE_TYPES = ("subscriber", *EXTERNAL_TYPES)


@dataclass(frozen=True)
class CallTable:
    """Turns the calls of a world into rows; texts are looked up, numbers are numbered on."""

    habits: Habits
    owned: Possessions
    names: Names
    epoch_ms: int
    """Start of the world, in ms since the Unix epoch (UTC)."""
    digits: int
    """Width of the number in a call_id."""
    swaps: Swaps = field(default_factory=Swaps)

    def rows(self, records: Records, first_number: int) -> pa.Table:
        """Return calls as rows of `bench.schema.CALLS`, numbered from `first_number`.

        A record is a fold of its events, each moment and each length rounded down to the second (`bench.schema.CALLS`).
        """
        names, count = self.names, len(records.caller)
        codes = np.empty((4, count), np.int32)
        places = (names.sim_place, names.device_place)
        _identify(records, self.owned, places, self.habits.external_first, codes)
        called, row = self.swaps.in_force(records.callee, records.start_ms)
        codes[2, called] = self.swaps.holdings.sim[row]
        duration, start_ms, end_ms = np.empty(count, np.int32), np.empty(count, np.int64), np.empty(count, np.int64)
        _time(records, self.epoch_ms, duration, start_ms, end_ms)
        columns = [
            counted("call_", first_number, count, self.digits),
            coded(records.caller, names.user),
            coded(records.callee, names.party),
            moments(start_ms),
            moments(end_ms),
            pa.array(duration),
            coded(records.first_cell, names.cell),
            coded(records.last_cell, names.cell),
            coded(codes[1], names.device),
            coded(codes[0], names.sim),
            coded(codes[2], names.sim),
            coded(records.callee, names.number),
            coded(codes[3], pa.array(CALLEE_TYPES)),
            coded(records.outcome.astype(np.int32), pa.array(OUTCOMES)),
            pa.array(records.handovers),
        ]
        return pa.Table.from_arrays(columns, schema=CALLS.arrow)


@kernel
def _time(records: Records, epoch_ms: int, duration: Any, start_ms: Any, end_ms: Any) -> None:
    """Write talk time [s], and begin and end since the Unix epoch, both in whole seconds, for each call."""
    for i in range(records.start_ms.shape[0]):
        duration[i] = whole_seconds(records.talk_ms[i])
        start_ms[i] = epoch_ms + records.start_ms[i] // 1000 * 1000
        end_ms[i] = epoch_ms + end_second(records.start_ms[i], records.setup_ms[i], records.talk_ms[i]) * 1000


@kernel
def _identify(records: Records, owned: Possessions, places: tuple[Any, Any], first_of_type: Any, out: Any) -> None:
    """Find the SIM of both sides, the caller's device and the callee's type for each call; out has shape (4, n)."""
    sim, device = places
    users = sim.shape[1]
    for i in range(records.caller.shape[0]):
        caller, callee, start = records.caller[i], records.callee[i], records.start_ms[i]
        out[0, i] = records.sim[i]
        if records.sim[i] < 0:
            out[0, i] = sim[sim_in_use(caller, start, owned), caller]
        if records.device[i] < 0:
            out[1, i] = device[device_in_use(caller, start, owned), caller]
        else:
            out[1, i] = device[records.device[i] // users, records.device[i] % users]
        out[2, i], out[3, i] = callee, 0
        if callee < users:
            out[2, i] = sim[sim_in_use(callee, start, owned), callee]
        else:
            while callee >= first_of_type[out[3, i]]:
                out[3, i] += 1
