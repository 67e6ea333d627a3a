"""Steers an antenna by moving its second focus, step by step."""

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np

from generators.radio.antenna import QUIETEST, Ellipse

MOST_ECCENTRIC = 0.98
STEPS = 200
DIRECTIONS, ECCENTRICITIES, STARTS = 1440, 16, 4
"""For antennas with lobes: boresights and eccentricities that are tried first, and from how many of them is climbed."""
LEAST_ECCENTRIC = 0.01
"""The smallest eccentricity tried: an antenna whose focus is at the antenna has lobes, but no boresight."""
TERMS = np.arange(1.0, 201.0)
"""Terms of a Fourier series; r = 0.82 at the largest eccentricity."""
_NUDGE = 1e-6
_SMALLEST_STEP = 1e-9
_WORTHWHILE = 0.3
"""Gain that a move must bring, relative to what the slope promises (Armijo's rule)."""

Point = tuple[float, float]


def steer(antenna: Ellipse, dx: float, dy: float, most: float = MOST_ECCENTRIC) -> Ellipse:
    """Return the antenna with its second focus moved.

    Parameters
    ----------
    antenna
        The antenna.
    dx, dy
        East and north, in units of the major axis.
    most
        Largest eccentricity, in (0, 1): a focus moved further stops there.
    """
    x, y = antenna.focus_x + dx, antenna.focus_y + dy
    shrink = min(1.0, most / max(math.hypot(x, y), QUIETEST))
    return replace(antenna, focus_x=x * shrink, focus_y=y * shrink)


def beam(antenna: Ellipse, crowd: Sequence[Point], steps: int = STEPS, most: float = MOST_ECCENTRIC) -> list[Ellipse]:
    """Aim an antenna at the phones that it serves, by small moves of its focus.

    What rises is the mean power of the crowd in decibels: a steepest ascent, whose step doubles when it helps and
    halves when it does not. Without lobes there is one optimum: the gain is the density of a wrapped Cauchy
    distribution, whose likelihood has one maximum (Kent and Tyler, "Maximum likelihood estimation for the wrapped
    Cauchy distribution", Journal of Applied Statistics 15(2), 1988). With lobes, each null in a direction of the crowd
    is a barrier between local optima; so many positions of the focus are tried first, and the best of them climbed.

    Parameters
    ----------
    antenna
        Where to begin.
    crowd
        Positions east and north of the antenna [m]; one for a single target.
    steps
        The most moves to make.
    most
        Largest eccentricity, in (0, 1).

    Returns
    -------
    list
        The antenna after each move that helped, the first as given: no later one serves the crowd worse.
    """
    directions = [math.atan2(y, x) for x, y in crowd]
    paths = [_climbed(start, directions, steps, most) for start in [antenna, *_starts(antenna, directions, most)]]
    best = max(paths, key=lambda path: served_db(path[-1], directions))
    if best is paths[0]:
        return best
    worst = served_db(antenna, directions)
    return [antenna, *(each for each in best if served_db(each, directions) >= worst)]


def _starts(antenna: Ellipse, directions: Sequence[float], most: float) -> list[Ellipse]:
    """Return the best of many positions of the focus of an antenna with lobes; none for one without."""
    if antenna.lobes == 0:
        return []
    boresight = np.arange(DIRECTIONS) * (2 * math.pi / DIRECTIONS)
    turn = np.array(directions)[None, :] - boresight[:, None]
    tried = []
    for eccentricity in np.linspace(LEAST_ECCENTRIC, most, ECCENTRICITIES):
        served = _gain_db(antenna, float(eccentricity), turn).mean(axis=1)
        tried += [(served[i], eccentricity, boresight[i]) for i in np.argsort(served)[-STARTS:].tolist()]
    found = sorted(tried)[-STARTS:]
    return [replace(antenna, focus_x=e * math.cos(b), focus_y=e * math.sin(b)) for _, e, b in found]


def _climbed(antenna: Ellipse, directions: Sequence[float], steps: int, most: float) -> list[Ellipse]:
    """Return the antenna after each move of an ascent that helped, the first as given."""
    path, size = [antenna], 0.1
    for _ in range(steps):
        here = path[-1]
        slope_x, slope_y = _slope(here, directions, most)
        steepness = math.hypot(slope_x, slope_y)
        if steepness == 0.0 or size < _SMALLEST_STEP:
            break
        moved = steer(here, size * slope_x / steepness, size * slope_y / steepness, most)
        risen = served_db(moved, directions) - served_db(here, directions)
        held = moved.eccentricity >= most * (1 - _NUDGE)
        if risen > 0 and (held or risen >= _WORTHWHILE * size * steepness):
            path.append(moved)
            size *= 2
        else:
            size /= 2
    return path


def served_db(antenna: Ellipse, directions: Sequence[float]) -> float:
    """Return the mean gain in some directions [dB]."""
    return float(_gain_db(antenna, antenna.eccentricity, np.asarray(directions) - antenna.boresight).mean())


def _gain_db(antenna: Ellipse, eccentricity: float, turn: Any) -> Any:
    """Return the gain of an antenna with some eccentricity at angles from its boresight [dB]."""
    gain = np.abs(np.cos(antenna.lobes * turn)) * (1 - eccentricity) / (1 - eccentricity * np.cos(turn))
    whole = 1.0 if antenna.normalise == "peak" else mean_gain_of_series(eccentricity, antenna.lobes)
    return 10 * np.log10(np.maximum(gain / whole, QUIETEST))


def mean_gain_of_series(eccentricity: float, lobes: float) -> float:
    """Return the mean of `ellipse_gain` over all directions, from the Fourier series of its two factors.

    With r = (1 - sqrt(1 - e^2)) / e, the ellipse is sqrt((1 - e) / (1 + e)) (1 + 2 sum r^m cos(m t)), and |cos(N t)| is
    2 / pi + 4 / pi sum (-1)^(k + 1) cos(2 k N t) / (4 k^2 - 1).
    """
    whole = math.sqrt((1 - eccentricity) / (1 + eccentricity))
    if lobes == 0:
        return whole
    radius = (1 - math.sqrt(1 - eccentricity**2)) / max(eccentricity, QUIETEST)
    signed = -((-1.0) ** TERMS) / (4 * TERMS**2 - 1)
    return whole * float(2 / math.pi + 4 / math.pi * (signed * radius ** (2 * lobes * TERMS)).sum())


def _slope(antenna: Ellipse, directions: Sequence[float], most: float) -> Point:
    def along(dx: float, dy: float) -> float:
        ends = [served_db(steer(antenna, s * dx, s * dy, most), directions) for s in (-_NUDGE, _NUDGE)]
        return next((high - low) / (2 * _NUDGE) for low, high in pairwise(ends))

    return along(1.0, 0.0), along(0.0, 1.0)
