"""Unlikely ties: the model against a plain loop, and what the detector is for."""

import math

import numpy as np
import pytest
from call_tables import ordinary_calls, write_calls
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from bench.faults import SettingsError
from detectors.features.graph.call_graph import CallGraph
from detectors.features.sequence.groups import Groups
from detectors.features.sequence.sums import sum_of_latest
from detectors.graph.unlikely_tie import TieModel, UnlikelyTie, usual_of

PARTIES = 8
CALL_LISTS = st.lists(st.tuples(st.integers(0, PARTIES - 1), st.integers(0, PARTIES - 1)), min_size=1, max_size=40)


def model_of(calls):
    caller, callee = np.array(calls, np.int64).reshape(-1, 2).T
    return TieModel(CallGraph(PARTIES, caller, callee, seed=1))


def loop_surprise(calls, community, alpha, one, other):
    ends = [(a, b) for a, b in calls if a != b]
    ends += [(b, a) for a, b in ends]
    strength = [sum(a == each for a, _ in ends) for each in range(PARTIES)]
    own, its = community[one], community[other]
    of_own, of_its = (sum(community[a] == block for a, _ in ends) for block in (own, its))
    into = sum(community[a] == own and community[b] == its for a, b in ends)
    unseen = max(strength.count(1), 0.5) / (len(ends) + 1)
    anybody = unseen
    if strength[other]:
        anybody = (1 - unseen) * (into + of_its / len(ends)) / (of_own + 1) * strength[other] / of_its
    return -math.log((ends.count((one, other)) + alpha * anybody) / (strength[one] + alpha))


@given(CALL_LISTS, CALL_LISTS)
def test_surprise_is_that_of_a_plain_loop(known, described):
    model = model_of(known)
    caller, callee = np.array(described, np.int64).T
    expected = [loop_surprise(known, model.graph.community, model.alpha, a, b) for a, b in described]
    assert model.surprise(caller, callee) == pytest.approx(expected)


@given(CALL_LISTS)
def test_chances_of_the_parties_that_are_known_and_of_a_new_one_add_up_to_one(calls):
    model = model_of(calls)
    known = np.flatnonzero(model.graph.strength)
    new = np.setdiff1d(np.arange(PARTIES), known)[:1]
    ends = np.append(known, new)
    chances = np.exp(-model.surprise(np.zeros_like(ends), ends))
    if new.size and known.size:
        assert chances.sum() == pytest.approx(1)


@given(CALL_LISTS)
def test_alpha_gives_as_many_contacts_as_there_are(calls):
    model = model_of(calls)
    strength, contacts = model.graph.strength, model.graph.contacts.sum()
    expected = sum(model.alpha / (model.alpha + done) for calls in strength for done in range(calls))
    if np.count_nonzero(strength) < contacts < strength.sum():
        assert expected == pytest.approx(contacts, rel=1e-3)


def test_who_called_before_is_likelier_than_a_friend_of_friends_than_a_stranger():
    cliques = [(a, b) for group in (range(4), range(4, 7)) for a in group for b in group if a < b and (a, b) != (0, 3)]
    model = model_of([*cliques, (0, 4)])
    habit, near, far = model.surprise(np.array([0, 0, 0]), np.array([1, 3, 6]))
    assert habit < near < far


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(-9, 9)), max_size=20), st.integers(1, 5))
def test_the_latest_of_a_group(rows, size):
    group, values = np.array(rows, np.int64).reshape(-1, 2).T
    expected = [
        sum([value for key, value in rows[: index + 1] if key == row[0]][-size:]) / size
        for index, row in enumerate(rows)
    ]
    assert sum_of_latest(Groups(group), values, size - 1) / size == pytest.approx(expected, abs=1e-9)


def test_what_is_usual_leans_on_all_where_little_is_known():
    usual = usual_of(np.array([0] * 1000 + [1]), np.array([1.0] * 1000 + [9.0]), 3)
    assert usual[0] == pytest.approx(1, abs=0.01)
    assert usual[1] == pytest.approx(1 + 8 / 6, abs=0.1)
    assert usual[2] == pytest.approx(1, abs=0.01)


def test_calls_out_of_the_community_get_the_highest_scores(tmp_path):
    calls = ordinary_calls(6000, 200, 14)
    user = [int(each.removeprefix("user_")) for each in calls["caller_id"]]
    broken = [i for i, start in enumerate(calls["start_s"]) if start >= 8 * 86_400 and user[i] % 10 == 3]
    for index in broken:
        calls["callee_id"][index] = f"user_{(user[index] // 10 + 7) % 20 * 10 + index % 3}"
    dataset = write_calls(tmp_path, calls, 14)
    low, high = dataset.call_range(dataset.window)
    scores = UnlikelyTie().fit(dataset).score(dataset).values
    assert roc_auc_score(np.isin(np.arange(low, high), broken), scores) > 0.95
    alone = UnlikelyTie(run_weight=0).score(dataset).values
    assert roc_auc_score(np.isin(np.arange(low, high), broken), alone) < roc_auc_score(
        np.isin(np.arange(low, high), broken), scores
    )


def test_faults_of_settings_are_reported_together():
    with pytest.raises(SettingsError) as error:
        UnlikelyTie(resolution=-1, run=0, run_weight=-0.5)
    assert str(error.value) == (
        "detector.resolution must be above 0, got -1\n"
        "detector.run must be at least 1, got 0\n"
        "detector.run_weight must be at least 0, got -0.5"
    )
