"""Draw docs/images/antennas.png, the patterns of antennas in polar coordinates: `python docs/antennas.py`."""

import math
from pathlib import Path

import numpy as np
from matplotlib.projections.polar import PolarAxes

from generators.radio.antenna import Ellipse, ellipse_gain, sector_gain_db
from generators.radio.steering import beam
from reports.style import COLOURS, INK, new_figure, save

ANGLES = np.linspace(-math.pi, math.pi, 2001)


def main() -> None:
    """Draw four panels."""
    figure = new_figure(12, 3.9, "Antennas", "gain over direction: 1 at boresight, but for the last, whose mean is 1")
    panels = {
        "omni-like ellipse: e 0.3, no lobes": [ellipse_gain(a, 0.3, 0) for a in ANGLES],
        "five lobes: e 0.6, N 2.5": [ellipse_gain(a, 0.6, 2.5) for a in ANGLES],
        "no lobes: e 0.9": [ellipse_gain(a, 0.9, 0) for a in ANGLES],
        "3GPP TR 38.901 element": [10 ** (sector_gain_db(math.degrees(a), 0, (65, 65), 30) / 10) for a in ANGLES],
    }
    for number, (title, gains) in enumerate(panels.items()):
        axes = figure.add_subplot(1, 5, number + 1, projection="polar")
        _panel(axes, title)
        axes.plot(ANGLES, gains, color=COLOURS[number], linewidth=1.6)
    axes = figure.add_subplot(1, 5, 5, projection="polar")
    _panel(axes, "beaming towards 60 deg")
    path = beam(Ellipse(0.3, 0.0), [(math.cos(math.pi / 3), math.sin(math.pi / 3))], most=0.8)
    for antenna in (path[0], path[len(path) // 3], path[-1]):
        axes.plot(ANGLES, [antenna.gain(a) for a in ANGLES], linewidth=1.4)
    save(figure, Path(__file__).with_name("images") / "antennas.png")


def _panel(axes: object, title: str) -> None:
    assert isinstance(axes, PolarAxes)
    axes.set_title(title, fontsize=8.5, color=INK)
    axes.tick_params(labelsize=6.5)
    axes.set_rlabel_position(100)


if __name__ == "__main__":
    main()
