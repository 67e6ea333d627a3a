"""Offered load of the cells in the world without incidents, and the blocking that results (Erlang B).

The load of each cell and hour follows from people's positions and talk times, and blocking from Erlang's loss formula.
Users influence each other in no other way, so a fault only changes the calls that it affects.
"""

from typing import Any, NamedTuple

import numpy as np

from generators.mobility.itinerary import Residents, Trail, make_trail, position
from generators.model.clock import DAY_MS, HOUR_MS, HOURS
from generators.model.compiled import kernel
from generators.radio.coverage import RadioMap, pixel_at
from generators.sessions.network import HOURS_OF_WEEK
from generators.sessions.ringing import make_ringing, mean_ring_s
from generators.settings.network import TowerSettings
from generators.settings.society import Durations
from generators.settings.world import WorldSettings
from generators.social.people import People

LEAST_CHANNELS, MOST_FOLLOWED = 2, 20_000
DAYS_OF_WEEK, SATURDAY = 7, 5


class Talk(NamedTuple):
    """How much each user talks, or how often each user calls, by hour."""

    much: Any
    """Shape (N,), float64: amount on a working day."""
    pattern: Any
    """Shape (N,): row of `share`."""
    share: Any
    """Shape (patterns, 48), float64: share of that amount in each hour of a working day and of a weekend day."""
    shift_h: Any
    """Shape (N,), int64: by how much a user's clock is behind the world's."""


def offered_load(settings: WorldSettings, people: People, folk: Residents, radio: RadioMap, cells: int) -> Any:
    """Return the mean load of each cell, by hour of a working day and then of a weekend day; shape (C, 48) [Erlang].

    Every user is followed through the first week; the expected talk time of each hour, by the user's habits, is
    assigned to the strongest cell at the user's position. Zeros if congestion is turned off.

    Parameters
    ----------
    settings, people, folk
        The world: how often and how long people call, and their positions.
    radio
        The radio map.
    cells
        Number of cells.
    """
    if not settings.network.towers.congestion:
        return np.zeros((cells, HOURS_OF_WEEK))
    habit = talk_habit(settings, people)
    return follow((min(settings.days, DAYS_OF_WEEK), 1), habit, folk, radio, (radio.cell[:, 0], cells))


def talk_habit(settings: WorldSettings, people: People) -> Talk:
    """Return how long each user is expected to be on the phone, ringing and talking, by hour."""
    patterns, kinds = list(settings.call_patterns.values()), list(settings.user_types.values())
    unanswered = np.array([k.unanswered for k in kinds]) * (settings.outcomes.missed + settings.outcomes.busy)
    talk_h = np.array([mean_talk_s(k.durations) for k in kinds])[people.kind] / 3600
    ringing = make_ringing(settings.ringing, settings.seed)
    ring_h = mean_ring_s(ringing, settings.outcomes, np.array([k.unanswered for k in kinds])) / 3600
    shares = np.array([np.array(p.hourly) / sum(p.hourly) for p in patterns])
    free = [np.array(p.weekend_hourly or p.hourly) for p in patterns]
    weekend_shares = np.array([p.weekend_factor * hours / hours.sum() for p, hours in zip(patterns, free, strict=True)])
    return Talk(
        people.rate * talk_h * (1 - unanswered)[people.kind] + people.rate * ring_h[people.kind],
        people.pattern,
        np.column_stack([shares, weekend_shares]),
        np.rint(people.clock_shift_ms / HOUR_MS).astype(np.int64),
    )


def talk_on_day(day: int, habit: Talk, folk: Residents, radio: RadioMap) -> Any:
    """Return the expected traffic in each pixel, averaged over one day; shape (P,) [Erlang].

    At most `MOST_FOLLOWED` users are followed, each day others.
    """
    every = -(-len(habit.much) // MOST_FOLLOWED)
    much = np.zeros(radio.columns * radio.rows)
    _follow_on(day, every, habit, folk, radio, (much, make_trail()))
    return much * (every / HOURS)


@kernel
def _follow_on(day: int, every: int, habit: Talk, folk: Residents, radio: RadioMap, room: tuple[Any, Trail]) -> None:
    """Add up the talk of a day by pixel, taking users' positions in the middle of each hour."""
    much, trail = room
    first = HOURS if (folk.first_weekday + day) % DAYS_OF_WEEK >= SATURDAY else 0
    for user in range(day % every, habit.much.shape[0], every):
        pattern, shift = habit.pattern[user], habit.shift_h[user]
        for hour in range(HOURS):
            x, y = position(user, day * DAY_MS + hour * HOUR_MS + HOUR_MS // 2, folk, trail)
            share = habit.share[pattern, first + (hour - shift) % HOURS]
            much[pixel_at(x, y, radio)] += habit.much[user] * share


def follow(days: tuple[int, int], habit: Talk, folk: Residents, radio: RadioMap, places: tuple[Any, int]) -> Any:
    """Return the amount of talk in each place, by hour of a working day and then of a weekend day; shape (places, 48).

    Parameters
    ----------
    days
        Number of days for which people are followed, and the step between a user's days: each day follows another part
        of the users.
    habit, folk, radio
        How much users talk, their positions, and the pixels.
    places
        Shape (P,): the place that each pixel belongs to, negative for none; and how many places there are.
    """
    many, every = days
    weekend = sum((folk.first_weekday + day) % DAYS_OF_WEEK >= SATURDAY for day in range(many))
    looked_at = np.repeat([max(many - weekend, 1) / every, max(weekend, 1) / every], HOURS)
    much = np.zeros((places[1], HOURS_OF_WEEK))
    _follow(days, habit._replace(share=habit.share / looked_at), folk, radio, (places[0], much, make_trail()))
    return much


@kernel
def _follow(days: tuple[int, int], habit: Talk, folk: Residents, radio: RadioMap, room: tuple[Any, Any, Trail]) -> None:
    """Add up the amount of talk by place, taking users' positions in the middle of each hour."""
    (many, every), (place, much, trail) = days, room
    for user in range(habit.much.shape[0]):
        pattern, shift = habit.pattern[user], habit.shift_h[user]
        for day in range(user % every, many, every):
            first = HOURS if (folk.first_weekday + day) % DAYS_OF_WEEK >= SATURDAY else 0
            for hour in range(HOURS):
                moment = day * DAY_MS + hour * HOUR_MS + HOUR_MS // 2
                x, y = position(user, moment, folk, trail)
                here = place[pixel_at(x, y, radio)]
                if here >= 0:
                    share = habit.share[pattern, first + (hour - shift) % HOURS]
                    much[here, first + hour] += habit.much[user] * share


def mean_talk_s(durations: Durations) -> float:
    """Return the mean talk time with the longest calls cut [s]."""
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
    """Return the share of calls that find no free channel at each load; shape (C, 48)."""
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
    """Return the blocking probability by the Erlang B recursion: B(0) = 1, B(n) = a B(n-1) / (n + a B(n-1))."""
    lost, out = np.ones_like(load), np.ones_like(load)
    for n in range(1, int(channels.max(initial=0)) + 1):
        lost = load * lost / (n + load * lost)
        out[channels == n] = lost[channels == n]
    return out
