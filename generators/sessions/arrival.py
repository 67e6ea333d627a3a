"""Delay of messages on their way to the collector, and clock errors of the phones that send them."""

import math
from typing import Any, NamedTuple

import numpy as np

from generators.model.compiled import kernel
from generators.model.numerics import normal_quantiles
from generators.model.records import Records
from generators.model.rng import Purpose, philox, uniform, uniforms
from generators.settings.network import ArrivalSettings

_ARRIVAL = np.uint64(Purpose.ARRIVAL)
_DRAWS = 4


class Arrival(NamedTuple):
    """Clock errors of phones, and parameters of the delays."""

    seed: Any
    """uint64."""
    clock_ms: Any
    """Shape (N,), int64: by how much the clock of each user's phone is ahead."""
    least_ms: int
    mean_more_ms: float


def make_arrival(settings: ArrivalSettings, seed: int, users: int) -> Arrival:
    """Draw the clock errors of the users' phones from a normal distribution."""
    off = normal_quantiles(uniforms(seed, Purpose.PHONE_CLOCK, users)[:, 0].copy()) * settings.clock_skew_ms
    return Arrival(np.uint64(seed), np.rint(off).astype(np.int64), settings.least_ms, settings.mean_more_ms)


def delays_ms(records: Records, arrival: Arrival) -> Any:
    """Return the delay of each event of some calls; shape (events,), int64.

    The draws are keyed by the call and the number of the event within it.
    """
    out = np.empty(int(records.events.sum()), np.int64)
    _delays(records.key, records.events, arrival, out)
    return out


@kernel
def _delays(key: Any, many: Any, arrival: Arrival, out: Any) -> None:
    row = 0
    for call in range(key.shape[0]):
        for event in range(many[call]):
            if event % _DRAWS == 0:
                words = philox(arrival.seed, _ARRIVAL, key[call], np.uint64(event // _DRAWS), np.uint64(0))
            u = uniform(words[event % _DRAWS])
            out[row] = arrival.least_ms + int(-math.log(1.0 - u) * arrival.mean_more_ms)
            row += 1
