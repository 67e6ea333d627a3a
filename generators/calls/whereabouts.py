"""Serving cells in a world without a network, drawn by the hour and by the talk time of the call."""

import math

import numpy as np

from generators.calls.intents import Slots
from generators.calls.model_arrays import ModelArrays
from generators.model.clock import DAY_MS, HOUR_MS
from generators.model.compiled import kernel
from generators.model.rng import Purpose, philox, uniform

WORK_BEGINS_H, WORK_ENDS_H = 9, 17
_PLACE = np.uint64(Purpose.PLACE)


@kernel
def serving_cell(user: int, start_ms: int, model: ModelArrays) -> int:
    """Return the cell that serves a user: one for each hour, at work, at home or next to home."""
    hour = start_ms // HOUR_MS
    words = philox(model.seed, _PLACE, np.uint64(user), np.uint64(hour), np.uint64(0))
    people = model.people
    if people.still[user]:
        return int(people.home[user])
    own_ms = start_ms - people.clock_shift_ms[user]
    own_hour = own_ms // HOUR_MS % 24
    working = WORK_BEGINS_H <= own_hour < WORK_ENDS_H and not model.weekend[start_ms // DAY_MS]
    if working and uniform(words[0]) < model.at_work:
        return int(people.work[user])
    near = model.neighbours.shape[1]
    if near > 0 and uniform(words[1]) < model.elsewhere:
        return int(model.neighbours[people.home[user], int(uniform(words[2]) * near)])
    return int(people.home[user])


@kernel
def last_cell(first: int, i: int, model: ModelArrays, slots: Slots) -> int:
    """Return the cell in which a call ends; with the talk time a neighbouring cell becomes likelier."""
    near = model.neighbours.shape[1]
    if near == 0 or slots.move[i] < math.exp(model.stay_rate * slots.talk_ms[i]):
        return first
    return int(model.neighbours[first, int(slots.goal[i] * near)])
