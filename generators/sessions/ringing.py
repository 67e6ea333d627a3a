"""Ringing: how long a connected call is set up and rings before it is answered or given up.

The time is a function of the call's stable key and of its outcome, so it is the same in both worlds, and calls of
incidents ring as all others do unless their type sets another time.
"""

import math
from typing import Any, NamedTuple

import numpy as np

from generators.model.compiled import kernel
from generators.model.numerics import normal_quantile
from generators.model.outcome import ANSWERED, BUSY, FAILED, MISSED
from generators.model.rng import Purpose, philox, uniform
from generators.settings.ringing import RingingSettings
from generators.settings.world import Outcomes

STEPS = 2000
"""Number of quantiles in the computation of a mean."""
_RING = np.uint64(Purpose.RING)


class Ringing(NamedTuple):
    """Parameters of the time until a connected call is answered or given up."""

    on: bool
    seed: Any
    """uint64."""
    setup_ms: tuple[float, float]
    """Shortest time until the other phone rings, and width of the uniform part that is added to it."""
    median_ms: float
    sigma: float
    answered: float
    """Share of the log-normal distribution of the time until the answer that is below the shortest time until a call is
    given up; the rest is cut off."""
    give_up_ms: tuple[float, float]
    """Shortest time for which an unanswered call rings, and width of the uniform part that is added to it."""


def make_ringing(settings: RingingSettings, seed: int) -> Ringing:
    """Turn settings into times in ms."""
    setup, give_up = (
        (1000.0 * least, 1000.0 * (most - least)) for least, most in (settings.setup_s, settings.give_up_s)
    )
    room = math.log(settings.give_up_s[0] / settings.answer_median_s)
    below = 1.0 if settings.answer_sigma <= 0 else 0.5 * math.erfc(-room / settings.answer_sigma / math.sqrt(2))
    return Ringing(
        on=settings.enabled,
        seed=np.uint64(seed),
        setup_ms=setup,
        median_ms=1000.0 * settings.answer_median_s,
        sigma=float(settings.answer_sigma),
        answered=below,
        give_up_ms=give_up,
    )


@kernel
def ring_of(key: Any, outcome: int, ringing: Ringing) -> int:
    """Return the time from the connection of a call until it is answered or given up [ms]; 0 if calls do not ring.

    A busy one is given up when it is set up, one that is to fail at once.
    """
    if not ringing.on or outcome == FAILED:
        return 0
    words = philox(ringing.seed, _RING, key, np.uint64(0), np.uint64(0))
    setup = ringing.setup_ms[0] + uniform(words[0]) * ringing.setup_ms[1]
    if outcome == BUSY:
        return int(setup)
    if outcome == MISSED:
        return int(setup + ringing.give_up_ms[0] + uniform(words[1]) * ringing.give_up_ms[1])
    z = normal_quantile(uniform(words[1]) * ringing.answered)
    return int(setup + ringing.median_ms * math.exp(ringing.sigma * z))


@kernel
def _fill(key: Any, outcome: Any, ringing: Ringing, out: Any) -> None:
    for i in range(out.shape[0]):
        out[i] = ring_of(key[i], outcome[i], ringing)


def rings_of(key: Any, outcome: Any, ringing: Ringing) -> Any:
    """Return the time until each call is answered or given up [ms], as `ring_of`; shape (n,), int64."""
    out = np.zeros(len(key), np.int64)
    if ringing.on:
        _fill(key, np.asarray(outcome, np.int64), ringing, out)
    return out


def mean_ring_s(ringing: Ringing, outcomes: Outcomes, unanswered: Any) -> Any:
    """Return the mean time from the connection until a call is answered or given up [s], over all outcomes.

    Parameters
    ----------
    ringing
        Times by outcome.
    outcomes
        Shares of the calls that are missed and busy.
    unanswered
        Shape (types,): the factor of these shares, by type of user.
    """
    from scipy.stats import norm  # noqa: PLC0415 - takes a while

    if not ringing.on:
        return np.zeros(len(unanswered))
    u = (np.arange(STEPS) + 0.5) / STEPS
    of = {
        ANSWERED: float(np.mean(ringing.median_ms * np.exp(ringing.sigma * norm.ppf(u * ringing.answered)))),
        MISSED: ringing.give_up_ms[0] + ringing.give_up_ms[1] / 2,
    }
    share = {MISSED: outcomes.missed * unanswered, BUSY: outcomes.busy * unanswered}
    rung = share[MISSED] * of[MISSED] + (1 - share[MISSED] - share[BUSY]) * of[ANSWERED]
    return (ringing.setup_ms[0] + ringing.setup_ms[1] / 2 + rung) / 1000
