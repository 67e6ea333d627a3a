"""A drawn world (people, places, planned incidents), which yields its tables day by day."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from generators.calls.model_arrays import ModelArrays
from generators.calls.two_worlds import TwoWorlds
from generators.injection.incident_planning import IncidentPlan
from generators.model.clock import DAY_MS
from generators.sessions.arrival import make_arrival
from generators.sessions.learning_antennas import LearningAntennas
from generators.sessions.neighbour_lists import NeighbourLists
from generators.settings.network import NetworkSettings
from generators.social.possessions import Possessions
from generators.social.subscriptions import NEVER
from generators.tables.calls import CallTable
from generators.tables.events import EventTable
from generators.tables.identities import digits_for
from generators.tables.learning import neighbour_table, pattern_table
from generators.tables.names import Names
from generators.tables.status import TowerStatus, UserStatus
from generators.tables.user_windows import UserWindows
from generators.truth.cell_incident_figures import cell_figures
from generators.truth.configured_failures import configured_failures
from generators.truth.incident_figures import RecordedValues
from generators.truth.truth_writer import TruthWriter

CALL_DIGITS = 6
DAILY = ("calls", "events", "tower_status", "user_status")
"""Tables that grow with each day."""
Tables = dict[str, pa.Table]


@dataclass
class DrawnWorld:
    """A world whose people, places and incidents are drawn; its calls are rendered day by day."""

    model: ModelArrays
    owned: Possessions
    names: Names
    site: Any
    """Shape (C,), int: tower of each cell."""
    counts: Any
    plan: IncidentPlan
    epoch_ms: int
    tables: Tables
    """Tables that do not grow with the days."""
    network: NetworkSettings
    """Settings of the tables of events and status."""
    learning: LearningAntennas | None = None
    """The antennas, if they learn."""
    neighbours: NeighbourLists | None = None
    """The lists of neighbours, if towers learn them."""

    def __post_init__(self) -> None:
        cells, end_ms = cell_figures(self.plan, self.model.network), len(self.counts) * DAY_MS
        failures = configured_failures(self.network.towers.broken, self.site, end_ms, self.model.network)
        users = int(self.model.num_users)
        self.truth_writer = TruthWriter(self.plan, self.names, self.epoch_ms, users, (cells, failures))

    def calls(self, workers: int) -> Iterator[pa.Table]:
        """Yield the calls of each day, and pass their changes to the truth writer."""
        return (day["calls"] for day in self.days(workers))

    def _users(self) -> Any:
        """Return all users and those of the reserve who have a subscription, in the order of their ids; shape (n,)."""
        who = np.flatnonzero(self.model.people.active_from_ms != NEVER)
        return who[np.asarray(pc.array_sort_indices(self.names.user.take(pa.array(who))))]

    def optional_tables(self) -> Tables:
        """Return the tables of what the network learned, once all days are made; of `bench.schema.OPTIONAL_TABLES`."""
        found = {}
        if self.learning is not None:
            found["antenna_patterns"] = pattern_table(self.learning, self.names, self.epoch_ms)
        if self.neighbours is not None:
            found["neighbour_learning"] = neighbour_table(self.neighbours, self.epoch_ms)
        return found

    def _user_windows(self) -> UserWindows | None:
        window_s = self.network.status.user_window_s
        if not window_s or not self.model.network.on:
            return None
        return UserWindows(self.names, self.epoch_ms, self.model.network, self._users(), window_s * 1000)

    def _ask_neighbours(self, day: int) -> None:
        """Let towers learn their neighbours on a day, with the antennas of that day."""
        if self.neighbours is not None:
            if self.learning is not None:
                self.neighbours.plant = self.learning.patterns[day][0]
            self.neighbours.add_day(day)

    def days(self, workers: int) -> Iterator[Tables]:
        """Yield the tables in `DAILY`, day by day; without a network, the calls alone."""
        most = int(self.counts.sum()) + sum(len(edits.user) for edits in self.plan.edits)
        digits = digits_for(most, CALL_DIGITS)
        names, epoch_ms, network = self.names, self.epoch_ms, self.model.network
        arrival = make_arrival(self.network.arrival, int(self.model.seed), self.counts.shape[1])
        calls = CallTable(self.model, self.owned, names, epoch_ms, digits, self.plan.sim_holdings)
        events = EventTable(names, epoch_ms, digits, self.site, arrival)
        towers = TowerStatus(names, epoch_ms, self.site, self.network.status)
        users = UserStatus(names, epoch_ms, network, self._users())
        windows = self._user_windows()
        both = TwoWorlds(self.model, self.counts, self.plan.edits, workers, self.plan.sim_holdings)
        both.networks = None if self.learning is None else self.learning.days()
        for number, day in enumerate(both.days()):
            first = self.truth_writer.calls
            tables = {"calls": calls.rows(day.records, first)}
            if network.on:
                tables["events"] = events.rows(day.events, day.records, first)
                tables["tower_status"] = towers.rows(number, day.events, day.records)
                tables["user_status"] = users.rows(number, day.records)
                if windows is not None:
                    windows.network = both.model.network
                    tables["user_windows"] = windows.rows(number, day.events, day.records)
            self._ask_neighbours(number)
            figures = RecordedValues.of(day.records, day.changes)
            self.truth_writer.add(day.changes, figures, len(day.records.key), day.suppressed, digits)
            self.truth_writer.add_cells(day.records, day.events, day.changes)
            yield tables
