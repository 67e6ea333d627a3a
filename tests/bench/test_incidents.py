"""Incidents found, and found by chance."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import hypergeom

from bench.incidents import Times, chance_recall, incident_sizes, waits


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


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 900), st.booleans()), max_size=30), st.sampled_from([0, 900])
)
def test_the_delay_is_from_an_incidents_first_call_to_its_first_alert(calls, span_s):
    incident, start_s, alerted = (np.array([call[i] for call in calls]) for i in range(3))
    expected = []
    for code in sorted(set(incident.tolist())):
        its = sorted((call for call in calls if call[0] == code), key=lambda call: call[1])
        first = next((index for index, call in enumerate(its) if call[2]), None)
        if first is not None:
            expected.append((its[first][1] - its[0][1] + span_s, first))
    times = Times(start_s.astype(np.int64) * 1000, span_s * 1000)
    found = waits(incident.astype(np.int64), times, alerted.astype(np.bool_))
    assert list(zip(found.seconds.tolist(), found.entities.tolist(), strict=True)) == expected
