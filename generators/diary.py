"""The tables that grow day by day: calls, their events, and how towers and users are doing."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.schema import CALLS, EVENTS, TOWER_STATUS, USER_STATUS
from generators.calls.table import CallTable
from generators.calls.twins import Day, Twins
from generators.columns import ParquetRows
from generators.identities import digits_for
from generators.sessions.status import TowerStatus, UserStatus
from generators.sessions.table import EventTable
from generators.settings import WorldSettings
from generators.tally import Tally

CALL_DIGITS = 6


class Diary:
    """Writes the world down as it happens; one day at a time is held in memory."""

    def __init__(self, folder: Path, settings: WorldSettings, twins: Twins, tally: Tally, site: Any) -> None:
        most = int(twins.counts.sum()) + sum(len(e.user) for e in twins.edits)
        names, epoch_ms, network = tally.names, settings.start_ms(), twins.habits.network
        self.twins, self.tally, self.on = twins, tally, network.on
        self.digits = digits_for(most, CALL_DIGITS)
        self.calls = CallTable(twins.habits, names, epoch_ms, self.digits)
        self.events = EventTable(names, epoch_ms, self.digits, site)
        self.towers = TowerStatus(names, epoch_ms, site)
        self.users = UserStatus(names, epoch_ms, network)
        tables = (CALLS, EVENTS, TOWER_STATUS, USER_STATUS)
        self.files = [ParquetRows(folder / f"{t.name}.parquet", t.arrow) for t in tables]

    def days(self) -> Iterator[int]:
        """Write one day after the other, and yield how many are done."""
        for number, day in enumerate(self.twins.days()):
            self._write(number, day)
            self.tally.add(day.changes, len(day.records.key), day.suppressed, self.digits)
            yield number + 1
        for file in self.files:
            file.close()

    def _write(self, number: int, day: Day) -> None:
        calls, events, towers, users = self.files
        calls.write(self.calls.rows(day.records, self.tally.calls))
        if self.on:
            events.write(self.events.rows(day.events, day.records, self.tally.calls))
            towers.write(self.towers.rows(number, day.events, day.records))
            users.write(self.users.rows(number, day.records, self.twins.busy_ms))
