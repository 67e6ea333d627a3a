"""The settings of a world and its people as arrays, for the compiled kernels."""

import math
from typing import Any, NamedTuple

import numpy as np

from generators.radio.towers import Towers
from generators.sessions.network import Network, no_network
from generators.sessions.ringing import Ringing, make_ringing
from generators.settings.society import EXTERNAL_TYPES, Durations, UserType
from generators.settings.world import WorldSettings
from generators.social.calendar import make_days
from generators.social.contacts import Society
from generators.social.people import People, calls_per_day

FAMILIES = ("lognormal", "normal", "exponential")
LOGNORMAL, NORMAL, EXPONENTIAL = range(len(FAMILIES))
LEAST_CALLING = 0.1
"""The least share of a user's spells in which the user makes calls."""
REFERENCE_TALK_MS = 180_000.0
"""Talk time of the calls that the setting `whereabouts.moving` refers to."""
KIND = np.dtype(
    [
        ("cold", np.float64),
        ("tie", np.float64),
        ("own", np.float64),
        ("least_s", np.float64),
        ("longest_s", np.float64),
        ("own_contacts", np.int32),
        ("regular", np.int8),
        ("family", np.int8),
    ]
)
"""How a type of user calls.

- `cold`: share of the calls within the network that go to anybody;
- `tie`, `own`: weights of the tie's and of the call's own normal variable in the talk time;
- `least_s`, `longest_s`: shortest and longest talk time [s];
- `own_contacts`: external parties of each type that it calls;
- `regular`: whether it calls at a steady interval;
- `family`: index into `FAMILIES`.
"""


class ModelArrays(NamedTuple):
    """Everything that determines the caller, callee, start, talk time, outcome and cell of each call, as arrays."""

    seed: Any
    """uint64."""
    num_users: int
    """Number of users, without the reserve."""
    people: People
    society: Society
    hours: Any
    """Shape (kinds of day, patterns, 25), float64: share of a day's calls before each local hour."""
    day_kind: Any
    """Shape (days,), int8: the kind of each day; 0 is a working day."""
    day_factor: Any
    """Shape (patterns, days), float64: volume of each day relative to a working day."""
    quiet: Any
    """Shape (N,), float64: share of each user's spells that are without calls; the other spells have more calls."""
    kinds: Any
    """Shape (types,) of `KIND`."""
    weights: Any
    """Shape (types, components), float64: cumulative weights of the components of the talk times."""
    centres: Any
    """Shape (types, components), float64: ln of the median in s, or the mean in s."""
    spreads: Any
    """Shape (types, components), float64: standard deviation of each component."""
    outcomes: Any
    """Shape (types, 3), float64: cumulative shares of the calls that are missed, busy and failed."""
    external_shares: Any
    """Shape (types, 3), float64: cumulative share of the calls that go to each type of external party."""
    external_first: Any
    """Shape (4,), int64: number of the first party of each type; the last entry is one past the end."""
    favourite: float
    follow_up: float
    follow_up_gap_ms: float
    redial: float
    redial_gap_ms: float
    spell_sigma: float
    same_contact: float
    at_work: float
    elsewhere: float
    stay_rate: float
    """ln of the probability that the caller stays in the cell, per ms of talk; not positive."""
    neighbours: Any
    """Shape (towers, neighbours), int32: the nearest towers of each tower."""
    weekend: Any
    """Shape (days,), bool; holidays count."""
    closed: bool
    """Whether users call in a closed loop: each call follows the previous one after a wait."""
    wait_ms: tuple[float, float]
    """For a closed loop: shortest wait, and width of the uniform part that is added to it."""
    network: Network
    ringing: Ringing


def make_model_arrays(
    settings: WorldSettings, towers: Towers, society: Society, people: People, network: Network | None = None
) -> ModelArrays:
    """Turn settings into arrays; without a network, calls fail with a fixed probability."""
    days = make_days(settings.calendar, list(settings.call_patterns.values()), settings.start, settings.days)
    types = list(settings.user_types.values())
    parties = [
        max(1, round(settings.external.parties_per_100_users[name] * settings.num_users / 100))
        for name in EXTERNAL_TYPES
    ]
    activity, places = settings.activity, settings.whereabouts
    weights, centres, spreads = _mixtures([t.durations for t in types])
    return ModelArrays(
        seed=np.uint64(settings.seed),
        num_users=settings.num_users,
        people=people,
        society=society,
        hours=days.hours,
        day_kind=days.kind,
        day_factor=days.factor,
        quiet=_quiet(settings, people),
        kinds=_kinds(settings, types),
        weights=weights,
        centres=centres,
        spreads=spreads,
        outcomes=np.array([_outcomes(settings, t, network is not None) for t in types]),
        external_shares=np.array([_external(settings, t) for t in types]),
        external_first=len(people.rate) + np.concatenate([[0], np.cumsum(parties)]),
        favourite=activity.favourite,
        follow_up=activity.follow_up,
        follow_up_gap_ms=activity.follow_up_gap_s * 1000.0,
        redial=activity.redial,
        redial_gap_ms=activity.redial_gap_s * 1000.0,
        spell_sigma=activity.spell_sigma,
        same_contact=activity.same_contact,
        at_work=places.at_work,
        elsewhere=places.elsewhere,
        stay_rate=math.log(1.0 - places.moving) / REFERENCE_TALK_MS,
        neighbours=towers.neighbours,
        weekend=days.free,
        closed=activity.loop == "closed",
        wait_ms=(activity.wait_s[0] * 1000.0, (activity.wait_s[1] - activity.wait_s[0]) * 1000.0),
        network=network or no_network(settings),
        ringing=make_ringing(settings.ringing, settings.seed),
    )


def _quiet(settings: WorldSettings, people: People) -> Any:
    """Return the share of each user's spells without calls, larger for users who call little; shape (N,)."""
    calling = 1 - np.array([t.quiet for t in settings.user_types.values()])[people.kind]
    power = settings.activity.quiet_exponent
    if power > 0:
        relative = people.rate / calls_per_day(settings)
        calling = np.clip(calling * relative**power, np.minimum(LEAST_CALLING, calling), 1)
    return 1 - calling


def _kinds(settings: WorldSettings, types: list[UserType]) -> Any:
    """Return how each type calls; shape (types,) of `KIND`."""
    rows = [
        (
            t.cold_calls,
            math.sqrt(t.durations.per_tie),
            math.sqrt(1 - t.durations.per_tie),
            t.durations.least_s,
            t.durations.longest_s,
            t.own_contacts or settings.external.own_contacts,
            t.regular,
            FAMILIES.index(t.durations.family),
        )
        for t in types
    ]
    return np.array(rows, KIND)


def _outcomes(settings: WorldSettings, kind: UserType, network: bool) -> Any:
    """Return the cumulative shares of a type's calls that are missed, busy and failed."""
    outcomes = settings.outcomes
    unanswered = [outcomes.missed * kind.unanswered, outcomes.busy * kind.unanswered]
    return np.cumsum([*unanswered, 0.0 if network else outcomes.failed])


def _external(settings: WorldSettings, kind: UserType) -> Any:
    """Return the cumulative share of a type's calls that go to each type of external party."""
    shares = kind.external or settings.external.shares
    return np.cumsum([shares[name] for name in EXTERNAL_TYPES])


def _mixtures(kinds: list[Durations]) -> tuple[Any, Any, Any]:
    """Return the mixtures of all types, padded to the same number of components."""
    most = max(len(d.weights) for d in kinds)
    weights, centres, spreads = (np.ones((len(kinds), most)) for _ in range(3))
    for row, d in enumerate(kinds):
        many = len(d.weights)
        weights[row, : many - 1] = np.cumsum(d.weights)[:-1]
        centres[row, :many] = np.log(d.centres_s) if d.family == "lognormal" else d.centres_s
        spreads[row, :many] = d.spreads
    return weights, centres, spreads
