"""Spells: runs of days on which a user calls at the same rate, or not at all, as observed in real people."""

import numpy as np

from generators.calls.model_arrays import ModelArrays
from generators.model.compiled import kernel
from generators.model.rng import Purpose, Words, philox, uniform

_SPELL = np.uint64(Purpose.SPELL)


@kernel
def spell(user: int, day: int, model: ModelArrays) -> Words:
    """Return the random draws of the spell that a user's day belongs to: whether it is quiet, and its favourite."""
    number = (day + user) // model.people.spell_days[user]
    return philox(model.seed, _SPELL, np.uint64(user), np.uint64(number), np.uint64(0))


@kernel
def is_quiet(user: int, day: int, model: ModelArrays) -> bool:
    """Return whether a user's day belongs to a spell without outgoing calls."""
    quiet = model.quiet[user]
    return bool(quiet > 0.0 and uniform(spell(user, day, model)[0]) < quiet)
