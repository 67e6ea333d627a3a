"""Contacts: the groups and acquaintances of each user."""

from typing import Any, NamedTuple

from generators.model.compiled import kernel

NOBODY = -1


class Society(NamedTuple):
    """Groups, acquaintances, home and work of all users; L layers, N users."""

    order: Any
    """Shape (L, N), int32: the users of each layer, members of a group next to each other."""
    first: Any
    """Shape (N, L), int32: position in `order` at which a user's group begins; -1 outside all groups."""
    size: Any
    """Shape (N, L), int32: number of members of a user's group; 1 outside all groups."""
    own: Any
    """Shape (N, L), int32: position of a user within its group."""
    weight: Any
    """Shape (L,), float64: relative weight with which a user calls a fellow member."""
    bounds: Any
    """Shape (N, L), float64: cumulative share over the layers of a user's calls within the network."""
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
    """Return the callee of a user's call within the network, or -1 if the user has no contact there.

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
    """Return a fellow member's position in the group: the nearest first, so that favourites are often mutual."""
    rank = min(int(who * (size - 1)), size - 2)
    step = rank // 2 + 1
    forward = (rank + own) % 2 == 0
    return (own + step) % size if forward else (own - step) % size
