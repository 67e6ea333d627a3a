"""sim_box: many SIMs in a few devices at one place relay the calls of others.

In the field (bypass fraud, a GSM gateway): calls from abroad arrive over the internet and are relayed as local calls,
from SIMs that only make calls, to very many different people, at one place. Murynets, Zabarankin, Jover and Panagia,
"Analysis and detection of SIMbox fraud in mobility networks", INFOCOM 2014: the SIMs do not move, and make far more
calls than they receive. How many SIMs share a device is a starting value.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from bench.faults import within
from generators.injection.incident_parts import (
    AnomalySettings,
    around_a_circle,
    blended,
    called_back,
    fitted,
    like_normal,
    members,
    queued,
    subscribed,
    times,
)
from generators.injection.injector import Figures, Incidents, between, new_calls, of_records, parted
from generators.injection.touches import ALL_OF_A_CALL, NEW_USERS
from generators.model.clock import DAY_MS, MACHINE_S

if TYPE_CHECKING:
    from generators.injection.editable_plan import EditablePlan

MOST_DAYS = 7
CIRCLES = 0.6
"""Share of the callees, at difficulty 1, who belong to the circle of one person for each SIM."""


@dataclass
class SimBox(AnomalySettings):
    """Adds calls of normal length, to many people each, from SIMs in a few devices that do not move.

    With growing difficulty the SIMs call less often (`most_per_day` to `fewest_per_day`) and share a device with fewer
    others (`sims_per_device` to 2), more of their calls are at hours at which people call, and more of their callees
    know each other (`CIRCLES`), a few of whom call back (collateral). A box has as many SIMs as its calls need, between
    `fewest_sims` and `most_sims`.
    """

    fewest_sims: int = field(default=5, metadata=within(2, 1000))
    """The fewest SIMs of a box."""
    most_sims: int = field(default=60, metadata=within(2, 1000))
    """The most SIMs of a box."""
    most_per_day: float = field(default=160.0, metadata=within(1, 1000))
    """Calls per day of one SIM at difficulty 0; a box lasts a day or more."""
    fewest_per_day: float = field(default=75.0, metadata=within(1, 1000))
    """Calls per day of one SIM at difficulty 1."""
    sims_per_device: float = field(default=8.0, metadata=within(1, 64))
    """SIMs per device at difficulty 0; two at 1."""
    calls_back: float = field(default=0.02, metadata=within(0, 1))
    """Probability that a call is followed by a call back, at difficulty 1; 0 at difficulty 0."""

    level: ClassVar[str] = "group"
    adds: ClassVar[bool] = True
    touches: ClassVar[tuple[str, ...]] = (*ALL_OF_A_CALL, *NEW_USERS, "unique_identifiers")
    people: ClassVar[int] = 400
    figures: ClassVar[Figures] = {
        "calls": None,
        "sims": (5, 60),
        "sims_per_device": (1.5, 8),
        "callees_per_day": (50, 300),
        "cells": None,
        "calls_back": None,
        "reciprocity": (0, 0.05),
        "span_s": None,
    }

    @property
    def pace(self) -> float:
        """Return the number of calls that a SIM makes per day."""
        return between(self.most_per_day, self.fewest_per_day, self.difficulty)

    @property
    def least(self) -> int:
        """Return the fewest calls that a box can have: those of the fewest SIMs in a day."""
        return int(np.ceil(self.fewest_sims * self.pace))

    def plan(self, editable: "EditablePlan", calls: int, rng: np.random.Generator) -> Incidents:
        """Add `calls` calls by SIM boxes."""
        normal = editable.normal
        bounds = self.least, max(self.least, int(self.most_sims * self.pace * min(MOST_DAYS, normal.days)))
        sizes = parted(calls, bounds, bounds, rng)
        begin = normal.moments(len(sizes), rng)
        sims = np.clip((sizes / self.pace).astype(np.int64), self.fewest_sims, self.most_sims)
        box, first = np.repeat(np.arange(len(sims)), sims), np.cumsum(sims) - sims
        rows = editable.recruit(len(box), still=True)
        incident = np.repeat(np.arange(len(sizes)), sizes)
        which = members(incident, sims)
        begin, span = fitted(begin, sizes / sims / self.pace * DAY_MS, normal)
        slot = np.arange(len(rows)) - first[box]
        device = rows[first[box] + (slot / between(self.sims_per_device, 2.0, self.difficulty)).astype(np.int64)]
        start = times(begin[incident], span[incident], normal, self.difficulty, rng)
        host = normal.strangers(rows, rng)[which]
        circle = around_a_circle(host, start, normal, rng)
        callee = blended(normal.different(sizes, rng), circle, CIRCLES * self.difficulty, rng)
        made = new_calls(rows[which], start, np.zeros(calls, np.int64), callee, rng)
        made = queued(like_normal(made, normal, 1.0, rng), normal, MACHINE_S, rng)
        made = made._replace(phone=rows[first[incident]], device=device[which], move=np.zeros(calls))
        made, of = called_back(made, incident, self.calls_back * self.difficulty, normal, rng)
        return of_records(
            made,
            of,
            len(sizes),
            holdings=subscribed(rows, begin[box], device, normal, rng, home=rows[first[box]]),
            holding_incident=box,
            actors=np.split(rows, first[1:]),
        )
