"""Call records as arrays, the input of all realism measures."""

from dataclasses import dataclass, fields, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import polars as pl

from bench.arrays import BoolArray, FloatArray, IntArray
from bench.realism.definitions import MADE_OR_RECEIVED

OUTCOMES, CELLS, POSITIONS, EVENTS, PLANE = "outcomes", "cells", "positions", "events", "plane"
"""Parts that records may lack."""


@dataclass(frozen=True)
class Plane:
    """Sites on the plane of the events' positions."""

    site_m: dict[str, tuple[float, float]]
    """Position of each cell's site, east and north of the south-western corner [m]."""
    wrap_m: tuple[float, float] | None
    """Width and height of a plane whose opposite edges meet; None if it has bounds."""


@dataclass(frozen=True)
class Records:
    """Calls in order of their start. Arrays have shape (calls,) unless stated otherwise."""

    caller: IntArray
    """Number of the calling party, 0 .. parties - 1."""
    callee: IntArray
    local_ms: IntArray
    """Start in local time, in ms since the local midnight of 1970-01-01."""
    seconds: IntArray
    """Talk time [s]."""
    answered: BoolArray
    missed: BoolArray
    failed: BoolArray
    cell: IntArray
    """Number of the first serving cell, -1 if unknown."""
    participant: BoolArray
    """Shape (parties,): whether a party is a user of the network that recorded the calls."""
    home: IntArray
    """Shape (parties,): number of the home cell, -1 if unknown."""
    cell_km: FloatArray
    """Shape (cells, 2): position of cells, east and north [km]; NaN if unknown."""
    events: Path | None
    """The table of events, if it has rows."""
    plane: Plane | None
    """Positions of sites among those of the events, if there are any."""
    lacking: dict[str, str]
    """Reason, in words, for each missing part (named as in this module)."""

    @cached_property
    def between(self) -> "Records":
        """Only the calls between two participants, as in the Copenhagen Networks Study."""
        both = self.participant[self.caller] & self.participant[self.callee]
        return self.chosen(both & (self.caller != self.callee))

    @cached_property
    def both_ways(self) -> "Records":
        """Each call twice: as a call of its caller, and as if its callee had made it."""
        twice = np.repeat(np.arange(self.caller.size), 2)
        doubled = self.chosen(twice)
        back = np.arange(twice.size) % 2 == 1
        callee = np.where(back, doubled.caller, doubled.callee)
        return replace(doubled, caller=np.where(back, doubled.callee, doubled.caller), callee=callee)

    def chosen(self, rows: BoolArray | IntArray) -> "Records":
        """Return a selection of the calls."""
        count = self.caller.size
        columns = {each.name: getattr(self, each.name) for each in fields(self)[:8]}
        assert all(column.size == count for column in columns.values())
        return replace(self, **{name: column[rows] for name, column in columns.items()})

    def of_users(self, whose: str) -> "Records":
        """Return the calls of users as calls that they make: `MADE`, or `MADE_OR_RECEIVED`."""
        return self.both_ways if whose == MADE_OR_RECEIVED else self

    def scanned_events(self) -> pl.LazyFrame:
        """Return the table of events, unread, its words as texts."""
        assert self.events is not None
        texts = [pl.col(name).cast(pl.String) for name in ("state", "cause", "cell_id", "tower_id")]
        return pl.scan_parquet(self.events).with_columns(texts)

    @cached_property
    def by_caller(self) -> IntArray:
        """Positions of the calls, sorted by caller and time."""
        return np.argsort(self.caller, kind="stable")

    @cached_property
    def calls_made(self) -> IntArray:
        """Shape (parties,): number of calls that each party makes."""
        return np.bincount(self.caller, minlength=self.participant.size)
