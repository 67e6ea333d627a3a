"""A file's call records, arranged by user and day."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from generators.model.clock import DAY_MS
from generators.model.outcome import OUTCOMES
from generators.own_records.calls import Calls
from generators.own_records.rounding import step_of
from generators.settings.society import EXTERNAL_TYPES
from generators.social.people import reserve_size

THURSDAY = 3
"""Day of the week of 1970-01-01."""
_MOMENTS = 2**42
"""More ms than the records span."""
FEWEST_BESIDE, LEAST_BESIDE = 10, 0.05
"""Number and share of a line's calls that begin while another runs, from which it carries several at a time."""


@dataclass(frozen=True)
class RecordsByUser:
    """Call records by user and day. Parties are numbered: users, the reserve, then external parties by type."""

    code: Any
    """Shape (parties,), int64: code of each party among the numbers; -1 for the reserve."""
    users: int
    reserve: int
    external_first: Any
    """Shape (4,), int64: number of the first external party of each kind; the last entry is one past the end."""
    row: Any
    """Shape (calls,), int64: number of each record; ordered by day, user and start, as intents are numbered."""
    user: Any
    """Shape (calls,), int64."""
    start_ms: Any
    """Shape (calls,), int64: since the start of the first day, on the local clock."""
    talk_ms: Any
    setup_ms: Any
    """Shape (calls,), int64: time by which each call occupies its line longer than its talk time."""
    callee: Any
    outcome: Any
    counts: Any
    """Shape (days, users + reserve), int32."""
    first_weekday: int
    """Day of the week of the first day, 0 for a Monday."""

    @classmethod
    def of(cls, calls: Calls, with_reserve: bool) -> "RecordsByUser":
        """Arrange calls by user and day; `with_reserve` if new users can be made up that look like the others."""
        code, users, reserve, external_first = _parties(calls, with_reserve)
        number = np.empty(len(calls.texts["number"]), np.int64)
        known = code >= 0
        number[code[known]] = np.flatnonzero(known)
        clock = calls.clock
        first_ms, end_ms = (int(clock.local_ms(ms)) for ms in (clock.start_ms, clock.end_ms))
        user, start_ms = number[calls.codes["caller_id"]], clock.local_ms(calls.start_ms) - first_ms
        days = (end_ms - first_ms) // DAY_MS
        row = np.lexsort((start_ms, user, start_ms // DAY_MS))
        lines = users + reserve
        counts = np.bincount(start_ms // DAY_MS * lines + user, minlength=days * lines).reshape(days, lines)
        outcome = np.array([OUTCOMES.index(text) for text in calls.texts["outcome"].to_pylist()])
        return cls(
            code=code,
            users=users,
            reserve=reserve,
            external_first=external_first,
            row=row,
            user=user[row],
            start_ms=start_ms[row],
            talk_ms=1000 * calls.seconds[row].astype(np.int64),
            setup_ms=1000 * calls.setup_s[row].astype(np.int64),
            callee=number[calls.codes["callee_id"]][row],
            outcome=outcome[calls.codes["outcome"]][row],
            counts=counts.astype(np.int32),
            first_weekday=(first_ms // DAY_MS + THURSDAY) % 7,
        )

    @cached_property
    def by_user(self) -> Any:
        """Shape (calls,): positions in the arrays above, sorted by user and time."""
        return np.lexsort((self.start_ms, self.user))

    @cached_property
    def first_of(self) -> Any:
        """Shape (users + reserve + 1,): position in `by_user` at which each user's calls begin."""
        return np.searchsorted(self.user[self.by_user], np.arange(self.users + self.reserve + 1))

    @cached_property
    def moments(self) -> Any:
        """Shape (calls,): user and start of each call, combined in one number that ascends in `by_user`."""
        return self.user * _MOMENTS + self.start_ms

    @cached_property
    def several(self) -> Any:
        """Shape (users + reserve,), bool: whose line carries several calls at a time, such as a trunk's."""
        own = self.by_user
        user, start, ends = self.user[own], self.start_ms[own], (self.start_ms + self.setup_ms + self.talk_ms)[own]
        slack_ms = 1000 * (step_of(start // 1000) + step_of(self.talk_ms[self.talk_ms > 0] // 1000))
        beside = (user[1:] == user[:-1]) & (ends[:-1] - start[1:] > slack_ms)  # more than rounding explains
        lines = self.users + self.reserve
        many = np.bincount(user[1:][beside], minlength=lines)
        return (many >= FEWEST_BESIDE) & (many >= LEAST_BESIDE * np.bincount(user, minlength=lines))

    def nearest(self, users: Any, start_ms: Any) -> Any:
        """Return each user's last call before a moment, or else the first one after it; shape (n,), -1 if none."""
        return self.nearest_of(self.by_user, users, start_ms)

    def nearest_of(self, some: Any, users: Any, start_ms: Any) -> Any:
        """Return the same among some of the calls; `some`: positions as in `by_user`, in its order."""
        if not some.size:
            return np.full(len(users), -1)
        place = np.searchsorted(self.moments[some], users * _MOMENTS + start_ms, side="right") - 1
        first, end = (np.searchsorted(self.user[some], users, side) for side in ("left", "right"))
        return np.where(first == end, -1, some[np.minimum(np.maximum(place, first), len(some) - 1)])


def _parties(calls: Calls, with_reserve: bool) -> tuple[Any, int, int, Any]:
    """Return the code of each party, the numbers of users and of the reserve, and where external parties begin."""
    texts = len(calls.texts["number"])
    caller, callee = calls.codes["caller_id"], calls.codes["callee_id"]
    calls_itself = np.bincount(caller, minlength=texts) > 0
    kind = np.zeros(texts, np.int64)
    if "callee_type" in calls.codes:
        numbers = {name: number for number, name in enumerate(EXTERNAL_TYPES, start=1)}
        names = np.array([numbers.get(text, 0) for text in calls.texts["callee_type"].to_pylist()])
        np.maximum.at(kind, callee, names[calls.codes["callee_type"]])
        user = calls_itself | (kind == 0) & (np.bincount(callee, minlength=texts) > 0)
    else:
        user, kind = calls_itself, np.where(calls_itself, 0, 1)
    outside = [np.flatnonzero(~user & (kind == number + 1)) for number in range(len(EXTERNAL_TYPES))]
    users = np.flatnonzero(user)
    reserve = reserve_size(len(users)) if with_reserve else 0
    first = len(users) + reserve + np.cumsum([0, *(len(each) for each in outside)])
    return np.concatenate([users, np.full(reserve, -1), *outside]), len(users), reserve, first
