"""Intended calls: how many a user makes on a day, and when each of them starts.

Whom an intended call goes to, with what outcome and how long it lasts is chosen in `generators.calls.choices`. Nothing
is stored: an intended call is a function of (seed, user, day, slot), computed when it is needed; a *slot* is the number
of a call in its user's day, not in order of time.
"""

import math
from typing import Any, NamedTuple

import numpy as np

from generators.calls.choices import choose_callee, choose_outcome, choose_talk_ms
from generators.calls.model_arrays import ModelArrays
from generators.calls.spells import is_quiet, spell
from generators.model.clock import DAY_MS, HOUR_MS, HOURS, PAUSE_MS
from generators.model.compiled import kernel
from generators.model.numerics import normal_quantile, poisson_quantile
from generators.model.outcome import ANSWERED
from generators.model.rng import Purpose, philox, uniform
from generators.sessions.ringing import ring_of

MOST_A_DAY = 2000
"""The most slots of a user's day."""
JITTER_MS = 10_000.0
"""Width of the random deviation of a machine's call from its fixed interval."""

_COUNT, _WHO, _WHEN, _HOW = (
    np.uint64(p) for p in (Purpose.CALL_COUNT, Purpose.CALL_WHO, Purpose.CALL_WHEN, Purpose.CALL_HOW)
)
_SPELL = np.uint64(Purpose.SPELL)
_STEP = 32.0
_DAY_BITS = np.uint64(20)


class Slots(NamedTuple):
    """Work space for the intended calls of one user's day; shape (most,) each."""

    start_ms: Any
    """int64: since the start of the world."""
    ring_ms: Any
    """int32: time from the connection until the call is answered or given up."""
    talk_ms: Any
    """int32: 0 unless the call is answered."""
    callee: Any
    """int32: number of a user or of an external party."""
    outcome: Any
    """int8."""
    move: Any
    """float64: uniform draw that decides whether the caller moves to another cell during the call."""
    goal: Any
    """float64: uniform draw that decides which cell the caller moves to."""
    key: Any
    """uint64: the intent's stable key."""
    edit: Any
    """int32: number of the edit that altered or added the call; -1 for normal life."""
    order: Any
    """int32: the numbers of the slots in order of time."""
    count: Any
    """int32: its first element is the number of slots in use."""


class TimeDraws(NamedTuple):
    """Uniform draws in [0, 1) that decide when a slot starts."""

    follows: float
    """Decides whether the call follows on the previous slot, as a follow-up or a redial."""
    time: float
    """Decides the time of day of a call that does not follow on another."""
    gap: float
    """Decides the gap after the previous slot of a call that follows on it."""


def make_slots(most: int = MOST_A_DAY) -> Slots:
    """Allocate the slots of one user's day."""
    whole, real = np.int32, np.float64
    kinds = (np.int64, whole, whole, whole, np.int8, real, real, np.uint64, whole, whole, whole)
    return Slots(*(np.empty(most, kind) for kind in kinds))


@kernel
def count_calls(user: int, day: int, model: ModelArrays) -> int:
    """Return the number of calls that a user intends to make on a day.

    A Poisson variable, drawn in steps of a mean of at most 32. The mean is log-normal from spell to spell (some days in
    which a user calls more or less than usual); in a quiet spell there are no calls. A machine's calls are counted.
    With `activity.loop`, where each call waits for the one before, it is the most that there can be.
    """
    people = model.people
    if people.active_from_ms[user] >= (day + 1) * DAY_MS or people.active_until_ms[user] <= day * DAY_MS:
        return 0
    if model.closed:
        return int(DAY_MS // model.wait_ms[0]) + 1
    kind = model.kinds[people.kind[user]]
    if kind.regular:
        return min(_beat(user, day + 1, model) - _beat(user, day, model), MOST_A_DAY // 2)
    if is_quiet(user, day, model):
        return 0
    mean = people.rate[user] * model.day_factor[people.pattern[user], day] / (1.0 - model.quiet[user])
    if model.spell_sigma > 0.0:
        level = model.spell_sigma * normal_quantile(uniform(spell(user, day, model)[3]))
        mean *= math.exp(level - model.spell_sigma * model.spell_sigma / 2.0)
    count, part = 0, 0
    while mean > 0.0 and count < MOST_A_DAY // 2:
        words = philox(model.seed, _COUNT, np.uint64(user), np.uint64(day), np.uint64(part))
        count += poisson_quantile(min(mean, _STEP), uniform(words[0]))
        mean -= _STEP
        part += 1
    return min(count, MOST_A_DAY // 2)


@kernel
def _beat(user: int, day: int, model: ModelArrays) -> int:
    """Return the number of calls that a machine makes before a day; the phase of its first call is random."""
    words = philox(model.seed, _SPELL, np.uint64(user), np.uint64(0), np.uint64(1))
    return int(np.ceil(day * model.people.rate[user] - uniform(words[0])))


@kernel
def plan_day(user: int, day: int, count: int, model: ModelArrays, slots: Slots) -> None:
    """Plan a user's day of `count` calls, in the order of the slots (not of time)."""
    slots.count[0] = count
    for i in range(0 if model.closed else count):
        _plan_slot(user, day, i, model, slots)


@kernel
def plan_turn(user: int, turn: int, free_ms: int, model: ModelArrays, slots: Slots) -> int:
    """Plan call number `turn` of a user in a closed loop, whose line is free from `free_ms` on; return its slot, 0."""
    occurrence = np.uint64(turn)
    who = philox(model.seed, _WHO, np.uint64(user), occurrence, np.uint64(0))
    when = philox(model.seed, _WHEN, np.uint64(user), occurrence, np.uint64(0))
    least, spread = model.wait_ms
    slots.start_ms[0] = free_ms + int(least + uniform(when[0]) * spread)
    slots.callee[0] = choose_callee(user, slots.start_ms[0], uniform(who[0]), uniform(who[1]), model)
    slots.goal[0], slots.key[0], slots.edit[0] = uniform(when[2]), when[3], -1
    _talk(user, occurrence, 0, model, slots)
    return 0


@kernel
def plan_slot(user: int, day: int, slot: int, model: ModelArrays, slots: Slots) -> None:
    """Plan one slot of a user's day, and the chain of slots before it that it follows on."""
    for i in range(_root(user, day, slot, model), slot + 1):
        _plan_slot(user, day, i, model, slots)


@kernel
def _root(user: int, day: int, slot: int, model: ModelArrays) -> int:
    """Return the first slot of the chain of follow-ups that leads to this slot."""
    root = slot
    while _follows(user, day, root, _time_draws(user, day, root, model).follows, model):
        root -= 1
    return root


@kernel
def _follows(user: int, day: int, i: int, u: float, model: ModelArrays) -> bool:
    """Return whether slot i follows on the one before: as a follow-up to an answered call, or as a redial.

    After a cold call there is neither: the caller goes on to the next person.
    """
    if i == 0 or (u >= model.follow_up and u >= model.redial):
        return False
    how = philox(model.seed, _HOW, np.uint64(user), _occurrence(day, i - 1), np.uint64(0))
    answered = choose_outcome(user, uniform(how[2]), model) == ANSWERED
    known = 1.0 - model.kinds[model.people.kind[user]].cold
    return bool(u < (model.follow_up if answered else model.redial * known))


@kernel
def first_start(user: int, day: int, count: int, span_ms: Any, model: ModelArrays, slots: Slots) -> int:
    """Return the first slot of a day of `count` calls that starts within a span of time of day; -1 if none does.

    Only calls that another call follows on are computed completely.
    """
    draws = _time_draws(user, day, 0, model)
    for i in range(count):
        following = _time_draws(user, day, i + 1, model)
        if _follows(user, day, i + 1, following.follows, model):
            _plan_slot(user, day, i, model, slots)
        else:
            slots.start_ms[i], _ = _start(user, day, i, draws, model, slots)
        if span_ms[0] <= slots.start_ms[i] % DAY_MS < span_ms[1]:
            return i
        draws = following
    return -1


@kernel
def _plan_slot(user: int, day: int, i: int, model: ModelArrays, slots: Slots) -> None:
    """Plan slot i; if it follows on the slot before, that one must have been planned."""
    who = philox(model.seed, _WHO, np.uint64(user), _occurrence(day, i), np.uint64(0))
    when = philox(model.seed, _WHEN, np.uint64(user), _occurrence(day, i), np.uint64(0))
    draws = TimeDraws(uniform(who[2]), uniform(when[0]), uniform(when[1]))
    start, follows = _start(user, day, i, draws, model, slots)
    again = uniform(who[3])
    if follows and (slots.outcome[i - 1] != ANSWERED or again < model.same_contact):
        callee = int(slots.callee[i - 1])
    elif not follows and again < model.favourite:
        favourite = spell(user, day, model)
        callee = choose_callee(user, start, uniform(favourite[1]), uniform(favourite[2]), model)
    else:
        callee = choose_callee(user, start, uniform(who[0]), uniform(who[1]), model)
    slots.start_ms[i], slots.callee[i] = start, callee
    slots.goal[i], slots.key[i], slots.edit[i] = uniform(when[2]), when[3], -1
    _talk(user, _occurrence(day, i), i, model, slots)


@kernel
def _talk(user: int, occurrence: Any, i: int, model: ModelArrays, slots: Slots) -> None:
    """Draw the outcome, the time until the answer and the talk time of the call of slot i, whose key is known."""
    how = philox(model.seed, _HOW, np.uint64(user), occurrence, np.uint64(0))
    outcome = choose_outcome(user, uniform(how[2]), model)
    talk = choose_talk_ms(user, slots.callee[i], uniform(how[0]), uniform(how[1]), model) if outcome == ANSWERED else 0
    slots.outcome[i], slots.talk_ms[i], slots.move[i] = outcome, talk, uniform(how[3])
    slots.ring_ms[i] = ring_of(slots.key[i], outcome, model.ringing)


@kernel
def _occurrence(day: int, slot: int) -> Any:
    return (np.uint64(day) << _DAY_BITS) | np.uint64(slot)


@kernel
def _time_draws(user: int, day: int, i: int, model: ModelArrays) -> TimeDraws:
    """Return the uniform draws that decide when slot i starts."""
    who = philox(model.seed, _WHO, np.uint64(user), _occurrence(day, i), np.uint64(0))
    when = philox(model.seed, _WHEN, np.uint64(user), _occurrence(day, i), np.uint64(0))
    return TimeDraws(uniform(who[2]), uniform(when[0]), uniform(when[1]))


@kernel
def _start(user: int, day: int, i: int, draws: TimeDraws, model: ModelArrays, slots: Slots) -> tuple[int, bool]:
    """Return the start of slot i [ms], never past midnight, and whether it follows on the slot before."""
    if model.kinds[model.people.kind[user]].regular:
        return _beat_ms(user, day, i, draws.time, model), False
    if _follows(user, day, i, draws.follows, model):
        mean_ms = model.follow_up_gap_ms if slots.outcome[i - 1] == ANSWERED else model.redial_gap_ms
        gap = np.int64(-math.log(1.0 - draws.gap) * mean_ms)
        start = slots.start_ms[i - 1] + slots.ring_ms[i - 1] + slots.talk_ms[i - 1] + PAUSE_MS + gap
        if start < (day + 1) * DAY_MS:
            return start, True
    return day * DAY_MS + _time_of_day(user, day, draws.time, model), False


@kernel
def _beat_ms(user: int, day: int, i: int, u: float, model: ModelArrays) -> int:
    """Return the start of call number i of a machine's day [ms]: at fixed intervals, plus or minus some seconds."""
    words = philox(model.seed, _SPELL, np.uint64(user), np.uint64(0), np.uint64(1))
    number = int(np.ceil(day * model.people.rate[user] - uniform(words[0]))) + i
    exact = (number + uniform(words[0])) / model.people.rate[user] * DAY_MS
    return int(min(max(exact + (u - 0.5) * JITTER_MS, day * DAY_MS), (day + 1) * DAY_MS - 1))


@kernel
def _time_of_day(user: int, day: int, u: float, model: ModelArrays) -> int:
    """Return a time of day [ms] drawn from the hourly profile of the user, shifted by the user's clock."""
    hours = model.hours[model.day_kind[day], model.people.pattern[user]]
    hour = 0
    for end in range(1, HOURS):
        hour += u >= hours[end]
    within = (u - hours[hour]) / (hours[hour + 1] - hours[hour])
    return int((np.int64((hour + within) * HOUR_MS) + model.people.clock_shift_ms[user]) % DAY_MS)
