from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from generators.model.rng import Purpose, permutation, permutation_keys, permuted, philox, uniforms

WORD = st.integers(0, 2**64 - 1)


@given(WORD, WORD, st.integers(1, 2**64 - 1), WORD, WORD)
def test_draws_are_those_of_numpys_philox(seed: int, purpose: int, entity: int, occurrence: int, part: int) -> None:
    ours = philox(*(np.uint64(word) for word in (seed, purpose, entity, occurrence, part)))
    theirs = np.random.Philox(
        key=np.array([seed, purpose], np.uint64), counter=np.array([entity - 1, occurrence, part, 0], np.uint64)
    ).random_raw(4)
    assert list(ours) == theirs.tolist()


def test_uniforms_are_numpys_doubles_and_do_not_depend_on_how_many_are_asked() -> None:
    many = uniforms(7, Purpose.TOWER, 50)
    assert np.array_equal(many[:20], uniforms(7, Purpose.TOWER, 20))
    theirs = np.random.Generator(np.random.Philox(key=[7, int(Purpose.TOWER)], counter=[12, 0, 0, 0])).random(4)
    assert np.array_equal(many[13], theirs)


def test_another_seed_purpose_or_occurrence_draws_anew() -> None:
    base = uniforms(1, Purpose.HOME, 100)
    others = [uniforms(2, Purpose.HOME, 100), uniforms(1, Purpose.WORK, 100), uniforms(1, Purpose.HOME, 100, 1)]
    for other in others:
        assert abs(np.corrcoef(base.ravel(), other.ravel())[0, 1]) < 0.2


@given(st.integers(0, 2**63 - 1), st.integers(1, 300))
def test_a_permutation_takes_everything_somewhere_else_once_and_back(seed: int, size: int) -> None:
    there = permutation(seed, Purpose.FAMILY, size)
    keys = permutation_keys(seed, Purpose.FAMILY)
    assert sorted(there) == list(range(size))
    assert [permuted(int(i), size, keys, True) for i in there] == list(range(size))
    assert [shuffle(i, size, keys) for i in range(size)] == there.tolist()


def test_permutations_are_about_uniform() -> None:
    first = np.array([permutation(seed, Purpose.FRIENDS, 5)[0] for seed in range(5000)])
    counts = np.bincount(first, minlength=5)
    assert ((counts - 1000) ** 2 / 1000).sum() < 18.5  # chi-squared with 4 degrees of freedom, 0.1 %


def test_no_two_purposes_share_a_number() -> None:
    assert len({int(p) for p in Purpose.__members__.values()}) == len(Purpose.__members__)


def shuffle(index: int, size: int, keys: Any) -> int:
    """Return where the keyed permutation takes an index: a Feistel network, walked until it is within the range."""
    half = 1
    while 4**half < size:
        half += 1
    mask, wide = 2**half - 1, 2**64 - 1
    while True:
        left, right = index >> half, index & mask
        for key in keys:
            z = (right + int(key)) * 0xBF58476D1CE4E5B9 & wide
            z = (z ^ z >> 27) * 0x94D049BB133111EB & wide
            left, right = right, left ^ (z ^ z >> 31) & mask
        index = left << half | right
        if index < size:
            return index
