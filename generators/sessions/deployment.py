"""Builds the network of a world from its settings: sites, radio map, offered load, and the people in it."""

from collections.abc import Sequence
from typing import NamedTuple

from generators.model.plan import CellFault
from generators.radio.plant import Plant
from generators.radio.towers import Towers
from generators.sessions.antenna_turns import turn_antennas
from generators.sessions.faults import make_faults
from generators.sessions.load import blocking, offered_load
from generators.sessions.network import (
    Network,
    best_cells,
    make_plant,
    make_residents,
    make_rules,
)
from generators.sessions.turned_antennas import nothing_turned
from generators.settings.world import WorldSettings
from generators.social.people import People


class Deployment(NamedTuple):
    """A network with the people in it."""

    plant: Plant
    network: Network
    people: People
    """The people, with the cells that serve their homes and work places."""


def deploy(settings: WorldSettings, towers: Towers, people: People) -> Deployment:
    """Build the network of a world.

    Raises
    ------
    UserError
        When no cell is heard anywhere, or a fault names a tower that does not exist.
    """
    plant = make_plant(settings, towers.metres, towers.district, towers.macro)
    cells, radio = plant.cells, plant.radio
    home = best_cells(radio, people.home_m, cells.first[people.home])
    work = best_cells(radio, people.work_m, cells.first[people.work])
    folk = make_residents(settings, plant.air.plane, people.home_m, people.work_m, people.clock_shift_ms, people.still)
    load = offered_load(settings, people, folk, radio, len(cells.site))
    network = Network(
        on=True,
        radio=radio,
        folk=folk,
        rules=make_rules(settings),
        faults=make_faults(settings.network.towers.broken, cells),
        turned=nothing_turned(),
        incidents=False,
        blocking=blocking(settings.network.towers, load),
    )
    return Deployment(plant, network, people._replace(home=home, work=work))


def with_faults(network: Network, plant: Plant, settings: WorldSettings, incidents: Sequence[CellFault]) -> Network:
    """Return a network with the faults of incidents, which have no effect in normal life."""
    radio, turned = turn_antennas(incidents, plant)
    faults = make_faults(settings.network.towers.broken, plant.cells, incidents)
    return network._replace(radio=radio, turned=turned, faults=faults, incidents=len(incidents) > 0)
