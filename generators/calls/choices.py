"""What chance makes of an intent: whom it is for, how it ends, how long the two talk."""

import math

import numpy as np

from generators.calls.model_arrays import EXPONENTIAL, LOGNORMAL, Habits
from generators.calls.spells import is_quiet
from generators.model.clock import DAY_MS
from generators.model.compiled import kernel
from generators.model.numerics import normal_quantile
from generators.model.outcome import ANSWERED
from generators.model.rng import Purpose, philox, uniform
from generators.social.contacts import NOBODY, choose_contact

UNLISTED = 0
SECOND_THOUGHTS = 3
"""How many times at most a caller thinks of somebody else, where those who came to mind are quiet on that day."""

_EXTERNAL, _TIE, _SECOND = (np.uint64(p) for p in (Purpose.EXTERNAL_CONTACT, Purpose.TIE, Purpose.SECOND_THOUGHT))


@kernel
def choose_callee(user: int, start_ms: int, kind: float, who: float, habits: Habits) -> int:
    """Return whom a user calls: somebody that it knows, anybody, or an external party."""
    shares = habits.external_shares[habits.people.kind[user]]
    for i in range(3):
        if kind < shares[i]:
            return _external(user, i, who, habits)
    inside, cold = (kind - shares[2]) / (1.0 - shares[2]), habits.kinds[habits.people.kind[user]].cold
    if inside < cold:
        callee = _anybody(user, who, habits)
    else:
        callee = _contact(user, start_ms, (inside - cold) / (1.0 - cold), who, habits)
    if callee == NOBODY or not _is_subscribed(callee, start_ms, habits):
        return _external(user, UNLISTED, who, habits)
    return callee


@kernel
def _contact(user: int, start_ms: int, kind: float, who: float, habits: Habits) -> int:
    """Return somebody whom a user knows; who makes no calls these days is hardly called either."""
    callee = choose_contact(user, kind, who, habits.society)
    for thought in range(SECOND_THOUGHTS):
        if callee == NOBODY or not is_quiet(callee, start_ms // DAY_MS, habits):
            break
        words = philox(habits.seed, _SECOND, np.uint64(user), np.uint64(start_ms), np.uint64(thought))
        callee = choose_contact(user, uniform(words[0]), uniform(words[1]), habits.society)
    return callee


@kernel
def _is_subscribed(user: int, moment: int, habits: Habits) -> bool:
    people = habits.people  # one small column is asked of most, since the others lie far away
    return bool(not people.passing[user] or people.active_from_ms[user] <= moment < people.active_until_ms[user])


@kernel
def _anybody(user: int, who: float, habits: Habits) -> int:
    """Return another user, all equally likely; nobody where there is no other."""
    others = habits.society.order.shape[1] - 1
    place = int(who * others)
    return NOBODY if others == 0 else place + (place >= user)


@kernel
def _external(user: int, kind: int, who: float, habits: Habits) -> int:
    """Return one of the user's own contacts of a type; a few parties are known to very many users."""
    contact = int(who * habits.kinds[habits.people.kind[user]].own_contacts)
    words = philox(habits.seed, _EXTERNAL, np.uint64(user), np.uint64(kind), np.uint64(contact))
    popularity = uniform(words[0])
    first, end = habits.external_first[kind], habits.external_first[kind + 1]
    return int(first + int(popularity * popularity * (end - first)))


@kernel
def choose_outcome(user: int, u: float, habits: Habits) -> int:
    """Return what becomes of a call."""
    for i in range(3):
        if u < habits.outcomes[habits.people.kind[user], i]:
            return i + 1
    return ANSWERED


@kernel
def choose_talk_ms(user: int, callee: int, component: float, size: float, habits: Habits) -> int:
    """Return a talk time [ms] by the durations of the user's type; some pairs talk longer than others."""
    number = habits.people.kind[user]
    kind = habits.kinds[number]
    i = 0
    while i < habits.weights.shape[1] - 1 and component >= habits.weights[number, i]:
        i += 1
    if kind.family == EXPONENTIAL:
        seconds = -habits.centres[number, i] * math.log(1.0 - size)
    else:
        z = normal_quantile(size)
        if kind.tie > 0.0:
            z = kind.own * z + kind.tie * _of_tie(user, callee, habits)
        value = habits.centres[number, i] + habits.spreads[number, i] * z
        seconds = math.exp(value) if kind.family == LOGNORMAL else value
    if seconds < kind.least_s:  # milliseconds stay: a length that many calls share to the millisecond would mark them
        seconds = kind.least_s + seconds - math.floor(seconds)
    return int(min(seconds, kind.longest_s) * 1000.0)


@kernel
def _of_tie(user: int, callee: int, habits: Habits) -> float:
    """Return the normal variable of a pair, the same from both sides."""
    words = philox(habits.seed, _TIE, np.uint64(min(user, callee)), np.uint64(max(user, callee)), np.uint64(0))
    return normal_quantile(uniform(words[0]))
