"""The tables `users`, `cells`, `coverage` and `communities`."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bench.schema import CELLS, COMMUNITIES, COVERAGE, USERS
from generators.model.clock import DAY_MS
from generators.radio.coverage import NO_CELL, RadioMap, pixel_middles
from generators.radio.towers import Towers
from generators.settings.society import COMMUNITY_KINDS
from generators.settings.world import DISTRICTS, WorldSettings
from generators.social.contacts import NOBODY, Society
from generators.social.people import People
from generators.social.subscriptions import NEVER
from generators.tables.columns import coded, conformed, rows_of
from generators.tables.identities import digits_for, numbered
from generators.tables.names import Names


def users_table(settings: WorldSettings, people: People, names: Names, known: pa.Table) -> pa.Table:
    """Return one row per user, ordered by id, with the SIM and device of its first period in the inventory.

    Of the reserve those are in it who have a subscription.
    """
    who = np.flatnonzero(people.active_from_ms != NEVER)
    created = np.datetime64(settings.start, "D") + people.active_from_ms[who] // DAY_MS
    columns = {
        "user_id": names.user.take(pa.array(who)),
        "phone_number": names.number.take(pa.array(who)),
        "home_cell_id": coded(people.home[who], names.cell),
        "user_type": coded(people.kind[who].astype(np.int32), pa.array(list(settings.user_types))),
        "creation_date": pa.array(created, pa.date32()),
        "call_pattern": coded(people.pattern[who].astype(np.int32), pa.array(list(settings.call_patterns))),
    }
    table = pa.table(columns).sort_by("user_id")
    owner = known["user_id"].cast(pa.string()).combine_chunks()
    first = known.take(pc.index_in(table["user_id"], owner))
    return conformed(table.append_column("imei", first["imei"]).append_column("imsi", first["imsi"]), USERS.arrow)


def cells_table(towers: Towers, site: Any, names: Names) -> pa.Table:
    """Return one row per cell; `site` holds the tower of each, shape (C,)."""
    numbers = np.arange(len(site))
    lac, ci = numbers // 256 + 1, numbers + 1
    columns = {
        "cell_id": names.cell,
        "latitude": pa.array(towers.latitude[site]),
        "longitude": pa.array(towers.longitude[site]),
        "area_type": coded(towers.district[site].astype(np.int32), pa.array(DISTRICTS)),
        "tower_type": coded((~towers.macro[site]).astype(np.int32), pa.array(["macro", "small_cell"])),
        "tower_id": names.tower.take(pa.array(site)),
        "cgi": pa.array([f"001-01-{a:05d}-{b:05d}" for a, b in zip(lac, ci, strict=True)]),
    }
    return rows_of(CELLS, columns)


def coverage_table(radio: RadioMap | None, names: Names) -> pa.Table:
    """Return one row per pixel of the radio map; empty without a network."""
    if radio is None:
        return COVERAGE.arrow.empty_table()
    middles, best = pixel_middles(radio), radio.cell[:, 0]
    columns = {
        "x": pa.array(middles[:, 0].astype(np.int32)),
        "y": pa.array(middles[:, 1].astype(np.int32)),
        "cell_id": pa.DictionaryArray.from_arrays(pa.array(best, mask=best == NO_CELL), names.cell),
        "power_dbm": pa.array(radio.power[:, 0], mask=best == NO_CELL),
        "cells_heard": pa.array((radio.cell != NO_CELL).sum(axis=1).astype(np.int32)),
    }
    return rows_of(COVERAGE, columns)


def communities_table(settings: WorldSettings, society: Society, names: Names) -> pa.Table:
    """Return one row per user and community."""
    kinds = settings.communities.layers()
    users, groups, sizes, types = [], [], [], []
    ids: list[pa.Array] = []
    for layer, kind in enumerate(kinds):
        members = np.flatnonzero(society.first[:, layer] != NOBODY)
        members = members[np.lexsort((members, society.first[members, layer]))]
        begins = np.diff(society.first[members, layer], prepend=NOBODY) != 0
        known, same = sum(len(part) for part in ids), sum(len(i) for i, k in zip(ids, kinds, strict=False) if k == kind)
        users.append(members)
        groups.append(known + np.cumsum(begins) - 1)
        sizes.append(society.size[members, layer])
        types.append(np.full(len(members), COMMUNITY_KINDS.index(kind)))
        ids.append(numbered(f"{kind}_", same + np.arange(begins.sum()), digits_for(settings.num_users, 4)))
    columns = {
        "user_id": coded(_column(users), names.user),
        "community_type": coded(_column(types), pa.array(COMMUNITY_KINDS)),
        "community_id": coded(_column(groups), pa.concat_arrays([pa.array([], pa.string()), *ids])),
        "community_size": pa.array(_column(sizes)),
    }
    return rows_of(COMMUNITIES, columns)


def _column(parts: list[Any]) -> Any:
    return np.concatenate([np.empty(0, np.int32), *parts]).astype(np.int32)
