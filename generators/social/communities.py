"""Communities of four overlapping kinds, and the mutual acquaintances that connect them.

A family lives together. For every other community, people go to some place, at work or at some distance from home, and
those who come to neighbouring places are in one community. So a user is in at most one group of a layer, the memory is
a few arrays for any number of users, and the contacts of a user are found without a table of ties.
"""

from typing import Any

import numpy as np

from generators.model.rng import Purpose, permutation, uniforms
from generators.settings.society import COMMUNITY_KINDS, Layer
from generators.settings.world import WorldSettings
from generators.social.contacts import NOBODY, Society
from generators.social.homes import along_curve, home_places, meeting_places, work_places
from generators.social.kinds import user_kinds

_PURPOSES = {
    "family": Purpose.FAMILY,
    "work": Purpose.WORK_GROUP,
    "friends": Purpose.FRIENDS,
    "clubs": Purpose.CLUBS,
}
FIRST_MATCHING = 64
"""Numbers of meetings from which on they are those of acquaintances; lower ones are those of communities."""


def make_society(settings: WorldSettings) -> Society:
    """Draw the groups of every layer, homes and work places, and acquaintances."""
    communities, kinds = settings.communities, settings.communities.layers()
    kind, _ = user_kinds(settings)
    sociable = np.array([t.sociable for t in settings.user_types.values()])[kind]
    drawn = _Layers(settings, np.flatnonzero(sociable), len(kinds))
    for number, name in enumerate(kinds):
        drawn.add(number, name, kinds[:number].count(name))
    partner = drawn.acquaintances()
    weight = np.array([getattr(communities, name).weight for name in kinds], np.float64)
    readiness = np.cumsum(weight * (drawn.size - 1), axis=1)
    strangers = communities.stranger_weight * communities.acquaintances * sociable
    total = (readiness[:, -1:] if kinds else 0.0) + strangers[:, None]
    bounds = np.divide(readiness, total, out=np.zeros_like(readiness), where=total > 0)
    return Society(
        order=drawn.order,
        first=drawn.first,
        size=drawn.size,
        own=drawn.own,
        weight=weight,
        bounds=bounds,
        partner=partner,
        stranger_weight=communities.stranger_weight,
        skew=communities.skew,
        home_m=drawn.homes,
        work_m=drawn.work,
    )


class _Layers:
    """The layers of a society while they are being drawn."""

    def __init__(self, settings: WorldSettings, sociable: Any, layers: int) -> None:
        self.settings, self.sociable, users = settings, sociable, settings.num_users
        self.order = np.zeros((layers, users), np.int32)
        self.first, self.own = (np.full((users, layers), NOBODY, np.int32) for _ in range(2))
        self.size = np.ones((users, layers), np.int32)
        self.homes = home_places(settings, np.full(users, NOBODY))
        self.work = work_places(settings, self.homes)
        self.company = np.arange(users)

    def add(self, number: int, kind: str, copy: int) -> None:
        """Draw the groups of one layer; families get a home, and groups at work a common place."""
        layer: Layer = getattr(self.settings.communities, kind)
        seed, users = self.settings.seed, self.settings.num_users
        place = permutation(seed, _PURPOSES[kind], users, occurrence=copy)[self.sociable]
        some = self.sociable[np.argsort(place)[: round(layer.coverage * len(self.sociable))]]
        members = some[self._as_they_meet(kind, number, some)]
        starts, sizes = _groups(layer, len(members), seed, COMMUNITY_KINDS.index(kind) * 16 + copy)
        members = members[: int(sizes.sum())]
        self.order[number, : len(members)] = members
        self.first[members, number] = np.repeat(starts, sizes)
        self.size[members, number] = np.repeat(sizes, sizes)
        self.own[members, number] = np.arange(len(members)) - np.repeat(starts, sizes)
        if kind == "family" and copy == 0:
            self.homes = home_places(self.settings, self.first[:, number])
            self.work = work_places(self.settings, self.homes)
            self.company[members] = np.repeat(members[starts], sizes)
        if kind == "work" and copy == 0:
            self.work[members] = self.work[np.repeat(members[starts], sizes)]

    def _as_they_meet(self, kind: str, number: int, members: Any) -> Any:
        """Return an order of some users in which those with near meeting places are neighbours."""
        if kind == "family" or not self.settings.communities.reach_km:
            return np.arange(len(members))
        places = self.work if kind == "work" else meeting_places(self.settings, self.homes, number, self.company)
        return np.argsort(along_curve(self.settings, places[members]), kind="stable")

    def acquaintances(self) -> Any:
        """Return matchings of all sociable users, each of a new meeting; shape (N, A), int32."""
        settings, count = self.settings, self.settings.communities.acquaintances
        alone = np.arange(settings.num_users)
        partner = np.full((settings.num_users, count), NOBODY, np.int32)
        for number in range(count):
            if settings.communities.reach_km:
                places = meeting_places(settings, self.homes, FIRST_MATCHING + number, alone)
                place = along_curve(settings, places[self.sociable])
            else:
                every = permutation(settings.seed, Purpose.ACQUAINTANCE, settings.num_users, occurrence=number)
                place = every[self.sociable]
            met = self.sociable[np.argsort(place, kind="stable")]
            pairs = met[: len(met) // 2 * 2].reshape(-1, 2)
            partner[pairs, number] = pairs[:, ::-1]
        return partner


def _groups(layer: Layer, members: int, seed: int, occurrence: int) -> tuple[Any, Any]:
    """Return the position at which each group of one layer begins, and its number of members."""
    draws = uniforms(seed, Purpose.GROUP_SIZE, members // min(layer.sizes) + 1, occurrence)[:, 0]
    bounds = np.cumsum(layer.probabilities)
    sizes = np.asarray(layer.sizes)[np.searchsorted(bounds[:-1], draws, side="right")]
    ends = np.cumsum(sizes)
    whole = int(np.searchsorted(ends, members, side="right"))
    sizes = sizes[: whole + 1]
    sizes[whole:] = members - (ends[whole - 1] if whole else 0)
    sizes = sizes[sizes >= 2]  # the remaining group may consist of one user, who is then in no group
    return np.cumsum(sizes) - sizes, sizes
