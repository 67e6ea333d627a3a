"""The tables of a world beside its calls."""

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
from generators.tables.columns import coded, conformed
from generators.tables.identities import digits_for, numbered
from generators.tables.names import Names


def users_table(settings: WorldSettings, people: People, names: Names, known: pa.Table) -> pa.Table:
    """Return one row a user, ordered by id, with the SIM and device of its first period in the inventory.

    Of the reserve those are in it who have a subscription.
    """
    who = np.flatnonzero(people.active_from_ms != NEVER)
    created = np.datetime64(settings.start, "D") + people.active_from_ms[who] // DAY_MS
    columns = [
        names.user.take(pa.array(who)),
        names.number.take(pa.array(who)),
        coded(people.home[who], names.cell),
        coded(people.kind[who].astype(np.int32), pa.array(list(settings.user_types))),
        pa.array(created, pa.date32()),
        coded(people.pattern[who].astype(np.int32), pa.array(list(settings.call_patterns))),
    ]
    others = [name for name in USERS.arrow.names if name not in ("imei", "imsi")]
    table = pa.Table.from_arrays(columns, others).sort_by("user_id")
    owner = known["user_id"].cast(pa.string()).combine_chunks()
    first = known.take(pc.index_in(table["user_id"], owner))
    return conformed(table.append_column("imei", first["imei"]).append_column("imsi", first["imsi"]), USERS.arrow)


def cells_table(towers: Towers, site: Any, names: Names) -> pa.Table:
    """Return one row a cell; `site` holds the tower of each, shape (C,)."""
    numbers = np.arange(len(site))
    lac, ci = numbers // 256 + 1, numbers + 1
    columns = [
        names.cell,
        pa.array(towers.latitude[site]),
        pa.array(towers.longitude[site]),
        coded(towers.district[site].astype(np.int32), pa.array(DISTRICTS)),
        coded((~towers.macro[site]).astype(np.int32), pa.array(["macro", "small_cell"])),
        names.tower.take(pa.array(site)),
        pa.array([f"001-01-{a:05d}-{b:05d}" for a, b in zip(lac, ci, strict=True)]),
    ]
    return pa.Table.from_arrays(columns, schema=CELLS.arrow)


def coverage_table(radio: RadioMap | None, names: Names) -> pa.Table:
    """Return one row a pixel of the radio map; none without a network."""
    if radio is None:
        return COVERAGE.arrow.empty_table()
    middles, best = pixel_middles(radio), radio.cell[:, 0]
    columns = [
        pa.array(middles[:, 0].astype(np.int32)),
        pa.array(middles[:, 1].astype(np.int32)),
        pa.DictionaryArray.from_arrays(pa.array(best, mask=best == NO_CELL), names.cell),
        pa.array(radio.power[:, 0], mask=best == NO_CELL),
        pa.array((radio.cell != NO_CELL).sum(axis=1).astype(np.int32)),
    ]
    return pa.Table.from_arrays(columns, schema=COVERAGE.arrow)


def communities_table(settings: WorldSettings, society: Society, names: Names) -> pa.Table:
    """Return one row a user and community."""
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
    columns = [
        coded(_column(users), names.user),
        coded(_column(types), pa.array(COMMUNITY_KINDS)),
        coded(_column(groups), pa.concat_arrays([pa.array([], pa.string()), *ids])),
        pa.array(_column(sizes)),
    ]
    return pa.Table.from_arrays(columns, schema=COMMUNITIES.arrow)


def _column(parts: list[Any]) -> Any:
    return np.concatenate([np.empty(0, np.int32), *parts]).astype(np.int32)
