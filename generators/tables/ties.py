"""The table `ties`: pairs of tied users, the kind of tie and its strength. No part of the program reads it."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from bench.schema import TIES
from generators.calls.model_arrays import ModelArrays
from generators.settings.society import COMMUNITY_KINDS
from generators.social.contacts import NOBODY, Society
from generators.tables.columns import coded, rows_of
from generators.tables.names import Names

ACQUAINTANCE = len(COMMUNITY_KINDS)
TIE_KINDS = (*COMMUNITY_KINDS, "acquaintance")
MEMBERS = 2**18
"""Number of members of communities processed together, about."""


def tie_tables(kinds: list[str], model: ModelArrays, names: Names) -> Iterator[pa.Table]:
    """Yield the ties of a world in parts, `bench.schema.TIES`: by kind of community, then acquaintances.

    Parameters
    ----------
    kinds
        The kind of communities of each layer: families, colleagues and so on.
    model, names
        The world.
    """
    society, calls = model.society, _calls_within(model)
    before = np.zeros(len(calls))
    for layer, kind in enumerate(kinds):
        share = society.bounds[:, layer] - before
        before = society.bounds[:, layer]
        for members in _blocks(society, layer):
            pairs = _pairs(members, layer, society, calls * share)
            yield _table(*pairs, COMMUNITY_KINDS.index(kind), names)
    for number in range(society.partner.shape[1]):
        partner = society.partner[:, number]
        user = np.flatnonzero(partner > np.arange(len(partner)))
        other = partner[user]
        known = calls * (1 - before) * _odds(number, society.partner.shape[1], society.skew)
        yield _table(user, other, known[user] + known[other], ACQUAINTANCE, names)


def _calls_within(model: ModelArrays) -> Any:
    """Return the calls per working day of each user to its contacts within the network; shape (N,)."""
    users = slice(0, model.num_users)
    kind = model.people.kind[users]
    return model.people.rate[users] * (1 - model.external_shares[kind, 2]) * (1 - model.kinds["cold"][kind])


def _odds(rank: Any, others: Any, skew: float) -> Any:
    """Return the probability that one of a number of others is called, by its rank from 0."""
    return ((rank + 1) / others) ** (1 / skew) - (rank / others) ** (1 / skew)


def _blocks(society: Society, layer: int) -> Iterator[Any]:
    """Yield the members of a layer, whole groups together."""
    count = int((society.first[:, layer] != NOBODY).sum())
    members, begin = society.order[layer, :count], 0
    while begin < count:
        last = members[min(begin + MEMBERS, count) - 1]
        end = int(society.first[last, layer] + society.size[last, layer])
        yield members[begin:end]
        begin = end


def _pairs(members: Any, layer: int, society: Society, calls: Any) -> tuple[Any, Any, Any]:
    """Return every pair of fellow members, and the calls per day between them."""
    sizes, own = society.size[members, layer].astype(np.int64), society.own[members, layer].astype(np.int64)
    callers, callees, strengths = [], [], []
    for rank in range(int(sizes.max()) - 1):
        some = np.flatnonzero(sizes > rank + 1)
        user, size, place = members[some].astype(np.int64), sizes[some], own[some]
        step = np.where((rank + place) % 2 == 0, 1, -1) * (rank // 2 + 1)
        callers.append(user)
        callees.append(society.order[layer, society.first[user, layer] + (place + step) % size].astype(np.int64))
        strengths.append(calls[user] * _odds(rank, size - 1, society.skew))
    caller, callee, strength = (np.concatenate(parts) for parts in (callers, callees, strengths))
    order = np.lexsort((np.maximum(caller, callee), np.minimum(caller, callee)))
    first = order[::2]  # each pair comes twice, once from either side
    both = strength[order].reshape(-1, 2).sum(axis=1)
    return np.minimum(caller, callee)[first], np.maximum(caller, callee)[first], both


def _table(user: Any, other: Any, strength: Any, kind: int, names: Names) -> pa.Table:
    columns = {
        "user_a": coded(user.astype(np.int32), names.user),
        "user_b": coded(other.astype(np.int32), names.user),
        "tie_type": coded(np.full(len(user), kind, np.int32), pa.array(TIE_KINDS)),
        "strength": pa.array(strength),
    }
    return rows_of(TIES, columns)
