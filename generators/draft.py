"""Normal life as an injector sees it: a plan that can be asked, and edits to it.

An injector never touches records. It says which intents change and which are added, and the network renders the rest.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from generators.calls.habits import Habits
from generators.calls.intents import Slots, choose_callee, count_calls, first_start, make_slots, plan_day, plan_slot
from generators.calls.render import Lines, make_room, no_edits, render, sort_by_start
from generators.clock import DAY_MS, HOUR_MS, HOURS
from generators.compiled import kernel
from generators.plan import Intents
from generators.sessions.events import make_events
from generators.sessions.network import Network
from generators.sessions.session import Phone, hold, make_phone

EVERY_FOURTH = 4
SAMPLED_LINES, EVENTS_A_CALL = 5000, 8
PAUSE_MS = 2000
UNKNOWN = -1
SURELY, MOST_TRIES = 4.0, 12
"""Who is expected to make so many calls at some time of the day is taken to make one, without looking."""


@dataclass
class Draft:
    """The plan of normal life."""

    habits: Habits
    counts: Any
    """Shape (days, N), int32: intents of each user and day; the reserve has none."""

    @cached_property
    def _ends(self) -> Any:
        """Shape (days * N,): number of intents up to and with each user's day."""
        return np.cumsum(self.counts.ravel(), dtype=np.int64)

    @cached_property
    def _taken(self) -> Any:
        """Shape (intents,): those that an incident has already claimed."""
        return np.zeros(self._ends[-1], np.bool_)

    spans: Any = None
    """Shape (n, 2), int64: when incidents of the type that is being planned may begin [ms]; None: at any time."""
    _recruited: dict[bool, int] = field(default_factory=lambda: {True: 0, False: 0})
    """How many of the reserve are taken, of those who stand still and of the others."""

    @property
    def num_users(self) -> int:
        """Return how many users there are, without the reserve."""
        return int(self.habits.num_users)

    @cached_property
    def _victims(self) -> Any:
        """Shape (users,): who is already in the hands of an incident; of each user one at most takes possession."""
        return np.zeros(self.num_users, np.bool_)

    @property
    def days(self) -> int:
        """Return how many days there are."""
        return int(self.counts.shape[0])

    @cached_property
    def _never(self) -> dict[tuple[int, int], Any]:
        """What is known of who never calls between two hours; shape (N,), int8, each."""
        return {}

    def draw(self, calls: int, rng: np.random.Generator, accept: Callable[[Intents], Any]) -> Intents | None:
        """Claim exactly so many acceptable intents, so that no other incident changes them.

        All intents are equally likely, so that who calls more is drawn more often. Those before the user's
        subscription began are left out, and those that the network would not connect.

        Parameters
        ----------
        calls
            How many.
        rng
            Where chance comes from.
        accept
            Says of intents which are acceptable; shape (n,), bool.

        Returns
        -------
        Intents or None
            None when normal life does not hold so many.
        """
        chosen = Intents.none()
        tried, asked = 0, calls + calls // 4 + 50
        while tried < len(self._taken):
            looked_at, found = self._sample(asked, rng)
            found = found.pick(accept(found))
            found = found.pick(rng.permutation(len(found.user))[: calls - len(chosen.user)])
            self._taken[self._numbers(found)] = True
            chosen = Intents.joined([chosen, found])
            missing = calls - len(chosen.user)
            if not missing:
                return chosen
            tried += looked_at
            asked = int(1.2 * missing * min(tried / (len(chosen.user) + 1), 20)) + 50
        return None

    def _sample(self, calls: int, rng: np.random.Generator) -> tuple[int, Intents]:
        """Draw unclaimed intents, fewer than asked perhaps; return how many were looked at, and those that count."""
        total = len(self._taken)
        few = calls * EVERY_FOURTH < total
        numbers = np.sort(rng.integers(0, total, calls)) if few else np.arange(total)
        numbers = numbers[~self._taken[numbers]]
        numbers = numbers[np.flatnonzero(np.diff(numbers, prepend=-1))]
        found = self._at(numbers)
        return calls if few else total, found.pick(self._connects(found)) if self.habits.network.on else found

    def _in_time(self, intents: Intents) -> Any:
        """Return which intents start when incidents may begin; shape (n,), bool."""
        if self.spans is None:
            return np.ones(len(intents.user), np.bool_)
        span = np.searchsorted(self.spans[:, 0], intents.start_ms, side="right") - 1
        return (span >= 0) & (intents.start_ms < self.spans[span, 1])

    def _connects(self, intents: Intents) -> Any:
        """Return which intents the network would connect; shape (n,), bool."""
        connects = np.empty(len(intents.user), np.bool_)
        network = self.habits.network
        _try_all(intents, network, make_phone(network.radio.cell.shape[1], make_events(0)), connects)
        return connects

    def _numbers(self, intents: Intents) -> Any:
        cell = intents.day * self.counts.shape[1] + intents.user
        return self._ends[cell] - self.counts.ravel()[cell] + intents.slot

    def never_calls(self, users: Any, from_h: int, to_h: int) -> Any:
        """Return who of some users makes no call between two local hours in the whole world; shape (n,), bool."""
        never = self._never.setdefault((from_h, to_h), np.full(self.num_users, UNKNOWN, np.int8))
        asked = np.unique(users)
        asked = asked[never[asked] == UNKNOWN]
        never[asked] = False
        perhaps = asked[self._expected(asked, from_h, to_h) < SURELY]
        out = np.empty(len(perhaps), np.bool_)
        _never_between(perhaps, np.array([from_h, to_h]) * HOUR_MS, self.habits, make_slots(), out)
        never[perhaps] = out
        return never[users] > 0

    def _expected(self, users: Any, from_h: int, to_h: int) -> Any:
        """Return about how many calls users make between two local hours over the world; shape (n,)."""
        habits, people = self.habits, self.habits.people
        pattern, shift_h = people.pattern[users], people.clock_shift_ms[users] / HOUR_MS
        share = np.zeros(len(users))
        for number, before in enumerate(habits.hours[0]):
            two_days = np.concatenate([before[:-1] - 1, before[:-1], before + 1])
            ends = [np.interp(hour - shift_h, np.arange(-HOURS, 2 * HOURS + 1), two_days) for hour in (from_h, to_h)]
            share = np.where(pattern == number, ends[1] - ends[0], share)
        return people.rate[users] * habits.day_factor.sum(axis=1)[pattern] * share

    def contacts(self, users: Any, start_ms: Any, rng: np.random.Generator) -> Any:
        """Return whom each user would call by its own habits; shape (n,)."""
        out = np.empty(len(users), np.int64)
        _choose_all(users, start_ms, rng.random((len(users), 2)), self.habits, out)
        return out

    def when_free(self, users: Any, incident: Any, start_ms: Any, talk_ms: Any) -> Any:
        """Put off new calls until their line is free of the user's own calls, and of their incident's; shape (n,) [ms].

        None is put off past midnight; one that would have to be stays where it is.
        """
        order = np.lexsort((start_ms, users, incident))
        moved = start_ms[order]
        _put_off(users[order], incident[order], talk_ms[order], self.habits, make_slots(), moved)
        out = np.empty_like(moved)
        out[order] = moved
        return out

    def moments(self, count: int, rng: np.random.Generator) -> Any:
        """Return starts of calls of normal life, whoever makes them, at which incidents may begin; shape (count,) [ms].

        None when there are no such calls.
        """
        found = np.empty(0, np.int64)
        asked, tried = 2 * count + 50, 0
        while len(self._taken) and len(found) < count and tried < MOST_TRIES:
            numbers = np.sort(rng.integers(0, len(self._taken), asked))
            found = np.concatenate([found, rng.permutation(self._at(numbers).start_ms)])
            asked, tried = 4 * asked, tried + 1
        if not len(found):
            return None
        return rng.permutation(found if len(found) < count else found[:count])[np.arange(count) % len(found)]

    def recruit(self, count: int, still: bool = False) -> Any:
        """Take some of the reserve, who stand still or do not; shape (count,), None when it does not hold so many."""
        first = self._recruited[still]
        spare = np.arange(self.num_users, self.counts.shape[1])
        spare = spare[self.habits.people.still[spare] == still]
        if first + count > len(spare):
            return None
        self._recruited[still] = first + count
        return spare[first : first + count]

    def victims(self, count: int, rng: np.random.Generator) -> Intents | None:
        """Take possession of users, drawn by their calls: a call of each, at which it begins.

        Nobody is the victim of two incidents. The calls are not claimed. None when there are too few users.
        """
        chosen, asked = Intents.none(), count + count // 4 + 50
        for _ in range(MOST_TRIES):
            _, found = self._sample(asked, rng)
            found = found.pick(rng.permutation(len(found.user)))
            found = found.pick(np.sort(np.unique(found.user, return_index=True)[1]))
            found = found.pick(~self._victims[found.user]).pick(slice(count - len(chosen.user)))
            self._victims[found.user] = True
            chosen, asked = Intents.joined([chosen, found]), 2 * asked
            if len(chosen.user) == count:
                return chosen
        return None

    def anybody(self, rng: np.random.Generator) -> Any:
        """Return all users who have been there from the start and are nobody's victims, in random order."""
        free = ~self._victims & (self.habits.people.active_from_ms[: self.num_users] <= 0)
        return rng.permutation(np.flatnonzero(free))

    def possess(self, users: Any) -> None:
        """Take possession of users, so that no other incident does."""
        self._victims[users] = True

    def between(self, users: Any, from_ms: Any, to_ms: Any) -> tuple[Intents, Any]:
        """Claim what users intend between two moments each, except what another incident has claimed.

        Parameters
        ----------
        users, from_ms, to_ms
            Shape (n,): who, from when on, until when (exclusive) [ms].

        Returns
        -------
        tuple
            The intents, and to which of the n each belongs.
        """
        last = np.minimum(to_ms - 1, self.days * DAY_MS - 1) // DAY_MS
        days = np.maximum(last - from_ms // DAY_MS + 1, 0)
        which = np.repeat(np.arange(len(users)), days)
        day = from_ms[which] // DAY_MS + np.arange(len(which)) - np.repeat(np.cumsum(days) - days, days)
        many = self.counts[day, users[which]]
        slot = np.arange(many.sum()) - np.repeat(np.cumsum(many) - many, many)
        which, day = np.repeat(which, many), np.repeat(day, many)
        found = Intents.room(users[which], day, slot)
        self._fill(found)
        kept = (found.start_ms >= from_ms[which]) & (found.start_ms < to_ms[which])
        kept &= found.start_ms >= self.habits.people.active_from_ms[found.user]
        kept &= ~self._taken[self._numbers(found)]
        found, which = found.pick(kept), which[kept]
        self._taken[self._numbers(found)] = True
        return found, which

    def _fill(self, found: Intents) -> None:
        """Fill in what the intents of these users, days and slots are."""
        _look_up(found, self.habits, make_slots())

    def _at(self, numbers: Any) -> Intents:
        """Return the intents of these numbers, in order, that start when incidents may begin."""
        cell = np.searchsorted(self._ends, numbers, side="right")
        slot = numbers - (self._ends[cell] - self.counts.ravel()[cell])
        lines = self.counts.shape[1]
        found = Intents.room(cell % lines, cell // lines, slot)
        self._fill(found)
        return found.pick(self._in_time(found) & (found.start_ms >= self.habits.people.active_from_ms[found.user]))

    def suppressed_share(self) -> float:
        """Return about which share of the intents falls into a running call of the same line."""
        users = np.unique(np.linspace(0, self.num_users - 1, SAMPLED_LINES).astype(np.int32))
        day, every = int(self.counts.sum(axis=1).argmax()), self.counts.shape[1]
        free = np.zeros((2, every), np.int64)
        touched, turn = np.zeros(every, np.bool_), np.zeros(every, np.int32)
        lines = Lines(self.counts[day], touched, free[0], free[1], turn)
        most = int(self.counts[day, users].sum())
        room = make_room(most, 0, EVENTS_A_CALL * most, self.habits.network)
        calls, _, suppressed, _ = render(users, day, self.habits, no_edits(), lines, room)
        return suppressed / max(calls + suppressed, 1)

    def strangers(self, users: Any, rng: np.random.Generator) -> Any:
        """Return a user drawn at random for each, never the user itself; shape (n,)."""
        others = rng.integers(0, max(1, self.num_users - 1), len(users))
        return np.minimum(others + (others >= users), self.num_users - 1)


def count_all(habits: Habits, days: int) -> Any:
    """Return how many intents each user, and each of the reserve, has on each day; shape (days, N), int32."""
    out = np.empty((days, len(habits.people.rate)), np.int32)
    _count_all(habits, out)
    return out


@kernel
def _count_all(habits: Habits, out: Any) -> None:
    for day in range(out.shape[0]):
        for user in range(out.shape[1]):
            out[day, user] = count_calls(user, day, habits)


@kernel
def _look_up(out: Intents, habits: Habits, slots: Slots) -> None:
    for i in range(out.user.shape[0]):
        j = out.slot[i]
        plan_slot(out.user[i], out.day[i], j, habits, slots)
        out.start_ms[i], out.talk_ms[i], out.callee[i] = slots.start_ms[j], slots.talk_ms[j], slots.callee[j]
        out.outcome[i], out.move[i] = slots.outcome[j], slots.move[j]
        out.goal[i], out.key[i] = slots.goal[j], slots.key[j]


@kernel
def _never_between(users: Any, span_ms: Any, habits: Habits, slots: Slots, out: Any) -> None:
    for i in range(users.shape[0]):
        out[i] = True
        for day in range(habits.weekend.shape[0]):
            if first_start(users[i], day, span_ms, habits, slots) >= 0:
                out[i] = False
                break


@kernel
def _put_off(users: Any, incident: Any, talk_ms: Any, habits: Habits, slots: Slots, out: Any) -> None:
    following, busy_ms, free_ms, planned = 0, np.int64(0), np.int64(0), np.int64(-1)
    for i in range(out.shape[0]):
        day = out[i] // DAY_MS
        if i == 0 or users[i] != users[i - 1] or incident[i] != incident[i - 1] or day != planned:
            planned = day
            plan_day(users[i], day, count_calls(users[i], day, habits), habits, slots)
            sort_by_start(slots.start_ms, slots.count[0], slots.order)
            following, busy_ms, free_ms = 0, np.int64(0), np.int64(0)
        start = max(out[i], free_ms)
        while following < slots.count[0] and slots.start_ms[slots.order[following]] <= start:
            own = slots.order[following]
            if slots.start_ms[own] >= busy_ms:
                busy_ms = slots.start_ms[own] + slots.talk_ms[own]
            start = max(start, busy_ms + PAUSE_MS if busy_ms > start else start)
            following += 1
        if start // DAY_MS == out[i] // DAY_MS:
            out[i] = start
        busy_ms = max(busy_ms, out[i] + talk_ms[i])
        free_ms = out[i] + talk_ms[i] + PAUSE_MS


@kernel
def _choose_all(users: Any, start_ms: Any, draws: Any, habits: Habits, out: Any) -> None:
    for i in range(users.shape[0]):
        out[i] = choose_callee(users[i], start_ms[i], draws[i, 0], draws[i, 1], habits)


@kernel
def _try_all(intents: Intents, network: Network, phone: Phone, connects: Any) -> None:
    for i in range(connects.shape[0]):
        connects[i] = hold(intents.user[i], intents.key[i], intents.start_ms[i], intents.talk_ms[i], network, phone)
