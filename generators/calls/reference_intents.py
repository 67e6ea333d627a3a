"""What people intend, call by call, as plain Python: a slow second implementation that the kernels are compared with.

It shares no code with `generators.calls.intents`: draws come from NumPy's Philox, quantiles from the standard library.
Read this to know what the model says; read the kernels to know how it is computed for millions.
"""

import math
from dataclasses import dataclass, replace
from statistics import NormalDist

from generators.calls.model_arrays import EXPONENTIAL, LOGNORMAL, ModelArrays
from generators.model.clock import DAY_MS, HOUR_MS
from generators.model.outcome import ANSWERED, BUSY, FAILED, MISSED
from generators.model.rng import Purpose
from generators.sessions.reference import Draws, numpys_draws


@dataclass(frozen=True)
class Intent:
    """A call that a user intends to make."""

    start_ms: int
    talk_ms: int
    callee: int
    outcome: int
    move: float
    goal: float
    key: int
    incident: int = -1
    phone: int = -1
    """User whose position carries the call; the caller when -1."""
    sim: int = -1
    device: int = -1
    leg: bool = False
    gone: bool = False
    ring_ms: int = 0
    """Time from the connection until the call is answered or given up; -1 for one drawn by key and outcome."""


class ReferencePeople:
    """The people of a world: whom each of them means to call, when, and for how long."""

    def __init__(self, model: ModelArrays) -> None:
        self.model, self.people, self.society = model, model.people, model.society
        self.seed = int(model.seed)

    def draw(self, purpose: Purpose, entity: int, occurrence: int, part: int = 0) -> Draws:
        """Return four uniforms, and the last of them as a 64-bit word."""
        return numpys_draws(self.seed, purpose, entity, occurrence, part)

    def count(self, user: int, day: int) -> int:
        """Return the number of calls that a user intends to make on a day."""
        people, kind = self.people, self.model.kinds[self.people.kind[user]]
        if people.active_from_ms[user] >= (day + 1) * DAY_MS or people.active_until_ms[user] <= day * DAY_MS:
            return 0
        if kind["regular"]:
            return min(self.beat(user, day + 1) - self.beat(user, day), 1000)
        if self.is_quiet(user, day):
            return 0
        spell, sigma, quiet = self.spell(user, day), self.model.spell_sigma, float(self.model.quiet[user])
        mean = float(people.rate[user] * self.model.day_factor[people.pattern[user], day] / (1 - quiet))
        if sigma > 0:
            mean *= math.exp(sigma * quantile(spell[3]) - sigma * sigma / 2)
        total, part = 0, 0
        while mean > 0 and total < 1000:
            u = self.draw(Purpose.CALL_COUNT, user, day, part)[0]
            total += poisson(min(mean, 32.0), u)
            mean -= 32.0
            part += 1
        return min(total, 1000)

    def spell(self, user: int, day: int) -> Draws:
        """Return the random draws of the spell that a day belongs to."""
        return self.draw(Purpose.SPELL, user, (day + user) // int(self.people.spell_days[user]))

    def is_quiet(self, user: int, day: int) -> bool:
        """Return whether a day belongs to a spell without calls of the user."""
        return self.spell(user, day)[0] < float(self.model.quiet[user])

    def beat(self, user: int, day: int) -> int:
        """Return the number of calls that a machine makes before a day."""
        return math.ceil(day * float(self.people.rate[user]) - self.draw(Purpose.SPELL, user, 0, 1)[0])

    def intents(self, user: int, day: int) -> list[Intent]:
        """Return the intended calls of a user's day in the order of their slots."""
        made: list[Intent] = []
        for slot in range(self.count(user, day)):
            made.append(self.intent(user, day, slot, made[-1] if made else None))
        return made

    def intent(self, user: int, day: int, slot: int, before: Intent | None) -> Intent:
        """Return one intended call, which may follow on the one before."""
        model, occurrence = self.model, day << 20 | slot
        kind, who, follow, again, _ = self.draw(Purpose.CALL_WHO, user, occurrence)
        time, gap, goal, _, key = self.draw(Purpose.CALL_WHEN, user, occurrence)
        component, size, result, move, _ = self.draw(Purpose.CALL_HOW, user, occurrence)
        start, follows = self.time_of_day(user, day, slot, time), False
        again_at_once = before is not None and before.outcome != ANSWERED
        chance, mean_ms = model.follow_up, model.follow_up_gap_ms
        if again_at_once:
            known = 1 - float(model.kinds[self.people.kind[user]]["cold"])
            chance, mean_ms = model.redial * known, model.redial_gap_ms
        if before is not None and follow < chance and not self.is_regular(user):
            soon = before.start_ms + before.ring_ms + before.talk_ms + 2000 + int(-math.log(1 - gap) * mean_ms)
            follows = soon < (day + 1) * DAY_MS
            start = soon if follows else start
        if before is not None and follows and (again_at_once or again < model.same_contact):
            callee = before.callee
        elif not follows and again < model.favourite:
            callee = self.callee(user, start, *self.spell(user, day)[1:3])
        else:
            callee = self.callee(user, start, kind, who)
        outcome = self.outcome(user, result)
        talk = self.talk_ms(user, callee, component, size) if outcome == ANSWERED else 0
        call = Intent(start_ms=start, talk_ms=talk, callee=callee, outcome=outcome, move=move, goal=goal, key=key)
        return replace(call, ring_ms=self.ring_ms(key, outcome))

    def next_turn(self, user: int, turn: int, free_ms: int) -> Intent:
        """Return a user's call of a number, from 0, in a closed loop, whose line is free from a moment on."""
        model = self.model
        kind, who, _, _, _ = self.draw(Purpose.CALL_WHO, user, turn)
        wait, _, goal, _, key = self.draw(Purpose.CALL_WHEN, user, turn)
        component, size, result, move, _ = self.draw(Purpose.CALL_HOW, user, turn)
        least, spread = model.wait_ms
        start = max(free_ms, int(self.people.active_from_ms[user])) + int(least + wait * spread)
        callee, outcome = self.callee(user, start, kind, who), self.outcome(user, result)
        talk = self.talk_ms(user, callee, component, size) if outcome == ANSWERED else 0
        call = Intent(start_ms=start, talk_ms=talk, callee=callee, outcome=outcome, move=move, goal=goal, key=key)
        return replace(call, ring_ms=self.ring_ms(key, outcome))

    def ring_ms(self, key: int, outcome: int) -> int:
        """Return the time from the connection of a call until it is answered or given up [ms]."""
        rings = self.model.ringing
        if not rings.on or outcome == FAILED:
            return 0
        setup, wait, _, _, _ = self.draw(Purpose.RING, key, 0)
        until = rings.setup_ms[0] + setup * rings.setup_ms[1]
        if outcome == MISSED:
            return int(until + rings.give_up_ms[0] + wait * rings.give_up_ms[1])
        if outcome == BUSY:
            return int(until)
        return int(until + rings.median_ms * math.exp(rings.sigma * quantile(wait * rings.answered)))

    def outcome(self, user: int, u: float) -> int:
        """Return the outcome of a call."""
        bounds = self.model.outcomes[self.people.kind[user]]
        return next((i + 1 for i, bound in enumerate(bounds) if u < bound), ANSWERED)

    def is_regular(self, user: int) -> bool:
        """Return whether a user calls at a fixed interval."""
        return bool(self.model.kinds[self.people.kind[user]]["regular"])

    def time_of_day(self, user: int, day: int, slot: int, u: float) -> int:
        """Return the start of a call on a day [ms]: by the user's clock, or by a machine's fixed interval."""
        if self.is_regular(user):
            number = self.beat(user, day) + slot
            exact = (number + self.draw(Purpose.SPELL, user, 0, 1)[0]) / float(self.people.rate[user]) * DAY_MS
            return int(min(max(exact + (u - 0.5) * 10_000, day * DAY_MS), (day + 1) * DAY_MS - 1))
        hours = self.model.hours[self.model.day_kind[day], self.people.pattern[user]]
        hour = next((h for h in range(23) if u < hours[h + 1]), 23)
        within = (u - hours[hour]) / (hours[hour + 1] - hours[hour])
        return day * DAY_MS + (int((hour + within) * HOUR_MS) + int(self.people.clock_shift_ms[user])) % DAY_MS

    def callee(self, user: int, start_ms: int, kind: float, who: float) -> int:
        """Return the callee of a user's call."""
        shares, people = self.model.external_shares[self.people.kind[user]], self.people
        for i in range(3):
            if kind < shares[i]:
                return self.external(user, i, who)
        inside, cold = (kind - shares[2]) / (1 - shares[2]), self.model.kinds[people.kind[user]]["cold"]
        if inside < cold:
            found = self.anybody(user, who)
        else:
            found = self.contact(user, (inside - cold) / (1 - cold), who)
            for thought in range(3):
                if found is not None and self.is_quiet(found, start_ms // DAY_MS):
                    found = self.contact(user, *self.draw(Purpose.SECOND_THOUGHT, user, start_ms, thought)[:2])
        if found is None or not people.active_from_ms[found] <= start_ms < people.active_until_ms[found]:
            return self.external(user, 0, who)
        return found

    def anybody(self, user: int, who: float) -> int | None:
        """Return a user other than the caller, drawn at random."""
        others = self.society.order.shape[1] - 1
        place = int(who * others)
        return None if others == 0 else place + 1 if place >= user else place

    def external(self, user: int, kind: int, who: float) -> int:
        """Return one of the user's external contacts."""
        contacts = int(self.model.kinds[self.people.kind[user]]["own_contacts"])
        popularity = self.draw(Purpose.EXTERNAL_CONTACT, user, kind, int(who * contacts))[0]
        first, end = self.model.external_first[kind : kind + 2]
        return int(first) + int(popularity * popularity * int(end - first))

    def contact(self, user: int, kind: float, who: float) -> int | None:
        """Return a member of the user's communities, or an acquaintance."""
        society = self.society
        groups = [self.group(layer, user) for layer in range(len(society.weight))]
        known = society.partner[user]
        strangers = society.stranger_weight * len(known)
        total = strangers
        for weight, group in zip(society.weight, groups, strict=True):
            total += weight * (len(group) - 1) if group else 0
        rest = kind * total
        for weight, group in zip(society.weight, groups, strict=True):
            rest -= weight * (len(group) - 1) if group else 0
            if group and rest < 0:
                return self.fellow(group, user, who**society.skew)
        if strangers <= 0:
            return None
        partner = int(known[int(who**society.skew * len(known))])
        return None if partner < 0 else partner

    def group(self, layer: int, user: int) -> list[int]:
        """Return all members of a user's group in a layer; empty for a user outside all groups."""
        first, size = self.society.first[user, layer], self.society.size[user, layer]
        return [int(member) for member in self.society.order[layer, first : first + size]] if first >= 0 else []

    def fellow(self, group: list[int], user: int, who: float) -> int:
        """Return a fellow member; members next to the user in the group's circle are the favourites."""
        own, others = group.index(user), len(group) - 1
        rank = min(int(who * others), others - 1)
        step = rank // 2 + 1
        return group[(own + (step if (rank + own) % 2 == 0 else -step)) % len(group)]

    def talk_ms(self, user: int, callee: int, component: float, size: float) -> int:
        """Return a talk time [ms]."""
        model, number = self.model, self.people.kind[user]
        kind, parts = model.kinds[number], model.weights.shape[1]
        i = next((i for i in range(parts - 1) if component < model.weights[number, i]), parts - 1)
        z = quantile(size)
        if kind["tie"] > 0:
            z = float(kind["own"]) * z + float(kind["tie"]) * quantile(
                self.draw(Purpose.TIE, min(user, callee), max(user, callee))[0]
            )
        value = float(model.centres[number, i]) + float(model.spreads[number, i]) * z
        seconds = math.exp(value) if kind["family"] == LOGNORMAL else value
        if kind["family"] == EXPONENTIAL:
            seconds = -float(model.centres[number, i]) * math.log(1 - size)
        least = float(kind["least_s"])
        if seconds < least:
            seconds = least + seconds - math.floor(seconds)
        return int(min(seconds, float(kind["longest_s"])) * 1000)

    def cell(self, user: int, start_ms: int) -> int:
        """Return the cell that serves a user."""
        model, people = self.model, self.people
        if people.still[user]:
            return int(people.home[user])
        work, roam, where, _, _ = self.draw(Purpose.PLACE, user, start_ms // HOUR_MS)
        own_hour = (start_ms - int(people.clock_shift_ms[user])) // HOUR_MS % 24
        if 9 <= own_hour < 17 and not model.weekend[start_ms // DAY_MS] and work < model.at_work:
            return int(people.work[user])
        home, near = int(people.home[user]), model.neighbours.shape[1]
        if near and roam < model.elsewhere:
            return int(model.neighbours[home, int(where * near)])
        return home

    def last_cell(self, first: int, intent: Intent) -> int:
        """Return the cell in which a call ends."""
        near = self.model.neighbours.shape[1]
        stays = math.exp(self.model.stay_rate * intent.talk_ms)
        return first if not near or intent.move < stays else int(self.model.neighbours[first, int(intent.goal * near)])


def quantile(u: float) -> float:
    """Return the standard normal quantile; a u of 0 counts as 2^-54."""
    return NormalDist().inv_cdf(max(u, 2.0**-54))


def poisson(mean: float, u: float) -> int:
    """Return the smallest number whose share of a Poisson distribution lies above u."""
    count, term = 0, math.exp(-mean)
    below = term
    while u >= below and term > 0:
        count += 1
        term *= mean / count
        below += term
    return count
