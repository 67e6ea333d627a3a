"""A type of anomaly of one's own: calls that end after exactly a minute, as when a prepaid balance runs out."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from bench import api
from generators.injection.editable_plan import EditablePlan
from generators.injection.incident_parts import AnomalySettings
from generators.injection.injector import Figures, Incidents, each_its_own
from generators.injection.touches import TALK
from generators.model.outcome import ANSWERED


@dataclass
class MinuteCall(AnomalySettings):
    """Cuts longer answered calls off after `talk_s`; who calls whom, when and from where stays as it was."""

    talk_s: int = 60
    """Talk time at which calls end [s]."""

    level: ClassVar[str] = "call"
    adds: ClassVar[bool] = False
    touches: ClassVar[tuple[str, ...]] = TALK
    least: ClassVar[int] = 1
    has_difficulty: ClassVar[bool] = False
    figures: ClassVar[Figures] = {"longest_s": (60, 60)}

    def plan(self, editable: EditablePlan, calls: int, rng: np.random.Generator) -> Incidents:
        """Cut `calls` calls off, drawn among all answered ones that would last longer."""
        limit_ms = self.talk_s * 1000
        found = editable.draw(calls, rng, lambda c: (c.outcome == ANSWERED) & (c.talk_ms >= limit_ms + 1000))
        return each_its_own(found._replace(talk_ms=limit_ms + rng.integers(0, 1000, calls)))


name = api.anomaly_type(MinuteCall)
world = api.world(
    "generator.num_users=600", "generator.days=14", "generator/network=none", "audit=none", f"anomaly=[{name}]"
)
cut = world.labelled_calls().query("is_anomaly")
print(cut[["caller_id", "callee_id", "call_start_ts", "call_duration", "anomaly_type"]].head())
print(api.compare(api.run(each, world) for each in ("iforest", "hbos", "random")).round(3))
