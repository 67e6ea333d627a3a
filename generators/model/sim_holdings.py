"""Numbers that incidents put on another SIM or device, with a look-up by user and time."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from generators.model.plan import OWN, Holdings

NONE = -1
_MOMENTS = 2**42
"""More ms than a world has."""


@dataclass(frozen=True)
class SimHoldings:
    """Holdings of all incidents, with a look-up by user and moment; those of one user do not overlap."""

    holdings: Holdings = field(default_factory=Holdings.none)
    """Holdings in order of user and begin."""
    incident: Any = field(default_factory=lambda: np.empty(0, np.int64))
    """Shape (n,), int64: incident of each."""

    @cached_property
    def _other_sim(self) -> Any:
        """Which holdings are on another SIM than the user's own; shape (n,), bool."""
        return (self.holdings.sim != OWN) & (self.holdings.sim != self.holdings.user)

    @cached_property
    def _swapped(self) -> Any:
        """Which users are on another SIM than their own at some time; shape (highest such user + 2,), bool."""
        users = self.holdings.user[self._other_sim]
        swapped = np.zeros(int(users.max(initial=-1)) + 2, np.bool_)
        swapped[users] = True
        return swapped

    def in_force(self, parties: Any, moments_ms: Any) -> tuple[Any, Any]:
        """Return which parties are on another SIM than their own at these moments, and the holding of each.

        Parameters
        ----------
        parties
            Shape (n,), int: users, or external parties.
        moments_ms
            Shape (n,), int64: since the start of the world.

        Returns
        -------
        tuple
            Positions among the parties, and row of the holding that is in force; shape (m,) each.
        """
        if not len(self.holdings.user):
            return np.empty(0, np.int64), np.empty(0, np.int64)
        last = len(self._swapped) - 1
        found = np.flatnonzero(self._swapped[np.minimum(parties, last)])
        begins = self.holdings.user * _MOMENTS + self.holdings.from_ms
        asked = parties[found].astype(np.int64) * _MOMENTS + moments_ms[found]
        row = np.searchsorted(begins, asked, side="right") - 1
        held = row >= 0
        held &= self.holdings.user[row] == parties[found]
        held &= moments_ms[found] < self.holdings.to_ms[row]
        held &= self._other_sim[row]
        return found[held], row[held]
