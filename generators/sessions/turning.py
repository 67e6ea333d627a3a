"""What phones hear while antennas look elsewhere, worked out from one turn to the next."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from generators.plan import CellFault
from generators.radio.coverage import RadioMap
from generators.radio.plant import Plant
from generators.sessions.turned import NONE, Turned, nothing_turned


def turn_antennas(faults: Sequence[CellFault], plant: Plant) -> tuple[RadioMap, Turned]:
    """Work out what is heard while antennas look elsewhere, one of them or several at a time.

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
        rows.change(moment, fault, now)
    return rows.gathered()


class _Rows:
    """The further rows of a radio map, as antennas turn away and back."""

    def __init__(self, plant: Plant) -> None:
        self.plant, radio = plant, plant.radio
        self.radio = radio._replace(cell=radio.cell.copy(), power=radio.power.copy())
        """What is heard at the moment."""
        pixels = len(radio.cell)
        self.open, self.whose = np.full((2, pixels), NONE, np.int32)
        """Of each pixel: the row that holds at the moment, and whose doing that is."""
        self.touched: dict[CellFault, Any] = {}
        """The pixels that each turn changed."""
        self.count, self.names, self.powers, self.incidents = 0, [radio.cell], [radio.power], list[Any]()
        """Rows so far, in parts: what is heard, and whose doing it is."""
        self.edges, self.held = list[int](), list[tuple[int, Any]]()
        """Moments, and what holds from each on: the first pixel, and the rows of it and those that follow."""

    def change(self, moment: int, fault: CellFault, now: Sequence[CellFault]) -> None:
        """Turn an antenna away or back at a moment, after which these are turned, in the order in which they were."""
        pixels, names, powers = self._heard(fault, now)
        self.touched.setdefault(fault, pixels)
        self.whose[pixels] = now[-1].incident if now else NONE
        for turned in now:
            self.whose[self.touched[turned]] = turned.incident
        self.radio.cell[pixels], self.radio.power[pixels] = names, powers
        self.open[pixels] = NONE
        normal = self.plant.radio
        other = ((names != normal.cell[pixels]) | (powers != normal.power[pixels])).any(axis=1)
        self._begin(pixels[other], names[other], powers[other])
        differs = np.flatnonzero(self.open != NONE)
        first, end = (int(differs[0]), int(differs[-1]) + 1) if len(differs) else (0, 0)
        self.edges.append(moment)
        self.held.append((first, self.open[first:end].copy()))

    def _heard(self, fault: CellFault, now: Sequence[CellFault]) -> tuple[Any, Any, Any]:
        """Return in which pixels another row holds from now on, and what is heard there."""
        if not now:
            pixels = np.flatnonzero(self.open != NONE)
            return pixels, self.plant.radio.cell[pixels], self.plant.radio.power[pixels]
        if list(now) == [fault]:
            return self.plant.turned(fault.cell, fault.turned_deg)
        return self.plant.heard(fault.cell, {turned.cell: turned.turned_deg for turned in now}, self.radio)

    def _begin(self, pixels: Any, names: Any, powers: Any) -> None:
        self.open[pixels] = np.arange(self.count, self.count + len(pixels))
        self.count += len(pixels)
        self.names.append(names)
        self.powers.append(powers)
        self.incidents.append(self.whose[pixels])

    def gathered(self) -> tuple[RadioMap, Turned]:
        """Return the map with all its rows, and which of them holds where and when."""
        further = self.radio._replace(cell=np.concatenate(self.names), power=np.concatenate(self.powers))
        first, rows = (list(each) for each in zip(*self.held, strict=True))
        place = np.cumsum([0, *(len(each) for each in rows)])
        moments = np.array(self.edges), np.array(first)
        incident = np.concatenate(self.incidents)
        return further, Turned(*moments, place, np.concatenate(rows), incident, len(self.open))
