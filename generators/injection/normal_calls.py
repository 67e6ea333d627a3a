"""Queries about the normal calls of a world: callers, hours and callees.

Nothing is claimed or changed here; `generators.injection.editable_plan` does that.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, final

import numpy as np

from generators.injection.normal_life import IntentNumbers, NormalLife, steady_users, strangers
from generators.injection.planning_errors import NoRoom, NotInRecords
from generators.model.clock import DAY_MS, PAUSE_MS
from generators.model.outcome import ANSWERED
from generators.model.plan import OWN, Intents

MOST_TRIES = 12
NEAR_MS = 600_000
EXAMPLES = 65_536
"""Size of the sample of normal calls from which incidents take hours, talk times, outcomes and redials."""


class Redials(NamedTuple):
    """Calls that dial again a party who did not answer; shape (n,) each, in order of time for each first call."""

    of: Any
    """int64: number of the first call of the chain."""
    wait_ms: Any
    """int64: time from the end of the first call."""
    ring_ms: Any
    talk_ms: Any
    outcome: Any


@final
@dataclass
class NormalCalls:
    """The normal calls of a world, within the time in which incidents of one type may begin."""

    life: NormalLife
    spans: Any = None
    """Shape (n, 2), int64: when incidents of the type being planned may begin [ms]; None: at any time."""

    def __post_init__(self) -> None:
        self.numbers = IntentNumbers(self.life.counts)

    @property
    def num_users(self) -> int:
        """Number of users, without the reserve."""
        return self.life.num_users

    @property
    def days(self) -> int:
        """Number of days."""
        return int(self.life.counts.shape[0])

    @property
    def earliest_ms(self) -> int:
        """Earliest allowed start of an incident of the type being planned [ms]."""
        return 0 if self.spans is None else int(self.spans[0, 0])

    @property
    def calls_per_day(self) -> float:
        """Mean number of calls that a user intends per day."""
        return float(self.numbers.total) / max(self.num_users * self.days, 1)

    @cached_property
    def calls_by_user(self) -> Any:
        """Number of calls that each user intends on all days; shape (N,)."""
        return self.life.counts.sum(axis=0)

    @cached_property
    def steady(self) -> Any:
        """Users who subscribe throughout the world, in order; all users if there is hardly one; shape (n,)."""
        return steady_users(self.life)

    def in_service(self, parties: Any) -> Any:
        """Return which parties are in service throughout the world; parties outside the network always are."""
        passing = self.life.subscribers.passing
        return ~passing[np.minimum(parties, len(passing) - 1)] | (parties >= len(passing))

    def on_day(self, users: Any, day: int) -> Intents:
        """Return the intents of users on a day, claimed or not; users without a call have none."""
        many = self.life.counts[day, users]
        slot = np.arange(many.sum()) - np.repeat(np.cumsum(many) - many, many)
        return self.filled(Intents.room(np.repeat(users, many), np.full(len(slot), day), slot))

    def moments(self, count: int, rng: np.random.Generator) -> Any:
        """Return starts of normal calls of any user, at which incidents may begin; shape (count,) [ms].

        Raises
        ------
        NoRoom
            When there are no such calls.
        """
        found, (first, end) = np.empty(0, np.int64), self.numbers_in_time()
        asked, tried = 2 * count + 50, 0
        while end > first and len(found) < count and tried < MOST_TRIES:
            numbers = np.sort(rng.integers(first, end, asked))
            found = np.concatenate([found, rng.permutation(self.at(numbers).start_ms)])
            asked, tried = 4 * asked, tried + 1
        if not len(found):
            raise NoRoom
        return rng.permutation(found if len(found) < count else found[:count])[np.arange(count) % len(found)]

    @cached_property
    def _examples(self) -> Intents:
        """A random sample of normal calls; empty if there are none."""
        total = self.numbers.total
        return self._look_up(np.linspace(0, max(total - 1, 0), min(total, EXAMPLES)).astype(np.int64))

    def usual_hours(self, count: int, rng: np.random.Generator) -> Any:
        """Return times of day within minutes of normal calls; shape (count,) [ms], empty without normal calls.

        They differ from them by some minutes, since a start that another call has too would mark the call.
        """
        near = self._examples.start_ms[self._any_examples(count, rng)] + rng.integers(-NEAR_MS, NEAR_MS, count)
        return near % DAY_MS

    def usual_talks(self, count: int, rng: np.random.Generator) -> tuple[Any, Any]:
        """Return talk times [ms] and outcomes drawn from normal calls; shape (count,) each.

        Both are empty when there are no normal calls.
        """
        some = self.life.redrawn(self._examples.pick(self._any_examples(count, rng)), rng)
        return some.talk_ms, some.outcome

    def usual_rings(self, outcome: Any, rng: np.random.Generator) -> Any:
        """Return how long new calls with these outcomes ring until they are answered or given up; shape (n,) [ms]."""
        if not self.life.calls_ring:
            return np.zeros(len(outcome), np.int64)
        return self.life.rings(rng.integers(0, 2**64, len(outcome), dtype=np.uint64), outcome)

    def lasting(self, calls: Intents) -> Any:
        """Return how long calls hold their line once they are connected: ringing and talk; shape (n,) [ms]."""
        return calls.talk_ms + self._rings(calls)

    def _rings(self, calls: Intents) -> Any:
        return np.where(calls.ring_ms == OWN, self.life.rings(calls.key, calls.outcome), calls.ring_ms)

    def usual_redials(self, count: int, rng: np.random.Generator) -> Redials:
        """Return the redials after each of `count` normal calls that are not answered, drawn at random."""
        firsts, left = [Intents.none()], [np.empty(0, np.int64)]
        missing, tried = count if self.life.redialled_within_ms else 0, 0
        while missing > 0 and tried < MOST_TRIES:
            drawn = self._examples.pick(self._any_examples(4 * missing + 50, rng))
            some = self.life.redrawn(drawn, rng)
            open_ = np.flatnonzero(some.outcome != ANSWERED)[:missing]
            firsts.append(some.pick(open_))
            left.append(self._slots_after(drawn.pick(open_)))
            missing, tried = missing - len(open_), tried + 1
        first = Intents.joined(firsts)
        found, of = self.redials(first, np.concatenate(left))
        ends = first.start_ms + self.lasting(first)
        return Redials(of, found.start_ms - ends[of], self._rings(found), found.talk_ms, found.outcome)

    @cached_property
    def redials_per_call(self) -> float:
        """Mean number of redials after a normal call that is no redial itself."""
        first = self._examples.pick(~self.are_redials(self._examples))
        return len(self.chains(first)[1]) / max(len(first.user), 1)

    def chains(self, firsts: Intents) -> tuple[Intents, Any]:
        """Return the redials after each of some normal calls, and to which of the calls each belongs."""
        return self.redials(firsts, self._slots_after(firsts))

    def _slots_after(self, intents: Intents) -> Any:
        return self.life.counts[intents.day, intents.user] - 1 - intents.slot

    def redials(self, firsts: Intents, most: Any) -> tuple[Intents, Any]:
        """Return the calls that redial each of some calls, at most so many for each, and to which each belongs.

        Parameters
        ----------
        firsts
            Calls by slots of users' days; n of them.
        most
            Shape (n,): the most slots that may follow on each.

        Returns
        -------
        tuple
            The redials, in order of the chains' length so far, and the number of the first call of each.
        """
        found, of = [Intents.none()], [np.empty(0, np.int64)]
        last, which = firsts, np.arange(len(firsts.user) if self.life.redialled_within_ms else 0)
        last = last.pick(which)
        while len(which):
            goes_on = (last.outcome != ANSWERED) & (most[which] >= len(found))
            last, which = last.pick(goes_on), which[goes_on]
            following = self.filled(Intents.room(last.user, last.day, last.slot + 1))
            again = self._redials(last, following)
            last, which = following.pick(again), which[again]
            found.append(last)
            of.append(which)
        return Intents.joined(found), np.concatenate(of)

    def are_redials(self, intents: Intents) -> Any:
        """Return which normal calls redial the call of the slot before; shape (n,), bool."""
        out = np.zeros(len(intents.user), np.bool_)
        later = np.flatnonzero(intents.slot > 0) if self.life.redialled_within_ms else np.empty(0, np.int64)
        found = intents.pick(later)
        out[later] = self._redials(self.filled(Intents.room(found.user, found.day, found.slot - 1)), found)
        return out

    def _redials(self, before: Intents, after: Intents) -> Any:
        """Return which calls redial the call before; shape (n,), bool."""
        wait = after.start_ms - before.start_ms
        soon = (wait >= PAUSE_MS) & (wait <= self.life.redialled_within_ms)
        return (before.outcome != ANSWERED) & (after.callee == before.callee) & soon

    def _any_examples(self, count: int, rng: np.random.Generator) -> Any:
        many = len(self._examples.user)
        return rng.integers(0, many, count if many else 0)

    def rhythm(self, begin_ms: Any, span_ms: Any, rng: np.random.Generator) -> Any:
        """Return times within spans, at the hours of normal calls; shape (n,) [ms].

        Parameters
        ----------
        begin_ms, span_ms
            Shape (n,): begin and length of each span [ms].
        rng
            Random generator.
        """
        anywhere = begin_ms + (rng.random(len(begin_ms)) * span_ms).astype(np.int64)
        usual = anywhere - anywhere % DAY_MS + self.usual_hours(len(begin_ms), rng)
        return np.where((usual >= begin_ms) & (usual < begin_ms + span_ms), usual, anywhere)

    def contacts(self, users: Any, start_ms: Any, rng: np.random.Generator) -> Any:
        """Return the party that each user would call at a moment by its own habits; shape (n,)."""
        return self.life.contacts(users, start_ms, rng)

    def strangers(self, users: Any, rng: np.random.Generator) -> Any:
        """Return a user drawn at random for each, in service all the time and never the user itself; shape (n,)."""
        return strangers(self.steady, users, rng)

    def anybody(self, rng: np.random.Generator) -> Any:
        """Return all users who are in service throughout the world, in random order."""
        return rng.permutation(self.steady)

    def different(self, sizes: Any, rng: np.random.Generator) -> Any:
        """Return callees for each of some incidents, all different as far as possible; shape (sum,).

        They are users in service all the time and unlisted numbers outside the network.
        """
        pool = np.concatenate([self.steady, np.arange(*self.life.external("unlisted"))])
        whole = [[rng.permutation(pool)] * (int(size) // len(pool)) for size in sizes]
        rest = [rng.choice(pool, int(size) % len(pool), replace=False) for size in sizes]
        return np.concatenate([part for each, last in zip(whole, rest, strict=True) for part in (*each, last)])

    def outsiders(self, kind: str, count: int, rng: np.random.Generator) -> Any:
        """Return external parties of a type (unlisted, foreign, premium), all equally likely; shape (count,).

        Raises
        ------
        NotInRecords
            When there are none.
        """
        first, end = self.life.external(kind)
        if first == end:
            raise NotInRecords(
                f"{kind} parties: none is in the records (generator.callee_prefixes tells them by their numbers)"
            )
        return rng.integers(first, end, count)

    def when_free(self, users: Any, incident: Any, start_ms: Any, talk_ms: Any, rng: np.random.Generator) -> Any:
        """Delay new calls until their line is free, as `NormalLife.when_free`; shape (n,) [ms]."""
        return self.life.when_free(users, incident, start_ms, talk_ms, rng)

    def at(self, numbers: Any) -> Intents:
        """Return the intents of these numbers, in order, that start when incidents may begin."""
        found = self._look_up(numbers)
        active = found.start_ms >= self.life.subscribers.active_from_ms[found.user]
        return found.pick(self._in_time(found) & active)

    def _look_up(self, numbers: Any) -> Intents:
        return self.filled(self.numbers.slots(numbers))

    def filled(self, found: Intents) -> Intents:
        """Fill in the intents of these slots, and return them."""
        self.life.fill(found)
        return found

    def numbers_in_time(self) -> tuple[int, int]:
        """Return the first number of an intent of the days on which incidents may begin, and one past the last."""
        if self.spans is None:
            return 0, self.numbers.total
        first, end = int(self.spans[0, 0]) // DAY_MS, min(-(-int(self.spans[-1, 1]) // DAY_MS), self.days)
        return self.numbers.before(first), self.numbers.before(end)

    def _in_time(self, intents: Intents) -> Any:
        """Return which intents start when incidents may begin; shape (n,), bool."""
        if self.spans is None:
            return np.ones(len(intents.user), np.bool_)
        span = np.searchsorted(self.spans[:, 0], intents.start_ms, side="right") - 1
        return (span >= 0) & (intents.start_ms < self.spans[span, 1])
