"""The shipped detectors by name, the supervised baseline and what it sees; for `headroom.py`."""

import sys
from pathlib import Path

import numpy as np
from hydra.utils import instantiate
from omegaconf import OmegaConf

import conf
from bench.arrays import FloatArray
from bench.dataset import Dataset
from bench.detector import Detector, Level, Scores
from bench.faults import UserError
from bench.levels import Grid
from detectors.features.tables.everything import everything
from detectors.reference.supervised import SupervisedBaseline, at_level

LEAVES = Path(conf.__path__[0]) / "detector"
OF_TABLES = ("detectors.tables.tabular", "detectors.tables.ensemble")
BESIDE = ("cut_short", "talk_time", "volume", "iforest")
"""Unsupervised detectors that are tried beside the members of the baseline."""
BY_SIDE = {"caller": "rate_surprise", "callee": "incoming_flood", "tie": "tie_surprise"}


def made(name: str, seed: int, home: Level = Level.CALL) -> Detector:
    """Return a detector as its leaf has it; a model of tables that has no features of its own sees those of a level."""
    settings = OmegaConf.create({"seed": seed, "detector": OmegaConf.load(LEAVES / f"{name}.yaml")})
    module = str(settings.detector.get("_target_")).rsplit(".", 1)[0]
    if module in OF_TABLES and "level" in settings.detector and settings.detector.get("features") is None:
        settings.detector.level = str(home)
    found: Detector = instantiate(settings.detector, _convert_="all")
    return found


def supervised(level: Level, seed: int) -> SupervisedBaseline:
    """Return the supervised baseline as its leaf has it, at a level."""
    leaf = OmegaConf.load(LEAVES / "supervised.yaml")
    settings = OmegaConf.merge({"seed": seed}, leaf, {"detector": {"level": str(level)}})
    found: SupervisedBaseline = instantiate(settings, _convert_="all")["detector"]
    return found


def leaf_of(member: Detector) -> str:
    """Return the name of the leaf that a member of the baseline stands in."""
    module = type(member).__module__.rsplit(".", 1)[1]
    return BY_SIDE[str(getattr(member, "of"))] if module == "rate_surprise" else module  # noqa: B009


def scores_of(detector: Detector, dataset: Dataset) -> Scores | None:
    """Return the scores of a detector for the window; None where the data set lacks something for it."""
    try:
        return detector.fit(dataset).score(dataset)
    except UserError as error:
        print(f"{type(detector).__name__}: {error}", file=sys.stderr)
        return None


class Described:
    """What the supervised baseline is given about the window of a world, the members' scores worked out once."""

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset
        self.members = supervised(Level.CALL, 0).members
        self.scores = [scores_of(member, dataset) for member in self.members]
        self.of_calls = everything(dataset, Level.CALL)

    def rows(self, level: Level) -> FloatArray:
        """Return its columns at a level, those of `everything` first, then the members' scores."""
        own = self.of_calls if level is Level.CALL else everything(self.dataset, level)
        return np.column_stack([own, *self.of_members(level).values()])

    def beside(self, level: Level, seed: int) -> dict[str, FloatArray]:
        """Return the scores of the members, and of the detectors `BESIDE`, at a level."""
        more = {name: scores_of(made(name, seed, level), self.dataset) for name in BESIDE}
        return self.of_members(level) | {name: self._at(level, scores) for name, scores in more.items()}

    def of_members(self, level: Level) -> dict[str, FloatArray]:
        """Return the scores of each member at a level, NaN where it has none."""
        return {leaf_of(each): self._at(level, scores) for each, scores in zip(self.members, self.scores, strict=True)}

    def _at(self, level: Level, scores: Scores | None) -> FloatArray:
        try:
            if scores is not None:
                return at_level(level, scores, self.dataset)
        except UserError:  # its scores say nothing about this level
            pass
        return np.full(size_of(self.dataset, level), np.nan)


def size_of(dataset: Dataset, level: Level) -> int:
    """Return how many entities the window has at a level."""
    low, high = dataset.call_range(dataset.window)
    return high - low if level is Level.CALL else Grid(level, dataset).size
