"""Antenna patterns: gain as a function of direction.

Two patterns: an ellipse with one focus at the antenna, perhaps cut into lobes; and the element of 3GPP TR 38.901.
Angles are relative to the boresight unless said otherwise.
"""

import math
from dataclasses import dataclass

import numpy as np

from generators.model.compiled import kernel

QUIETEST = 1e-20
"""Gain assigned to a null of a pattern, so that decibels stay finite."""
DIRECTIONS = 16384
"""Number of directions over which a pattern with lobes is averaged."""


@kernel
def ellipse_gain(angle: float, eccentricity: float, lobes: float) -> float:
    """Return the gain of an ellipse with one focus at the antenna, times a cardioid of 2 `lobes` lobes; 1 at boresight.

    Parameters
    ----------
    angle
        From boresight [rad].
    eccentricity
        Focal distance over major axis, in [0, 1).
    lobes
        A multiple of 1/2; 0 is the plain ellipse.
    """
    return abs(math.cos(lobes * angle)) * (1.0 - eccentricity) / (1.0 - eccentricity * math.cos(angle))


@kernel
def sector_gain_db(
    azimuth_deg: float, below_deg: float, widths_deg: tuple[float, float], front_back_db: float
) -> float:
    """Return the gain of an antenna element relative to its boresight [dB], at most 0.

    3GPP TR 38.901, table 7.3-1: -min(12 (phi / phi_3dB)^2 + 12 (theta / theta_3dB)^2, A_max), each part cut at A_max.

    Parameters
    ----------
    azimuth_deg
        Horizontal angle from boresight, in [-180, 180].
    below_deg
        Vertical angle from boresight, in [-180, 180].
    widths_deg
        Horizontal and vertical half-power beam width; 65 and 65 in the table.
    front_back_db
        The most that a direction is attenuated by; 30 in the table.
    """
    across = min(12.0 * (azimuth_deg / widths_deg[0]) ** 2, front_back_db)
    down = min(12.0 * (below_deg / widths_deg[1]) ** 2, front_back_db)
    return -min(across + down, front_back_db)


def mean_gain(eccentricity: float, lobes: float) -> float:
    """Return the mean of `ellipse_gain` over all directions."""
    if lobes == 0:
        return math.sqrt((1 - eccentricity) / (1 + eccentricity))
    angles = (np.arange(DIRECTIONS) + 0.5) * (2 * math.pi / DIRECTIONS)
    gains = np.abs(np.cos(lobes * angles)) * (1 - eccentricity) / (1 - eccentricity * np.cos(angles))
    return float(gains.mean())


def shotgun(front_back_db: float) -> float:
    """Return the eccentricity of a plain ellipse with a given front-to-back ratio: (1 + e) / (1 - e)."""
    ratio = 10 ** (front_back_db / 10)
    return (ratio - 1) / (ratio + 1)


@dataclass(frozen=True)
class Ellipse:
    """An elliptic antenna pattern, given by its second focus; the first focus is at the antenna.

    The focus is in units of the major axis, so it is a point of the open unit disc: its direction is the boresight, its
    distance the eccentricity. Moving it re-aims and re-shapes the antenna; the major axis, and with it the power,
    stays.
    """

    focus_x: float = 0.0
    focus_y: float = 0.0
    lobes: float = 0.0
    normalise: str = "mean"

    @property
    def eccentricity(self) -> float:
        """Return the focal distance over the major axis, in [0, 1)."""
        return math.hypot(self.focus_x, self.focus_y)

    @property
    def boresight(self) -> float:
        """Return the direction of the boresight, anticlockwise from east [rad]."""
        return math.atan2(self.focus_y, self.focus_x)

    def gain(self, direction: float) -> float:
        """Return the gain towards a direction, anticlockwise from east [rad]; its mean is 1 unless normalise=peak."""
        eccentricity = self.eccentricity
        scale = 1.0 if self.normalise == "peak" else 1.0 / mean_gain(eccentricity, self.lobes)
        return scale * ellipse_gain(direction - self.boresight, eccentricity, self.lobes)

    def power_dbm(self, x: float, y: float, power_w: float, reference_m: float) -> float:
        """Return the power at a point [m from the antenna], falling with the square of the distance [dBm].

        Parameters
        ----------
        x, y
            East and north of the antenna [m].
        power_w
            Power of an omnidirectional antenna at the reference distance [W].
        reference_m
            Reference distance [m]; nearer, power does not rise.
        """
        gain = max(self.gain(math.atan2(y, x)), QUIETEST)
        spread = reference_m / max(math.hypot(x, y), reference_m)
        return 10 * math.log10(gain * power_w * spread * spread / 1e-3)
