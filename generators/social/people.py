"""The users: type, call pattern, activity, places, and begin and end of each subscription."""

from typing import Any, NamedTuple

import numpy as np

from generators.model.clock import DAY_MS, HOUR_MS, MONTH_DAYS
from generators.model.numerics import exponentials, normal_quantiles
from generators.model.rng import Purpose, uniforms
from generators.radio.towers import Towers, nearest_towers
from generators.settings.world import WorldSettings
from generators.social.contacts import NOBODY, Society
from generators.social.kinds import user_kinds
from generators.social.subscriptions import NEVER, shop_hours

RESERVED_EACH, LEAST_RESERVE = 4, 20
"""The reserve has one subscriber for this many users, and this many more."""
EVERY_FIFTH, STILL = 5, 2
"""Of every five subscribers of the reserve, two never move."""


class People(NamedTuple):
    """All users of a world, then the reserve; N in all. Times are ms since the start of the world.

    The reserve makes no calls in normal life and is in no community: it provides subscriptions that an incident may
    use, and phones that carry the calls of others. It depends only on the number of users, so no identity depends on
    incidents. Two in five never move.
    """

    kind: Any
    """Shape (N,), int8: index into `user_types`."""
    pattern: Any
    """Shape (N,), int8: index into `call_patterns`."""
    rate: Any
    """Shape (N,), float64: mean calls made on a working day."""
    clock_shift_ms: Any
    """Shape (N,), int64: how much later than other people's the user's day begins."""
    spell_days: Any
    """Shape (N,), int64: length of the user's spells, with or without calls."""
    home: Any
    """Shape (N,), int32: cell of the home."""
    work: Any
    """Shape (N,), int32: cell of the work place."""
    active_from_ms: Any
    """Shape (N,), int64: when the subscription began; negative when before the world."""
    active_until_ms: Any
    """Shape (N,), int64: the midnight at which the subscription ends; `NEVER` for most."""
    passing: Any
    """Shape (N,), bool: whether the subscription begins or ends within the world, or never begins."""
    home_m: Any
    """Shape (N, 2), float64: position of the home [m]."""
    work_m: Any
    """Shape (N, 2), float64: position of the work place [m]."""
    still: Any
    """Shape (N,), bool: whether the user never leaves home."""


def make_people(settings: WorldSettings, towers: Towers, society: Society) -> People:
    """Draw all users, and the reserve."""
    count, seed = settings.num_users, settings.seed
    kind, pattern = user_kinds(settings)
    clocks = uniforms(seed, Purpose.USER_CLOCK, count)
    own_shift = settings.activity.clock_sigma_h * normal_quantiles(clocks[:, 0].copy())
    shift_h = own_shift + np.array([t.clock_shift_h for t in settings.user_types.values()])[kind]
    least, most = settings.activity.spell_days
    begins = _active_from(settings)
    ends = _active_until(settings, begins)
    people = People(
        kind=kind,
        pattern=pattern,
        rate=_rates(settings, kind, _circles(settings, society)),
        clock_shift_ms=np.rint(shift_h * HOUR_MS).astype(np.int64),
        spell_days=least + (clocks[:, 1] * (most - least + 1)).astype(np.int64),
        home=nearest_towers(towers, society.home_m),
        work=nearest_towers(towers, society.work_m),
        active_from_ms=begins,
        active_until_ms=ends,
        passing=(begins > 0) | (ends != NEVER),
        home_m=society.home_m,
        work_m=society.work_m,
        still=np.array([t.still for t in settings.user_types.values()])[kind],
    )
    return _with_reserve(people, seed)


def reserve_size(num_users: int) -> int:
    """Return the number of subscribers in the reserve."""
    return num_users // RESERVED_EACH + LEAST_RESERVE


def _with_reserve(people: People, seed: int) -> People:
    """Add the reserve: each is a copy of some user who calls nobody, and has no subscription yet."""
    users = len(people.rate)
    size = reserve_size(users)
    like = (uniforms(seed, Purpose.RESERVE, size)[:, 0] * users).astype(np.int64)
    spare = People(*(column[like] for column in people))
    never = np.full(size, NEVER)
    spare = spare._replace(
        rate=np.zeros(size),
        active_from_ms=never,
        active_until_ms=never,
        passing=np.ones(size, np.bool_),
        still=np.arange(size) % EVERY_FIFTH < STILL,
    )
    return People(*(np.concatenate(columns) for columns in zip(people, spare, strict=True)))


def calls_per_day(settings: WorldSettings) -> float:
    """Return the mean number of calls that an average user makes on a working day: one draw for the world."""
    low, high = settings.activity.calls_per_day
    return float(low + (high - low) * uniforms(settings.seed, Purpose.WORLD, 1)[0, 0])


def _circles(settings: WorldSettings, society: Society) -> Any:
    """Return the number of each user's circle of friends, -1 when it is in none; shape (N,)."""
    kinds = settings.communities.layers()
    if "friends" not in kinds:
        return np.full(settings.num_users, NOBODY)
    return society.first[:, kinds.index("friends")]


def _rates(settings: WorldSettings, kind: Any, circle: Any) -> Any:
    """Return log-normal call rates with the world's mean calls per day; those of friends are correlated."""
    types, count = list(settings.user_types.values()), settings.num_users
    own, shared = (
        normal_quantiles(uniforms(settings.seed, Purpose.USER_ACTIVITY, count, part)[:, 0].copy()) for part in range(2)
    )
    alike = np.where(circle == NOBODY, 0.0, settings.activity.alike)
    spread = np.sqrt(1 - alike) * own + np.sqrt(alike) * shared[circle]
    sigma = settings.activity.sigma * np.array([t.spread for t in types])[kind]
    heavy = exponentials(sigma * spread - sigma * sigma / 2)
    relative = np.array([t.activity for t in types])
    mean_relative = sum(t.share * t.activity for t in types)
    return calls_per_day(settings) * relative[kind] / mean_relative * heavy


def _active_from(settings: WorldSettings) -> Any:
    """Return the begin of each subscription, within shop hours: months ago for most, within the world for joiners."""
    draws = uniforms(settings.seed, Purpose.USER_CREATED, settings.num_users)
    least, most = settings.subscriptions.created_months
    before = -(least + (most - least) * draws[:, 0]) * MONTH_DAYS * DAY_MS
    joins = draws[:, 1] < settings.subscriptions.joining_per_month * settings.days / MONTH_DAYS
    return shop_hours(np.where(joins, draws[:, 2] * settings.days * DAY_MS, before).astype(np.int64), draws[:, 3])


def _active_until(settings: WorldSettings, begins: Any) -> Any:
    """Return the midnight at which each subscription ends: `NEVER` for most, and never on the day it began."""
    draws = uniforms(settings.seed, Purpose.USER_CREATED, settings.num_users, occurrence=1)
    leaves = draws[:, 0] < settings.subscriptions.leaving_per_month * settings.days / MONTH_DAYS
    ends = (1 + (draws[:, 1] * settings.days).astype(np.int64)) * DAY_MS
    return np.where(leaves & (ends > begins), ends, NEVER)
