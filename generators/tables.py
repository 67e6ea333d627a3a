"""The tables of a world beside its calls."""

from typing import Any

import numpy as np
import pyarrow as pa

from bench.schema import CELLS, COMMUNITIES, COVERAGE, SUBSCRIPTIONS, USERS
from generators.clock import DAY_MS
from generators.columns import coded, conformed, moments
from generators.geography import Towers
from generators.identities import digits_for, numbered
from generators.names import Names
from generators.plan import Holdings
from generators.radio.coverage import NO_CELL, RadioMap, pixel_middles
from generators.settings import DISTRICTS, WorldSettings
from generators.social.contacts import NOBODY, Society
from generators.social.people import NEVER, People
from generators.social.settings import COMMUNITY_KINDS


def users_table(settings: WorldSettings, people: People, names: Names, holdings: Holdings) -> pa.Table:
    """Return one row a user, ordered by id; of the reserve those who have a subscription."""
    who = np.flatnonzero(people.active_from_ms != NEVER)
    created = np.datetime64(settings.start, "D") + people.active_from_ms[who] // DAY_MS
    device = np.arange(len(people.rate))
    new = holdings.user >= settings.num_users
    device[holdings.user[new]] = holdings.device[new]
    columns = [
        names.user.take(pa.array(who)),
        names.number.take(pa.array(who)),
        names.device.take(pa.array(device[who])),
        names.sim.take(pa.array(who)),
        coded(people.home[who], names.cell),
        coded(people.kind[who].astype(np.int32), pa.array(list(settings.user_types))),
        pa.array(created, pa.date32()),
        coded(people.pattern[who].astype(np.int32), pa.array(list(settings.call_patterns))),
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


def subscriptions_table(settings: WorldSettings, people: People, names: Names, holdings: Holdings) -> pa.Table:
    """Return one row for each period in which a user had the same number, SIM and device, by right or not."""
    epoch_ms = settings.start_ms()
    cut = _without(_honest_periods(people, names), holdings)
    held = Holdings(*(np.concatenate(columns) for columns in zip(cut, holdings, strict=True)))
    lasts = held.to_ms >= NEVER
    columns = {
        "user_id": names.user.take(pa.array(held.user)),
        "phone_number": names.number.take(pa.array(held.user)),
        "imsi": names.sim.take(pa.array(held.sim)),
        "imei": names.device.take(pa.array(held.device)),
        "valid_from": moments(epoch_ms + held.from_ms),
        "valid_to": pa.array(epoch_ms + np.where(lasts, 0, held.to_ms), mask=lasts).cast(
            SUBSCRIPTIONS.arrow.field("valid_to").type
        ),
    }
    table = pa.table(columns).sort_by([("user_id", "ascending"), ("valid_from", "ascending")])
    return conformed(table, SUBSCRIPTIONS.arrow)


def _honest_periods(people: People, names: Names) -> Holdings:
    """Return who had which SIM and device when in normal life; these are places in `names`."""
    changes = np.sort(np.stack([people.sim_change_ms, people.device_change_ms]), axis=0)
    begins = np.concatenate([people.active_from_ms[None], changes])
    ends = np.minimum(np.concatenate([changes, np.full((1, len(people.rate)), NEVER)]), people.active_until_ms)
    period, user = np.nonzero((begins != NEVER) & (begins < ends) & (ends > people.active_from_ms))
    begin, end = np.maximum(begins[period, user], people.active_from_ms[user]), ends[period, user]
    sim = np.where(begin < people.sim_change_ms[user], user, names.second_sim[user])
    device = np.where(begin < people.device_change_ms[user], user, names.second_device[user])
    return Holdings(user, begin, end, sim, device)


def _without(periods: Holdings, holdings: Holdings) -> Holdings:
    """Return what is left of periods when other holdings, of each user one at most, are taken out."""
    place = np.full(int(periods.user.max(initial=-1)) + 1, NOBODY)
    place[holdings.user] = np.arange(len(holdings.user))
    held = place[periods.user] != NOBODY
    split, by = periods.pick(held), holdings.pick(place[periods.user[held]])
    before = split._replace(to_ms=np.minimum(split.to_ms, by.from_ms))
    after = split._replace(from_ms=np.maximum(split.from_ms, by.to_ms))
    left = Holdings(*(np.concatenate(columns) for columns in zip(periods.pick(~held), before, after, strict=True)))
    return left.pick(left.from_ms < left.to_ms)
