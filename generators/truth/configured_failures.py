"""Failures of towers that the settings of a world order (`generator.network.towers.broken`), as incidents of the truth.

They belong to normal life: the clean twin has them too, so no difference between two worlds shows which calls they
changed. The truth therefore names the cells and the times, and no call. Their figures are counted from the events.
"""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from bench.truth import CONFIGURED_FAILURE
from generators.model.records import Records
from generators.sessions.network import Network
from generators.settings.network import TowerFault
from generators.tables.columns import moments
from generators.tables.names import Names
from generators.truth.cell_incident_figures import CellFigures, Held

FIGURES_OF = {"broken": "tower_outage", "degraded": "tower_degraded", "sleeping": "sleeping_cell"}
"""The injected type that has the same effect as a kind of failure: the same figures are counted."""


@dataclass(frozen=True)
class ConfiguredFailures:
    """The failures that begin before a world ends, in order of time; F of them."""

    faults: list[TowerFault]
    held: list[Held]
    """The cells of each, and its span within the world [ms since its start]."""
    figures: CellFigures

    def __len__(self) -> int:
        return len(self.faults)

    def add(self, records: Records, events: Any) -> None:
        """Count the events of one day, its calls in order of time."""
        if self.faults:
            self.figures.add_answers(records, events)

    def incidents(self, ids: pa.Array, names: Names, epoch_ms: int) -> dict[str, pa.Array]:
        """Return the rows of the table `incidents`, with these ids; shape (F,)."""
        actors = [sorted(names.cell.take(pa.array(each.cells)).to_pylist()) for each in self.held]
        return {
            "incident_id": ids,
            "anomaly_type": pa.array([CONFIGURED_FAILURE] * len(self), pa.string()),
            "level": pa.array(["cell"] * len(self), pa.string()),
            "start_ts": moments(epoch_ms + self._bounds("begin_ms")),
            "end_ts": moments(epoch_ms + self._bounds("end_ms")),
            "actors": pa.array(actors, pa.list_(pa.string())),
            "parameters": pa.array([self._parameters(i, names) for i in range(len(self))], pa.string()),
        }

    def truth(self, ids: pa.Array, names: Names, epoch_ms: int) -> dict[str, pa.Array]:
        """Return the rows of the table `truth`: each cell of each failure."""
        many = [len(each.cells) for each in self.held]
        of, total = np.repeat(np.arange(len(self)), many), sum(many)
        cell = names.cell.take(pa.array(np.concatenate([each.cells for each in self.held])))
        same = {
            "level": "cell",
            "anomaly_type": CONFIGURED_FAILURE,
            "change": "altered",
            "cause": "direct",
        }
        return {
            **{name: pa.array([text] * total, pa.string()) for name, text in same.items()},
            "entity_id": cell,
            "row": pa.array(np.full(total, -1)),
            "incident_id": ids.take(pa.array(of)),
            "user_id": pa.nulls(total, pa.string()),
            "cell_id": cell,
            "start_ts": moments(epoch_ms + self._bounds("begin_ms")[of]),
            "end_ts": moments(epoch_ms + self._bounds("end_ms")[of]),
        }

    def _bounds(self, name: str) -> Any:
        return np.array([getattr(each, name) for each in self.held], np.int64)

    def _parameters(self, number: int, names: Names) -> str:
        """Return kind and tower of a failure, and the figures counted from its events, as JSON."""
        fault = self.faults[number]
        place = {"kind": fault.kind, "tower_id": names.tower[fault.tower].as_py()}
        found = self.figures.of(number, FIGURES_OF[fault.kind], place)
        return json.dumps({name: value for name, value in found.items() if name != "calls"}, sort_keys=True)


def configured_failures(broken: list[TowerFault], site: Any, end_ms: int, network: Network) -> ConfiguredFailures:
    """Return the failures that the settings order.

    Parameters
    ----------
    broken
        Of `generator.network.towers`.
    site
        Shape (C,), int: tower of each cell.
    end_ms
        End of the world; failures end with it at the latest.
    network
        Of the world; one without radio has no failures.
    """
    within = [fault for fault in broken if network.on and fault.from_s * 1000 < end_ms]
    faults = sorted(within, key=lambda fault: (fault.from_s, fault.tower, fault.to_s))
    held = [
        Held(i, np.flatnonzero(site == f.tower), round(f.from_s * 1000), min(round(f.to_s * 1000), end_ms))
        for i, f in enumerate(faults)
    ]
    return ConfiguredFailures(faults, held, CellFigures(held, {}, network))
