"""Offered load of the clean world, and how often a call finds all channels taken.

First the load of each cell and hour, as people's habits would have it: from work in working hours, from home else. Then
Erlang's loss formula. Nothing else couples users, so a fault changes only what it touches.
"""

from typing import Any

import numpy as np

from generators.clock import HOUR_MS, HOURS
from generators.sessions.network import HOURS_OF_WEEK
from generators.sessions.settings import TowerSettings
from generators.settings import Durations, WorldSettings
from generators.social.people import People

WORK_HOURS = range(9, 17)
LEAST_CHANNELS = 2


def offered_load(settings: WorldSettings, people: People, home: Any, work: Any, cells: int) -> Any:
    """Return the mean load of each cell, by hour of a working day and then of a weekend day; shape (C, 48) [Erlang].

    Parameters
    ----------
    settings, people
        The world.
    home, work
        Shape (N,): the cell that serves each user's home and work.
    cells
        How many cells there are.
    """
    patterns, kinds = list(settings.call_patterns.values()), list(settings.user_types.values())
    answered = 1 - settings.outcomes.missed - settings.outcomes.busy
    talk_h = np.array([mean_talk_s(k.durations) for k in kinds])[people.kind] / 3600
    shares = np.array([np.array(p.hourly) / sum(p.hourly) for p in patterns])
    factors = np.array([p.weekend_factor for p in patterns])[people.pattern]
    shift = np.rint(people.clock_shift_ms / HOUR_MS).astype(np.int64)
    load = np.zeros((cells, HOURS_OF_WEEK))
    for hour in range(HOURS):
        erlang = people.rate * shares[people.pattern, hour] * talk_h * answered
        where = (hour + shift) % HOURS
        at_work = settings.network.mobility.at_work if hour in WORK_HOURS else 0.0
        np.add.at(load, (work, where), erlang * at_work)
        np.add.at(load, (home, where), erlang * (1 - at_work))
        np.add.at(load, (home, where + HOURS), erlang * factors)
    return load


def mean_talk_s(durations: Durations) -> float:
    """Return the mean talk time, cut at its longest [s]."""
    from scipy.stats import norm  # noqa: PLC0415 - takes a while

    u = (np.arange(2000) + 0.5) / 2000
    z, pairs = norm.ppf(u), zip(durations.centres_s, durations.spreads, strict=True)
    if durations.family == "lognormal":
        parts = [centre * np.exp(spread * z) for centre, spread in pairs]
    elif durations.family == "normal":
        parts = [centre + spread * z for centre, spread in pairs]
    else:
        parts = [-centre * np.log(1 - u) for centre, _ in pairs]
    means = [np.clip(part, durations.least_s, durations.longest_s).mean() for part in parts]
    return float(np.dot(durations.weights, means))


def blocking(towers: TowerSettings, load: Any) -> Any:
    """Return the share of calls that find no free channel, for each load; shape (C, 48)."""
    if not towers.congestion:
        return np.zeros_like(load)
    if towers.channels:
        return _erlang_b(load, np.full(len(load), towers.channels))
    return _erlang_b(load, channels_for(load.max(axis=1), towers.most_blocking))


def channels_for(busiest: Any, most: float) -> Any:
    """Return the fewest channels that keep blocking within `most` at each load; shape (C,), int64."""
    lost, channels = np.ones_like(busiest), np.zeros(len(busiest), np.int64)
    while (lost > most).any() or channels.min(initial=LEAST_CHANNELS) < LEAST_CHANNELS:
        more = (lost > most) | (channels < LEAST_CHANNELS)
        channels[more] += 1
        lost = np.where(more, busiest * lost / (channels + busiest * lost), lost)
    return channels


def _erlang_b(load: Any, channels: Any) -> Any:
    """Return Erlang's loss formula by its recursion: B(0) = 1, B(n) = a B(n-1) / (n + a B(n-1))."""
    lost, out = np.ones_like(load), np.ones_like(load)
    for n in range(1, int(channels.max(initial=0)) + 1):
        lost = load * lost / (n + load * lost)
        out[channels == n] = lost[channels == n]
    return out
