"""The plan of a world that injectors edit: intended calls, and who holds which SIM and device."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

ADDED = -1
OWN = -1
FOR_EVER = np.int64(2**62)


class Intents(NamedTuple):
    """Intents looked up in the plan, or new ones; shape (n,) each."""

    user: Any
    """int64: who calls."""
    day: Any
    """int64: day of the world."""
    slot: Any
    """int64: slot of the user's day, or `ADDED`."""
    start_ms: Any
    """int64: since the start of the world."""
    talk_ms: Any
    """int64."""
    callee: Any
    """int64."""
    outcome: Any
    """int64."""
    move: Any
    """float64 in [0, 1): draw that decides whether the caller changes cells meanwhile (in worlds without a network)."""
    goal: Any
    """float64 in [0, 1): draw that decides which cell it changes to then."""
    key: Any
    """uint64: stable key."""
    phone: Any
    """int64: the user whose whereabouts carry the call; the caller itself in normal life."""
    sim: Any
    """int64: the user whose first SIM it shows, `OWN` for the one that the caller has then."""
    device: Any
    """int64: the user whose first device it shows, `OWN` for the one that the caller has then."""
    leg: Any
    """bool: a leg, a call beside others of its line (as in call forwarding), which does not occupy the line."""
    gone: Any
    """bool: the slot is taken out of the plan; the rest says what it would have been."""
    innocent: Any
    """bool: made by a normal user because of the incident, such as a call back: it is labelled as collateral."""

    @staticmethod
    def room(user: Any, day: Any, slot: Any) -> "Intents":
        """Return intents of these slots, whose other columns are still to be filled in."""
        n = len(user)
        start, talk, callee, outcome = (np.empty(n, np.int64) for _ in range(4))
        move, goal, key = np.empty(n), np.empty(n), np.empty(n, np.uint64)
        own = np.full((2, n), OWN)
        no = np.zeros((3, n), np.bool_)
        return Intents(user, day, slot, start, talk, callee, outcome, move, goal, key, user, *own, *no)

    @staticmethod
    def none() -> "Intents":
        """Return no intents."""
        return Intents.room(*(np.empty(0, np.int64) for _ in range(3)))

    @staticmethod
    def joined(parts: "Sequence[Intents]") -> "Intents":
        """Return the intents of all parts, one after the other."""
        return Intents(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))

    def pick(self, chosen: Any) -> "Intents":
        """Return some of them."""
        return Intents(*(column[chosen] for column in self))


class Holdings(NamedTuple):
    """Subscriptions that an incident puts on another SIM or device; shape (n,) each.

    A user of the reserve has a subscription from the moment on at which it first holds one.
    """

    user: Any
    """int64: whose subscription."""
    from_ms: Any
    """int64: since the start of the world."""
    to_ms: Any
    """int64: exclusive; `FOR_EVER` for one that does not end."""
    sim: Any
    """int64: the user whose first SIM it is on, `OWN` for the one that its user has then."""
    device: Any
    """int64: the user whose first device that SIM is in."""
    home: Any
    """int64: of users of the reserve, the one at whose home it is: the user itself, but in a box of SIMs."""

    @staticmethod
    def none() -> "Holdings":
        """Return no holdings."""
        return Holdings(*(np.empty(0, np.int64) for _ in Holdings._fields))

    @staticmethod
    def of(user: Any, from_ms: Any, to_ms: Any, sim: Any, device: Any, home: Any = None) -> "Holdings":
        """Return holdings; columns are arrays, or single values for all; `home` is the user's own by default."""
        columns = np.broadcast_arrays(user, from_ms, to_ms, sim, device, user if home is None else home)
        return Holdings(*(np.array(column, np.int64) for column in columns))

    @staticmethod
    def joined(parts: "Sequence[Holdings]") -> "Holdings":
        """Return the holdings of all parts, one after the other."""
        return Holdings(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))

    def pick(self, chosen: Any) -> "Holdings":
        """Return some of them."""
        return Holdings(*(column[chosen] for column in self))


class Members(NamedTuple):
    """Who acts in which incident, or which cells it holds; shape (n,) each, in order of incident."""

    member: Any
    """int64: user, or cell."""
    incident: Any
    """int64."""

    @staticmethod
    def of(each: Sequence[Any]) -> "Members":
        """Return the members of incidents, of each an array."""
        none = np.empty(0, np.int64)
        return Members(np.concatenate([none, *each]), np.repeat(np.arange(len(each)), [len(m) for m in each]))

    @staticmethod
    def joined(parts: "Sequence[Members]", firsts: Any) -> "Members":
        """Return the members of all parts; the incidents of each are numbered on from its first."""
        incident = np.concatenate([part.incident + first for part, first in zip(parts, firsts, strict=True)])
        return Members(np.concatenate([part.member for part in parts]), incident)

    def renumbered(self, number: Any) -> "Members":
        """Return them with other numbers for the incidents, shape (I,)."""
        order = np.argsort(number[self.incident], kind="stable")
        return Members(self.member[order], number[self.incident][order])


PING_PONG = "ping_pong"
RETURNS = 3
"""Of ping-pong: how often a call is back in a cell that it left, for it to be one of the incident's own."""
FARTHEST = 3
"""Radii from the middle of a crowd, within which it is."""
ANSWERED_MS = 250
"""A handover takes less, unless it is refused."""


class CellFault(NamedTuple):
    """A fault that an incident brings to a cell for a while."""

    cell: int
    begin_ms: int
    end_ms: int
    kind: str
    """broken | degraded | sleeping, as of `TowerFault`; turned, when the antenna looks elsewhere; or `PING_PONG`."""
    refuses: float = 0.0
    losses_per_hour: float = 0.0
    ramp: bool = False
    turned_deg: float = 0.0
    """Of a turned antenna: how far, clockwise."""
    partner: int = -1
    """Of ping-pong: the cell that its calls are handed to, if it is heard."""
    margin_db: float = 0.0
    """Of ping-pong: how much weaker than this cell the partner may be."""
    dwell_ms: tuple[int, int] = (0, 0)
    """Of ping-pong: how long a call stays, least and most."""
    incident: int = -1
