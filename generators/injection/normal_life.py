"""Normal life as it can be asked: who intends what, whom somebody would call, when a line is free.

Nothing is claimed or changed here; `generators.injection.editable_plan` does that.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from generators.calls.choices import choose_callee
from generators.calls.intents import MOST_A_DAY, Slots, count_calls, first_start, make_slots, plan_day, plan_slot
from generators.calls.model_arrays import Habits
from generators.calls.render import Lines, make_room, render, sort_by_start
from generators.model.clock import DAY_MS, HOUR_MS, HOURS, PERSON_S, pauses
from generators.model.compiled import kernel
from generators.model.plan import Intents
from generators.model.records import no_edits
from generators.settings.society import EXTERNAL_TYPES

SAMPLED_LINES, EVENTS_A_CALL = 5000, 8
UNKNOWN = -1
MOST_TRIES = 12
NEAR_MS = 600_000
EXAMPLES = 65_536
"""Calls of normal life whose hours, lengths and outcomes those of incidents take."""
SURELY = 4.0
"""Who is expected to make so many calls at some time of the day is taken to make one, without looking."""


@dataclass
class Life:
    """The plan of normal life."""

    habits: Habits
    counts: Any
    """Shape (days, N), int32: intents of each user and day; the reserve has none."""
    kinds: tuple[str, ...] = ()
    """The names of the types of users."""
    spans: Any = None
    """Shape (n, 2), int64: when incidents of the type that is being planned may begin [ms]; None: at any time."""

    @property
    def num_users(self) -> int:
        """Return how many users there are, without the reserve."""
        return int(self.habits.num_users)

    @property
    def days(self) -> int:
        """Return how many days there are."""
        return int(self.counts.shape[0])

    @property
    def earliest_ms(self) -> int:
        """Return before when no incident of the type that is being planned may begin [ms]."""
        return 0 if self.spans is None else int(self.spans[0, 0])

    @cached_property
    def calls_per_day(self) -> float:
        """Return how many calls a user intends a day, on average."""
        return float(self._ends[-1]) / max(self.num_users * self.days, 1)

    @cached_property
    def _ends(self) -> Any:
        """Shape (days * N,): number of intents up to and with each user's day."""
        return np.cumsum(self.counts.ravel(), dtype=np.int64)

    @cached_property
    def _never(self) -> dict[tuple[int, int], Any]:
        """What is known of who never calls between two hours; shape (N,), int8, each."""
        return {}

    @cached_property
    def steady(self) -> Any:
        """Users whose number is in service all the time, in order; all users where there is hardly one; shape (n,)."""
        steady = np.flatnonzero(~self.habits.people.passing[: self.num_users])
        return steady if len(steady) > 1 else np.arange(self.num_users)

    def in_service(self, parties: Any) -> Any:
        """Return which parties are in service all the time; those outside the network are taken to be; shape (n,)."""
        passing = self.habits.people.passing
        return ~passing[np.minimum(parties, len(passing) - 1)] | (parties >= len(passing))

    def on_day(self, users: Any, day: int) -> Intents:
        """Return what users intend on a day, whoever has claimed it; those without a call have none."""
        many = self.counts[day, users]
        slot = np.arange(many.sum()) - np.repeat(np.cumsum(many) - many, many)
        return self._of(Intents.room(np.repeat(users, many), np.full(len(slot), day), slot))

    def moments(self, count: int, rng: np.random.Generator) -> Any:
        """Return starts of calls of normal life, whoever makes them, at which incidents may begin; shape (count,) [ms].

        None when there are no such calls.
        """
        found, (first, end) = np.empty(0, np.int64), self._numbers_in_time()
        asked, tried = 2 * count + 50, 0
        while end > first and len(found) < count and tried < MOST_TRIES:
            numbers = np.sort(rng.integers(first, end, asked))
            found = np.concatenate([found, rng.permutation(self._at(numbers).start_ms)])
            asked, tried = 4 * asked, tried + 1
        if not len(found):
            return None
        return rng.permutation(found if len(found) < count else found[:count])[np.arange(count) % len(found)]

    @cached_property
    def _examples(self) -> Intents:
        """Some calls of normal life, all equally likely; none where there are none."""
        total = int(self._ends[-1])
        return self._look_up(np.linspace(0, max(total - 1, 0), min(total, EXAMPLES)).astype(np.int64))

    def usual_hours(self, count: int, rng: np.random.Generator) -> Any:
        """Return times of day at which people call, within minutes of those of calls of normal life; (count,) [ms].

        Not to the millisecond: a call that starts when another does, or did on another day, is told by that. None of
        them when there are no such calls.
        """
        near = self._examples.start_ms[self._any_examples(count, rng)] + rng.integers(-NEAR_MS, NEAR_MS, count)
        return near % DAY_MS

    def usual_talks(self, count: int, rng: np.random.Generator) -> tuple[Any, Any]:
        """Return talk times [ms] and outcomes as calls of normal life have them, drawn anew; shape (count,) each.

        None of them when there are no such calls.
        """
        some = self._unused(self._examples.pick(self._any_examples(count, rng)), rng)
        return some.talk_ms, some.outcome

    def _unused(self, intents: Intents, rng: np.random.Generator) -> Intents:
        """Return intents of the same users and days in slots that no call of normal life has; shape (n,)."""
        unused = rng.integers(MOST_A_DAY // 2, MOST_A_DAY, len(intents.user))
        found = Intents.room(intents.user, intents.day, unused)
        look_up(found, self.habits, make_slots())
        return found

    def _any_examples(self, count: int, rng: np.random.Generator) -> Any:
        many = len(self._examples.user)
        return rng.integers(0, many, count if many else 0)

    def rhythm(self, begin_ms: Any, span_ms: Any, rng: np.random.Generator) -> Any:
        """Return times within spans at the hours at which people call; shape (n,) [ms].

        Parameters
        ----------
        begin_ms, span_ms
            Shape (n,): the span of each [ms].
        rng
            Where chance comes from.
        """
        anywhere = begin_ms + (rng.random(len(begin_ms)) * span_ms).astype(np.int64)
        usual = anywhere - anywhere % DAY_MS + self.usual_hours(len(begin_ms), rng)
        return np.where((usual >= begin_ms) & (usual < begin_ms + span_ms), usual, anywhere)

    def contacts(self, users: Any, start_ms: Any, rng: np.random.Generator) -> Any:
        """Return whom each user would call by its own habits; shape (n,)."""
        out = np.empty(len(users), np.int64)
        _choose_all(users, start_ms, rng.random((len(users), 2)), self.habits, out)
        return out

    def strangers(self, users: Any, rng: np.random.Generator) -> Any:
        """Return a user drawn at random for each, in service all the time and never the user itself; shape (n,)."""
        others = self.steady[rng.integers(0, max(1, len(self.steady) - 1), len(users))]
        return np.where(others == users, self.steady[-1], others)

    def different(self, sizes: Any, rng: np.random.Generator) -> Any:
        """Return parties to dial for each of some incidents, all different while there are others; shape (sum,).

        Users in service all the time, and numbers outside the network that are not listed, where there are such.
        """
        pool = np.concatenate([self.steady, self.unlisted])
        whole = [[rng.permutation(pool)] * (int(size) // len(pool)) for size in sizes]
        rest = [rng.choice(pool, int(size) % len(pool), replace=False) for size in sizes]
        return np.concatenate([part for each, last in zip(whole, rest, strict=True) for part in (*each, last)])

    @cached_property
    def unlisted(self) -> Any:
        """Parties outside the network who are neither foreign nor premium numbers; shape (n,)."""
        first = self.habits.external_first[EXTERNAL_TYPES.index("unlisted") :]
        return np.arange(first[0], first[1])

    def outsiders(self, kind: str, count: int, rng: np.random.Generator) -> Any:
        """Return external parties of a type (unlisted, foreign, premium), all equally likely; shape (count,)."""
        first = self.habits.external_first[EXTERNAL_TYPES.index(kind) :]
        return rng.integers(first[0], first[1], count)

    def of_kind(self, name: str) -> Any:
        """Return which users are of a type; all where the world does not have it; shape (N,), bool."""
        if name not in self.kinds:
            return np.ones(self.counts.shape[1], np.bool_)
        return self.habits.people.kind == self.kinds.index(name)

    def when_free(self, users: Any, incident: Any, start_ms: Any, talk_ms: Any, rng: np.random.Generator) -> Any:
        """Put off new calls until their line is free of the user's own calls, and of their incident's; shape (n,) [ms].

        None is put off past midnight; one that would have to be stays where it is.
        """
        order = np.lexsort((start_ms, users, incident))
        moved = start_ms[order]
        pause = pauses(len(users), PERSON_S, rng)
        _put_off((users[order], incident[order]), (talk_ms[order], pause), self.habits, make_slots(), moved)
        out = np.empty_like(moved)
        out[order] = moved
        return out

    def never_calls(self, users: Any, from_h: int, to_h: int) -> Any:
        """Return who of some users makes no call between two local hours in the whole world; shape (n,), bool."""
        never = self._never.setdefault((from_h, to_h), np.full(self.num_users, UNKNOWN, np.int8))
        asked = np.unique(users)
        asked = asked[never[asked] == UNKNOWN]
        never[asked] = False
        perhaps = asked[self._expected(asked, from_h, to_h) < SURELY]
        out = np.empty(len(perhaps), np.bool_)
        counts = np.ascontiguousarray(self.counts[:, perhaps].T)
        _never_between(perhaps, counts, np.array([from_h, to_h]) * HOUR_MS, self.habits, make_slots(), out)
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

    def _at(self, numbers: Any) -> Intents:
        """Return the intents of these numbers, in order, that start when incidents may begin."""
        found = self._look_up(numbers)
        return found.pick(self._in_time(found) & (found.start_ms >= self.habits.people.active_from_ms[found.user]))

    def _look_up(self, numbers: Any) -> Intents:
        """Return the intents of these numbers, which do not fall."""
        cell = np.searchsorted(self._ends, numbers, side="right")
        day, user = np.divmod(cell, self.counts.shape[1])
        return self._of(Intents.room(user, day, numbers - (self._ends[cell] - self.counts.ravel()[cell])))

    def _of(self, found: Intents) -> Intents:
        """Fill in what is intended in these slots."""
        self._fill(found)
        return found

    def _fill(self, found: Intents) -> None:
        """Fill in what the intents of these users, days and slots are."""
        look_up(found, self.habits, make_slots())

    def _numbers_in_time(self) -> tuple[int, int]:
        """Return the first number of an intent of the days on which incidents may begin, and one past the last."""
        if self.spans is None:
            return 0, int(self._ends[-1])
        days = int(self.spans[0, 0]) // DAY_MS, min(-(-int(self.spans[-1, 1]) // DAY_MS), self.days)
        first, end = (int(self._ends[day * self.counts.shape[1] - 1]) if day else 0 for day in days)
        return first, end

    def _in_time(self, intents: Intents) -> Any:
        """Return which intents start when incidents may begin; shape (n,), bool."""
        if self.spans is None:
            return np.ones(len(intents.user), np.bool_)
        span = np.searchsorted(self.spans[:, 0], intents.start_ms, side="right") - 1
        return (span >= 0) & (intents.start_ms < self.spans[span, 1])


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
def look_up(out: Intents, habits: Habits, slots: Slots) -> None:
    """Fill in what is intended in the slots that `out` names."""
    for i in range(out.user.shape[0]):
        j = out.slot[i]
        plan_slot(out.user[i], out.day[i], j, habits, slots)
        out.start_ms[i], out.talk_ms[i], out.callee[i] = slots.start_ms[j], slots.talk_ms[j], slots.callee[j]
        out.outcome[i], out.move[i] = slots.outcome[j], slots.move[j]
        out.goal[i], out.key[i] = slots.goal[j], slots.key[j]


@kernel
def _never_between(users: Any, counts: Any, span_ms: Any, habits: Habits, slots: Slots, out: Any) -> None:
    for i in range(users.shape[0]):
        out[i] = True
        for day in range(counts.shape[1]):
            if counts[i, day] and first_start(users[i], day, counts[i, day], span_ms, habits, slots) >= 0:
                out[i] = False
                break


@kernel
def _put_off(whose: tuple[Any, Any], lasts: tuple[Any, Any], habits: Habits, slots: Slots, out: Any) -> None:
    (users, incident), (talk_ms, pause_ms) = whose, lasts
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
            start = max(start, busy_ms + pause_ms[i] if busy_ms > start else start)
            following += 1
        if start // DAY_MS == out[i] // DAY_MS:
            out[i] = start
        busy_ms = max(busy_ms, out[i] + talk_ms[i])
        free_ms = out[i] + talk_ms[i] + pause_ms[i]


@kernel
def _choose_all(users: Any, start_ms: Any, draws: Any, habits: Habits, out: Any) -> None:
    for i in range(users.shape[0]):
        out[i] = choose_callee(users[i], start_ms[i], draws[i, 0], draws[i, 1], habits)
