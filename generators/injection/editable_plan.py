"""Normal life as an injector sees it: a plan that can be asked, and from which incidents claim what they change.

An injector never touches records. It says which intents change and which are added, and the network renders the rest.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from generators.injection.expected_calls import CallMap
from generators.injection.normal_life import MOST_TRIES, Life
from generators.model.clock import DAY_MS
from generators.model.compiled import kernel
from generators.model.events import make_events
from generators.model.plan import Intents
from generators.sessions.network import Network
from generators.sessions.session import Phone, hold, make_phone

EVERY_FOURTH = 4


@dataclass
class Draft(Life):
    """The plan of normal life, and what incidents have claimed of it."""

    _recruited: dict[bool, int] = field(default_factory=lambda: {True: 0, False: 0})
    """How many of the reserve are taken, of those who stand still and of the others."""

    can_grow: ClassVar[bool] = True
    """Whether there could be more users, if asked for."""
    without_network: ClassVar[str] = (
        "leave out what befalls cells where there is no network (generator/network=default brings one)"
    )
    """What is asked for where a type needs one."""

    def fresh(self) -> "Draft":
        """Return the same normal life, of which nothing is claimed."""
        return replace(self, _recruited={True: 0, False: 0})

    @cached_property
    def _taken(self) -> Any:
        """Shape (intents,): those that an incident has already claimed."""
        return np.zeros(self._ends[-1], np.bool_)

    callmap: CallMap | None = None
    """Where calls are to be expected; None without a network."""

    @cached_property
    def _victims(self) -> Any:
        """Shape (users,): who is already in the hands of an incident; of each user one at most takes possession."""
        return np.zeros(self.num_users, np.bool_)

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
        first, end = self._numbers_in_time()
        total = end - first
        while tried < 2 * total:
            looked_at, found = self._sample(asked, rng)
            fits = np.flatnonzero(accept(found))
            found = found.pick(rng.permutation(fits)[: calls - len(chosen.user)])
            self._taken[self._numbers(found)] = True
            chosen = Intents.joined([chosen, found])
            missing = calls - len(chosen.user)
            if not missing:
                return chosen
            tried += looked_at
            asked = int(1.2 * missing * min(tried / (len(chosen.user) + 1), 20)) + 50 if tried < total else total
        return None

    def _sample(self, calls: int, rng: np.random.Generator) -> tuple[int, Intents]:
        """Draw unclaimed intents, fewer than asked perhaps; return how many were looked at, and those that count."""
        first, end = self._numbers_in_time()
        total = end - first
        few = calls * EVERY_FOURTH < total
        numbers = np.sort(rng.integers(first, end, calls)) if few else np.arange(first, end)
        numbers = numbers[~self._taken[numbers]]
        numbers = numbers[np.flatnonzero(np.diff(numbers, prepend=-1))]
        found = self._at(numbers)
        return calls if few else total, found.pick(self._connects(found)) if self.habits.network.on else found

    def look(self, calls: int, rng: np.random.Generator) -> Intents:
        """Return some unclaimed intents, about so many, and claim none."""
        return self._sample(calls, rng)[1]

    def _connects(self, intents: Intents) -> Any:
        """Return which intents the network would connect; shape (n,), bool."""
        connects = np.empty(len(intents.user), np.bool_)
        network = self.habits.network
        _try_all(intents, network, make_phone(network.radio.cell.shape[1], make_events(0)), connects)
        return connects

    def _numbers(self, intents: Intents) -> Any:
        cell = intents.day * self.counts.shape[1] + intents.user
        return self._ends[cell] - self.counts.ravel()[cell] + intents.slot

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
        found, which = self._meant_between(users, from_ms, to_ms)
        kept = ~self._taken[self._numbers(found)]
        found, which = found.pick(kept), which[kept]
        self._taken[self._numbers(found)] = True
        return found, which

    def left_alone(self, intents: Intents, for_ms: int) -> Any:
        """Return around which intents no incident has claimed one of the same user's, for so long; shape (n,), bool."""
        begin = np.maximum(intents.start_ms - for_ms, 0)
        found, which = self._meant_between(intents.user, begin, intents.start_ms + for_ms)
        return np.bincount(which[self._taken[self._numbers(found)]], minlength=len(begin)) == 0

    def _meant_between(self, users: Any, from_ms: Any, to_ms: Any) -> tuple[Intents, Any]:
        """Return what users intend between two moments each, and to which of them each intent belongs."""
        last = np.minimum(to_ms - 1, self.days * DAY_MS - 1) // DAY_MS
        days = np.maximum(last - from_ms // DAY_MS + 1, 0)
        which = np.repeat(np.arange(len(users)), days)
        day = from_ms[which] // DAY_MS + np.arange(len(which)) - np.repeat(np.cumsum(days) - days, days)
        many = self.counts[day, users[which]]
        slot = np.arange(many.sum()) - np.repeat(np.cumsum(many) - many, many)
        which, day = np.repeat(which, many), np.repeat(day, many)
        found = self._of(Intents.room(users[which], day, slot))
        kept = (found.start_ms >= from_ms[which]) & (found.start_ms < to_ms[which])
        kept &= found.start_ms >= self.habits.people.active_from_ms[found.user]
        return found.pick(kept), which[kept]

    def victims(
        self, count: int, rng: np.random.Generator, accept: Callable[[Intents], Any] | None = None
    ) -> Intents | None:
        """Take possession of users, drawn by their calls: a call of each, at which it begins.

        Nobody is the victim of two incidents, nor anybody whose subscription ends: its incident might outlast it. The
        calls are not claimed. None when there are too few users.

        Parameters
        ----------
        count
            How many.
        rng
            Where chance comes from.
        accept
            Says of such calls which are acceptable; shape (n,), bool. All are when None.
        """
        chosen, asked = Intents.none(), count + count // 4 + 50
        for _ in range(MOST_TRIES):
            _, found = self._sample(asked, rng)
            found = found.pick(rng.permutation(len(found.user)))
            found = found.pick(np.sort(np.unique(found.user, return_index=True)[1]))
            stays = self.habits.people.active_until_ms[found.user] >= self.days * DAY_MS
            found = found.pick(stays & ~self._victims[found.user])
            found = found if accept is None else found.pick(accept(found))
            found = found.pick(slice(count - len(chosen.user)))
            self._victims[found.user] = True
            chosen, asked = Intents.joined([chosen, found]), 2 * asked
            if len(chosen.user) == count:
                return chosen
        return None

    def anybody(self, rng: np.random.Generator) -> Any:
        """Return all users who are in service all the time, in random order."""
        return rng.permutation(self.steady)

    def release(self, intents: Intents) -> None:
        """Give back intents that were claimed and are not changed after all."""
        self._taken[self._numbers(intents)] = False

    def possess(self, users: Any) -> None:
        """Take possession of users, so that no other incident does."""
        self._victims[users] = True

    def recruit(self, count: int, still: bool = False) -> Any:
        """Take some of the reserve, who stand still or do not; shape (count,), None when it does not hold so many."""
        spare = self._spare(still)
        if count > len(spare):
            return None
        self._recruited[still] += count
        return spare[:count]

    def spare(self, still: bool = False) -> int:
        """Return how many of the reserve are left, who stand still or do not."""
        return len(self._spare(still))

    def _spare(self, still: bool) -> Any:
        reserve = np.arange(self.num_users, self.counts.shape[1])
        return reserve[self.habits.people.still[reserve] == still][self._recruited[still] :]


@kernel
def _try_all(intents: Intents, network: Network, phone: Phone, connects: Any) -> None:
    for i in range(connects.shape[0]):
        connects[i] = hold(intents.user[i], intents.key[i], intents.start_ms[i], intents.talk_ms[i], network, phone)
