"""The plan of normal calls that injectors edit: incidents claim the calls and users that they change.

An injector never touches records. It says which intents change and which are added, and the network renders the rest.
"""

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any, final

import numpy as np

from generators.injection.normal_calls import MOST_TRIES, NormalCalls
from generators.injection.normal_life import NormalLife
from generators.injection.planning_errors import NoRoom
from generators.model.clock import DAY_MS
from generators.model.plan import Intents

if TYPE_CHECKING:
    from generators.social.possessions import Possessions

EVERY_FOURTH = 4


@final
class EditablePlan:
    """The normal calls of a world, and what incidents have claimed of them."""

    def __init__(self, life: NormalLife, owned: "Possessions | None" = None) -> None:
        self.normal = NormalCalls(life)
        """The normal calls, for questions that claim nothing."""
        self._owned = owned
        """SIMs and devices of the users; None if unknown."""
        self._recruited = {True: 0, False: 0}
        """Number of the reserve that is taken, of those who stand still and of the others."""

    @property
    def life(self) -> NormalLife:
        """Source of the normal calls."""
        return self.normal.life

    def fresh(self) -> "EditablePlan":
        """Return a plan of the same normal life in which nothing is claimed."""
        return EditablePlan(self.life, self._owned)

    @cached_property
    def _taken(self) -> Any:
        """Intents that an incident has claimed; shape (intents,), bool."""
        return np.zeros(self.normal.numbers.total, np.bool_)

    @cached_property
    def _victims(self) -> Any:
        """Users who are the victim of an incident; no user is the victim of two; shape (users,), bool."""
        return np.zeros(self.normal.num_users, np.bool_)

    def draw(self, calls: int, rng: np.random.Generator, accept: Callable[[Intents], Any]) -> Intents:
        """Claim exactly `calls` acceptable intents, so that no other incident changes them.

        All intents are equally likely, so that who calls more is drawn more often. Those before the user's
        subscription began are left out, and those that the network would not connect.

        Parameters
        ----------
        calls
            Number of intents to claim.
        rng
            Random generator.
        accept
            Returns which intents are acceptable; shape (n,), bool.

        Raises
        ------
        NoRoom
            When normal life does not hold so many.
        """
        chosen = Intents.none()
        tried, asked = 0, calls + calls // 4 + 50
        first, end = self.normal.numbers_in_time()
        total = end - first
        while tried < 2 * total:
            looked_at, found = self._sample(asked, rng)
            fits = np.flatnonzero(accept(found))
            found = found.pick(rng.permutation(fits)[: calls - len(chosen.user)])
            self._taken[self.normal.numbers.of(found)] = True
            chosen = Intents.joined([chosen, found])
            missing = calls - len(chosen.user)
            if not missing:
                return chosen
            tried += looked_at
            asked = int(1.2 * missing * min(tried / (len(chosen.user) + 1), 20)) + 50 if tried < total else total
        raise NoRoom

    def draw_chains(
        self, calls: int, rng: np.random.Generator, accept: Callable[[Intents], Any]
    ) -> tuple[Intents, Any]:
        """Claim exactly `calls` intents in whole chains: an acceptable call that is no redial, and all its redials.

        All chains are equally likely, so that as many of the calls are redials as in normal life.

        Parameters
        ----------
        calls
            Number of intents to claim.
        rng
            Random generator.
        accept
            Returns which first calls are acceptable; shape (n,), bool.

        Returns
        -------
        tuple
            The intents, chain by chain in order of time, and the number of the chain of each.

        Raises
        ------
        NoRoom
            When normal life does not hold so many.
        """
        parts, numbers, chains, missing = [Intents.none()], [np.empty(0, np.int64)], 0, calls
        for _ in range(MOST_TRIES):
            first = self.draw(missing, rng, lambda found: accept(found) & ~self.normal.are_redials(found))
            more, of = self.normal.chains(first)
            taken = np.bincount(of[self._taken[self.normal.numbers.of(more)]], minlength=missing) > 0
            sizes = np.where(taken, 0, 1 + np.bincount(of, minlength=missing))
            kept = ~taken & (np.cumsum(sizes) <= missing)
            self.release(first.pick(~kept))
            number = chains + np.cumsum(kept) - 1
            every, chain = Intents.joined([first, more]), np.concatenate([np.arange(missing), of])
            order = np.argsort(chain, kind="stable")
            order = order[kept[chain[order]]]
            parts.append(every.pick(order))
            numbers.append(number[chain[order]])
            self._taken[self.normal.numbers.of(parts[-1])] = True
            chains, missing = chains + int(kept.sum()), missing - len(order)
            if not missing:
                return Intents.joined(parts), np.concatenate(numbers)
        raise NoRoom

    def _sample(self, calls: int, rng: np.random.Generator) -> tuple[int, Intents]:
        """Draw unclaimed intents, perhaps fewer than asked for; return how many were tried, and the usable ones."""
        first, end = self.normal.numbers_in_time()
        total = end - first
        few = calls * EVERY_FOURTH < total
        numbers = np.sort(rng.integers(first, end, calls)) if few else np.arange(first, end)
        numbers = numbers[~self._taken[numbers]]
        numbers = numbers[np.flatnonzero(np.diff(numbers, prepend=-1))]
        found = self.normal.at(numbers)
        return calls if few else total, found.pick(self.life.connects(found))

    def look(self, calls: int, rng: np.random.Generator) -> Intents:
        """Return about `calls` unclaimed intents without claiming them."""
        return self._sample(calls, rng)[1]

    def between(self, users: Any, from_ms: Any, to_ms: Any) -> tuple[Intents, Any]:
        """Claim the users' intents between two moments each, except those that another incident has claimed.

        Parameters
        ----------
        users, from_ms, to_ms
            Shape (n,): user, begin and end (exclusive) [ms].

        Returns
        -------
        tuple
            The intents, and to which of the n each belongs.
        """
        found, which = self._meant_between(users, from_ms, to_ms)
        kept = ~self._taken[self.normal.numbers.of(found)]
        found, which = found.pick(kept), which[kept]
        self._taken[self.normal.numbers.of(found)] = True
        return found, which

    def without_claimed_neighbours(self, intents: Intents, for_ms: int) -> Any:
        """Return which intents have no claimed intent of the same user within `for_ms`; shape (n,), bool."""
        begin = np.maximum(intents.start_ms - for_ms, 0)
        found, which = self._meant_between(intents.user, begin, intents.start_ms + for_ms)
        return np.bincount(which[self._taken[self.normal.numbers.of(found)]], minlength=len(begin)) == 0

    def _meant_between(self, users: Any, from_ms: Any, to_ms: Any) -> tuple[Intents, Any]:
        """Return the users' intents between two moments each, and the index of the user that each belongs to."""
        last = np.minimum(to_ms - 1, self.normal.days * DAY_MS - 1) // DAY_MS
        days = np.maximum(last - from_ms // DAY_MS + 1, 0)
        which = np.repeat(np.arange(len(users)), days)
        day = from_ms[which] // DAY_MS + np.arange(len(which)) - np.repeat(np.cumsum(days) - days, days)
        many = self.life.counts[day, users[which]]
        slot = np.arange(many.sum()) - np.repeat(np.cumsum(many) - many, many)
        which, day = np.repeat(which, many), np.repeat(day, many)
        found = self.normal.filled(Intents.room(users[which], day, slot))
        kept = (found.start_ms >= from_ms[which]) & (found.start_ms < to_ms[which])
        kept &= found.start_ms >= self.life.subscribers.active_from_ms[found.user]
        return found.pick(kept), which[kept]

    def victims(self, count: int, rng: np.random.Generator, accept: Callable[[Intents], Any] | None = None) -> Intents:
        """Choose victims, weighted by their calls; return a call of each, at which its incident begins.

        Nobody is the victim of two incidents, nor anybody whose subscription ends: its incident might outlast it. The
        calls are not claimed.

        Parameters
        ----------
        count
            Number of victims.
        rng
            Random generator.
        accept
            Returns which of such calls are acceptable; shape (n,), bool. All are when None.

        Raises
        ------
        NoRoom
            When there are too few users.
        """
        chosen, asked = Intents.none(), count + count // 4 + 50
        for _ in range(MOST_TRIES):
            _, found = self._sample(asked, rng)
            found = found.pick(rng.permutation(len(found.user)))
            found = found.pick(np.sort(np.unique(found.user, return_index=True)[1]))
            stays = self.life.subscribers.active_until_ms[found.user] >= self.normal.days * DAY_MS
            found = found.pick(stays & ~self._victims[found.user])
            found = found if accept is None else found.pick(accept(found))
            found = found.pick(slice(count - len(chosen.user)))
            self.mark_victims(found.user)
            chosen, asked = Intents.joined([chosen, found]), 2 * asked
            if len(chosen.user) == count:
                return chosen
        raise NoRoom

    def keeps_sim(self, users: Any, from_ms: Any, to_ms: Any) -> Any:
        """Return which users' numbers stay on one SIM between two moments in normal life; shape (n,), bool."""
        keeps = np.ones(len(users), np.bool_)
        if self._owned is not None:
            for moments in (self._owned.sim_change_ms[users], self._owned.sim_back_ms[users]):
                keeps &= (moments < from_ms) | (moments > to_ms)
        return keeps

    def release(self, intents: Intents) -> None:
        """Release claimed intents that are not changed after all."""
        self._taken[self.normal.numbers.of(intents)] = False

    def mark_victims(self, users: Any) -> None:
        """Mark users as victims, so that no other incident chooses them."""
        self._victims[users] = True

    def recruit(self, count: int, still: bool = False) -> Any:
        """Take subscribers from the reserve, either those who never move or the others; shape (count,).

        Raises
        ------
        NoRoom
            When the reserve does not hold so many.
        """
        spare = self._spare(still)
        if count > len(spare):
            raise NoRoom
        self._recruited[still] += count
        return spare[:count]

    def spare(self, still: bool = False) -> int:
        """Return how many subscribers are left in the reserve, of those who never move or of the others."""
        return len(self._spare(still))

    def _spare(self, still: bool) -> Any:
        return self.life.reserve(still)[self._recruited[still] :]
