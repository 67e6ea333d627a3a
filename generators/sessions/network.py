"""The network as arrays, for the session kernels."""

import math
from datetime import date
from typing import Any, NamedTuple

import numpy as np

from bench.faults import UserError
from generators.mobility.itinerary import Residents
from generators.mobility.places import make_mobility_parameters
from generators.model.clock import HOUR_MS
from generators.radio.cells import make_air, make_cells
from generators.radio.coverage import NO_CELL, RadioMap, make_map, pixels_at
from generators.radio.path_loss import model_number
from generators.radio.plane import Plane, make_plane
from generators.radio.plant import Plant
from generators.sessions.faults import Faults, no_faults
from generators.sessions.turned_antennas import Turned, nothing_turned
from generators.settings.network import MEASURED_EACH_MS
from generators.settings.world import DISTRICTS, WorldSettings

HOURS_OF_WEEK = 48
"""Number of hours in hourly tables: those of a working day, then those of a weekend day."""


class Rules(NamedTuple):
    """Timers and thresholds of phones and towers."""

    a3: bool
    timeout_ms: int
    hysteresis: float
    trigger: int
    """Number of successive measurements in which a neighbour must be better."""
    refresh_ms: tuple[float, float]
    """Shortest time until a refresh, and width of the uniform part that is added to it."""
    heartbeat_ms: tuple[float, float]
    """Shortest time between reports, and width of the uniform part that is added to it."""
    expiry_ms: int
    refuses: float
    ignores: float
    answer_ms: tuple[int, int]
    """Shortest time until a tower answers, and width of the uniform part that is added to it."""
    measurement_error: float
    """Standard deviation of the error of a reported power [dB]."""
    losses: float
    """Rate at which a live call is dropped at a healthy tower [1/ms]."""


class Network(NamedTuple):
    """The network and the people in it."""

    on: bool
    """Whether there is a network; if not, all other fields are empty."""
    radio: RadioMap
    folk: Residents
    rules: Rules
    faults: Faults
    turned: Turned
    incidents: bool
    """Whether any of the faults belongs to an incident."""
    blocking: Any
    """Shape (C, 48), float64: share of calls that find all channels taken."""


def make_plant(settings: WorldSettings, metres: Any, district: Any, macro: Any) -> Plant:
    """Build the cells and compute the radio map.

    Parameters
    ----------
    settings
        The world.
    metres, district, macro
        Of each site: position, shape (S, 2) [m]; index into `DISTRICTS`; whether it is a macro site.

    Raises
    ------
    UserError
        When no cell is heard anywhere.
    """
    net = settings.network
    by_district = np.array([model_number(net.propagation.models[name]) for name in DISTRICTS], np.int8)
    models = np.where(macro, by_district[district], model_number(net.propagation.small_model)).astype(np.int8)
    cells = make_cells(net.sites, net.antenna, models, metres, macro)
    air = make_air(net.antenna, net.propagation, make_plane(settings.region, net.wrap), settings.seed)
    radio = make_map(cells, air, net.propagation.resolution_m, net.propagation.candidates)
    if not (radio.cell[:, 0] != NO_CELL).any():
        raise UserError(
            "generator.network.propagation.threshold_dbm must let some cell be heard somewhere, got "
            f"{air.threshold:g} dBm: there is no coverage anywhere"
        )
    return Plant(cells, air, radio)


def make_rules(settings: WorldSettings) -> Rules:
    """Turn settings into timers [ms] and thresholds."""
    phones, towers = settings.network.phones, settings.network.towers
    heartbeat = (phones.heartbeat_min_s * 1000, phones.heartbeat_spread_s * 1000)
    return Rules(
        a3=phones.handover == "a3",
        timeout_ms=phones.timeout_ms,
        hysteresis=phones.hysteresis_db,
        trigger=max(1, math.ceil(phones.time_to_trigger_ms / MEASURED_EACH_MS)),
        refresh_ms=(phones.refresh_min_s * 1000, phones.refresh_spread_s * 1000),
        heartbeat_ms=heartbeat,
        expiry_ms=int(2 * sum(heartbeat)),
        refuses=towers.refuses,
        ignores=towers.ignores,
        answer_ms=(towers.answer_ms[0], towers.answer_ms[1] - towers.answer_ms[0]),
        measurement_error=phones.measurement_error_db,
        losses=towers.losses_per_hour / HOUR_MS,
    )


def make_residents(settings: WorldSettings, plane: Plane, home: Any, work: Any, shift_ms: Any, still: Any) -> Residents:
    """Collect where people live and work, and their mobility settings, if they move."""
    weekday = date.fromisoformat(settings.start).weekday()
    ways = make_mobility_parameters(settings.network.mobility)
    return Residents(
        seed=np.uint64(settings.seed),
        home=home,
        work=work,
        shift_ms=shift_ms,
        still=still,
        first_weekday=weekday,
        ways=ways,
        plane=plane,
    )


def best_cells(radio: RadioMap, points: Any, otherwise: Any) -> Any:
    """Return the strongest cell at each point, or the given fallback where none is heard; shape (n,), int32."""
    best = radio.cell[pixels_at(points, radio), 0]
    return np.where(best == NO_CELL, otherwise, best).astype(np.int32)


def no_network(settings: WorldSettings) -> Network:
    """Return a network without cells, for a world that simulates none."""
    plane = make_plane(settings.region, False)
    radio = RadioMap(
        cell=np.empty((0, 1), np.int32),
        power=np.empty((0, 1), np.float32),
        columns=1,
        rows=1,
        width=1.0,
        height=1.0,
        wrap=False,
    )
    nowhere = np.empty((0, 2))
    folk = make_residents(settings, plane, nowhere, nowhere, np.empty(0, np.int64), np.empty(0, np.bool_))
    return Network(
        on=False,
        radio=radio,
        folk=folk,
        rules=make_rules(settings),
        faults=no_faults(0),
        turned=nothing_turned(),
        incidents=False,
        blocking=np.empty((0, HOURS_OF_WEEK)),
    )
