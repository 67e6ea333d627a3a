"""Incidents found, and found by chance."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import hypergeom

from bench.incidents import chance_recall, incident_sizes


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), max_size=40))
def test_an_incident_is_found_by_one_alert(records):
    incident = np.array([code for code, _ in records], np.int32)
    alerted = np.array([alert for _, alert in records], np.bool_)
    sizes, found = incident_sizes(incident, alerted)
    codes = sorted(set(incident.tolist()))
    assert sizes.tolist() == [incident.tolist().count(code) for code in codes]
    assert found.tolist() == [any(alert for each, alert in records if each == code) for code in codes]


@given(st.lists(st.integers(1, 20), min_size=1, max_size=5), st.integers(20, 5000), st.data())
def test_chance_is_hypergeometric(sizes, records, data):
    alerts = data.draw(st.integers(0, records))
    expected = np.mean([1 - hypergeom(records, size, alerts).pmf(0) for size in sizes])
    assert chance_recall(np.array(sizes), records=records, alerts=alerts) == pytest.approx(expected, abs=1e-9)


def test_without_an_incident_there_is_no_chance():
    assert chance_recall(np.array([], np.int64), records=10, alerts=3) is None
