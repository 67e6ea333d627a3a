"""User-days against the call graph: plain loops, and what the detectors are for."""

import math
from dataclasses import replace

import networkx as nx
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from call_tables import DAY_MS, ordinary_calls, write_calls
from pyod.models.iforest import IForest
from sklearn.metrics import roc_auc_score

from bench.dataset import Window
from bench.faults import SettingsError
from bench.schema import USERS
from detectors.features.graph.ego_networks import PowerLaw
from detectors.features.graph.user_day_graph import FEATURES, GraphDays, Weeks
from detectors.graph.graph_days import CircleDays
from detectors.graph.oddball import OddBall, off_law

NAMES = [name for name, _, _ in FEATURES]
PEOPLE = 30


def write_world(folder, calls, days, people):
    dataset = write_calls(folder, calls, days)
    rows = {column.name: ["x"] * people for column in USERS.columns}
    rows |= {"user_id": [f"user_{each}" for each in range(people)], "creation_date": [0] * people}
    pq.write_table(pa.table(rows, USERS.arrow), folder / "users.parquet")
    return dataset


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return write_world(tmp_path_factory.mktemp("days"), ordinary_calls(900, PEOPLE, 14), 14, PEOPLE)


def pairs_of(dataset, begin_ms, end_ms):
    table = dataset.calls(Window(begin_ms, end_ms), ["caller_id", "callee_id"]).to_pydict()
    return list(zip(table["caller_id"], table["callee_id"], strict=True))


def networkx_of(pairs):
    ties = nx.Graph()
    for one, other in pairs:
        if one != other:
            calls = ties.get_edge_data(one, other, {"weight": 0})["weight"]
            ties.add_edge(one, other, weight=calls + 1)
    return ties


def loop_features(dataset, user, end_ms, known):
    """Return the features that need neither communities nor power laws."""
    ties = networkx_of(known)
    today, week = (pairs_of(dataset, end_ms - days * DAY_MS, end_ms) for days in (1, 7))
    now, before = networkx_of(week), networkx_of(pairs_of(dataset, end_ms - 14 * DAY_MS, end_ms - 7 * DAY_MS))
    made = [b for a, b in today if a == user]
    new = [b for b in made if b != user and not ties.has_edge(user, b)]
    circle = lambda who: set(ties[who]) if who in ties else set()  # noqa: E731
    distant = [b for b in new if not circle(user) & circle(b)]
    touched = {b for a, b in today if a == user} | {a for a, b in today if b == user}
    fresh = [each for each in touched if each != user and not ties.has_edge(user, each)]
    called = {b for a, b in week if a == user != b}
    contacts = set(now[user]) if user in now else set()
    alone = [one for one in contacts if not contacts & set(now[one])]
    rank = {
        True: nx.pagerank(now, tol=1e-12) if len(now) else {},
        False: nx.pagerank(before, tol=1e-12) if len(before) else {},
    }
    scaled = [rank[each].get(user, 0) * len(graph) or 1.0 for each, graph in ((True, now), (False, before))]
    return {
        "new_share": len(new) / max(len(made), 1),
        "distant_share": len(distant) / max(len(made), 1),
        "log_new_contacts": math.log1p(len(fresh)),
        "reciprocity": sum((b, user) in week for b in called) / max(len(called), 1),
        "density": nx.clustering(now, user) if user in now else 0,
        "star": len(alone) / len(contacts) if len(contacts) > 1 else 0,
        "contacts_change": math.log1p(len(contacts)) - math.log1p(len(before[user]) if user in before else 0),
        "pagerank_change": math.log(scaled[0]) - math.log(scaled[1]),
        "core_change": nx.core_number(now).get(user, 0) - nx.core_number(before).get(user, 0),
    }


def test_features_are_those_of_a_plain_loop(world):
    weeks, history = Weeks(world), world.history
    known = weeks.graph(weeks.rows(history.start_ms, history.end_ms))
    part = Window(history.end_ms + DAY_MS, history.end_ms + 4 * DAY_MS)
    found = GraphDays(weeks, known, weeks.until(history.end_ms).laws).features(world, part)
    assert found.shape == (PEOPLE * 3, len(FEATURES))
    pairs = pairs_of(world, history.start_ms, history.end_ms)
    for row in range(0, len(found), 7):
        expected = loop_features(world, f"user_{row // 3}", part.start_ms + (row % 3 + 1) * DAY_MS, pairs)
        features = dict(zip(NAMES, found[row], strict=True))
        assert {name: features[name] for name in expected} == pytest.approx(expected, abs=1e-6)


def test_a_day_does_not_change_with_what_comes_later(world):
    begun = replace(world, window=Window(world.window.start_ms, world.window.start_ms + 2 * DAY_MS))
    for detector in (OddBall(), CircleDays(IForest(random_state=1))):
        whole = detector.fit(world).score(world).values.reshape(PEOPLE, 7)
        assert detector.score(begun).values.reshape(PEOPLE, 2) == pytest.approx(whole[:, :2])


def broken(people, share):
    """Let the users of every tenth number call a circle that is not theirs, from the second day of the window on."""
    calls = ordinary_calls(people * 30, people, 14)
    user = [int(each.removeprefix("user_")) for each in calls["caller_id"]]
    for i, start in enumerate(calls["start_s"]):
        if start >= 8 * 86_400 and user[i] % 10 == 3 and i % 10 < 10 * share:
            calls["callee_id"][i] = f"user_{(user[i] // 10 + 7) % (people // 10) * 10 + i % 3}"
    return calls


def test_who_leaves_the_circle_has_the_strangest_days(tmp_path):
    people = 150
    dataset = write_world(tmp_path, broken(people, 0.9), 14, people)
    scores = CircleDays(IForest(random_state=1)).fit(dataset).score(dataset).values.reshape(people, 7)
    assert roc_auc_score(np.arange(people) % 10 == 3, scores[:, 2:].max(axis=1)) > 0.9


def test_a_star_and_a_heavy_tie_lie_off_the_laws(tmp_path):
    calls = ordinary_calls(2000, 100, 14)
    last = 14 * 86_400
    extra = [(last - 340 + i, "user_5", f"user_{i}") for i in range(10, 90)]
    extra += [(last - 250 + i, "user_7", "user_99") for i in range(200)]
    for start, caller, callee in sorted(extra):
        row = {"start_s": start, "caller_id": caller, "callee_id": callee, "callee_type": "subscriber"}
        row |= {"call_duration": 9, "outcome": "answered", "first_cell_id": "cell_1", "last_cell_id": "cell_1"}
        for name, value in row.items():
            calls[name].append(value)
    dataset = write_world(tmp_path, calls, 14, 100)
    days = OddBall().fit(dataset).score(dataset).values.reshape(100, 7)
    assert set(np.argsort(-days[:, 6])[:3]) == {5, 7, 99}
    assert days[:, 5].max() < days[[5, 7, 99], 6].min()


def test_the_score_of_oddball_is_its_formula():
    x, y, law = np.array([1, 4, 9, 0]), np.array([1, 20, 3, 0]), PowerLaw(1.5, 0.2)
    usual = [math.exp(0.2) * each**1.5 for each in x]
    expected = [max(b, u) / min(b, u) * math.log(abs(b - u) + 1) for b, u in zip(y[:3], usual[:3], strict=True)]
    assert off_law(law, x, y) == pytest.approx([*expected, 0])


def test_faults_are_reported():
    with pytest.raises(SettingsError, match=r"detector\.resolution must be above 0, got 0"):
        CircleDays(IForest(), resolution=0)
