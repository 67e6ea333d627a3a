"""The texts behind the numbers of a world: ids, phone numbers, SIMs, devices, cells."""

from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from generators.calls.habits import Habits
from generators.identities import devices, digits_for, numbered, phone_numbers, sims, user_ids
from generators.settings import WorldSettings
from generators.social.contacts import NOBODY
from generators.social.people import NEVER

SECOND = 1
"""Number of a user's second SIM, or device."""


class Names(NamedTuple):
    """The texts behind the numbers: dictionaries of the tables."""

    user: pa.StringArray
    """Id of each user, and of the reserve."""
    party: pa.StringArray
    """Id of each user, then of each external party."""
    number: pa.StringArray
    """MSISDN of each party."""
    sim: pa.StringArray
    """IMSI: first SIM of each user, each external party's, then second SIMs."""
    device: pa.StringArray
    """IMEI: first device of each user, then second devices."""
    cell: pa.StringArray
    tower: pa.StringArray
    second_sim: Any
    """Shape (N,), int32: place of a user's second SIM in `sim`, -1 without one."""
    second_device: Any
    """Shape (N,), int32: place of a user's second device in `device`, -1 without one."""


def make_names(settings: WorldSettings, habits: Habits, towers: int, cells: int) -> Names:
    """Give everybody and everything a name; of towers and cells there are so many."""
    users, seed = len(habits.people.rate), settings.seed
    parties = int(habits.external_first[-1])
    outside = np.arange(users, parties)
    ids = user_ids(seed, users)
    external = numbered("ext_", outside - users, digits_for(parties - users, 4))
    new_sim = np.flatnonzero(habits.people.sim_change_ms != NEVER)
    new_device = np.flatnonzero(habits.people.device_change_ms != NEVER)
    everybody = np.arange(users)
    # A user owns the SIMs 2u and 2u + 1; external parties have odd and even ones of a half of their own.
    sim_entities = np.concatenate([2 * everybody, 2 * outside, 2 * new_sim + SECOND])
    device_entities = np.concatenate([2 * everybody, 2 * new_device + SECOND])
    return Names(
        ids,
        pa.concat_arrays([ids, external]),
        phone_numbers(seed, habits.external_first),
        sims(seed, sim_entities),
        devices(seed, device_entities),
        numbered("cell_", np.arange(cells), digits_for(cells, 3)),
        numbered("tower_", np.arange(towers), digits_for(towers, 3)),
        _places(new_sim, parties, users),
        _places(new_device, users, users),
    )


def _places(owners: Any, first: int, users: int) -> Any:
    place = np.full(users, NOBODY, np.int32)
    place[owners] = first + np.arange(len(owners))
    return place
