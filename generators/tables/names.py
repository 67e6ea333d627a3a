"""Identifiers as texts: of users, numbers, SIMs, devices and cells."""

from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from generators.calls.model_arrays import ModelArrays
from generators.settings.world import WorldSettings
from generators.social.contacts import NOBODY
from generators.social.possessions import BORROWED, DEVICES, FORMER, LENDERS, REPLACEMENT, SECOND, SIMS, Possessions
from generators.social.subscriptions import NEVER
from generators.tables.identities import devices, digits_for, numbered, phone_numbers, sims, user_ids


class Names(NamedTuple):
    """Identifiers as texts, which are the dictionaries of the tables."""

    user: pa.StringArray
    """Id of each user and reserve subscriber."""
    party: pa.StringArray
    """Id of each user, then of each external party."""
    number: pa.StringArray
    """MSISDN of each party."""
    sim: pa.StringArray
    """IMSIs: first SIM of each user, SIM of each external party, then second SIMs."""
    device: pa.StringArray
    """IMEIs: first device of each user, then other devices of users."""
    cell: pa.StringArray
    tower: pa.StringArray
    sim_place: Any
    """Shape (2, N), int32: indices of a user's first and second SIM in `sim`, -1 where there is none."""
    device_place: Any
    """Shape (devices, N), int32: indices of a user's devices in `device`, by their numbers in `possessions`; -1 for
    none."""


def make_names(settings: WorldSettings, model: ModelArrays, owned: Possessions, towers: int, cells: int) -> Names:
    """Make the ids of all users, parties, SIMs, devices, towers and cells."""
    users, seed = len(model.people.rate), settings.seed
    parties = int(model.external_first[-1])
    outside = np.arange(users, parties)
    ids = user_ids(seed, users)
    external = numbered("ext_", outside - users, digits_for(parties - users, 4))
    everybody = np.arange(users)
    new_sim = np.flatnonzero(owned.sim_change_ms != NEVER)
    others = {
        REPLACEMENT: np.flatnonzero(owned.device_change_ms != NEVER),
        SECOND: np.flatnonzero(owned.period_ms > 0),
        FORMER: np.flatnonzero(owned.outdated),
        **{BORROWED + lender: np.flatnonzero(owned.period_ms > 0) for lender in range(LENDERS)},
    }
    # A user owns the SIMs 2u and 2u + 1; external parties have odd and even ones of a half of their own.
    sim_entities = np.concatenate([SIMS * everybody, SIMS * outside, SIMS * new_sim + 1])
    device_entities = np.concatenate([DEVICES * everybody, *(DEVICES * who + which for which, who in others.items())])
    return Names(
        user=ids,
        party=pa.concat_arrays([ids, external]),
        number=phone_numbers(seed, model.external_first),
        sim=sims(seed, sim_entities),
        device=devices(seed, device_entities),
        cell=numbered("cell_", np.arange(cells), digits_for(cells, 3)),
        tower=numbered("tower_", np.arange(towers), digits_for(towers, 3)),
        sim_place=_places(users, [new_sim], parties),
        device_place=_places(users, list(others.values()), users),
    )


def _places(users: int, owners: list[Any], first: int) -> Any:
    """Return the indices of each user's first SIM or device, then of the further ones, from `first` on."""
    place = np.full((1 + len(owners), users), NOBODY, np.int32)
    place[0] = np.arange(users)
    for row, who in zip(place[1:], owners, strict=True):
        row[who] = first + np.arange(len(who))
        first += len(who)
    return place
