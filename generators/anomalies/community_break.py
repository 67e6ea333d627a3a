"""community_break: a user's calls go to a community to which the user has no tie, in place of its own.

In the field: an account that has changed hands, or is lent to strangers. Volume, times, lengths and the number of
contacts stay what they were, so only a graph sees it. Akoglu, Tong and Koutra, "Graph based anomaly detection and
description: a survey", Data Mining and Knowledge Discovery 29 (2015) 626-688, on edges between communities. The figures
are starting values.
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

TRIES = 12


@dataclass
class CommunityBreak(AnomalySettings):
    """Redirects the calls of a user, for some days, to a stranger's circle: each contact is replaced by another.

    Difficulty has no effect: contacts of contacts as the new contacts would be found as easily, and the user's own
    contacts would be no anomaly. Users are drawn with equal probability, and all their calls within the network are
    redirected, so the changed calls are like those of all users.
    """

    days: float = field(default=10.0, metadata=within(0.5, 365))
    """Number of days for which the user's calls go to the other circle."""

    level: ClassVar[str] = "user"
    adds: ClassVar[bool] = False
    touches: ClassVar[tuple[str, ...]] = WHOM
    least: ClassVar[int] = 10
    has_difficulty: ClassVar[bool] = False
    people: ClassVar[int] = 100
    figures: ClassVar[Figures] = {"calls": None, "callers": (1, 1), "callees": None, "within_s": (0, 10 * 86_400)}

    def plan(self, editable: "EditablePlan", calls: int, rng: np.random.Generator) -> Incidents:
        """Redirect `calls` calls."""
        windows = Windows(editable, int(self.days * DAY_MS), group=1)
        edits, incident = redirected(windows, calls, rng, self._elsewhere)
        return of_records(edits, incident, int(incident.max()) + 1)

    def _elsewhere(
        self, editable: "EditablePlan", found: Intents, group: Any, rng: np.random.Generator
    ) -> tuple[Intents, Any]:
        """Return the calls with other callees; the number of pairs of a user and a contact stays the same."""
        width = editable.life.parties
        pairs, pair = np.unique(group * width + found.callee, return_inverse=True)
        of, old = pairs // width, pairs % width
        user = np.zeros(int(of.max(initial=-1)) + 1, np.int64)
        user[group] = found.user
        host = editable.normal.strangers(user, rng)
        return found._replace(callee=self._targets(editable, (of, old), user, host, rng)[pair]), group

    def _targets(
        self, editable: "EditablePlan", pairs: tuple[Any, Any], user: Any, host: Any, rng: np.random.Generator
    ) -> Any:
        """Return the replacement of each contact of each user: all different, and none of the contacts."""
        normal = editable.normal
        of, old = pairs
        new, open_ = np.full(len(of), -1), np.ones(len(of), np.bool_)
        for turn in range(TRIES):
            who = np.flatnonzero(open_)
            moment = np.full(len(who), normal.days * DAY_MS - 1)
            found = normal.contacts(host[of[who]], moment, rng)
            further = normal.contacts(found % normal.num_users, moment, rng)
            first = rng.random(len(who)) < (1.0 if turn == 0 else 0.5)
            found = np.where(first, found, further)
            if turn >= TRIES // 2:
                found = normal.strangers(user[of[who]], rng)
            fits = (found < normal.num_users) & (found != user[of[who]]) & normal.in_service(found)
            new[who] = np.where(fits, found, -1)
            open_ = (new < 0) | _repeated(of, old, new)
            if not open_.any():
                break
        return np.where(open_, normal.strangers(user[of], rng), new)


def _repeated(of: Any, old: Any, new: Any) -> Any:
    """Return which replacements are already contacts of the user, or repeat an earlier replacement."""
    width = int(max(old.max(initial=0), new.max(initial=0))) + 2
    code = of * width + new + 1
    first = np.zeros(len(code), np.bool_)
    first[np.unique(code, return_index=True)[1]] = True
    return ~first | np.isin(code, of * width + old + 1)
