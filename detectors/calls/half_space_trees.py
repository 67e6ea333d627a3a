"""Half-space trees: an online detector that scores each call, and then learns from it."""

from typing import Self

import numpy as np

from bench.arrays import Array, FloatArray
from bench.dataset import Dataset, Window
from bench.detector import Level, Scores
from bench.faults import above, require
from detectors.features.calls.call_features import call_features, check_names
from detectors.features.kernels import kernel
from detectors.features.sequence.timeline import Timeline

TERMINAL_SHARE = 0.1
"""A node that held at most this share of a window's calls is not split further."""
CUT = 0.001
"""The range of a feature leaves out this share of the history's values on either side."""


class HalfSpaceTrees:
    """Scores each call by how few calls of the previous window fall near it, in random partitions of feature space.

    Half-space trees (Tan, Ting & Liu 2011) in prequential use: all calls are processed in order of time from the start
    of the data; each is scored first and then counted. After every `window` calls, the new counts replace the ones that
    calls are compared with. The score is -ln(1 + mean mass over the trees), mass being calls at the node times 2^depth.
    Before a first window has passed, nothing is anomalous. Only the ranges of the features come from the history as a
    whole.

    Parameters
    ----------
    features
        Names out of `detectors.features.calls.call_features.FEATURES`.
    trees
        Number of trees, at least 1.
    height
        Depth of each tree, at least 1; memory and time grow with trees x 2^height and trees x height.
    window
        Number of calls in a window, at least 1.
    seed
        Seed of the trees.

    Raises
    ------
    UserError
        When a feature is unknown, or a setting out of its range.
    """

    level = Level.CALL
    causal = True

    def __init__(
        self, features: list[str], trees: int = 25, height: int = 10, window: int = 1000, seed: int = 0
    ) -> None:
        check_names(features)
        require("detector", trees=(trees, above(0)), height=(height, above(0)), window=(window, above(0)))
        self.features = list(features)
        self.height, self.window = height, window
        self.forest = Forest(len(features), trees, height, seed)

    def fit(self, dataset: Dataset) -> Self:
        """Take the ranges of the features from the calls of `dataset.history`."""
        matrix = call_features(dataset, self.features, dataset.history)
        if not len(matrix):
            matrix = np.zeros((1, len(self.features)))
        self.low, high = np.quantile(matrix, [CUT, 1 - CUT], axis=0)
        self.span = np.maximum(high - self.low, 1e-9)
        return self

    def score(self, dataset: Dataset) -> Scores:
        """Score the calls of `dataset.window`, after learning from all calls before it."""
        passed = Window(dataset.clock.start_ms, max(dataset.window.end_ms, dataset.clock.start_ms))
        low, high = dataset.call_range(dataset.window)
        if high == low:
            return Scores(self.level, np.empty(0))
        matrix = np.clip((call_features(dataset, self.features, passed) - self.low) / self.span, 0.0, 1.0)
        order = Timeline(dataset).order
        order = np.arange(high) if order is None else order[:high]
        mass = np.empty(high)
        mass[order] = prequential_mass(self.forest, matrix[order], self.window)
        return Scores(self.level, -np.log1p(mass)[low:high])


class Forest:
    """Half-space trees over [0, 1]^features, built without data: each node halves the range of a random feature.

    Node i has the children 2 i + 1 (below the middle) and 2 i + 2.
    """

    def __init__(self, features: int, trees: int, height: int, seed: int) -> None:
        random = np.random.Generator(np.random.Philox(key=seed))
        self.trees, self.height, self.nodes = trees, height, 2 ** (height + 1) - 1
        self.feature = random.integers(0, features, (trees, 2**height - 1))
        self.middle = np.empty((trees, 2**height - 1))
        for tree in range(trees):
            point = random.random(features)
            reach = 2 * np.maximum(point, 1 - point)
            self._halve(tree, 0, np.stack([point - reach, point + reach]))

    def _halve(self, tree: int, node: int, room: FloatArray) -> None:
        if node >= self.middle.shape[1]:
            return
        feature = self.feature[tree, node]
        middle = self.middle[tree, node] = room[:, feature].mean()
        for child, side in ((1, 1), (2, 0)):
            half = room.copy()
            half[side, feature] = middle
            self._halve(tree, 2 * node + child, half)


def prequential_mass(forest: Forest, rows: FloatArray, window: int) -> FloatArray:
    """Return the mean mass of each row over the trees, by the latest full window before it, shape (rows,).

    Parameters
    ----------
    forest
        The trees.
    rows
        Shape (rows, features), in [0, 1], in order of time.
    window
        Number of rows in a window. Rows of the first window get the largest possible mass.
    """
    mass = np.full(len(rows), float(window) * 2.0**forest.height)
    held = np.zeros((2, forest.trees, forest.nodes), np.int64)
    pass_through(np.ascontiguousarray(rows), forest.feature, forest.middle, window, held, mass)
    return mass


@kernel
def pass_through(rows: Array, feature: Array, middle: Array, window: int, held: Array, mass: Array) -> None:
    """Score each row, and then count it in the nodes on its path from the root to a leaf.

    Parameters
    ----------
    rows
        Shape (rows, features).
    feature, middle
        Of each inner node, the feature whose range it halves and the middle of that range; shape (trees, nodes) each.
    window
        Number of rows in a window.
    held
        Shape (2, trees, nodes), zeros: counts of the latest full window, and of the one that is being filled.
    mass
        Shape (rows,); filled in from the second window on.
    """
    trees, few = feature.shape[0], TERMINAL_SHARE * window
    for row in range(rows.shape[0]):
        filled = row // window % 2
        if row % window == 0:
            for tree in range(trees):
                for node in range(held.shape[2]):
                    held[filled, tree, node] = 0
        total = 0.0
        for tree in range(trees):
            node, size, looking = 0, 1.0, True
            while node < held.shape[2]:
                held[filled, tree, node] += 1
                last = node >= feature.shape[1]
                if looking and (last or held[1 - filled, tree, node] <= few):
                    total += held[1 - filled, tree, node] * size
                    looking = False
                if last:
                    break
                node = 2 * node + 1 + (rows[row, feature[tree, node]] >= middle[tree, node])
                size *= 2
        if row >= window:
            mass[row] = total / trees
