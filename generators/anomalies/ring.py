"""ring: people who have no ties to each other call one another in a closed ring.

In the field: accounts that pass money, minutes or orders round in a circle. Volume, times, lengths and the number of
contacts stay what they were, so only a graph sees it: a directed cycle of new ties. The figures are starting values.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from bench.faults import within
from generators.injection.incident_parts import AnomalySettings
from generators.injection.injector import Figures, Incidents, of_records
from generators.injection.redirection import Windows, redirected
from generators.injection.touches import WHOM
from generators.model.clock import DAY_MS
from generators.model.plan import Intents

if TYPE_CHECKING:
    from generators.injection.editable_plan import EditablePlan


@dataclass
class Ring(AnomalySettings):
    """Redirects, in a group of users for some days, each one's calls to its favourite contact to the next member.

    Difficulty is the share of the members who are a contact of a contact of the previous member. Users are drawn with
    equal probability, and the share of their calls to the favourite contact hardly depends on their activity, so the
    changed calls are like those of all users.
    """

    days: float = field(default=7.0, metadata=within(0.5, 365))
    """Number of days for which the members call each other in a ring."""
    members: int = field(default=5, metadata=within(3, 50))
    """Number of users in a ring."""

    level: ClassVar[str] = "group"
    adds: ClassVar[bool] = False
    touches: ClassVar[tuple[str, ...]] = WHOM
    least: ClassVar[int] = 10
    people: ClassVar[int] = 200
    figures: ClassVar[Figures] = {"calls": None, "callers": None, "callees": None, "within_s": (0, 7 * 86_400)}

    def plan(self, editable: "EditablePlan", calls: int, rng: np.random.Generator) -> Incidents:
        """Redirect `calls` calls into rings."""
        windows = Windows(editable, int(self.days * DAY_MS), group=2 * self.members, near=self.difficulty)
        edits, incident = redirected(windows, calls, rng, self._round)
        return of_records(edits, incident, int(incident.max()) + 1)

    def _round(
        self, editable: "EditablePlan", found: Intents, group: Any, rng: np.random.Generator
    ) -> tuple[Intents, Any]:
        """Return the calls of each member to its favourite contact, with the next member as the callee."""
        width = editable.life.parties
        ties, first, tie, many = np.unique(
            found.user * width + found.callee, return_index=True, return_inverse=True, return_counts=True
        )
        user, of = ties // width, group[first]
        friends = user[np.isin(of * width + ties % width, of * width + user)]
        order = np.lexsort((rng.random(len(ties)), -many, user))
        begins = np.flatnonzero(np.diff(user[order], prepend=-1) != 0)
        chosen = order[begins]
        chosen = chosen[~np.isin(user[chosen], friends)]
        joined = np.full(int(user.max(initial=-1)) + 1, len(found.user))
        np.minimum.at(joined, found.user, np.arange(len(found.user)))
        chosen = chosen[np.lexsort((joined[user[chosen]], of[chosen]))]
        place = np.arange(len(chosen)) - np.searchsorted(of[chosen], of[chosen])
        size = np.bincount(of[chosen], minlength=int(group.max(initial=-1)) + 1)
        kept = (place < self.members) & (size[of[chosen]] >= self.members)
        chosen, place = chosen[kept], place[kept]
        following = np.where(place + 1 == self.members, np.arange(len(chosen)) - place, np.arange(len(chosen)) + 1)
        goes_to = np.full(len(ties), -1)
        goes_to[chosen] = user[chosen][following]
        calls = np.flatnonzero(goes_to[tie] >= 0)
        return found.pick(calls)._replace(callee=goes_to[tie[calls]]), group[calls]
