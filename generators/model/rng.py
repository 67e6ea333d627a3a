"""Counter-based random numbers: a draw is a function of (seed, purpose, entity, occurrence), not of earlier draws.

The generator is Philox 4x64-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC11), as in NumPy:
key = (seed, purpose), counter = (entity, occurrence, part, 0). One evaluation gives four 64-bit words.
"""

from enum import IntEnum, unique
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from bench.arrays import FloatArray, IntArray
from generators.model.compiled import kernel

Words = tuple[Any, Any, Any, Any]


@unique
class Purpose(IntEnum):
    """Purposes of random draws. A number, once assigned, is never used for another purpose."""

    WORLD = 1
    USER_TYPE = 2
    USER_ACTIVITY = 3
    USER_CLOCK = 4
    USER_CREATED = 5
    USER_DEVICE = 6
    USER_SECOND_DEVICE = 7
    SECOND_DEVICE = 8
    DEVICE_SEEN = 9
    TOWER = 10
    TOWER_NUMBER = 11
    HOME = 12
    WORK = 13
    FAMILY = 20
    WORK_GROUP = 21
    FRIENDS = 22
    GROUP_SIZE = 23
    ACQUAINTANCE = 24
    EXTERNAL_CONTACT = 25
    SPELL = 26
    TIE = 27
    MEETING = 28
    CLUBS = 29
    USER_NUMBER = 30
    PHONE_NUMBER = 31
    SIM = 32
    DEVICE = 33
    CALL_COUNT = 40
    CALL_WHO = 41
    CALL_WHEN = 42
    CALL_HOW = 43
    PLACE = 44
    SITE = 45
    SHADOWING = 46
    SECOND_THOUGHT = 47
    PLACE_AT = 50
    TRIP = 51
    HELLO = 52
    HEARTBEAT = 53
    ARRIVAL = 54
    PHONE_CLOCK = 55
    NEIGHBOUR_REQUEST = 56
    ANOMALY = 60
    RESERVE = 61
    SCHEDULE = 62
    PLACE_IN_FILE = 63
    SETUP_IN_FILE = 64
    RING = 65


_M0, _M1 = np.uint64(0xD2E7470EE14C6C93), np.uint64(0xCA5A826395121157)
_W0, _W1 = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBB67AE8584CAA73B)
_ROUNDS = 10
_ELEVEN = np.uint64(11)
_UNIT = 1.0 / 9007199254740992.0


def _emit_high_product(_typing: Any, _a: Any, _b: Any) -> Any:
    """Generate LLVM code for the upper 64 bits of a 64 x 64 bit product."""

    def emit(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        wide = ir.IntType(128)
        product = builder.mul(builder.zext(args[0], wide), builder.zext(args[1], wide))
        return builder.trunc(builder.lshr(product, ir.Constant(wide, 64)), ir.IntType(64))

    return types.uint64(types.uint64, types.uint64), emit


_high_product: Any = intrinsic(_emit_high_product)


@kernel
def uniform(word: Any) -> Any:
    """Return a 64-bit word as a float in [0, 1), from its upper 53 bits, as NumPy does."""
    return np.float64(word >> _ELEVEN) * _UNIT


@kernel
def philox(seed: Any, purpose: Any, entity: Any, occurrence: Any, part: Any) -> Words:
    """Return the four 64-bit words of one draw (Philox)."""
    k0, k1 = np.uint64(seed), np.uint64(purpose)
    c0, c1, c2, c3 = np.uint64(entity), np.uint64(occurrence), np.uint64(part), np.uint64(0)
    for _ in range(_ROUNDS):
        high0, low0 = _high_product(_M0, c0), _M0 * c0
        high1, low1 = _high_product(_M1, c2), _M1 * c2
        c0, c1, c2, c3 = high1 ^ c1 ^ k0, low1, high0 ^ c3 ^ k1, low0
        k0 += _W0
        k1 += _W1
    return c0, c1, c2, c3


@kernel
def _fill(seed: Any, purpose: Any, occurrence: Any, out: Any) -> None:
    for i in range(out.shape[0]):
        a, b, c, d = philox(seed, purpose, np.uint64(i), occurrence, np.uint64(0))
        out[i, 0], out[i, 1], out[i, 2], out[i, 3] = uniform(a), uniform(b), uniform(c), uniform(d)


def uniforms(seed: int, purpose: Purpose, count: int, occurrence: int = 0) -> FloatArray:
    """Return four uniforms in [0, 1) for each of the entities 0 to count - 1; shape (count, 4)."""
    out = np.empty((count, 4))
    _fill(np.uint64(seed), np.uint64(purpose), np.uint64(occurrence), out)
    return out


@kernel
def _round_half(half: Any, key: Any, mask: Any) -> Any:
    """Mix one half of a Feistel network (the finaliser of SplitMix64, Steele et al. 2014)."""
    z = (half + key) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return (z ^ (z >> np.uint64(31))) & mask


@kernel
def permuted(index: Any, size: Any, keys: Any, backwards: Any) -> Any:
    """Return the image of `index` under a keyed permutation of 0 to size - 1, or its preimage (`backwards`).

    A Feistel network of four rounds on the smallest even number of bits that holds `size`, walked along its cycle
    until it comes back into the range (Black and Rogaway, "Ciphers with arbitrary finite domains", 2002).

    Parameters
    ----------
    index
        In [0, size).
    size
        Size of the domain, at least 1.
    keys
        Four words, of `permutation_keys`.
    backwards
        Whether to apply the inverse.
    """
    half_bits = np.uint64(1)
    while (np.uint64(1) << (half_bits * np.uint64(2))) < np.uint64(size):
        half_bits += np.uint64(1)
    mask = (np.uint64(1) << half_bits) - np.uint64(1)
    x = np.uint64(index)
    while True:
        left, right = x >> half_bits, x & mask
        if backwards:
            for i in range(3, -1, -1):
                left, right = right ^ _round_half(left, keys[i], mask), left
        else:
            for i in range(4):
                left, right = right, left ^ _round_half(right, keys[i], mask)
        x = (left << half_bits) | right
        if x < np.uint64(size):
            return np.int64(x)


@kernel
def _permute_all(size: Any, keys: Any, out: Any) -> None:
    for i in range(out.shape[0]):
        out[i] = permuted(i, size, keys, False)


@kernel
def _fill_pairs(seed: Any, purpose: Any, entities: Any, occurrences: Any, out: Any) -> None:
    for i in range(out.shape[0]):
        words = philox(seed, purpose, np.uint64(entities[i]), np.uint64(occurrences[i]), np.uint64(0))
        out[i, 0], out[i, 1], out[i, 2], out[i, 3] = (
            uniform(words[0]), uniform(words[1]), uniform(words[2]), uniform(words[3]),
        )  # fmt: skip


def uniforms_of(seed: int, purpose: Purpose, entities: IntArray, occurrences: IntArray) -> FloatArray:
    """Return four uniforms in [0, 1) for each pair of an entity and an occurrence; shape (n, 4)."""
    out = np.empty((len(entities), 4))
    _fill_pairs(np.uint64(seed), np.uint64(purpose), entities, occurrences, out)
    return out


def permutation_keys(seed: int, purpose: Purpose, occurrence: int = 0) -> Any:
    """Return the four words that choose a permutation; shape (4,), uint64."""
    words = philox(np.uint64(seed), np.uint64(purpose), np.uint64(0), np.uint64(occurrence), np.uint64(1))
    return np.array(words, np.uint64)


def permutation(seed: int, purpose: Purpose, size: int, count: int | None = None, occurrence: int = 0) -> IntArray:
    """Return the images of the first `count` numbers under the keyed permutation of 0 to size - 1 (default: all)."""
    out = np.empty(size if count is None else count, np.int64)
    _permute_all(np.uint64(size), permutation_keys(seed, purpose, occurrence), out)
    return out


def generator(seed: int, purpose: Purpose, occurrence: int = 0) -> np.random.Generator:
    """Return a NumPy generator on a Philox stream of its own."""
    return np.random.Generator(np.random.Philox(key=[seed, int(purpose)], counter=[0, 0, 0, occurrence + 1]))
