"""The places and movements of a simulated world, for a map: computed from its settings, without simulating a call."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bench.arrays import Array
from bench.faults import UserError
from bench.scene import Heard, Plane, Tracks
from generators.mobility.itinerary import Residents
from generators.mobility.tracks import tracks
from generators.radio.coverage import RadioMap
from generators.radio.towers import make_towers
from generators.sessions.network import make_plant, make_residents
from generators.settings.world import WorldSettings
from generators.social.communities import make_society
from generators.social.people import make_people
from generators.tables.identities import user_ids


@dataclass(frozen=True)
class SimulatedScene:
    """Places and movements as the simulation has them (`bench.scene.Scene`)."""

    plane: Plane
    site_m: Array
    heard: Heard
    folk: Residents
    user_id: pa.StringArray

    def tracks(self, users: Sequence[str], start_ms: int, end_ms: int) -> Tracks:
        """Return the movements of users, by their ids, within a span of time [ms since the start of the world].

        Raises
        ------
        UserError
            When there is no such user in this world.
        """
        number = pc.index_in(pa.array(users, pa.string()), self.user_id)
        if number.null_count:
            raise UserError(f"users must be of this world, got {users[number.is_null().index(True).as_py()]}")
        return tracks(number.to_numpy().astype(np.int64), start_ms, end_ms, self.folk)


def scene_of(settings: WorldSettings) -> SimulatedScene:
    """Draw the people and places of a world with a network."""
    towers = make_towers(settings)
    people = make_people(settings, towers, make_society(settings))
    plant = make_plant(settings, towers.metres, towers.district, towers.macro)
    plane, cells = plant.air.plane, plant.cells
    return SimulatedScene(
        plane=Plane(plane.width, plane.height, plane.wrap),
        site_m=np.column_stack([cells.x, cells.y])[cells.site],
        heard=_heard(plant.radio),
        folk=make_residents(settings, plane, people.home_m, people.work_m, people.clock_shift_ms, people.still),
        user_id=user_ids(settings.seed, len(people.rate)),
    )


def _heard(radio: RadioMap) -> Heard:
    return Heard(radio.cell, radio.power, radio.columns, radio.rows, complete=True)
