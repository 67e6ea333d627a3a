"""Antennas that learn: each moves the second focus of its ellipse step by step towards the traffic that it could serve.

The gain of an ellipse without lobes over direction, whose mean is 1, is the density of a wrapped Cauchy distribution
(times 2 pi), and its second focus is the parameter in which Kent and Tyler, "Maximum likelihood estimation for the
wrapped Cauchy distribution", Journal of Applied Statistics 15(2), 1988, give the iteration to the largest likelihood:
the mean of the unit vectors towards the traffic, each weighted by 1 / (1 - focus . vector). So the mean gain in
decibels has one maximum, the geometric optimum, and a move towards the next point of the iteration never lowers it.

An antenna could serve the traffic of places where its cell is not much weaker than the strongest, and of places where
no cell is heard but its site would be if it aimed there. Traffic with power to spare counts less: it is served anyway.
"""

import math
from typing import Any, NamedTuple

import numpy as np

from generators.model.compiled import kernel
from generators.radio.cells import ELLIPSE, Air, Cells, antenna_gain_db
from generators.radio.coverage import NO_CELL, RadioMap, away_from, insert, make_reach
from generators.radio.turned_rows import Audible, audible
from generators.settings.radio import LearningSettings

BINS = 720
"""Directions in which the traffic around an antenna is counted."""
_ANGLES = (np.arange(BINS) + 0.5) * (2 * math.pi / BINS) - math.pi
UNIT = np.column_stack([np.cos(_ANGLES), np.sin(_ANGLES)])
"""Shape (BINS, 2): unit vector of each direction, east and north."""
CLOSE, MOST_ROUNDS = 1e-7, 2000
SPARE_DB = 6.0
"""Traffic counts in full up to this much above the threshold, and beyond in inverse proportion to its power."""


class Learned(NamedTuple):
    """What antennas have learned of the traffic of a day; shape (C,) each."""

    traffic: Any
    """Traffic that each could serve."""
    served: Any
    """Traffic of the places where its cell is the strongest."""
    gain_db: Any
    """Mean gain towards the traffic that it could serve, by how much it counts [dB]; 0 without any."""
    optimum_db: Any
    """The same for the best position of the second focus."""
    focus: Any
    """Shape (C, 2): second focus, moved a step towards it, east and north in units of the major axis."""


def learned(
    network: tuple[Cells, Air, RadioMap], losses: list[Audible], traffic: Any, settings: LearningSettings
) -> Learned:
    """Return what the antennas learn from the traffic of a day.

    Parameters
    ----------
    network
        Cells, propagation and radio map of the day.
    losses
        Path losses of each site.
    traffic
        Shape (P,): of each pixel.
    settings
        How they learn.
    """
    cells = network[0]
    around = np.zeros((len(cells.site), BINS))
    reachable, served = np.zeros((2, len(cells.site)))
    _count(network, traffic, settings.margin_db, (around, reachable, served))
    for site, each in enumerate(losses):
        _count_uncovered(site, each, network, traffic, (around, reachable))
    focus, whole = foci(cells), around.sum(axis=1)
    learns = (cells.kind == ELLIPSE) & (whole > 0)
    moved, gain, optimum = focus.copy(), np.zeros(len(focus)), np.zeros(len(focus))
    for cell in np.flatnonzero(learns).tolist():
        weight, here = around[cell] / whole[cell], focus[cell]
        best = best_focus(weight, here, settings.most_eccentricity)
        gain[cell], optimum[cell] = mean_gain_db(here, weight), mean_gain_db(best, weight)
        moved[cell] = step_towards(weight, here, settings.step, settings.most_eccentricity)
    return Learned(reachable, served, gain, optimum, moved)


def foci(cells: Cells) -> Any:
    """Return the second focus of each antenna, east and north in units of the major axis; shape (C, 2)."""
    azimuth = np.radians(cells.azimuth)
    return cells.eccentricity[:, None] * np.column_stack([np.sin(azimuth), np.cos(azimuth)])


def with_foci(cells: Cells, focus: Any) -> Cells:
    """Return the cells with the second foci of their antennas at other places; those of other patterns stay."""
    eccentricity = np.hypot(*focus.T)
    aimed = (cells.kind == ELLIPSE) & (eccentricity > 0)
    eccentricity = np.where(aimed, eccentricity, cells.eccentricity)
    return cells._replace(
        azimuth=np.where(aimed, np.degrees(np.arctan2(focus[:, 0], focus[:, 1])), cells.azimuth),
        eccentricity=eccentricity,
        scale=np.where(aimed, np.sqrt((1 + eccentricity) / (1 - eccentricity)), cells.scale),
    )


def losses_of(cells: Cells, air: Air, radio: RadioMap) -> list[Audible]:
    """Return the path loss of each site in all pixels where it could be heard, whatever its antennas learn."""
    network = cells, air, make_reach(cells, air), radio
    return [audible(site, network) for site in range(len(cells.x))]


def map_of(cells: Cells, air: Air, losses: list[Audible], radio: RadioMap) -> RadioMap:
    """Return the radio map of other antennas at the same sites, the same as `make_map`."""
    new = radio._replace(cell=np.full_like(radio.cell, NO_CELL), power=np.full_like(radio.power, -np.inf))
    for site, each in enumerate(losses):
        _insert_site(site, each, cells, air, new)
    return new


@kernel
def _insert_site(site: int, here: Audible, cells: Cells, air: Air, radio: RadioMap) -> None:
    for i in range(here.pixel.shape[0]):
        pixel = here.pixel[i]
        dx, dy = away_from(site, pixel, cells, radio)
        for cell in range(cells.first[site], cells.first[site + 1]):
            power = cells.eirp[cell] + antenna_gain_db(cell, dx, dy, cells, air) - here.loss[i]
            if power >= air.threshold:
                insert(radio.cell[pixel], radio.power[pixel], cell, np.float32(power))


@kernel
def _count(network: tuple[Cells, Air, RadioMap], traffic: Any, margin: float, into: tuple[Any, Any, Any]) -> None:
    """Count the traffic that each cell serves or could serve, the latter by direction, where some cell is heard."""
    (cells, air, radio), (around, reachable, served) = network, into
    for pixel in range(traffic.shape[0]):
        if traffic[pixel] <= 0.0 or radio.cell[pixel, 0] == NO_CELL:
            continue
        served[radio.cell[pixel, 0]] += traffic[pixel]
        for i in range(radio.cell.shape[1]):
            cell: Any = np.int64(radio.cell[pixel, i])
            power = float(radio.power[pixel, i])
            if cell == NO_CELL or power < radio.power[pixel, 0] - margin:
                break
            dx, dy = away_from(cells.site[cell], pixel, cells, radio)
            reachable[cell] += traffic[pixel]
            around[cell, _bin(dx, dy)] += traffic[pixel] * min(1.0, 10.0 ** ((air.threshold + SPARE_DB - power) / 10.0))


@kernel
def _count_uncovered(
    site: int, here: Audible, network: tuple[Cells, Air, RadioMap], traffic: Any, into: tuple[Any, Any]
) -> None:
    """Count the traffic that hears no cell, but would hear a site, for the cell of the site that is nearest to it."""
    (cells, air, radio), (around, reachable) = network, into
    for i in range(here.pixel.shape[0]):
        pixel = here.pixel[i]
        if traffic[pixel] <= 0.0 or radio.cell[pixel, 0] != NO_CELL:
            continue
        dx, dy = away_from(site, pixel, cells, radio)
        best, gain = cells.first[site], -math.inf
        for cell in range(cells.first[site], cells.first[site + 1]):
            here_db = antenna_gain_db(cell, dx, dy, cells, air)
            if here_db > gain:
                best, gain = cell, here_db
        reachable[best] += traffic[pixel]
        around[best, _bin(dx, dy)] += traffic[pixel]


@kernel
def _bin(dx: float, dy: float) -> int:
    """Return the number of a direction."""
    return min(int((math.atan2(dy, dx) + math.pi) / (2.0 * math.pi) * BINS), BINS - 1)


def mean_gain_db(focus: Any, weight: Any) -> float:
    """Return the mean gain of an antenna towards traffic [dB].

    Parameters
    ----------
    focus
        Shape (2,): its second focus.
    weight
        Shape (BINS,): share of the traffic in each direction.
    """
    log = 0.5 * math.log(1 - float(focus @ focus)) - float(weight @ np.log(1 - UNIT @ focus))
    return 10 / math.log(10) * log


def step_towards(weight: Any, focus: Any, step: float, most: float) -> Any:
    """Return the second focus after a move towards the traffic; shape (2,).

    Parameters
    ----------
    weight
        Shape (BINS,): share of the traffic in each direction.
    focus
        Shape (2,): where the focus is.
    step, most
        Longest move, and largest distance from the antenna.
    """
    near = weight / (1 - UNIT @ focus)
    move = near @ UNIT / near.sum() - focus
    moved = focus + move * min(1.0, step / max(float(np.hypot(*move)), 1e-300))
    return moved * min(1.0, most / max(float(np.hypot(*moved)), 1e-300))


def best_focus(weight: Any, focus: Any, most: float) -> Any:
    """Return the position of the second focus with the largest mean gain; shape (2,)."""
    for _ in range(MOST_ROUNDS):
        moved = step_towards(weight, focus, math.inf, most)
        if np.abs(moved - focus).max() < CLOSE:
            return moved
        focus = moved
    return focus
