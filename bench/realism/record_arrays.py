"""Call records as arrays, the input of all measures of realism."""

from dataclasses import dataclass, fields, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from bench.arrays import BoolArray, FloatArray, IntArray
from bench.realism.definitions import MADE_OR_RECEIVED

OUTCOMES, CELLS, POSITIONS, EVENTS = "outcomes", "cells", "positions", "events"
"""What records may lack."""


@dataclass(frozen=True)
class Records:
    """Calls in order of their start. Arrays have shape (calls,) unless said otherwise."""

    caller: IntArray
    """Number of the party that calls, 0 .. parties - 1."""
    callee: IntArray
    local_ms: IntArray
    """Start on the local clock, ms since the local midnight of 1970-01-01."""
    seconds: IntArray
    """Talk time [s]."""
    answered: BoolArray
    missed: BoolArray
    failed: BoolArray
    cell: IntArray
    """Number of the cell that served the caller first, -1 where it is not known."""
    participant: BoolArray
    """Shape (parties,): whether a party is a user of the network whose calls these are."""
    home: IntArray
    """Shape (parties,): number of the home's cell, -1 where it is not known."""
    cell_km: FloatArray
    """Shape (cells, 2): where the cells are, east and north [km]; NaN where it is not known."""
    events: Path | None
    """The table of events, when there is one with rows."""
    lacking: dict[str, str]
    """Of what they lack (a name of this module's), the reason in words."""

    @cached_property
    def between(self) -> "Records":
        """Only the calls between two participants, which is all that the Copenhagen Networks Study has."""
        both = self.participant[self.caller] & self.participant[self.callee]
        return self.chosen(both & (self.caller != self.callee))

    @cached_property
    def both_ways(self) -> "Records":
        """Each call twice: once for its caller, and once as if its callee had made it."""
        twice = np.repeat(np.arange(self.caller.size), 2)
        doubled = self.chosen(twice)
        back = np.arange(twice.size) % 2 == 1
        callee = np.where(back, doubled.caller, doubled.callee)
        return replace(doubled, caller=np.where(back, doubled.callee, doubled.caller), callee=callee)

    def chosen(self, rows: BoolArray | IntArray) -> "Records":
        """Return some of the calls."""
        count = self.caller.size
        columns = {each.name: getattr(self, each.name) for each in fields(self)[:8]}
        assert all(column.size == count for column in columns.values())
        return replace(self, **{name: column[rows] for name, column in columns.items()})

    def of_users(self, whose: str) -> "Records":
        """Return the calls that are a user's own as calls that it makes: `MADE`, or `MADE_OR_RECEIVED`."""
        return self.both_ways if whose == MADE_OR_RECEIVED else self

    @cached_property
    def by_caller(self) -> IntArray:
        """Positions of the calls: caller after caller, each caller's in order of time."""
        return np.argsort(self.caller, kind="stable")

    @cached_property
    def calls_made(self) -> IntArray:
        """Shape (parties,): how many calls each party makes."""
        return np.bincount(self.caller, minlength=self.participant.size)
