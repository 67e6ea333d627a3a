"""Rows of the table `calls`, from rendered calls."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from bench.schema import CALLS
from generators.calls.model_arrays import ModelArrays
from generators.model.changes import end_second, whole_seconds
from generators.model.compiled import kernel
from generators.model.outcome import OUTCOMES
from generators.model.records import Records
from generators.model.sim_holdings import SimHoldings
from generators.settings.society import EXTERNAL_TYPES
from generators.social.possessions import Possessions, device_in_use, sim_in_use
from generators.tables.columns import coded, moments, rows_of
from generators.tables.identities import counted
from generators.tables.names import Names

CALLEE_TYPES = ("subscriber", *EXTERNAL_TYPES)


@dataclass(frozen=True)
class CallTable:
    """Turns the calls of a world into rows of the table `calls`."""

    model: ModelArrays
    owned: Possessions
    names: Names
    epoch_ms: int
    """Start of the world, in ms since the Unix epoch (UTC)."""
    digits: int
    """Number of digits in a call_id."""
    sim_holdings: SimHoldings = field(default_factory=SimHoldings)

    def rows(self, records: Records, first_number: int) -> pa.Table:
        """Return calls as rows of `bench.schema.CALLS`, numbered from `first_number`.

        A record is a fold of its events, each moment and each length rounded down to the second (`bench.schema.CALLS`).
        """
        names, count = self.names, len(records.caller)
        codes = np.empty((4, count), np.int32)
        places = (names.sim_place, names.device_place)
        _identify(records, self.owned, places, self.model.external_first, codes)
        called, row = self.sim_holdings.in_force(records.callee, records.start_ms)
        codes[2, called] = self.sim_holdings.holdings.sim[row]
        duration, start_ms, end_ms = np.empty(count, np.int32), np.empty(count, np.int64), np.empty(count, np.int64)
        _time(records, self.epoch_ms, duration, start_ms, end_ms)
        columns = {
            "call_id": counted("call_", first_number, count, self.digits),
            "caller_id": coded(records.caller, names.user),
            "callee_id": coded(records.callee, names.party),
            "call_start_ts": moments(start_ms),
            "call_end_ts": moments(end_ms),
            "call_duration": pa.array(duration),
            "first_cell_id": coded(records.first_cell, names.cell),
            "last_cell_id": coded(records.last_cell, names.cell),
            "caller_imei": coded(codes[1], names.device),
            "caller_imsi": coded(codes[0], names.sim),
            "callee_imsi": coded(codes[2], names.sim),
            "callee_number": coded(records.callee, names.number),
            "callee_type": coded(codes[3], pa.array(CALLEE_TYPES)),
            "outcome": coded(records.outcome.astype(np.int32), pa.array(OUTCOMES)),
            "handovers": pa.array(records.handovers),
        }
        return rows_of(CALLS, columns)


@kernel
def _time(records: Records, epoch_ms: int, duration: Any, start_ms: Any, end_ms: Any) -> None:
    """Write talk time [s], and begin and end since the Unix epoch, both in whole seconds, for each call."""
    for i in range(records.start_ms.shape[0]):
        duration[i] = whole_seconds(records.talk_ms[i])
        start_ms[i] = epoch_ms + records.start_ms[i] // 1000 * 1000
        wait_ms = records.setup_ms[i] + records.ring_ms[i]
        end_ms[i] = epoch_ms + end_second(records.start_ms[i], wait_ms, records.talk_ms[i]) * 1000


@kernel
def _identify(records: Records, owned: Possessions, places: tuple[Any, Any], first_of_type: Any, out: Any) -> None:
    """Find the SIMs of both parties, the caller's device and the callee's type for each call; out has shape (4, n)."""
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
