"""Normal life as simulated: intents are computed when needed."""

from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple, final

import numpy as np

from generators.calls.choices import choose_callee
from generators.calls.intents import MOST_A_DAY, Slots, count_calls, first_start, make_slots, plan_day, plan_slot
from generators.calls.model_arrays import ModelArrays
from generators.calls.render import Lines, make_room, render, sort_by_start
from generators.injection.expected_calls import ExpectedCalls
from generators.injection.normal_life import Subscribers
from generators.model.clock import DAY_MS, HOUR_MS, HOURS, PERSON_S, pauses
from generators.model.compiled import kernel
from generators.model.events import make_events
from generators.model.plan import Holdings, Intents
from generators.model.records import no_edits
from generators.sessions.network import Network
from generators.sessions.ringing import rings_of
from generators.sessions.session import Phone, hold, make_phone
from generators.settings.society import EXTERNAL_TYPES

SAMPLED_LINES, EVENTS_A_CALL = 5000, 8
UNKNOWN = -1
MOST_GAPS = 20
"""Multiple of the mean gap before a redial that gaps hardly ever exceed."""
SURELY = 4.0
"""Expected number of calls within some hours above which a user is assumed to make one, without a check."""


@final
@dataclass
class SimulatedLife:
    """The normal life of a simulated world."""

    model: ModelArrays
    counts: Any
    """Shape (days, N), int32: intents of each user and day; the reserve has none."""
    kinds: tuple[str, ...] = ()
    """Names of the types of users."""
    expected_calls: ExpectedCalls | None = None
    """Expected calls by place and hour; None without a network."""
    _never: dict[tuple[int, int], Any] = field(default_factory=dict)
    """Whether each user never calls, by span of hours, shape (N,), int8; `UNKNOWN` until computed."""

    can_grow: ClassVar[bool] = True
    without_network: ClassVar[str] = (
        "leave out types at the level of cells where there is no network (generator/network=default brings one)"
    )

    @property
    def num_users(self) -> int:
        """Number of users, without the reserve."""
        return int(self.model.num_users)

    @property
    def parties(self) -> int:
        """Number of users, of the reserve and of external parties together."""
        return int(self.model.external_first[-1])

    @property
    def calls_ring(self) -> bool:
        """Whether calls ring before they are answered."""
        return bool(self.model.ringing.on)

    @property
    def subscribers(self) -> Subscribers:
        """Subscriptions of the users and the reserve."""
        people = self.model.people
        return Subscribers(people.active_from_ms, people.active_until_ms, people.passing, people.still)

    @property
    def weekend(self) -> Any:
        """Weekends and holidays, shape (days,), bool."""
        return self.model.weekend

    @property
    def redialled_within_ms(self) -> int:
        """Longest time after which a call that was not answered is dialled again; 0 if nobody does [ms]."""
        return int(MOST_GAPS * self.model.redial_gap_ms) if self.model.redial > 0 else 0

    def fill(self, intents: Intents) -> None:
        """Compute the intents of these slots of users' days."""
        look_up(intents, self.model, make_slots(max(MOST_A_DAY, int(intents.slot.max(initial=0)) + 1)))

    def redrawn(self, intents: Intents, rng: np.random.Generator) -> Intents:
        """Return intents of the same users and days, in slots that no normal call has; shape (n,)."""
        unused = rng.integers(MOST_A_DAY // 2, MOST_A_DAY, len(intents.user))
        found = Intents.room(intents.user, intents.day, unused)
        self.fill(found)
        return found

    def connects(self, intents: Intents) -> Any:
        """Return which intents the network would connect; all without a network; shape (n,), bool."""
        connects, network = np.ones(len(intents.user), np.bool_), self.model.network
        if network.on:
            _try_all(intents, network, make_phone(network.radio.cell.shape[1], make_events(0)), connects)
        return connects

    def contacts(self, users: Any, start_ms: Any, rng: np.random.Generator) -> Any:
        """Return the party that each user would call at a moment by its own habits; shape (n,)."""
        out = np.empty(len(users), np.int64)
        _choose_all(users, start_ms, rng.random((len(users), 2)), self.model, out)
        return out

    def external(self, kind: str) -> tuple[int, int]:
        """Return the number of the first external party of a type, and one past the last."""
        first, end = self.model.external_first[EXTERNAL_TYPES.index(kind) :][:2]
        return int(first), int(end)

    def of_kind(self, name: str) -> Any:
        """Return which users are of a type; all if the world does not have it; shape (N,), bool."""
        if name not in self.kinds:
            return np.ones(self.counts.shape[1], np.bool_)
        return self.model.people.kind == self.kinds.index(name)

    def reserve(self, still: bool) -> Any:
        """Return the subscribers of the reserve who stay at one place, or those who move; shape (n,)."""
        reserve = np.arange(self.num_users, self.counts.shape[1])
        return reserve[self.model.people.still[reserve] == still]

    def enrol(self, new: Holdings) -> None:
        """Give subscribers of the reserve their subscriptions, and one home to those of the same SIM box."""
        people = self.model.people
        people.active_from_ms[new.user] = new.from_ms
        moved = new.pick(new.home != new.user)
        for place in (people.home, people.work, people.home_m, people.work_m):
            place[moved.user] = place[moved.home]

    def when_free(self, users: Any, incident: Any, start_ms: Any, talk_ms: Any, rng: np.random.Generator) -> Any:
        """Delay new calls until the line is free of the user's own calls and of the incident's; shape (n,) [ms].

        No call is put off past midnight; one that would have to be stays where it is.
        """
        order = np.lexsort((start_ms, users, incident))
        moved = start_ms[order]
        pause = pauses(len(users), PERSON_S, rng)
        waiting = Waiting(users[order], incident[order], talk_ms[order], pause)
        _put_off(waiting, self.model, make_slots(), moved)
        out = np.empty_like(moved)
        out[order] = moved
        return out

    def rings(self, key: Any, outcome: Any) -> Any:
        """Return the time from the connection of calls until they are answered or given up; shape (n,) [ms]."""
        return rings_of(key, outcome, self.model.ringing)

    def never_calls(self, users: Any, from_h: int, to_h: int) -> Any:
        """Return which users make no call between two local hours in the whole world; shape (n,), bool."""
        never = self._never.setdefault((from_h, to_h), np.full(self.num_users, UNKNOWN, np.int8))
        asked = np.unique(users)
        asked = asked[never[asked] == UNKNOWN]
        never[asked] = False
        perhaps = asked[self._expected(asked, from_h, to_h) < SURELY]
        out = np.empty(len(perhaps), np.bool_)
        counts = np.ascontiguousarray(self.counts[:, perhaps].T)
        _never_between(perhaps, counts, np.array([from_h, to_h]) * HOUR_MS, self.model, make_slots(), out)
        never[perhaps] = out
        return never[users] > 0

    def _expected(self, users: Any, from_h: int, to_h: int) -> Any:
        """Return the expected number of calls of users between two local hours over the world; shape (n,)."""
        model, people = self.model, self.model.people
        pattern, shift_h = people.pattern[users], people.clock_shift_ms[users] / HOUR_MS
        share = np.zeros(len(users))
        for number, before in enumerate(model.hours[0]):
            two_days = np.concatenate([before[:-1] - 1, before[:-1], before + 1])
            ends = [np.interp(hour - shift_h, np.arange(-HOURS, 2 * HOURS + 1), two_days) for hour in (from_h, to_h)]
            share = np.where(pattern == number, ends[1] - ends[0], share)
        return people.rate[users] * model.day_factor.sum(axis=1)[pattern] * share

    def suppressed_share(self) -> float:
        """Return the approximate share of intents that are suppressed because their line is busy."""
        users = np.unique(np.linspace(0, self.num_users - 1, SAMPLED_LINES).astype(np.int32))
        day, every = int(self.counts.sum(axis=1).argmax()), self.counts.shape[1]
        free = np.zeros((2, every), np.int64)
        touched, turn = np.zeros(every, np.bool_), np.zeros(every, np.int32)
        lines = Lines(self.counts[day], touched, free[0], free[1], turn)
        most = int(self.counts[day, users].sum())
        room = make_room(most, 0, EVENTS_A_CALL * most, self.model.network)
        calls, _, suppressed, _ = render(users, day, self.model, no_edits(), lines, room)
        return suppressed / max(calls + suppressed, 1)


def count_all(model: ModelArrays, days: int) -> Any:
    """Return the number of intents of each user and reserve subscriber on each day; shape (days, N), int32."""
    out = np.empty((days, len(model.people.rate)), np.int32)
    _count_all(model, out)
    return out


@kernel
def _count_all(model: ModelArrays, out: Any) -> None:
    for day in range(out.shape[0]):
        for user in range(out.shape[1]):
            out[day, user] = count_calls(user, day, model)


@kernel
def look_up(out: Intents, model: ModelArrays, slots: Slots) -> None:
    """Fill in the intents of the slots that `out` names."""
    for i in range(out.user.shape[0]):
        j = out.slot[i]
        plan_slot(out.user[i], out.day[i], j, model, slots)
        out.start_ms[i], out.talk_ms[i], out.callee[i] = slots.start_ms[j], slots.talk_ms[j], slots.callee[j]
        out.outcome[i], out.move[i] = slots.outcome[j], slots.move[j]
        out.goal[i], out.key[i] = slots.goal[j], slots.key[j]


@kernel
def _never_between(users: Any, counts: Any, span_ms: Any, model: ModelArrays, slots: Slots, out: Any) -> None:
    for i in range(users.shape[0]):
        out[i] = True
        for day in range(counts.shape[1]):
            if counts[i, day] and first_start(users[i], day, counts[i, day], span_ms, model, slots) >= 0:
                out[i] = False
                break


class Waiting(NamedTuple):
    """New calls that wait until their line is free, in order of incident, user and start; shape (n,) each."""

    users: Any
    incident: Any
    talk_ms: Any
    pause_ms: Any
    """Pause between the end of the previous call and the start of a delayed call."""


@kernel
def _put_off(calls: Waiting, model: ModelArrays, slots: Slots, out: Any) -> None:
    users, incident, talk_ms, pause_ms = calls
    following, busy_ms, free_ms, planned = 0, np.int64(0), np.int64(0), np.int64(-1)
    for i in range(out.shape[0]):
        day = out[i] // DAY_MS
        if i == 0 or users[i] != users[i - 1] or incident[i] != incident[i - 1] or day != planned:
            planned = day
            plan_day(users[i], day, count_calls(users[i], day, model), model, slots)
            sort_by_start(slots.start_ms, slots.count[0], slots.order)
            following, busy_ms, free_ms = 0, np.int64(0), np.int64(0)
        start = max(out[i], free_ms)
        while following < slots.count[0] and slots.start_ms[slots.order[following]] <= start:
            own = slots.order[following]
            if slots.start_ms[own] >= busy_ms:
                busy_ms = slots.start_ms[own] + slots.ring_ms[own] + slots.talk_ms[own]
            start = max(start, busy_ms + pause_ms[i] if busy_ms > start else start)
            following += 1
        if start // DAY_MS == out[i] // DAY_MS:
            out[i] = start
        busy_ms = max(busy_ms, out[i] + talk_ms[i])
        free_ms = out[i] + talk_ms[i] + pause_ms[i]


@kernel
def _choose_all(users: Any, start_ms: Any, draws: Any, model: ModelArrays, out: Any) -> None:
    for i in range(users.shape[0]):
        out[i] = choose_callee(users[i], start_ms[i], draws[i, 0], draws[i, 1], model)


@kernel
def _try_all(intents: Intents, network: Network, phone: Phone, connects: Any) -> None:
    for i in range(connects.shape[0]):
        lasts = (intents.talk_ms[i] * 0, intents.talk_ms[i])  # it is only asked whether the call is connected at all
        connects[i] = hold(intents.user[i], intents.key[i], intents.start_ms[i], lasts, network, phone)
