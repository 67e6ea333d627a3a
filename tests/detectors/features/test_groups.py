"""What came before in the same group, against plain loops."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from detectors.features.sequence.groups import Groups

ROWS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 50), st.integers(-5, 5)), max_size=30)


def before(rows, index):
    return [row for row in rows[:index] if row[0] == rows[index][0]]


@given(ROWS, st.integers(0, 60))
def test_everything_looks_back_within_the_group(rows, span):
    rows = sorted(rows, key=lambda row: row[1])
    key, time, value = np.array(rows, np.int64).reshape(-1, 3).T
    groups = Groups(key)
    past = [before(rows, index) for index in range(len(rows))]
    assert groups.earlier().tolist() == [len(each) for each in past]
    assert groups.earlier_sum(value).tolist() == [sum(row[2] for row in each) for each in past]
    assert groups.within(time, span=span).tolist() == [
        sum(row[1] - earlier[1] <= span for earlier in each) for row, each in zip(rows, past, strict=True)
    ]
