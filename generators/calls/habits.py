"""The settings of calling, as arrays that the kernels read."""

import math
from datetime import date, timedelta
from typing import Any, NamedTuple

import numpy as np

from generators.geography import Towers
from generators.sessions.network import Network, no_network
from generators.settings import EXTERNAL_TYPES, Durations, WorldSettings
from generators.social.communities import Society
from generators.social.people import People

FAMILIES = ("lognormal", "normal", "exponential")
LOGNORMAL, NORMAL, EXPONENTIAL = range(len(FAMILIES))
SATURDAY = 5
REFERENCE_TALK_MS = 180_000.0
"""Length of the calls that `whereabouts.moving` is about."""


class Habits(NamedTuple):
    """All that decides who calls whom, when, for how long, with what outcome, and from which cell."""

    seed: Any
    """uint64."""
    num_users: int
    """Without the reserve."""
    people: People
    society: Society
    hours: Any
    """Shape (patterns, 25), float64: share of a day's calls before each local hour, for each pattern."""
    day_factor: Any
    """Shape (patterns, days), float64: volume of each day relative to a working day."""
    family: Any
    """Shape (types,), int8: family of the durations."""
    weights: Any
    """Shape (types, components), float64: cumulative."""
    centres: Any
    """Shape (types, components), float64: ln of the median in s, or the mean in s."""
    spreads: Any
    """Shape (types, components), float64."""
    limits_s: Any
    """Shape (types, 2), float64: least and longest duration."""
    outcomes: Any
    """Shape (3,), float64: share of calls missed; missed or busy; missed, busy or failed."""
    external_shares: Any
    """Shape (3,), float64: cumulative share of the calls that go to each type of external party."""
    external_first: Any
    """Shape (4,), int64: number of the first party of each type; the last entry is one past the end."""
    own_contacts: int
    follow_up: float
    follow_up_gap_ms: float
    same_contact: float
    at_work: float
    elsewhere: float
    stay_rate: float
    """Per ms of talk: ln of the chance to stay in the cell; not positive."""
    neighbours: Any
    """Shape (towers, neighbours), int32."""
    weekend: Any
    """Shape (days,), bool."""
    closed: bool
    """Whether calls are not planned by the day: each follows the one before after a wait."""
    wait_ms: tuple[float, float]
    """Of a closed loop: least, and spread."""
    network: Network


def make_habits(
    settings: WorldSettings, towers: Towers, society: Society, people: People, network: Network | None = None
) -> Habits:
    """Turn settings into arrays; without a network, calls fail by chance."""
    patterns = list(settings.call_patterns.values())
    weekend = weekend_days(settings)
    outcomes = settings.outcomes
    parties = [
        max(1, round(settings.external.parties_per_100_users[name] * settings.num_users / 100))
        for name in EXTERNAL_TYPES
    ]
    activity, places = settings.activity, settings.whereabouts
    return Habits(
        np.uint64(settings.seed),
        settings.num_users,
        people,
        society,
        np.array([np.concatenate([[0.0], np.cumsum(p.hourly) / np.sum(p.hourly)]) for p in patterns]),
        np.array([np.where(weekend, p.weekend_factor, 1.0) for p in patterns]),
        *_durations([t.durations for t in settings.user_types.values()]),
        np.cumsum([outcomes.missed, outcomes.busy, 0.0 if network else outcomes.failed]),
        np.cumsum([settings.external.shares[name] for name in EXTERNAL_TYPES]),
        len(people.rate) + np.concatenate([[0], np.cumsum(parties)]),
        settings.external.own_contacts,
        activity.follow_up,
        activity.follow_up_gap_s * 1000.0,
        activity.same_contact,
        places.at_work,
        places.elsewhere,
        math.log(1.0 - places.moving) / REFERENCE_TALK_MS,
        towers.neighbours,
        weekend,
        activity.loop == "closed",
        (activity.wait_s[0] * 1000.0, (activity.wait_s[1] - activity.wait_s[0]) * 1000.0),
        network or no_network(settings),
    )


def weekend_days(settings: WorldSettings) -> Any:
    """Return which days are a Saturday or a Sunday; shape (days,), bool."""
    first = date.fromisoformat(settings.start)
    return np.array([(first + timedelta(days=day)).weekday() >= SATURDAY for day in range(settings.days)])


def _durations(kinds: list[Durations]) -> tuple[Any, Any, Any, Any, Any]:
    """Pad the mixtures of all types to the same number of components."""
    most = max(len(d.weights) for d in kinds)
    family = np.array([FAMILIES.index(d.family) for d in kinds], np.int8)
    weights, centres, spreads = (np.ones((len(kinds), most)) for _ in range(3))
    for row, d in enumerate(kinds):
        many = len(d.weights)
        weights[row, : many - 1] = np.cumsum(d.weights)[:-1]
        centres[row, :many] = np.log(d.centres_s) if d.family == "lognormal" else d.centres_s
        spreads[row, :many] = d.spreads
    return family, weights, centres, spreads, np.array([[d.least_s, d.longest_s] for d in kinds])
