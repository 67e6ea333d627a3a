"""The plan of a world that injectors edit: intended calls, and the SIMs and devices of numbers."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

ADDED = -1
OWN = -1
FOR_EVER = np.int64(2**62)


class Intents(NamedTuple):
    """Intended calls, looked up in the plan or newly made; shape (n,) each."""

    user: Any
    """int64: the caller."""
    day: Any
    """int64: day of the world."""
    slot: Any
    """int64: slot of the user's day, or `ADDED` for an added call."""
    start_ms: Any
    """int64: since the start of the world."""
    talk_ms: Any
    """int64: talk time."""
    callee: Any
    """int64: the callee."""
    outcome: Any
    """int64: number of the outcome."""
    move: Any
    """float64 in [0, 1): draw that decides whether the caller changes cells during the call (in worlds without a
    network)."""
    goal: Any
    """float64 in [0, 1): draw that decides which cell it then changes to."""
    key: Any
    """uint64: stable key."""
    phone: Any
    """int64: the user whose position the call is made from; the caller in normal life."""
    sim: Any
    """int64: the user whose first SIM the record shows; `OWN` for the SIM that the caller has at that time."""
    device: Any
    """int64: the user whose first device the record shows; `OWN` for the device that the caller has at that time."""
    leg: Any
    """bool: a leg, a call beside others of its line (as in call forwarding), which does not occupy the line."""
    gone: Any
    """bool: whether the call is removed from the plan; the other columns say what it would have been."""
    collateral: Any
    """bool: whether a normal user makes the call because of the incident, such as a call back."""
    ring_ms: Any
    """int64: time from the connection until the call is answered or given up; `OWN` for one drawn as in normal life,
    by key and outcome."""

    @staticmethod
    def room(user: Any, day: Any, slot: Any) -> "Intents":
        """Return intents of these slots with the other columns still to be filled in."""
        n = len(user)
        start, talk, callee, outcome = (np.empty(n, np.int64) for _ in range(4))
        move, goal, key = np.empty(n), np.empty(n), np.empty(n, np.uint64)
        sim, device, ring = np.full((3, n), OWN)
        leg, gone, collateral = np.zeros((3, n), np.bool_)
        whose = (user, sim, device, leg, gone, collateral, ring)
        return Intents(user, day, slot, start, talk, callee, outcome, move, goal, key, *whose)

    @staticmethod
    def none() -> "Intents":
        """Return no intents."""
        return Intents.room(*(np.empty(0, np.int64) for _ in range(3)))

    @staticmethod
    def joined(parts: "Sequence[Intents]") -> "Intents":
        """Return the intents of all parts, one after the other."""
        return Intents(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))

    def pick(self, chosen: Any) -> "Intents":
        """Return a selection of the intents."""
        return Intents(*(column[chosen] for column in self))


class Holdings(NamedTuple):
    """Numbers that an incident puts on another SIM or device; shape (n,) each.

    A user of the reserve has a subscription from the moment on at which it first holds one.
    """

    user: Any
    """int64: the user whose number it is."""
    from_ms: Any
    """int64: since the start of the world."""
    to_ms: Any
    """int64: exclusive; `FOR_EVER` for one that does not end."""
    sim: Any
    """int64: the user whose first SIM the number is on; `OWN` for the SIM that its own user has at that time."""
    device: Any
    """int64: the user whose first device that SIM is in."""
    home: Any
    """int64: for users of the reserve, the user at whose home it is: the user itself, except in a SIM box."""

    @staticmethod
    def none() -> "Holdings":
        """Return no holdings."""
        return Holdings(*(np.empty(0, np.int64) for _ in Holdings._fields))

    @staticmethod
    def of(user: Any, from_ms: Any, to_ms: Any, sim: Any, device: Any, home: Any = None) -> "Holdings":
        """Return holdings; each column is an array, or one value for all; `home` is the user's own by default."""
        columns = np.broadcast_arrays(user, from_ms, to_ms, sim, device, user if home is None else home)
        return Holdings(*(np.array(column, np.int64) for column in columns))

    @staticmethod
    def joined(parts: "Sequence[Holdings]") -> "Holdings":
        """Return the holdings of all parts, one after the other."""
        return Holdings(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))

    def pick(self, chosen: Any) -> "Holdings":
        """Return a selection of the holdings."""
        return Holdings(*(column[chosen] for column in self))


class Members(NamedTuple):
    """Actors of incidents, or cells that they affect; shape (n,) each, in order of incident."""

    member: Any
    """int64: number of the user or cell."""
    incident: Any
    """int64."""

    @staticmethod
    def of(each: Sequence[Any]) -> "Members":
        """Return the members of incidents, given as one array for each."""
        none = np.empty(0, np.int64)
        return Members(np.concatenate([none, *each]), np.repeat(np.arange(len(each)), [len(m) for m in each]))

    @staticmethod
    def joined(parts: "Sequence[Members]", firsts: Any) -> "Members":
        """Return the members of all parts; the incidents of each part are numbered from its first."""
        incident = np.concatenate([part.incident + first for part, first in zip(parts, firsts, strict=True)])
        return Members(np.concatenate([part.member for part in parts]), incident)

    def renumbered(self, number: Any) -> "Members":
        """Return the members with other numbers for the incidents, shape (I,)."""
        order = np.argsort(number[self.incident], kind="stable")
        return Members(self.member[order], number[self.incident][order])


PING_PONG = "ping_pong"
RETURNS = 3
"""Number of returns to a cell from which on a call belongs to a ping-pong incident."""
FARTHEST = 3
"""Largest distance from the centre of a crowd, in radii."""
ANSWERED_MS = 250
"""Upper limit of the duration of a handover that is not refused."""


class CellFault(NamedTuple):
    """A fault that an incident brings to a cell for a while."""

    cell: int
    begin_ms: int
    end_ms: int
    kind: str
    """broken | degraded | sleeping, as in `TowerFault`; turned, for a turned antenna; or `PING_PONG`."""
    refuses: float = 0.0
    losses_per_hour: float = 0.0
    ramp: bool = False
    turned_deg: float = 0.0
    """For a turned antenna: the angle, clockwise."""
    partner: int = -1
    """For ping-pong: the cell that calls are handed to, if it is heard."""
    margin_db: float = 0.0
    """For ping-pong: by how much the partner may be weaker than this cell."""
    dwell_ms: tuple[int, int] = (0, 0)
    """For ping-pong: shortest and longest stay of a call."""
    incident: int = -1
