"""Finds how coarsely each caller's records write times and lengths: one file may come from several exchanges."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

STEPS_S = (900, 600, 300, 60, 30, 20, 15, 12, 10, 6, 5, 2, 1)
"""Steps to which files round times and lengths [s]: from quarters of an hour to charged pulses of a few seconds."""
FEWEST = 20
"""With fewer values, all may be multiples of a step by chance."""
FEWEST_KNOWN = 3
"""As many values tell which of the steps found in the file a caller has."""
LEAST_SHARE = 0.95
"""Share of multiples from which values count as rounded: a few may be corrections by hand."""


@dataclass(frozen=True)
class Rounding:
    """Steps by which callers' values are rounded."""

    step: Any
    """Shape (users,), int64: step of each caller [s]."""
    exact: Any
    """Shape (users,): share of each caller's values that are not rounded all the same."""

    @classmethod
    def of(cls, values: Any, user: Any, users: int, rng: np.random.Generator) -> "Rounding":
        """Find the step of each caller; callers with hardly any values get that of another, drawn at random.

        Parameters
        ----------
        values
            Shape (n,): times or lengths [s].
        user
            Shape (n,): whose each is.
        users
            Number of callers.
        rng
            Source of the draws.
        """
        order = np.argsort(user, kind="stable")
        ends = np.searchsorted(user[order], np.arange(users + 1))
        own = [values[order[low:high]] for low, high in pairwise(ends)]
        found = {step_of(values), *(step_of(each) for each in own if each.size >= FEWEST)}
        steps = np.array([_largest(each, found) if each.size >= FEWEST_KNOWN else 0 for each in own], np.int64)
        odd = np.bincount(user, values % np.maximum(steps, 1)[user] != 0, minlength=users)
        exact = odd / np.maximum(np.diff(ends), 1)
        known, unknown = np.flatnonzero(steps), np.flatnonzero(steps == 0)
        if known.size:
            like = rng.choice(known, unknown.size)
            steps[unknown], exact[unknown] = steps[like], exact[like]
        return cls(np.maximum(steps, 1), exact)

    def steps_of(self, user: Any, rng: np.random.Generator) -> Any:
        """Return the step to which a new value of each caller is rounded, shape (n,) [s]; 1 for an exception."""
        return np.where(rng.random(len(user)) < self.exact[user], 1, self.step[user])


def step_of(values: Any) -> int:
    """Return the step [s] to which times or lengths are rounded, with few exceptions, such as 60 for whole minutes.

    >>> step_of(np.tile([60, 120, 180], 10)), step_of(np.arange(30)), step_of(np.array([60]))
    (60, 1, 1)
    >>> step_of(np.append(np.tile([60, 120, 180], 10), 61))
    60
    """
    return _largest(values, STEPS_S) if values.size >= FEWEST else 1


def _largest(values: Any, steps: Any) -> int:
    """Return the largest of some steps of which nearly all values are multiples, 1 if there is none."""
    return next((step for step in sorted(steps, reverse=True) if (values % step == 0).mean() >= LEAST_SHARE), 1)
