"""The SIM and the device of a user at any moment of normal life, as functions of (seed, user, moment).

A record shows the SIM and the device in use; what the operator's inventory knows of them is in
`generators.tables.inventory`. All changes are at whole seconds, as starts of calls are.
"""

from typing import Any, NamedTuple

import numpy as np

from generators.model.clock import DAY_MS, HOUR_MS, HOURS, MONTH_DAYS
from generators.model.compiled import kernel
from generators.model.rng import Purpose, philox, uniform, uniforms
from generators.settings.world import WorldSettings
from generators.social.subscriptions import NEVER, SECOND_MS, whole

FIRST, REPLACEMENT, SECOND, FORMER, BORROWED = range(5)
"""Numbers of a user's devices: the first, its replacement, a second one used beside it, one from before the world, and
the first of those that the user borrows."""
LENDERS = 6
"""Number of devices that a user may borrow; so a device not seen before on a number does not prove a cloned SIM."""
DEVICES, SIMS = BORROWED + LENDERS, 2
"""The most devices and SIMs of a user."""


class Possessions(NamedTuple):
    """The SIMs and devices of users and of the reserve; N in all. Times are ms since the start of the world."""

    seed: Any
    """uint64."""
    sim_change_ms: Any
    """Shape (N,), int64: when a second SIM replaces the first; `NEVER` for most."""
    sim_back_ms: Any
    """Shape (N,), int64: when the first SIM replaces the second again; `NEVER` for most."""
    device_change_ms: Any
    """Shape (N,), int64: when a second device replaces the first; `NEVER` for most."""
    period_ms: Any
    """Shape (N,), int64: period in which the SIM is once in a second device; 0 for most, who have none."""
    phase_ms: Any
    """Shape (N,), int64: phase of those periods: time since one began before the start of the world."""
    spell_ms: tuple[int, int]
    """Shortest and longest time that the SIM stays in the second device."""
    borrowed: float
    """Share of those occasions on which the device is a borrowed one."""
    outdated: Any
    """Shape (N,), bool: whether the inventory lists a device from before the world."""


def make_possessions(settings: WorldSettings, still: Any) -> Possessions:
    """Draw the SIMs and devices of users and of the reserve; those that stand still, shape (N,), have no second device.

    Stationary subscribers of the reserve keep one SIM and one device: SIM boxes consist of them, and another SIM would
    contradict the number of SIMs of a box.
    """
    rates, many, seed = settings.subscriptions, len(still), settings.seed
    of_sims, of_devices, of_lists = (uniforms(seed, Purpose.USER_DEVICE, many, occurrence=part) for part in range(3))
    kept = still & (np.arange(many) >= settings.num_users)
    sim_change = _at_calling_hours(settings, _when(settings, of_sims, rates.new_sim_per_month), of_sims[:, 2])
    sim_change = np.where(kept, NEVER, sim_change)
    least, most = rates.sim_back_h
    back = sim_change + (HOUR_MS * (least + (most - least) * of_sims[:, 3])).astype(np.int64)
    goes_back = (sim_change != NEVER) & (of_devices[:, 2] < rates.sim_back)
    new_device = np.where(kept, NEVER, whole(_when(settings, of_devices, rates.new_device_per_month)))
    at_once = of_devices[:, 3] < rates.sim_with_device
    period, phase = _periods(settings, still)
    return Possessions(
        seed=np.uint64(seed),
        sim_change_ms=sim_change,
        sim_back_ms=np.where(goes_back, whole(back), NEVER),
        device_change_ms=np.where(at_once, np.minimum(new_device, sim_change), new_device),
        period_ms=period,
        phase_ms=phase,
        spell_ms=(int(rates.second_device_h[0] * HOUR_MS), int(rates.second_device_h[1] * HOUR_MS)),
        borrowed=rates.borrowed,
        outdated=of_lists[:, 0] < rates.device_missed,
    )


def _at_calling_hours(settings: WorldSettings, moments_ms: Any, draws: Any) -> Any:
    """Return moments on the given days at the hours of normal calls: SIMs can also be changed by telephone."""
    patterns = [(each.share, np.array(each.hourly)) for each in settings.call_patterns.values()]
    before = np.cumsum([0.0, *sum(share * hourly / hourly.sum() for share, hourly in patterns)])
    hour = np.interp(draws * before[-1], before, np.arange(HOURS + 1.0))
    return np.where(
        moments_ms == NEVER, NEVER, whole(moments_ms // DAY_MS * DAY_MS + (hour * HOUR_MS).astype(np.int64))
    )


def _when(settings: WorldSettings, draws: Any, per_month: float) -> Any:
    """Return when each user's SIM or device is replaced in normal life; `NEVER` for most; shape (N,) [ms]."""
    changes = draws[:, 0] < per_month * settings.days / MONTH_DAYS
    return np.where(changes, draws[:, 1] * settings.days * DAY_MS, NEVER).astype(np.int64)


def _periods(settings: WorldSettings, still: Any) -> tuple[Any, Any]:
    """Return the period in which each user's SIM is once in a second device, 0 without one, and its phase [ms]."""
    draws = uniforms(settings.seed, Purpose.USER_SECOND_DEVICE, len(still))
    least, most = settings.subscriptions.second_device_days
    length = (DAY_MS * (least + (most - least) * draws[:, 1] ** 2)).astype(np.int64)
    has_one = (draws[:, 0] < settings.subscriptions.second_device) & ~still
    period = np.where(has_one, whole(length), 0)
    return period, whole((draws[:, 2] * period).astype(np.int64))


@kernel
def sim_in_use(user: Any, moment_ms: Any, owned: Possessions) -> int:
    """Return the number of the SIM that a user's number is on: 0 or 1."""
    return 1 if owned.sim_change_ms[user] <= moment_ms < owned.sim_back_ms[user] else 0


@kernel
def device_in_use(user: Any, moment_ms: Any, owned: Possessions) -> Any:
    """Return the number of the device of a user's SIM: `FIRST`, `REPLACEMENT`, `SECOND`, or from `BORROWED` on."""
    if owned.period_ms[user] > 0 and moment_ms >= 0:
        begin, end, device = spell(user, (moment_ms + owned.phase_ms[user]) // owned.period_ms[user], owned)
        if begin <= moment_ms < end:
            return device
    return REPLACEMENT if moment_ms >= owned.device_change_ms[user] else FIRST


@kernel
def spell(user: Any, number: Any, owned: Possessions) -> tuple[Any, Any, Any]:
    """Return begin and end of a user's SIM being in another device in one of its periods [ms], and the device.

    Lengths are Pareto distributed with exponent 1, cut at the most: many short ones, few long ones.
    """
    words = philox(owned.seed, np.uint64(Purpose.SECOND_DEVICE), np.uint64(user), np.uint64(number), np.uint64(0))
    period, (least, most) = owned.period_ms[user], owned.spell_ms
    length = min(np.int64(least / (1.0 - uniform(words[0]) * (1.0 - least / most))), period // 2)
    begin = number * period - owned.phase_ms[user] + np.int64(uniform(words[1]) * (period - length))
    begin = begin // SECOND_MS * SECOND_MS
    lent = uniform(words[2]) < owned.borrowed
    device = BORROWED + np.int64(uniform(words[3]) * LENDERS) if lent else np.int64(SECOND)
    return begin, begin + length // SECOND_MS * SECOND_MS, device


@kernel
def devices_at(user: Any, moment_ms: Any, owned: Possessions, out: Any) -> None:
    """Write the devices in use, each coded with its owner as one number, `device * N + user`."""
    for i in range(user.shape[0]):
        out[i] = device_in_use(user[i], moment_ms[i], owned) * owned.period_ms.shape[0] + user[i]
