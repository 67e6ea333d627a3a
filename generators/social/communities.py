"""Communities of three kinds that overlap, and the mutual acquaintances that bridge them.

A layer is a keyed permutation of all users, cut into groups; a user is in at most one group of a layer. So any
number of users costs a few arrays, and whom somebody may call is found without a table of ties.
"""

from typing import Any, NamedTuple

import numpy as np

from generators.compiled import kernel
from generators.rng import Purpose, permutation, permutation_keys, permuted, uniforms
from generators.settings import Communities, Layer

KINDS = ("family", "work", "friends")
_PURPOSES = {"family": Purpose.FAMILY, "work": Purpose.WORK_GROUP, "friends": Purpose.FRIENDS}
NOBODY = -1


class Society(NamedTuple):
    """Who is in which group; L layers, N users."""

    order: Any
    """Shape (L, N), int32: all users of a layer, those of a group side by side."""
    first: Any
    """Shape (N, L), int32: where a user's group begins in the order; -1 outside all groups."""
    size: Any
    """Shape (N, L), int32: how many members a user's group has; 1 outside all groups."""
    own: Any
    """Shape (N, L), int32: a user's place within its group."""
    weight: Any
    """Shape (L,), float64: how readily one calls any one fellow member."""
    bounds: Any
    """Shape (N, L), float64: share of a user's calls within the network that go to the layers up to each."""
    matching: Any
    """Shape (A, 4), uint64: the keys of A random matchings, one an acquaintance."""
    stranger_weight: float
    skew: float


def layer_kinds(settings: Communities) -> list[str]:
    """Return the kind of each layer, in order."""
    return [kind for kind in KINDS for _ in range(getattr(settings, kind).copies)]


def make_society(settings: Communities, num_users: int, seed: int) -> Society:
    """Draw the groups of every layer."""
    layers = [(kind, copy) for kind in KINDS for copy in range(getattr(settings, kind).copies)]
    order = np.zeros((len(layers), num_users), np.int32)
    first, own = (np.full((num_users, len(layers)), NOBODY, np.int32) for _ in range(2))
    size = np.ones((num_users, len(layers)), np.int32)
    for number, (kind, copy) in enumerate(layers):
        place = permutation(seed, _PURPOSES[kind], num_users, occurrence=copy)
        order[number, place] = np.arange(num_users)
        starts, sizes = _groups(getattr(settings, kind), num_users, seed, KINDS.index(kind) * 16 + copy)
        members = order[number, : int(sizes.sum())]
        first[members, number] = np.repeat(starts, sizes)
        size[members, number] = np.repeat(sizes, sizes)
        own[members, number] = np.arange(len(members)) - np.repeat(starts, sizes)
    matching = [permutation_keys(seed, Purpose.ACQUAINTANCE, j) for j in range(settings.acquaintances)]
    weight = np.array([getattr(settings, kind).weight for kind, _ in layers], np.float64)
    keys = np.array(matching, np.uint64).reshape(-1, 4)
    strangers = settings.stranger_weight * settings.acquaintances
    readiness = np.cumsum(weight * (size - 1), axis=1)
    total = readiness[:, -1:] + strangers if layers else np.full((num_users, 1), strangers)
    bounds = np.divide(readiness, total, out=np.zeros_like(readiness), where=total > 0)
    return Society(order, first, size, own, weight, bounds, keys, settings.stranger_weight, settings.skew)


def _groups(layer: Layer, num_users: int, seed: int, occurrence: int) -> tuple[Any, Any]:
    """Return where the groups of one layer begin and how many members each has."""
    covered = round(layer.coverage * num_users)
    draws = uniforms(seed, Purpose.GROUP_SIZE, covered // min(layer.sizes) + 1, occurrence)[:, 0]
    bounds = np.cumsum(layer.probabilities)
    sizes = np.asarray(layer.sizes)[np.searchsorted(bounds[:-1], draws, side="right")]
    ends = np.cumsum(sizes)
    whole = int(np.searchsorted(ends, covered, side="right"))
    sizes = sizes[: whole + 1]
    sizes[whole:] = covered - (ends[whole - 1] if whole else 0)
    sizes = sizes[sizes >= 2]  # what is left over at the end may be one user, who is then in no group
    return np.cumsum(sizes) - sizes, sizes


@kernel
def choose_contact(user: int, kind: float, who: float, society: Society) -> int:
    """Return whom a user calls within the network, or -1 when it knows nobody there.

    Parameters
    ----------
    user
        The caller.
    kind, who
        Uniforms in [0, 1): which community, or an acquaintance, and which member of it.
    society
        The groups.
    """
    layer = 0
    for bound in range(society.bounds.shape[1]):
        layer += kind >= society.bounds[user, bound]
    if layer < society.bounds.shape[1]:
        place = _fellow(society.own[user, layer], society.size[user, layer], who**society.skew)
        return int(society.order[layer, society.first[user, layer] + place])
    if society.stranger_weight * society.matching.shape[0] <= 0:
        return NOBODY
    return _acquaintance(user, who, society)


@kernel
def _fellow(own: int, size: int, who: float) -> int:
    """Return a fellow member's place in the group: the nearest first, so that favourites are often mutual."""
    rank = min(int(who * (size - 1)), size - 2)
    step = rank // 2 + 1
    forward = (rank + own) % 2 == 0
    return (own + step) % size if forward else (own - step) % size


@kernel
def _acquaintance(user: int, who: float, society: Society) -> int:
    """Return the partner in one of the random matchings of all users; one in an odd number has none."""
    users = society.order.shape[1]
    keys = society.matching[int(who * society.matching.shape[0])]
    place = permuted(user, users, keys, False)
    partner = place ^ 1
    return permuted(partner, users, keys, True) if partner < users else NOBODY
