"""A world that holds one type of anomaly, its truth, and what scores are worth there; for `by_type.py`."""

from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from hydra import compose, initialize_config_module
from omegaconf import OmegaConf

from bench.console import progress_bars
from bench.dataset import Dataset
from bench.detector import BoolArray, FloatArray, Level
from bench.faults import UserError
from bench.levels import Grid
from bench.metrics import average_precision, average_precision_by_chance
from bench.protocol import applied
from bench.sample import Sample, callers_of, sample_of_calls, sample_of_grid
from bench.settings import ProtocolSettings
from bench.store import StoredWorld, find_or_make, world_of
from bench.truth import Truth

WORLDS = Path("worlds")
BUDGET = 0.01
"""Share of the entities that are alerts."""
SIZES = {"users": "num_users", "towers": "num_towers", "days": "days"}
"""What of the size of a world can be asked for, and the setting that it is."""
TRIED = (1.0, 1.5, 0.5, 2.0, 3.0, 5.0)
"""Times the ratio that is asked for: incidents of cells come in sizes, and must come within 5 % of it."""


class Arena:
    """The default world with one type of anomaly alone.

    Parameters
    ----------
    kind
        The type.
    seed
        Of the world.
    asked
        `ratio`, `difficulty` and sizes, as the command line has them.
    """

    def __init__(self, kind: str, seed: int, asked: dict[str, str]) -> None:
        self.kind, self.seed = kind, seed
        stored = fitting_world(kind, seed, asked)
        self.name = stored.folder.name
        self.dataset = applied(Dataset.open(stored.folder / "data"), ProtocolSettings())
        self.truth = Truth(stored.folder / "truth")
        self._samples: dict[Level, Sample] = {}
        self.scored: dict[str, list[tuple[Level, FloatArray]]] = {}
        """What detectors said of it, by their names."""

    @cached_property
    def home(self) -> Level:
        """The level at which the type is looked for: calls, or quarters of cells."""
        levels = self.truth.table("incidents")["level"].cast("string").to_pylist()
        return Level.CELL_QUARTER if "cell" in levels else Level.CALL

    def sample(self, level: Level) -> Sample:
        """Return the truth about the window at a level."""
        if level not in self._samples:
            labels = self.truth.call_labels(*self.dataset.call_range(self.dataset.window))
            calls = level is Level.CALL
            self._samples[level] = (
                sample_of_calls(labels, callers_of(self.dataset))
                if calls
                else sample_of_grid(Grid(level, self.dataset), labels, self.truth)
            )
        return self._samples[level]

    def known(self, level: Level) -> tuple[BoolArray, BoolArray]:
        """Return which entities are anomalous, and which count: what an incident touched without its deed does not."""
        sample = self.sample(level)
        anomalous = np.zeros(sample.normal.size, np.bool_)
        anomalous[sample.entity] = True
        return anomalous, anomalous | sample.normal

    def worth(self, level: Level, values: FloatArray) -> tuple[float, float]:
        """Return recall within the budget, and average precision over what chance gives, of scores at a level."""
        anomalous, counted = self.known(level)
        anomalous, values = anomalous[counted], values[counted]
        if not anomalous.any():
            return np.nan, np.nan
        chance = average_precision_by_chance(int(anomalous.sum()), anomalous.size) or np.nan
        return recall_within(BUDGET, anomalous, values), (average_precision(anomalous, values) or np.nan) / chance


def fitting_world(kind: str, seed: int, asked: dict[str, str]) -> StoredWorld:
    """Return the world, with the first of some ratios that the type can make up: the one asked for, or near it.

    Raises
    ------
    UserError
        When none fits.
    """
    refused = None
    for times in TRIED:
        overrides = [f"anomaly=[{kind}]", f"anomaly.{kind}.difficulty={asked['difficulty']}"]
        overrides += [f"generator.{name}={asked[word]}" for word, name in SIZES.items() if word in asked]
        overrides += [f"generator.seed={seed}", f"generator.anomaly_ratio={times * float(asked['ratio'])}"]
        with initialize_config_module("conf", version_base="1.3"):
            settings: Any = OmegaConf.to_object(compose("config", overrides))
        try:
            with progress_bars(False) as progress:
                return find_or_make(world_of(settings.generator, settings.anomaly), WORLDS, 1, progress)
        except UserError as error:
            refused = refused or error
    raise refused or UserError("no ratio to try")


def recall_within(budget: float, anomalous: BoolArray, values: FloatArray) -> float:
    """Return the share of what is anomalous among the highest scores, `budget` of all; ties at their expected value."""
    allowed = max(round(budget * values.size), 1)
    limit = np.partition(values, -allowed)[-allowed]
    above, at = values > limit, values == limit
    share = (allowed - above.sum()) / at.sum()
    return float((above[anomalous].sum() + share * at[anomalous].sum()) / anomalous.sum())
