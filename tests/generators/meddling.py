"""An injector that does all that the plan of a world allows, in no order: no type, but hard on the kernels."""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from generators.injection.editable_plan import EditablePlan
from generators.injection.injector import Incidents, new_calls
from generators.injection.schedule import Schedule
from generators.model.clock import HOUR_MS
from generators.model.plan import Holdings, Intents


@dataclass
class Meddling:
    """Removes calls and adds some, as legs or not, from other phones, SIMs and devices; swaps SIMs."""

    share: float = 1.0
    difficulty: float = 0.5
    schedule: Schedule = field(default_factory=Schedule)

    level: ClassVar[str] = "group"
    adds: ClassVar[bool] = True
    least: ClassVar[int] = 4

    def plan(self, editable: EditablePlan, calls: int, rng: np.random.Generator) -> Incidents:
        """Remove every fourth of the calls, add the others."""
        found = editable.draw(calls // 4, rng, lambda c: c.start_ms >= 0)
        rows = editable.recruit(2)
        gone = found._replace(gone=np.ones(calls // 4, np.bool_))
        more = calls - calls // 4
        start = editable.normal.moments(more, rng)
        victim = int(found.user[0])
        editable.mark_victims(victim)
        users = rng.integers(0, editable.normal.num_users, more)
        users[: more // 4] = rows[0]
        talk = rng.choice([0, 1000, 60_000, 4_000_000], more)
        added = new_calls(users, start, talk, editable.normal.strangers(users, rng), rng)._replace(
            phone=rng.integers(0, editable.life.counts.shape[1], more),
            sim=rng.integers(-1, editable.life.counts.shape[1], more),
            device=rng.integers(-2, editable.life.counts.shape[1], more),
            leg=rng.random(more) < 0.5,
            collateral=rng.random(more) < 0.2,
        )
        begin = int(start.min())
        held = Holdings.of(np.array([victim, rows[0]]), np.array([begin, 0]), begin + 9 * HOUR_MS, rows, rows)
        return Incidents(Intents.joined([gone, added]), np.arange(calls) % 2, [{}, {}], held, np.array([0, 1]))
