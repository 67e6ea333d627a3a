"""A second, plain implementation of the inventory of SIMs and devices, user by user.

Tests compare `generators.social.possessions` and `generators.tables.inventory` with it. It shares no
code with them: draws come from NumPy's Philox.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

from generators.model.clock import DAY_MS, HOUR_MS
from generators.model.plan import OWN, Holdings
from generators.model.rng import Purpose
from generators.sessions.reference import numpys_draws
from generators.settings.subscriptions import Subscriptions
from generators.social.people import People
from generators.social.possessions import Possessions

Thing = tuple[int, int]
"""A SIM or device: its owner, and its number among the owner's."""


class Period(NamedTuple):
    """A span in which the operator lists a number with one SIM and one device."""

    from_ms: int
    to_ms: int
    sim: Thing
    device: Thing


@dataclass(frozen=True)
class PlainInventory:
    """The SIM and device of each number, computed one number at a time."""

    rules: Subscriptions
    people: People
    owned: Possessions
    holdings: Holdings
    days: int

    def spells(self, user: int) -> list[tuple[int, int, int]]:
        """Return when, within the world, the user's SIM is in another device, and in which."""
        period, phase = int(self.owned.period_ms[user]), int(self.owned.phase_ms[user])
        least, most = self.owned.spell_ms
        found = []
        number = 0
        while period and number * period - phase < self.days * DAY_MS:
            size, place, lent, lender, _ = numpys_draws(int(self.owned.seed), Purpose.SECOND_DEVICE, user, number, 0)
            length = min(int(least / (1 - size * (1 - least / most))), period // 2)
            begin = number * period - phase + int(place * (period - length))
            begin = begin // 1000 * 1000
            end = begin + length // 1000 * 1000
            if end > 0 and begin < self.days * DAY_MS:
                found.append((max(begin, 0), end, 4 + int(lender * 6) if lent < self.owned.borrowed else 2))
            number += 1
        return found

    def own_sim(self, user: int, moment: int) -> Thing:
        """Return the SIM of a user's number in normal life."""
        second = self.owned.sim_change_ms[user] <= moment < self.owned.sim_back_ms[user]
        return (user, 1 if second else 0)

    def own_device(self, user: int, moment: int) -> Thing:
        """Return the device of a user's SIM in normal life."""
        for begin, end, device in self.spells(user):
            if begin <= moment < end:
                return (user, device)
        return (user, 1 if moment >= self.owned.device_change_ms[user] else 0)

    def held(self, user: int, moment: int) -> tuple[int, int] | None:
        """Return the owners of the SIM and device that an incident has put a number on, if any."""
        for who, begin, end, sim, device, _ in zip(*(column.tolist() for column in self.holdings), strict=True):
            if who == user and begin <= moment < end:
                return sim, device
        return None

    def sim(self, user: int, moment: int) -> Thing:
        """Return the SIM of a number."""
        held = self.held(user, moment)
        return self.own_sim(user, moment) if held is None or held[0] in (OWN, user) else (held[0], 0)

    def device(self, user: int, moment: int) -> Thing:
        """Return the device of a number's SIM."""
        held = self.held(user, moment)
        return self.own_device(user, moment) if held is None or held[1] == user else (held[1], 0)

    def lag_ms(self, user: int, moment: int) -> int | None:
        """Return the delay until the operator lists a change of device; None if it never does."""
        size, missed, *_ = numpys_draws(int(self.owned.seed), Purpose.DEVICE_SEEN, user, moment % 2**64, 0)
        if missed < self.rules.device_missed:
            return None
        least, most = self.rules.device_seen_h
        if most == 0:
            return 0
        least, most = max(least, 1 / 3600), max(most, 1 / 3600)
        return int(HOUR_MS * least * math.exp(math.log(most / least) * size)) // 1000 * 1000

    def moments(self, user: int) -> list[int]:
        """Return all moments at which the SIM or device of a number may change."""
        owned, begin, end = self.owned, int(self.people.active_from_ms[user]), int(self.people.active_until_ms[user])
        found = {begin, *(int(c[user]) for c in (owned.sim_change_ms, owned.sim_back_ms, owned.device_change_ms))}
        found |= {moment for spell in self.spells(user) for moment in spell[:2]}
        found |= {int(column[i]) for i, who in enumerate(self.holdings.user) if who == user
                  for column in (self.holdings.from_ms, self.holdings.to_ms)}  # fmt: skip
        return sorted(moment for moment in found if begin <= moment < min(end, self.days * DAY_MS))

    def periods(self, user: int) -> list[Period]:
        """Return the operator's inventory of a number, period by period."""
        moments, end = self.moments(user), int(self.people.active_until_ms[user])
        news: dict[int, dict[str, Thing]] = {}
        for moment in moments:
            news.setdefault(moment, {})["sim"] = self.sim(user, moment)
        uses: list[tuple[int, Thing]] = []
        for moment in moments:
            if not uses or self.device(user, moment) != uses[-1][1]:
                uses.append((moment, self.device(user, moment)))
        for (moment, device), (over, _) in zip(uses, [*uses[1:], (end, (-1, -1))], strict=True):
            if moment == moments[0]:
                news[moment]["device"] = (user, 3) if self.owned.outdated[user] else device
                continue
            lag = self.lag_ms(user, moment)
            if lag is not None and moment + lag < min(over, self.days * DAY_MS):
                news.setdefault(moment + lag, {})["device"] = device
        known: list[tuple[int, Thing, Thing]] = []
        sim = device = (-1, -1)
        for moment in sorted(news):
            sim, device = news[moment].get("sim", sim), news[moment].get("device", device)
            if not known or known[-1][1:] != (sim, device):
                known.append((moment, sim, device))
        ends = [moment for moment, _, _ in known[1:]] + [end]
        return [Period(begin, to, sim, device) for (begin, sim, device), to in zip(known, ends, strict=True)]
