"""The table `subscriptions`: the operator's inventory of numbers, SIMs and devices.

The operator assigns SIMs itself, so its list of SIMs is exact. It learns of devices from traffic (3GPP TS 22.016;
Automatic Device Detection, TS 22.101): some time after a SIM appears in another device, if it is still in it. Some
changes are never detected, and some users are listed with an earlier device. The same rules hold for incidents, which
change the SIM and device in use (`Holdings`).
"""

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from bench.schema import SUBSCRIPTIONS
from generators.model.clock import DAY_MS, HOUR_MS
from generators.model.compiled import kernel
from generators.model.numerics import exponentials
from generators.model.plan import OWN, Holdings
from generators.model.rng import Purpose, uniforms_of
from generators.settings.subscriptions import Subscriptions
from generators.social.contacts import NOBODY
from generators.social.people import People
from generators.social.possessions import FORMER, Possessions, device_in_use, sim_in_use, spell
from generators.social.subscriptions import NEVER, SECOND_MS, whole
from generators.tables.columns import conformed, moments
from generators.tables.names import Names


class Uses(NamedTuple):
    """SIMs, or devices, of the users' numbers, each used until the user's next entry; shape (n,) each.

    In order of user and time.
    """

    user: Any
    """int64: number of the user."""
    from_ms: Any
    """int64: begin of the use since the start of the world, whole seconds."""
    thing: Any
    """int64: the SIM or the device, as an index into `Names.sim` or `Names.device`."""

    def pick(self, chosen: Any) -> "Uses":
        """Return a selection of the entries."""
        return Uses(*(column[chosen] for column in self))

    def changes(self) -> "Uses":
        """Return only the entries at which the SIM or device changes."""
        again = np.zeros(len(self.user), np.bool_)
        again[1:] = (self.user[1:] == self.user[:-1]) & (self.thing[1:] == self.thing[:-1])
        return self.pick(~again)

    def is_first(self) -> Any:
        """Return whether each entry is the first of its user; shape (n,), bool."""
        return np.diff(self.user, prepend=-1) != 0

    def end_ms(self, until_ms: Any) -> Any:
        """Return the end of each entry, given the end of each user's subscription, shape (N,); shape (n,)."""
        following = np.append(self.from_ms[1:], NEVER)
        last = np.append(self.is_first()[1:], True)
        return np.where(last, until_ms[self.user], following)


@dataclass(frozen=True)
class Inventory:
    """SIM and device of each number over time, and the operator's knowledge of them."""

    people: People
    owned: Possessions
    """SIMs and devices of users in normal life."""
    names: Names
    holdings: Holdings
    """SIMs and devices that numbers use during incidents; at most one holding for each user."""
    days: int
    """Length of the world in days."""

    def table(self, rules: Subscriptions, epoch_ms: int) -> pa.Table:
        """Return one row for each period in which the operator lists a user with the same number, SIM and device.

        Parameters
        ----------
        rules
            Delays with which the operator learns of devices.
        epoch_ms
            Start of the world, in ms since the Unix epoch (UTC).
        """
        periods, sim, device = _merged(self.sims(), self.known_devices(rules))
        to_ms = periods.end_ms(self.people.active_until_ms)
        lasts = to_ms >= NEVER
        columns = {
            "user_id": self.names.user.take(pa.array(periods.user)),
            "phone_number": self.names.number.take(pa.array(periods.user)),
            "imsi": self.names.sim.take(pa.array(sim)),
            "imei": self.names.device.take(pa.array(device)),
            "valid_from": moments(epoch_ms + periods.from_ms),
            "valid_to": pa.array(epoch_ms + np.where(lasts, 0, to_ms), mask=lasts).cast(
                SUBSCRIPTIONS.arrow.field("valid_to").type
            ),
        }
        table = pa.table(columns).sort_by([("user_id", "ascending"), ("valid_from", "ascending")])
        return conformed(table, SUBSCRIPTIONS.arrow)

    def sims(self) -> Uses:
        """Return the SIM of each number over time, which the operator assigns itself."""
        moments_ms = np.stack([self.owned.sim_change_ms, self.owned.sim_back_ms])
        _, user = np.nonzero(moments_ms != NEVER)
        held = self.holdings.pick((self.holdings.sim != OWN) & (self.holdings.sim != self.holdings.user))
        return self._in_use((user, moments_ms[moments_ms != NEVER]), held, held.sim, _sims_at, self.names.sim_place)

    def devices(self) -> Uses:
        """Return the device of each number's SIM over time."""
        replaced = np.flatnonzero(self.owned.device_change_ms != NEVER)
        user, begin, end = self._spells()
        users = np.concatenate([replaced, user, user])
        times = np.concatenate([self.owned.device_change_ms[replaced], begin, end])
        held = self.holdings.pick(self.holdings.device != self.holdings.user)
        return self._in_use((users, times), held, held.device, _devices_at, self.names.device_place)

    def known_devices(self, rules: Subscriptions) -> Uses:
        """Return the devices listed by the operator, each from the time at which it is listed."""
        used = self.devices()
        seed, first = int(self.owned.seed), used.is_first()
        draws = uniforms_of(seed, Purpose.DEVICE_SEEN, used.user, used.from_ms)
        least, most = (max(hours, 1 / 3600) for hours in rules.device_seen_h)
        lag_ms = HOUR_MS * least * exponentials(math.log(most / least) * draws[:, 0])
        seen_ms = used.from_ms + whole(lag_ms.astype(np.int64)) * (rules.device_seen_h[1] > 0)
        over = np.minimum(used.end_ms(self.people.active_until_ms), self.days * DAY_MS)
        known = (seen_ms < over) & (draws[:, 1] >= rules.device_missed)
        before = self.names.device_place[FORMER, used.user]
        listed = Uses(
            used.user,
            np.where(first, used.from_ms, seen_ms),
            np.where(first & (before != NOBODY), before, used.thing),
        )
        return listed.pick(known | first).changes()

    def _spells(self) -> tuple[Any, Any, Any]:
        """Return the times within the world at which SIMs are in another device than usual."""
        user, owned = np.flatnonzero(self.owned.period_ms > 0), self.owned
        many = (self.days * DAY_MS + owned.phase_ms[user]) // owned.period_ms[user] + 1
        which, number = np.repeat(user, many), np.arange(many.sum()) - np.repeat(np.cumsum(many) - many, many)
        begin, end = np.empty((2, len(which)), np.int64)
        _find_spells(which, number, owned, begin, end)
        there = (end > 0) & (begin < self.days * DAY_MS)
        return which[there], np.maximum(begin[there], 0), end[there]

    def _in_use(self, changes: tuple[Any, Any], held: Holdings, things: Any, look: Any, place: Any) -> Uses:
        """Return what is in use, given the times of possible changes in normal life, and the holdings of incidents."""
        begins, ends = self.people.active_from_ms, self.people.active_until_ms
        served = np.flatnonzero(begins != NEVER)
        there = (held.to_ms > begins[held.user]) & (held.from_ms < np.minimum(ends[held.user], self.days * DAY_MS))
        held, things = held.pick(there), things[there]
        held_from = np.maximum(held.from_ms, begins[held.user])
        user = np.concatenate([served, changes[0], held.user])
        from_ms = np.concatenate([begins[served], changes[1], held.to_ms])
        kept = (from_ms >= begins[user]) & (from_ms < np.minimum(ends[user], self.days * DAY_MS))
        if len(held.user):
            row = np.full(len(begins), NOBODY)
            row[held.user] = np.arange(len(held.user))
            row = row[user]
            kept &= (row == NOBODY) | (from_ms < held_from[row]) | (from_ms >= held.to_ms[row])
        user, from_ms = user[kept], from_ms[kept]
        thing = np.empty(len(user), np.int64)
        look(user, from_ms, self.owned, place, thing)
        every = Uses(
            np.concatenate([user, held.user]),
            np.concatenate([from_ms, held_from]),
            np.concatenate([thing, things]),
        )
        return every.pick(_in_order(every.user, every.from_ms)).changes()


def _in_order(user: Any, from_ms: Any) -> Any:
    """Return the order by user and time, for whole seconds less than 68 years from the start; shape (n,)."""
    return np.argsort(user.astype(np.int64) * 2**32 + (from_ms // SECOND_MS + 2**31))


def _merged(sims: Uses, devices: Uses) -> tuple[Uses, Any, Any]:
    """Return the periods with the same SIM and device, and the entries of both in each."""
    user = np.concatenate([sims.user, devices.user])
    from_ms = np.concatenate([sims.from_ms, devices.from_ms])
    order = _in_order(user, from_ms)
    user, from_ms = user[order], from_ms[order]
    last = np.append((user[1:] != user[:-1]) | (from_ms[1:] != from_ms[:-1]), True)
    found = []
    for of_sims, things in ((True, sims.thing), (False, devices.thing)):
        its = (order < len(sims.user)) == of_sims
        found.append(things[np.cumsum(its)[last] - 1])
    periods = Uses(user[last], from_ms[last], np.zeros(int(last.sum()), np.int64))
    return periods, found[0], found[1]


@kernel
def _sims_at(user: Any, from_ms: Any, owned: Possessions, place: Any, out: Any) -> None:
    for i in range(user.shape[0]):
        out[i] = place[sim_in_use(user[i], from_ms[i], owned), user[i]]


@kernel
def _devices_at(user: Any, from_ms: Any, owned: Possessions, place: Any, out: Any) -> None:
    for i in range(user.shape[0]):
        out[i] = place[device_in_use(user[i], from_ms[i], owned), user[i]]


@kernel
def _find_spells(user: Any, number: Any, owned: Possessions, begin: Any, end: Any) -> None:
    for i in range(user.shape[0]):
        begin[i], end[i], _ = spell(user[i], number[i], owned)
