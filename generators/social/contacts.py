"""Contacts: who is in which group, and who is acquainted with whom."""

from typing import Any, NamedTuple

from generators.model.compiled import kernel

NOBODY = -1


class Society(NamedTuple):
    """Who is in which group, and who lives and works where; L layers, N users."""

    order: Any
    """Shape (L, N), int32: the members of a layer, those of a group side by side."""
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
    partner: Any
    """Shape (N, A), int32: a user's acquaintances, the best known first; -1 where there is none."""
    stranger_weight: float
    skew: float
    home_m: Any
    """Shape (N, 2), float64 [m]."""
    work_m: Any
    """Shape (N, 2), float64 [m]."""


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
    if society.stranger_weight * society.partner.shape[1] <= 0:
        return NOBODY
    return int(society.partner[user, int(who**society.skew * society.partner.shape[1])])


@kernel
def _fellow(own: int, size: int, who: float) -> int:
    """Return a fellow member's place in the group: the nearest first, so that favourites are often mutual."""
    rank = min(int(who * (size - 1)), size - 2)
    step = rank // 2 + 1
    forward = (rank + own) % 2 == 0
    return (own + step) % size if forward else (own - step) % size
