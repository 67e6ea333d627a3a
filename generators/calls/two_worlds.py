"""Renders two worlds day by day, normal life and the world with incidents, and the difference between them.

Only lines that an incident touches are rendered twice. A line counts as touched until it is free or busy at the same
times in both worlds.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from generators.calls.model_arrays import ModelArrays
from generators.calls.order import events_ordered, ordered, time_order
from generators.calls.render import Lines, make_room, render
from generators.calls.returns import own_calls_only
from generators.model.changes import NONE, REMOVED, Changes, attributed, differences, diverted, involvement
from generators.model.records import Edits, Records
from generators.model.sim_holdings import SimHoldings
from generators.sessions.network import Network

BLOCK = 4096
"""Number of users rendered at a time; it has no effect on the result."""
EVENTS_A_CALL, SOME_EVENTS = 3, 1024
"""Space allocated for events at first: per call, and in addition."""


@dataclass(frozen=True)
class Day:
    """The calls of one day of the world with incidents, in order of time."""

    records: Records
    events: Any
    """Events of the calls, in the order of the calls; shape (events,) of `generators.model.events.EVENT`."""
    changes: Changes
    suppressed: int
    """Number of intents that did not take place because their line was busy."""


class Block(NamedTuple):
    """One day of some users, not yet in order of time."""

    records: Records
    normal: Records
    """Calls of normal life on the touched lines."""
    events: Any
    suppressed: int


class TwoWorlds:
    """Renders both worlds, and keeps the state of each line from day to day."""

    networks: Iterator[Network] | None = None
    """The network of each day, if it changes from day to day."""

    def __init__(
        self, model: ModelArrays, counts: Any, edits: list[Edits], workers: int, sim_holdings: SimHoldings | None = None
    ) -> None:
        self.model, self.counts, self.edits, self.workers = model, counts, edits, workers
        self.sim_holdings = sim_holdings or SimHoldings()
        users = counts.shape[1]
        self.users = np.arange(users, dtype=np.int32)
        free = np.zeros((2, users), np.int64)
        count, turn = np.zeros((2, users), np.int32)
        self.lines = Lines(count, np.zeros(users, np.bool_), free[0], free[1], turn)
        self.last_incident = np.full(users, NONE, np.int32)

    def days(self) -> Iterator[Day]:
        """Yield every day in turn."""
        with ThreadPoolExecutor(self.workers) as pool:
            for day in range(self.counts.shape[0]):
                yield self._day(day, pool)

    def _day(self, day: int, pool: ThreadPoolExecutor) -> Day:
        edits, lines = self.edits[day], self.lines
        if self.networks is not None:
            self.model = self.model._replace(network=next(self.networks))
        lines.count[:] = self.counts[day]
        np.not_equal(lines.busy_ms, lines.normal_busy_ms, out=lines.touched)
        lines.touched[edits.user] = True
        blocks = [self.users[first : first + BLOCK] for first in range(0, len(self.users), BLOCK)]
        every, normal, events, suppressed = _gathered(list(pool.map(partial(self._block, day), blocks)))
        involved = involvement(edits, every, self.model.network.incidents)
        changes = differences(normal, every, lines.touched, edits)
        if self.model.network.incidents:
            changes = own_calls_only(changes, every, events, self.model.network.faults)
        attributed(changes, involved, self.last_incident)
        self.last_incident[involved.user] = involved.incident
        order = time_order(every, day)
        position = np.empty(len(order), np.int64)
        position[order] = np.arange(len(order))
        present = changes.change != REMOVED
        changes.row[present] = position[changes.row[present]]
        calls = ordered(every, order)
        changes = diverted(calls, changes, self.sim_holdings)
        return Day(calls, events_ordered(events, every.events, order), changes, suppressed)

    def _block(self, day: int, users: Any) -> Block:
        """Render one day of some users, again with more space if the events need it."""
        parts: list[Block] = []
        done, most = 0, EVENTS_A_CALL * int(self.counts[day, users].sum()) + SOME_EVENTS
        while done < len(users):
            finished, part = self._part(day, users[done:], most * self.model.network.on)
            done, most = done + finished, most * 2
            parts.append(part)
        return parts[0] if len(parts) == 1 else _gathered(parts)

    def _part(self, day: int, users: Any, events: int) -> tuple[int, Block]:
        """Render one day of as many users as the space for events allows; return how many."""
        low, high = np.searchsorted(self.edits[day].user, [users[0], users[-1] + 1])
        edits = Edits(*(column[low:high] for column in self.edits[day]))
        counts = self.counts[day, users]
        with_faults = self.model.network.incidents  # then any line may turn out to be touched
        touched = int(counts.sum() if with_faults else counts[self.lines.touched[users]].sum())
        room = make_room(int(counts.sum()) + len(edits.user), touched, events, self.model.network)
        rows, normal_rows, suppressed, finished = render(users, day, self.model, edits, self.lines, room)
        records, normal = room.page.records, room.normal.records
        written = int(room.page.phone.state["row"][0])
        return finished, Block(
            Records(*(column[:rows] for column in records)),
            Records(*(column[:normal_rows] for column in normal)),
            room.page.phone.events[:written],
            suppressed,
        )


def _joined(parts: list[Records]) -> Records:
    return Records(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def _gathered(parts: list[Block]) -> Block:
    return Block(
        _joined([part.records for part in parts]),
        _joined([part.normal for part in parts]),
        np.concatenate([part.events for part in parts]),
        sum(part.suppressed for part in parts),
    )
