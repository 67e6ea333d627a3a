"""Half-space trees: against the algorithm call by call, and that they keep up with the stream."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.dataset import Window
from bench.faults import UserError
from detectors.calls.half_space_trees import TERMINAL_SHARE, Forest, HalfSpaceTrees, prequential_mass


class Tree:
    """One tree of a forest, call by call, as the paper has it."""

    def __init__(self, forest, number):
        self.forest, self.number = forest, number
        self.reference, self.latest = [0] * forest.nodes, [0] * forest.nodes

    def path(self, row):
        node, nodes = 0, [0]
        for _ in range(self.forest.height):
            feature, middle = self.forest.feature[self.number, node], self.forest.middle[self.number, node]
            node = 2 * node + (2 if row[feature] >= middle else 1)
            nodes.append(node)
        return nodes

    def mass(self, row, window):
        path = self.path(row)
        few = [depth for depth, node in enumerate(path) if self.reference[node] <= TERMINAL_SHARE * window]
        depth = min([*few, self.forest.height])
        return self.reference[path[depth]] * 2**depth

    def learn(self, row):
        for node in self.path(row):
            self.latest[node] += 1

    def turn(self):
        self.reference, self.latest = self.latest, [0] * self.forest.nodes


def call_by_call(forest, rows, window):
    trees = [Tree(forest, number) for number in range(forest.trees)]
    masses = []
    for place, row in enumerate(rows):
        if place and place % window == 0:
            for tree in trees:
                tree.turn()
        found = [tree.mass(row, window) for tree in trees]
        masses.append(np.mean(found) if place >= window else window * 2**forest.height)
        for tree in trees:
            tree.learn(row)
    return masses


@given(st.integers(0, 1000), st.integers(1, 12), st.integers(1, 4), st.integers(1, 40))
def test_it_is_the_algorithm_call_by_call(seed, window, height, size):
    rows = np.random.default_rng(seed).random((size, 3))
    forest = Forest(3, 4, height, seed)
    assert prequential_mass(forest, rows, window) == pytest.approx(call_by_call(forest, rows, window))


def test_each_node_halves_what_its_parent_left():
    forest = Forest(1, 3, 3, seed=5)
    for tree in range(3):
        middles = forest.middle[tree]
        assert middles[1] < middles[0] < middles[2]
        assert middles[3] < middles[1] < middles[4]
        assert middles[0] - middles[1] == pytest.approx(2 * (middles[1] - middles[3]))


def test_what_has_not_been_seen_lately_is_strange_and_then_usual():
    random = np.random.default_rng(1)
    rows = np.vstack([random.normal(0.3, 0.02, (1000, 2)), random.normal(0.8, 0.02, (1000, 2))])
    mass = prequential_mass(Forest(2, 25, 8, seed=1), rows, 250)
    before, at_once, later = mass[500:1000].mean(), mass[1000:1250].mean(), mass[1500:].mean()
    assert at_once < before / 20
    assert later > before / 2


def test_scores_do_not_depend_on_where_the_window_begins(ordinary):
    detector = HalfSpaceTrees(["log_duration", "hour"], window=200).fit(ordinary)
    whole = detector.score(ordinary).values
    start_ms, end_ms = ordinary.window.start_ms, ordinary.window.end_ms
    later = replace(ordinary, window=Window((start_ms + end_ms) // 2, end_ms))
    some = detector.score(later).values
    np.testing.assert_array_equal(whole[-some.size :], some)


def test_faults_are_reported():
    with pytest.raises(UserError) as error:
        HalfSpaceTrees(["hour"], trees=0, window=0)
    assert str(error.value) == "detector.trees must be above 0, got 0\ndetector.window must be above 0, got 0"
    with pytest.raises(UserError, match="'houre' is not a feature"):
        HalfSpaceTrees(["houre"])
