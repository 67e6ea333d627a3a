"""Steers an antenna by moving its second focus, step by step."""

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from generators.radio.antenna import QUIETEST, Ellipse

MOST_ECCENTRIC = 0.98
STEPS = 200
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
    halves when it does not.

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
    return sum(10 * math.log10(max(antenna.gain(d), QUIETEST)) for d in directions) / len(directions)


def _slope(antenna: Ellipse, directions: Sequence[float], most: float) -> Point:
    def along(dx: float, dy: float) -> float:
        ends = [served_db(steer(antenna, s * dx, s * dy, most), directions) for s in (-_NUDGE, _NUDGE)]
        return next((high - low) / (2 * _NUDGE) for low, high in pairwise(ends))

    return along(1.0, 0.0), along(0.0, 1.0)
