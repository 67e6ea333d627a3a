"""Kernel: features that compare a call with its caller's earlier contacts."""

import numpy as np

from bench.arrays import Array
from bench.spans import DAY_MS, HOUR_MS
from detectors.features.calls.kernel_arrays import FeatureColumn, Room
from detectors.features.kernels import kernel

C_LOG_C = np.arange(256) * np.log(np.maximum(np.arange(256), 1))


@kernel
def found(key: Array, mask: int, party: int) -> int:
    """Return the slot of a party in a hash table (open addressing), inserting the party if it is new."""
    at = (party * 2_654_435_761 >> 7) & mask
    while key[at] != party:
        if key[at] < 0:
            key[at] = party
        else:
            at = (at + 1) & mask
    return at


@kernel
def c_log_c(count: int) -> float:
    """Return c ln c, and 0 for c = 0."""
    return float(C_LOG_C[count]) if count < C_LOG_C.size else count * float(np.log(count))


@kernel
def contacts(mine: Array, rows: Array, got: Array, room: Room) -> None:
    """Compute features of calls from the parties that their caller called, and was called by, before."""
    size = 4
    while size < 2 * (mine.size + got.size):
        size *= 2
    room.key[:size] = -1
    room.contacts[:size] = 0
    features, one, bits = room.features, room.contacts, 0.0
    hour, day, heard, in_hour, in_day, ever, mutual = 0, 0, 0, 0, 0, 0, 0
    for k in range(mine.size):
        now_ms = mine[k].start_ms
        while heard < got.size and got[heard].row < rows[k]:
            other = found(room.key, size - 1, got[heard].caller)
            mutual += one[other, 3] == 0 and one[other, 2] > 0
            one[other, 3] = 1
            heard += 1
        while mine[hour].start_ms < now_ms - HOUR_MS:
            one[room.slot[hour], 0] -= 1
            in_hour -= one[room.slot[hour], 0] == 0
            hour += 1
        while mine[day].start_ms < now_ms - DAY_MS:
            last = room.slot[day]
            one[last, 1] -= 1
            in_day -= one[last, 1] == 0
            bits += c_log_c(one[last, 1]) - c_log_c(one[last, 1] + 1)
            day += 1
        other = found(room.key, size - 1, mine[k].callee)
        bits = bits if k > day else 0.0
        features[k, FeatureColumn.new_contact] = one[other, 2] == 0
        features[k, FeatureColumn.contact_share] = one[other, 2] / max(k, 1)
        features[k, FeatureColumn.contacts_last_hour] = in_hour
        features[k, FeatureColumn.contacts_last_day] = in_day
        features[k, FeatureColumn.contact_entropy] = max(np.log(k - day) - bits / (k - day), 0.0) if k > day else 0.0
        features[k, FeatureColumn.reciprocated] = one[other, 3]
        features[k, FeatureColumn.reciprocity] = mutual / max(ever, 1)
        mutual += one[other, 2] == 0 and one[other, 3] == 1
        ever += one[other, 2] == 0
        in_hour += one[other, 0] == 0
        in_day += one[other, 1] == 0
        bits += c_log_c(one[other, 1] + 1) - c_log_c(one[other, 1])
        for each in range(3):
            one[other, each] += 1
        room.slot[k] = other
