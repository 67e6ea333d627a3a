"""Arrays as bytes for browsers: nothing is lost, and every array is where typed arrays can begin."""

import json
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bench.watch.binary import TYPES, packed, unpacked

ARRAY = st.sampled_from(sorted(TYPES)).flatmap(lambda name: arrays(name, st.integers(0, 9)))


FACTS = st.dictionaries(st.text(max_size=3).filter(lambda key: key != "arrays"), st.integers())


@given(st.dictionaries(st.text(max_size=5), ARRAY, max_size=5), FACTS)
def test_what_is_packed_can_be_unpacked(given_arrays: dict[str, np.ndarray], facts: dict[str, int]) -> None:
    content = packed(given_arrays, facts)
    found, found_facts = unpacked(content)
    assert found_facts == facts
    assert list(found) == list(given_arrays)
    for name, array in given_arrays.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)


@given(st.lists(ARRAY, min_size=1, max_size=5), st.text(max_size=20))
def test_arrays_begin_at_multiples_of_eight_bytes(several: list[np.ndarray], text: str) -> None:
    """JavaScript's typed arrays must begin at a multiple of the size of their values."""
    content = packed({str(i): array for i, array in enumerate(several)}, {"text": text})
    (length,) = struct.unpack_from("<I", content, 4)
    assert length % 8 == 0
    assert all(each["at"] % 8 == 0 for each in json.loads(content[8 : 8 + length])["arrays"])


def test_types_that_browsers_do_not_have_are_refused() -> None:
    with pytest.raises(ValueError, match=r"time must have one of the types .*, got int64"):
        packed({"fine": np.zeros(1, np.int32), "time": np.zeros(1, np.int64)}, {})
