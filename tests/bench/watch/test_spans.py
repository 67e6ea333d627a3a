"""Rows within a part of time: the same as by a look at each."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bench.watch.spans import Spans

ROWS = st.lists(st.tuples(st.integers(-50, 50), st.integers(0, 40)), max_size=30)


@given(ROWS, st.integers(-60, 60), st.integers(0, 40))
def test_rows_within_a_part_are_those_that_touch_it(rows: list[tuple[int, int]], low: int, length: int) -> None:
    begin = np.array([start for start, _ in rows], np.int64)
    spans = Spans.of(begin, begin + np.array([long for _, long in rows], np.int64), number=np.arange(len(rows)))
    found = spans.columns["number"][spans.within(low, low + length)].tolist()
    touching = [i for i, (start, long) in enumerate(rows) if start < low + length and start + long >= low]
    assert sorted(found) == touching
    assert found == sorted(found, key=lambda i: (rows[i][0], i))
