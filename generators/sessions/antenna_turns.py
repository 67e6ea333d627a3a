"""Radio maps for the times at which antennas are turned, computed from one change to the next."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from generators.model.plan import CellFault
from generators.radio.coverage import RadioMap
from generators.radio.plant import Plant
from generators.sessions.turned_antennas import NONE, Turned, first_ahead, nothing_turned


def turn_antennas(faults: Sequence[CellFault], plant: Plant) -> tuple[RadioMap, Turned]:
    """Compute which cells are heard while one or several antennas are turned away from their direction.

    Parameters
    ----------
    faults
        Of which those with `turned_deg` count; no antenna is turned by two at a time.
    plant
        The normal network.

    Returns
    -------
    tuple
        The map with its further rows, and which of them holds where and when.
    """
    turns = [fault for fault in faults if fault.turned_deg]
    if not turns:
        return plant.radio, nothing_turned()
    edges = [(f.end_ms, False, f) for f in turns] + [(f.begin_ms, True, f) for f in turns]
    rows, now = _Rows(plant), list[CellFault]()
    for moment, begins, fault in sorted(edges, key=lambda edge: edge[:2]):
        now = [*now, fault] if begins else [other for other in now if other is not fault]
        rows.change(moment, now)
    return rows.gathered()


class _Rows:
    """Additional rows of a radio map, built up as antennas turn away and back."""

    def __init__(self, plant: Plant) -> None:
        self.plant = plant
        self.count, self.names, self.powers = 0, [plant.radio.cell], [plant.radio.power]
        """Rows so far, in parts: what is heard."""
        self.known: dict[tuple[int, float], int] = {}
        """The first row of each antenna that has been turned alone."""
        self.edges, self.held = list[int](), list[tuple[int, Any]]()
        """Moments, and what holds from each on: the first pixel; rows of it and the next, and their incidents."""

    def change(self, moment: int, now: Sequence[CellFault]) -> None:
        """Record which antennas are turned from a moment on, in the order in which they were turned."""
        self.edges.append(moment)
        self.held.append(self._holding(*self._rows(now)) if now else (0, np.empty((2, 0), np.int32)))

    def _holding(self, pixels: Any, rows: Any, incident: Any) -> tuple[int, Any]:
        first, end = (int(pixels[0]), int(pixels[-1]) + 1) if len(pixels) else (0, 0)
        held = np.full((2, end - first), NONE, np.int32)
        held[0, pixels - first], held[1, pixels - first] = rows, incident
        return first, held

    def _rows(self, now: Sequence[CellFault]) -> tuple[Any, Any, Any]:
        """Return the pixels in which another row is in force, the row, and the incident."""
        if len(now) > 1:
            pixels, names, powers, incident = self._together(now)
            return pixels, self._added(names, powers), incident
        (fault,) = now
        pixels, names, powers = self.plant.turned(fault.cell, fault.turned_deg)
        antenna = fault.cell, fault.turned_deg
        if antenna not in self.known:
            self.known[antenna] = self.count
            self._added(names, powers)
        return pixels, self.known[antenna] + np.arange(len(pixels)), fault.incident

    def _together(self, now: Sequence[CellFault]) -> tuple[Any, Any, Any, Any]:
        """Return the pixels with other powers, these powers, and the incident (of several, the last)."""
        normal = self.plant.radio
        radio = normal._replace(cell=normal.cell.copy(), power=normal.power.copy())
        whose = np.full(len(normal.cell), NONE)
        for number, fault in enumerate(now, 1):
            turned = {each.cell: each.turned_deg for each in now[:number]}
            pixels, names, powers = self.plant.heard(fault.cell, turned, radio)
            radio.cell[pixels], radio.power[pixels], whose[pixels] = names, powers, fault.incident
        otherwise = (radio.cell != normal.cell) | (radio.power != normal.power)
        pixels = np.flatnonzero(otherwise.any(axis=1))
        return pixels, radio.cell[pixels], radio.power[pixels], whose[pixels]

    def _added(self, names: Any, powers: Any) -> Any:
        """Append rows to the map; return their numbers."""
        rows = self.count + np.arange(len(names))
        self.count += len(names)
        self.names.append(names)
        self.powers.append(powers)
        return rows

    def gathered(self) -> tuple[RadioMap, Turned]:
        """Return the map with all its rows, and where and when each of them is in force."""
        normal = self.plant.radio
        radio = normal._replace(cell=np.concatenate(self.names), power=np.concatenate(self.powers))
        first, held = (list(each) for each in zip(*self.held, strict=True))
        place = np.cumsum([0, *(each.shape[1] for each in held)])
        row, incident = np.concatenate(held, axis=1)
        edges = np.array(self.edges)
        return radio, Turned(
            edge_ms=edges,
            ahead=first_ahead(edges),
            pixel=np.array(first),
            place=place,
            row=row,
            incident=incident,
            pixels=len(normal.cell),
        )
