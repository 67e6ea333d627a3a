"""The tables of a world beside its calls."""

from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from bench.schema import CELLS, COMMUNITIES, COVERAGE, SUBSCRIPTIONS, USERS
from generators.clock import DAY_MS
from generators.columns import coded, conformed, moments
from generators.geography import Towers
from generators.identities import digits_for, numbered
from generators.names import Names
from generators.radio.coverage import NO_CELL, RadioMap, pixel_middles
from generators.settings import DISTRICTS, WorldSettings
from generators.social.communities import KINDS, NOBODY, Society, layer_kinds
from generators.social.people import NEVER, People


def users_table(settings: WorldSettings, people: People, names: Names) -> pa.Table:
    """Return one row a user, ordered by id."""
    first_day = date.fromisoformat(settings.start)
    users = settings.num_users
    created = [first_day + timedelta(days=int(day)) for day in people.active_from_ms // DAY_MS]
    columns = [
        names.user,
        names.number.slice(0, users),
        names.device.slice(0, users),
        names.sim.slice(0, users),
        coded(people.home, names.cell),
        coded(people.kind.astype(np.int32), pa.array(list(settings.user_types))),
        pa.array(created, pa.date32()),
        coded(people.pattern.astype(np.int32), pa.array(list(settings.call_patterns))),
    ]
    return pa.Table.from_arrays(columns, schema=USERS.arrow).sort_by("user_id")


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
    kinds = layer_kinds(settings.communities)
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
        types.append(np.full(len(members), KINDS.index(kind)))
        ids.append(numbered(f"{kind}_", same + np.arange(begins.sum()), digits_for(settings.num_users, 4)))
    columns = [
        coded(_column(users), names.user),
        coded(_column(types), pa.array(KINDS)),
        coded(_column(groups), pa.concat_arrays([pa.array([], pa.string()), *ids])),
        pa.array(_column(sizes)),
    ]
    return pa.Table.from_arrays(columns, schema=COMMUNITIES.arrow)


def _column(parts: list[Any]) -> Any:
    return np.concatenate([np.empty(0, np.int32), *parts]).astype(np.int32)


def subscriptions_table(settings: WorldSettings, people: People, names: Names) -> pa.Table:
    """Return one row for each period in which a user had the same number, SIM and device."""
    epoch_ms = settings.start_ms()
    changes = np.sort(np.stack([people.sim_change_ms, people.device_change_ms]), axis=0)
    begins = np.concatenate([people.active_from_ms[None], changes])
    ends = np.concatenate([changes, np.full((1, settings.num_users), NEVER)])
    period, user = np.nonzero((begins != NEVER) & (begins < ends) & (ends > people.active_from_ms))
    begin, end = np.maximum(begins[period, user], people.active_from_ms[user]), ends[period, user]
    sim = np.where(begin < people.sim_change_ms[user], user, names.second_sim[user])
    device = np.where(begin < people.device_change_ms[user], user, names.second_device[user])
    columns = {
        "user_id": names.user.take(pa.array(user)),
        "phone_number": names.number.take(pa.array(user)),
        "imsi": names.sim.take(pa.array(sim)),
        "imei": names.device.take(pa.array(device)),
        "valid_from": moments(epoch_ms + begin),
        "valid_to": pa.array(epoch_ms + np.where(end == NEVER, 0, end), mask=end == NEVER).cast(
            SUBSCRIPTIONS.arrow.field("valid_to").type
        ),
    }
    table = pa.table(columns).sort_by([("user_id", "ascending"), ("valid_from", "ascending")])
    return conformed(table, SUBSCRIPTIONS.arrow)
