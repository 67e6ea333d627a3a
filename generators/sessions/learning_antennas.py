"""The network of each day while antennas learn: between two days, the foci of all antennas move a step.

An antenna learns from the traffic of the day that ends: the talk that is expected of every user at the user's position
in each hour, as for the offered load. So incidents do not change what antennas learn, and both worlds of a pair have
the same antennas. A call keeps the radio map of the day on which it began.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from generators.model.clock import DAY_MS
from generators.model.plan import CellFault
from generators.radio.learning import Learned, learned, losses_of, map_of, with_foci
from generators.radio.plant import Plant
from generators.radio.turned_rows import Audible
from generators.sessions.antenna_turns import turn_antennas
from generators.sessions.load import Talk, talk_on_day
from generators.sessions.network import Network
from generators.settings.network import NetworkSettings

DRAINED = 2
"""Days after which every call of a day is over."""


@dataclass
class LearningAntennas:
    """Yields the network of each day, and keeps what antennas learned on it."""

    settings: NetworkSettings
    plant: Plant
    network: Network
    """Of the first day."""
    talk: Talk
    turns: Sequence[CellFault]
    """Faults of incidents; those that turn an antenna are computed again for each day."""
    patterns: list[tuple[Plant, Learned]] = field(default_factory=list)
    """For each day so far: the antennas on it, and what they learned of its traffic."""
    _losses: list[Audible] = field(default_factory=list)
    """Path losses of each site."""

    def days(self) -> Iterator[Network]:
        """Yield the network of each day, without an end."""
        plant, day = self.plant, 0
        self._losses = losses_of(plant.cells, plant.air, plant.radio)
        while True:
            traffic = talk_on_day(day, self.talk, self.network.folk, plant.radio)
            network = plant.cells, plant.air, plant.radio
            found = learned(network, self._losses, traffic, self.settings.antenna.learning)
            self.patterns.append((plant, found))
            yield self._network(plant, day)
            plant, day = self._moved(plant, found.focus), day + 1

    def _moved(self, plant: Plant, focus: Any) -> Plant:
        cells = with_foci(plant.cells, focus)
        radio = map_of(cells, plant.air, self._losses, plant.radio)
        return Plant(cells, plant.air, radio, _audible=dict(enumerate(self._losses)))

    def _network(self, plant: Plant, day: int) -> Network:
        first, last = day * DAY_MS, (day + DRAINED) * DAY_MS
        turns = [f for f in self.turns if f.turned_deg and f.begin_ms < last and f.end_ms > first]
        radio, turned = turn_antennas(turns, plant)
        return self.network._replace(radio=radio, turned=turned)


def pattern_columns(patterns: Sequence[tuple[Plant, Learned]]) -> dict[str, Any]:
    """Return the antennas of each day as columns, in order of day and cell: shape (days * C,) each."""
    cells = len(patterns[0][0].cells.site)
    day = np.repeat(np.arange(len(patterns)), cells)
    return {
        "day": day,
        "cell": np.tile(np.arange(cells, dtype=np.int32), len(patterns)),
        "azimuth_deg": np.concatenate([plant.cells.azimuth for plant, _ in patterns]) % 360,
        "eccentricity": np.concatenate([plant.cells.eccentricity for plant, _ in patterns]),
        **{
            name: np.concatenate([getattr(found, of) for _, found in patterns])
            for name, of in (
                ("reachable_erlang", "traffic"),
                ("served_erlang", "served"),
                ("gain_db", "gain_db"),
                ("optimum_db", "optimum_db"),
            )
        },
    }
