"""Draw docs/images/learning.png, what antennas and neighbour lists learn, and print it: `python docs/learning.py`.

Five worlds (seeds 1 to 5), of which only the network is simulated, not the calls.
"""

import math
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from hydra import compose, initialize_config_module
from matplotlib.axes import Axes
from omegaconf import OmegaConf

from bench.config.composition import register
from generators.drawn_world import DrawnWorld
from generators.radio.coverage import NO_CELL
from generators.sessions.learning_antennas import LearningAntennas
from generators.sessions.load import talk_on_day
from generators.sessions.neighbour_lists import BROADCAST, COVERED, GEOMETRY, LEARNED, MISSED, REQUESTS, NeighbourLists
from generators.world import World
from reports.style import COLOURS, new_figure, save, tidy

SEEDS = range(1, 6)
ANTENNAS = (
    "generator.num_users=1000",
    "generator.network.sites.sectors=1",
    "generator.network.antenna.pattern=ellipse",
    "generator.network.antenna.learning.step=0.05",
    "generator.network.propagation.threshold_dbm=-90",
)
LISTS = ("generator.num_users=100", "generator.num_towers=100", "generator.network.phones.neighbours=learned")
DAYS, LIST_DAYS = 28, 3
ANGLES = np.linspace(-math.pi, math.pi, 721)


class Curve(NamedTuple):
    """What the antennas of a world gain, day by day; shape (days,) each."""

    gain_db: Any
    """Mean gain of the antennas towards the traffic that they could serve."""
    optimum_db: Any
    """The same with the best position of each second focus."""
    served: Any
    """Share of the traffic at places that hear some cell."""
    before: Any
    """The same with the antennas of the first day."""


def drawn(seed: int, *overrides: str) -> DrawnWorld:
    """Draw a world without incidents."""
    register()
    with initialize_config_module("conf", version_base="1.3"):
        config = compose("config", overrides=["generator.anomaly_ratio=0", f"generator.seed={seed}", *overrides])
    settings: Any = OmegaConf.to_object(config.generator)
    return World(settings, {}).draw()


def curve_of(antennas: LearningAntennas) -> Curve:
    """Let antennas learn for some weeks."""
    rows = []
    for day, _ in zip(range(DAYS), antennas.days(), strict=False):
        (plant, found), (first, _) = antennas.patterns[day], antennas.patterns[0]
        weight = found.traffic / found.traffic.sum()
        traffic = talk_on_day(day, antennas.talk, antennas.network.folk, plant.radio)
        shares = [traffic[each.radio.cell[:, 0] != NO_CELL].sum() / traffic.sum() for each in (plant, first)]
        rows.append((weight @ found.gain_db, weight @ found.optimum_db, *shares))
    return Curve(*np.array(rows).T)


def days_of(lists: NeighbourLists) -> Any:
    """Let towers learn their neighbours for some days; shape (days, 7): the counts of each day."""
    for day in range(LIST_DAYS):
        lists.add_day(day)
    return np.sum(lists.hours, axis=1)


def draw_pattern(axes: Any, antennas: LearningAntennas) -> None:
    """Draw the pattern of the antenna that moved farthest, in four weeks."""
    first, last = (antennas.patterns[day][0].cells for day in (0, DAYS - 1))
    cell = int(np.argmax(last.eccentricity))
    for number, day in enumerate((0, 6, 13, DAYS - 1)):
        cells = antennas.patterns[day][0].cells
        e, turn = cells.eccentricity[cell], ANGLES - math.pi / 2 + math.radians(cells.azimuth[cell])
        gain = cells.scale[cell] * (1 - e) / (1 - e * np.cos(turn))
        axes.plot(ANGLES, gain, color=COLOURS[number], linewidth=1.3, label=f"day {day + 1}")
    axes.set_title("an antenna: gain over direction", fontsize=9)
    axes.tick_params(labelsize=6.5)
    axes.legend(fontsize=7, loc="lower left", bbox_to_anchor=(-0.25, -0.2))
    assert first.kind[cell] == last.kind[cell]


def draw_curves(axes: Axes, curves: list[Curve]) -> None:
    """Draw the gain of each world, and its optimum."""
    for number, curve in enumerate(curves):
        axes.plot(np.arange(1, DAYS + 1), curve.gain_db, color=COLOURS[number], label=f"seed {SEEDS[number]}")
        axes.plot(np.arange(1, DAYS + 1), curve.optimum_db, color=COLOURS[number], linestyle=":", linewidth=1)
    axes.legend(fontsize=7)
    tidy(axes, "gain towards the traffic [dB]", "day; dotted: geometric optimum")


def draw_missed(axes: Axes, lists: list[NeighbourLists]) -> None:
    """Draw the share of best towers that were not asked, hour by hour."""
    for number, each in enumerate(lists):
        hours = np.concatenate(each.hours)
        share = 100 * hours[:, MISSED] / np.maximum(hours[:, COVERED], 1)
        axes.plot(np.arange(len(share)), share, color=COLOURS[number], linewidth=1)
    tidy(axes, "strongest towers not asked [%]", "hour")


def main() -> None:
    """Simulate, print and draw."""
    antennas = [drawn(seed, *ANTENNAS).learning for seed in SEEDS]
    curves = [curve_of(each) for each in antennas if each is not None]
    for seed, curve in zip(SEEDS, curves, strict=True):
        print(f"seed {seed}: day, gain dB, optimum dB, share of the traffic that is served, and without learning")
        for day in (0, 6, 13, 20, DAYS - 1):
            print("  ", day + 1, *(f"{column[day]:.3f}" for column in curve))
    lists = [found for seed in SEEDS if (found := drawn(seed, *LISTS).neighbours) is not None]
    for seed, each in zip(SEEDS, lists, strict=True):
        print(f"seed {seed}: day, towers asked a request (broadcast, geometry, learned), best towers missed")
        for day, count in enumerate(days_of(each), 1):
            asked = (count[[BROADCAST, GEOMETRY, LEARNED]] / count[REQUESTS]).round(1).tolist()
            print(f"  {day} {asked} {count[MISSED]} of {count[COVERED]}: {100 * count[MISSED] / count[COVERED]:.4f} %")
    figure = new_figure(
        11, 3.6, "A network that learns", "five worlds; antennas move a step each day, lists grow each minute"
    )
    assert antennas[0] is not None
    draw_pattern(figure.add_subplot(1, 3, 1, projection="polar"), antennas[0])
    draw_curves(figure.add_subplot(1, 3, 2), curves)
    draw_missed(figure.add_subplot(1, 3, 3), lists)
    save(figure, Path(__file__).with_name("images") / "learning.png")


if __name__ == "__main__":
    main()
