"""Redirects normal calls to other callees; only the call graph shows it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from generators.injection.planning_errors import NoRoom
from generators.model.clock import DAY_MS
from generators.model.plan import Intents

if TYPE_CHECKING:
    from generators.injection.editable_plan import EditablePlan

Redirect = Callable[["EditablePlan", Intents, Any, np.random.Generator], tuple[Intents, Any]]
"""Function from calls within the network, with their groups, to the redirected ones, with their groups."""
AT_FIRST = 20
WORTHWHILE = 0.02
"""Share of the calls that one more pass over all users must find."""


@dataclass(frozen=True)
class Windows:
    """Groups of users, drawn uniformly, each with a span of days of its own."""

    editable: "EditablePlan"
    length_ms: int
    group: int
    """Number of users in a group."""
    near: float = 0.0
    """Share of the members who are contacts of a contact of the previous member, not random users."""

    def calls(self, many: int, users: Any, rng: np.random.Generator) -> tuple[Intents, Any]:
        """Claim the calls within the network of a number of groups; return them, and the group of each.

        The calls of a group are in the order of its members.
        """
        editable, normal = self.editable, self.editable.normal
        users, kept = self._walked(users.reshape(many, self.group), rng)
        begin = self._begins(many, rng).repeat(self.group)[kept]
        end = np.minimum(begin + self.length_ms, normal.days * DAY_MS)
        found, which = editable.between(users, np.maximum(begin, 0), end)
        inside = found.callee < normal.num_users
        editable.release(found.pick(~inside))
        return found.pick(inside), kept[which[inside]] // self.group

    def _begins(self, many: int, rng: np.random.Generator) -> Any:
        """Return begins of spans [ms], some before the world and some near its end, to cover all days equally."""
        spans = (
            np.array([[0, self.editable.normal.days * DAY_MS]])
            if self.editable.normal.spans is None
            else self.editable.normal.spans.copy()
        )
        spans[0, 0] -= self.length_ms if spans[0, 0] == 0 else 0
        lengths = spans[:, 1] - spans[:, 0]
        at = rng.integers(0, lengths.sum(), many)
        which = np.searchsorted(np.cumsum(lengths), at, side="right")
        return at + spans[which, 0] - (np.cumsum(lengths) - lengths)[which]

    def _walked(self, users: Any, rng: np.random.Generator) -> tuple[Any, Any]:
        """Replace some members by a contact's contact of the previous one; return each user once, and its place."""
        moment = np.full(len(users), self.editable.normal.days * DAY_MS - 1)
        for place in range(1, users.shape[1]):
            found = users[:, place - 1]
            for _ in range(2):
                found = self.editable.normal.contacts(found % self.editable.normal.num_users, moment, rng)
            walks = (rng.random(len(users)) < self.near) & (found < self.editable.normal.num_users)
            walks &= self.editable.normal.in_service(found)
            users[walks, place] = found[walks]
        kept = np.sort(np.unique(users.ravel(), return_index=True)[1])
        return users.ravel()[kept], kept


def redirected(windows: Windows, calls: int, rng: np.random.Generator, redirect: Redirect) -> tuple[Intents, Any]:
    """Redirect about `calls` calls, group by group; only whole groups are redirected.

    Parameters
    ----------
    windows
        Groups of users, and the days of each.
    calls
        Number of calls to redirect.
    rng
        Random generator.
    redirect
        Function that returns the redirected calls.

    Returns
    -------
    tuple
        The calls, and the incident of each.

    Raises
    ------
    NoRoom
        When there are too few users.
    """
    editable, group, free = windows.editable, windows.group, np.empty(0, np.int64)
    parts: list[Intents] = []
    numbers: list[Any] = []
    done, groups, before = 0, 0, -calls
    while done < calls:
        if len(free) < group:
            if done - before < calls * WORTHWHILE:
                raise NoRoom
            free, before = editable.normal.anybody(rng), done
        wanted = (calls - done) * groups // done + 1 if done else AT_FIRST + groups
        many = min(len(free) // group, wanted)
        if not many:
            raise NoRoom
        inside, of_inside = windows.calls(many, free[: many * group].copy(), rng)
        free, groups = free[many * group :], groups + many
        found, of = redirect(editable, inside, of_inside, rng)
        order = _whole(of, calls - done, none_yet=not done)
        parts.append(found.pick(order))
        editable.release(inside.pick(~np.isin(inside.key, parts[-1].key)))
        numbers.append(of[order] + groups - many)
        done += len(order)
        if len(order) < len(of):
            break
    return Intents.joined(parts), np.unique(np.concatenate(numbers), return_inverse=True)[1]


def _whole(group: Any, calls: int, *, none_yet: bool) -> Any:
    """Return the calls of the leading groups that come nearest to `calls` calls; at least one group."""
    order = np.argsort(group, kind="stable")
    if len(order) <= calls:
        return order
    ends = np.append(np.flatnonzero(np.diff(group[order])) + 1, len(order))
    after = int(np.searchsorted(ends, calls))
    before = int(ends[after - 1]) if after else 0
    nearer = calls - before <= ends[after] - calls and (before or not none_yet)
    return order[: before if nearer else ends[after]]
