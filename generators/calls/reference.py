"""The calls that take place, row by row, as plain Python: a slow second implementation of `render`, to compare it with.

What people intend: `reference_intents`; what happens in the network during a call: `generators.sessions.reference`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from generators.calls.model_arrays import ModelArrays
from generators.calls.reference_intents import Intent, ReferencePeople
from generators.model.clock import DAY_MS
from generators.model.outcome import ANSWERED, FAILED, MISSED
from generators.model.plan import CellFault
from generators.model.records import Edits
from generators.radio.plant import Plant
from generators.sessions.reference import Air, Event, Session


@dataclass(frozen=True)
class Call:
    """A call that took place."""

    caller: int
    callee: int
    start_ms: int
    talk_ms: int
    outcome: int
    first_cell: int
    last_cell: int
    key: int
    incident: int
    setup_ms: int = 0
    ring_ms: int = 0
    handovers: int = 0
    events: int = 0
    sim: int = -1
    device: int = -1
    mark: int = field(default=0, compare=False)
    """A digest of the call's events; not the one that the kernels compute."""


class Reference:
    """The calls of a world, made one user and one day at a time."""

    def __init__(
        self, model: ModelArrays, plant: Plant | None = None, incidents: Sequence[CellFault] | None = ()
    ) -> None:
        self.model, self.people, self.intended = model, model.people, ReferencePeople(model)
        self.air = None if plant is None else Air(model.network, plant, incidents)
        self.turns: dict[int, int] = {}
        """Of a closed loop: how many calls each user has made."""
        self.events: list[Event] = []
        """Of the calls made so far, call by call."""

    def day(self, user: int, day: int, edits: Edits, busy_until_ms: Any) -> Iterator[Call]:
        """Yield the calls of a user's day in order of time, and record until when the line is busy."""
        if self.model.closed:
            yield from self.loop(user, day, busy_until_ms)
            return
        intents = self.intended.intents(user, day)
        for i in np.flatnonzero(edits.user == user):
            edited = Intent(
                start_ms=int(edits.start_ms[i]),
                talk_ms=int(edits.talk_ms[i]),
                callee=int(edits.callee[i]),
                outcome=int(edits.outcome[i]),
                move=float(edits.move[i]),
                goal=float(edits.goal[i]),
                key=int(edits.key[i]),
                incident=int(edits.incident[i]),
                phone=int(edits.phone[i]),
                sim=int(edits.sim[i]),
                device=int(edits.device[i]),
                leg=bool(edits.leg[i]),
                gone=bool(edits.gone[i]),
                ring_ms=int(edits.ring_ms[i]),
            )
            if edited.ring_ms < 0:
                edited = replace(edited, ring_ms=self.intended.ring_ms(edited.key, edited.outcome))
            if edits.slot[i] < 0:
                intents.append(edited)
            else:
                intents[edits.slot[i]] = edited
        for intent in sorted(intents, key=lambda i: i.start_ms):
            start = intent.start_ms
            taken = start < busy_until_ms[user] and not intent.leg
            served = self.people.active_from_ms[user] <= start < self.people.active_until_ms[user]
            if not served or intent.gone or taken:
                continue
            call = self.made(user, intent)
            if not intent.leg:
                busy_until_ms[user] = start + call.setup_ms + call.ring_ms + call.talk_ms
            yield replace(call, sim=intent.sim, device=intent.device)

    def loop(self, user: int, day: int, busy_until_ms: Any) -> Iterator[Call]:
        """Yield the calls of a user's day in a closed loop."""
        begins, ends = self.people.active_from_ms[user], self.people.active_until_ms[user]
        if begins >= (day + 1) * DAY_MS or ends <= day * DAY_MS:
            return
        while True:
            turn = self.turns.get(user, 0)
            intent = self.intended.next_turn(user, turn, int(busy_until_ms[user]))
            if intent.start_ms >= (day + 1) * DAY_MS:
                return
            self.turns[user] = turn + 1
            call = self.made(user, intent)
            busy_until_ms[user] = intent.start_ms + call.setup_ms + call.ring_ms + call.talk_ms
            yield call

    def made(self, user: int, intent: Intent) -> Call:
        """Return the call that an intent becomes."""
        return self.call(user, intent) if self.air is None else self.session(user, intent, self.air)

    def call(self, user: int, intent: Intent) -> Call:
        """Return the call that an intent becomes without a network."""
        first = self.intended.cell(user if intent.phone < 0 else intent.phone, intent.start_ms)
        last = self.intended.last_cell(first, intent)
        return Call(
            caller=user,
            callee=intent.callee,
            start_ms=intent.start_ms,
            talk_ms=intent.talk_ms,
            outcome=intent.outcome,
            first_cell=first,
            last_cell=last,
            key=intent.key,
            incident=intent.incident,
            ring_ms=intent.ring_ms,
        )

    def session(self, user: int, intent: Intent, air: Air) -> Call:
        """Return the call that an intent becomes with a network, as its session events show it."""
        phone = user if intent.phone < 0 else intent.phone
        events = Session(air, phone, intent.key, intent.start_ms, intent.talk_ms, intent.ring_ms).run()
        self.events += events
        connects = [e for e in events if e.state in {"CONNECT", "RECONNECT"}]
        start, over, mark = intent.start_ms, events[-1], hash(repr(events))
        if not connects:
            asked = next((e.cell for e in events if e.cell >= 0), int(self.people.home[phone]))
            setup, count = over.time_ms - start, len(events)
            return Call(
                caller=user,
                callee=intent.callee,
                start_ms=start,
                talk_ms=0,
                outcome=FAILED,
                first_cell=asked,
                last_cell=asked,
                key=intent.key,
                incident=intent.incident,
                setup_ms=setup,
                handovers=0,
                events=count,
                mark=mark,
            )
        changes = sum(e.state == "RECONNECT" and e.previous != e.cell for e in connects)
        rang = over.time_ms - connects[0].time_ms - over.talk_ms
        in_vain = intent.outcome == ANSWERED and over.state == "FAIL" and over.talk_ms == 0
        return Call(
            caller=user,
            callee=intent.callee,
            start_ms=start,
            talk_ms=over.talk_ms,
            outcome=MISSED if in_vain else intent.outcome,
            first_cell=connects[0].cell,
            last_cell=connects[-1].cell,
            key=intent.key,
            incident=intent.incident,
            setup_ms=connects[0].time_ms - start,
            ring_ms=rang,
            handovers=changes,
            events=len(events),
            mark=mark,
        )
