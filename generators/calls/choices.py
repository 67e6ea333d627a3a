"""Random choices for an intended call: callee, outcome and talk time."""

import math

import numpy as np

from generators.calls.model_arrays import EXPONENTIAL, LOGNORMAL, ModelArrays
from generators.calls.spells import is_quiet
from generators.model.clock import DAY_MS
from generators.model.compiled import kernel
from generators.model.numerics import normal_quantile
from generators.model.outcome import ANSWERED
from generators.model.rng import Purpose, philox, uniform
from generators.social.contacts import NOBODY, choose_contact

UNLISTED = 0
SECOND_THOUGHTS = 3
"""The most times that a caller draws another callee because the one drawn makes no calls on that day."""

_EXTERNAL, _TIE, _SECOND = (np.uint64(p) for p in (Purpose.EXTERNAL_CONTACT, Purpose.TIE, Purpose.SECOND_THOUGHT))


@kernel
def choose_callee(user: int, start_ms: int, kind: float, who: float, model: ModelArrays) -> int:
    """Return the callee of a call: a contact of the user, any user, or an external party."""
    shares = model.external_shares[model.people.kind[user]]
    for i in range(3):
        if kind < shares[i]:
            return _external(user, i, who, model)
    inside, cold = (kind - shares[2]) / (1.0 - shares[2]), model.kinds[model.people.kind[user]].cold
    if inside < cold:
        callee = _anybody(user, who, model)
    else:
        callee = _contact(user, start_ms, (inside - cold) / (1.0 - cold), who, model)
    if callee == NOBODY or not _is_subscribed(callee, start_ms, model):
        return _external(user, UNLISTED, who, model)
    return callee


@kernel
def _contact(user: int, start_ms: int, kind: float, who: float, model: ModelArrays) -> int:
    """Return a contact of the user; contacts who make no calls at present are rarely called, too."""
    callee = choose_contact(user, kind, who, model.society)
    for thought in range(SECOND_THOUGHTS):
        if callee == NOBODY or not is_quiet(callee, start_ms // DAY_MS, model):
            break
        words = philox(model.seed, _SECOND, np.uint64(user), np.uint64(start_ms), np.uint64(thought))
        callee = choose_contact(user, uniform(words[0]), uniform(words[1]), model.society)
    return callee


@kernel
def _is_subscribed(user: int, moment: int, model: ModelArrays) -> bool:
    people = model.people  # one small column is asked of most, since the others lie far away
    return bool(not people.passing[user] or people.active_from_ms[user] <= moment < people.active_until_ms[user])


@kernel
def _anybody(user: int, who: float, model: ModelArrays) -> int:
    """Return a user other than the caller, all equally likely; `NOBODY` if there is none."""
    others = model.society.order.shape[1] - 1
    place = int(who * others)
    return NOBODY if others == 0 else place + (place >= user)


@kernel
def _external(user: int, kind: int, who: float, model: ModelArrays) -> int:
    """Return one of the user's external contacts of a type; a few external parties are contacts of very many users."""
    contact = int(who * model.kinds[model.people.kind[user]].own_contacts)
    words = philox(model.seed, _EXTERNAL, np.uint64(user), np.uint64(kind), np.uint64(contact))
    popularity = uniform(words[0])
    first, end = model.external_first[kind], model.external_first[kind + 1]
    return int(first + int(popularity * popularity * (end - first)))


@kernel
def choose_outcome(user: int, u: float, model: ModelArrays) -> int:
    """Return the outcome of a call, drawn with the shares of the user's type."""
    for i in range(3):
        if u < model.outcomes[model.people.kind[user], i]:
            return i + 1
    return ANSWERED


@kernel
def choose_talk_ms(user: int, callee: int, component: float, size: float, model: ModelArrays) -> int:
    """Return a talk time [ms], drawn from the durations of the user's type; some pairs of users talk longer."""
    number = model.people.kind[user]
    kind = model.kinds[number]
    i = 0
    while i < model.weights.shape[1] - 1 and component >= model.weights[number, i]:
        i += 1
    if kind.family == EXPONENTIAL:
        seconds = -model.centres[number, i] * math.log(1.0 - size)
    else:
        z = normal_quantile(size)
        if kind.tie > 0.0:
            z = kind.own * z + kind.tie * _of_tie(user, callee, model)
        value = model.centres[number, i] + model.spreads[number, i] * z
        seconds = math.exp(value) if kind.family == LOGNORMAL else value
    if seconds < kind.least_s:  # milliseconds stay: a length that many calls share to the millisecond would mark them
        seconds = kind.least_s + seconds - math.floor(seconds)
    return int(min(seconds, kind.longest_s) * 1000.0)


@kernel
def _of_tie(user: int, callee: int, model: ModelArrays) -> float:
    """Return the standard normal draw of a tie, the same in both directions."""
    words = philox(model.seed, _TIE, np.uint64(min(user, callee)), np.uint64(max(user, callee)), np.uint64(0))
    return normal_quantile(uniform(words[0]))
