"""Spells of calling and of quiet: some days in a row that a user lives alike."""

import numpy as np

from generators.calls.model_arrays import Habits
from generators.model.compiled import kernel
from generators.model.rng import Purpose, Words, philox, uniform

_SPELL = np.uint64(Purpose.SPELL)


@kernel
def spell(user: int, day: int, habits: Habits) -> Words:
    """Return the draws of the spell that a user's day belongs to: whether it is quiet, and who is its favourite."""
    number = (day + user) // habits.people.spell_days[user]
    return philox(habits.seed, _SPELL, np.uint64(user), np.uint64(number), np.uint64(0))


@kernel
def is_quiet(user: int, day: int, habits: Habits) -> bool:
    """Return whether a user's day is one of those without calls of its own."""
    quiet = habits.quiet[user]
    return bool(quiet > 0.0 and uniform(spell(user, day, habits)[0]) < quiet)
