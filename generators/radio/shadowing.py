"""Shadowing: random gain or loss by hills and buildings, a fixed function of the site and the point.

Its correlation falls exponentially with distance (3GPP TR 38.901, section 7.4.4). It is the sum of three normal fields
on lattices of different spacing, each interpolated and scaled back to variance 1: such a sum can be computed at any
point by itself, without the points around it.
"""

import math
from typing import Any

import numpy as np

from generators.model.compiled import kernel
from generators.model.numerics import normal_quantile
from generators.model.rng import Purpose, philox, uniform

CUT = 4.0
"""Number of standard deviations at which shadowing is cut, so that the range of a site is bounded."""
HIDDEN = 1e-4
"""Probability of line of sight below which there is taken to be none."""
_SHADOWING = np.uint64(Purpose.SHADOWING)
_HALF = np.uint64(32)
_SIGHT = 1
_LAYERS = ((0, 0.15, math.sqrt(0.177)), (2, 0.8, math.sqrt(0.483)), (3, 2.5, math.sqrt(0.340)))
"""The fields of which shadowing is the sum: kind, spacing in units of the correlation distance, standard deviation.

Fitted by least squares: at no distance d does the correlation, averaged over points and directions, differ from exp(-d)
by more than 0.03.
"""


@kernel
def _node(seed: Any, site: int, kind: int, ix: int, iy: int) -> float:
    place = (np.uint64(iy & 0xFFFFFFFF) << _HALF) | np.uint64(ix & 0xFFFFFFFF)
    words = philox(seed, _SHADOWING, np.uint64(site), place, np.uint64(kind))
    return normal_quantile(uniform(words[0]))


@kernel
def _field(seed: Any, site: int, kind: int, x: float, y: float) -> float:
    """Return a standard normal random field at a point given in units of the lattice's spacing."""
    ix, iy = math.floor(x), math.floor(y)
    fx, fy = x - ix, y - iy
    total, power = 0.0, 0.0
    for corner in range(4):
        right, up = corner % 2, corner // 2
        weight = (fx if right else 1.0 - fx) * (fy if up else 1.0 - fy)
        if weight > 0.0:
            total += weight * _node(seed, site, kind, ix + right, iy + up)
            power += weight * weight
    return total / math.sqrt(power)


@kernel
def shadow(seed: Any, site: int, x: float, y: float) -> float:
    """Return the shadowing at a point in standard deviations, in [-`CUT`, `CUT`].

    Parameters
    ----------
    seed
        Seed of the world (uint64).
    site
        Number of the site; its cells share the shadowing.
    x, y
        Position in units of the correlation distance.
    """
    total = 0.0
    for kind, spacing, deviation in _LAYERS:
        total += deviation * _field(seed, site, kind, x / spacing, y / spacing)
    return min(max(total, -CUT), CUT)


@kernel
def in_sight(seed: Any, site: int, x: float, y: float, probability: float) -> bool:
    """Return whether a point has line of sight to the site, spatially correlated. Parameters as of `shadow`."""
    if probability >= 1.0 or probability < HIDDEN:
        return probability >= 1.0
    z = _field(seed, site, _SIGHT, x, y)
    return 0.5 * math.erfc(-z / math.sqrt(2.0)) < probability
