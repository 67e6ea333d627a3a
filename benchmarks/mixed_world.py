"""A world with a mix of anomaly types at one difficulty, and its entities that are looked at; for `headroom.py`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from hydra import compose, initialize_config_module
from omegaconf import OmegaConf

from bench.arrays import BoolArray, FloatArray, IntArray
from bench.dataset import Dataset
from bench.detector import Level
from bench.evaluation.home import home_of
from bench.evaluation.sample import Sample, callers_of, sample_of_calls, sample_of_grid
from bench.generator import silent
from bench.levels import Grid
from bench.settings import ProtocolSettings
from bench.truth import Truth
from bench.worlds.protocol import applied
from bench.worlds.store import find_or_make, world_of

WORLDS = Path("worlds")
SIZES = {"users": "num_users", "towers": "num_towers", "days": "days", "ratio": "anomaly_ratio"}
"""What of a world can be asked for beside the mix, and the setting that it is."""


@dataclass(frozen=True)
class Which:
    """A mix at a difficulty, with the sizes that were asked for (`SIZES`)."""

    mix: str
    difficulty: str
    sizes: tuple[tuple[str, str], ...] = ()


class MixedWorld:
    """A world of a mix, all of whose types have one difficulty, split as a run splits it."""

    def __init__(self, which: Which, seed: int) -> None:
        self.which, self.seed = which, seed
        settings = settings_of(which, seed)
        stored = find_or_make(world_of(settings.generator, settings.anomaly), WORLDS, 1, silent)
        self.name = stored.folder.name
        self.homes = {name: home_of(each) for name, each in settings.anomaly.items()}
        self.dataset = applied(Dataset.open(stored.folder / "data"), ProtocolSettings())
        self.truth = Truth(stored.folder / "truth")

    def sample(self, level: Level) -> Sample:
        """Return the truth about the entities of the window at a level."""
        dataset = self.dataset
        labels = self.truth.call_labels(*dataset.call_range(dataset.window))
        if level is Level.CALL:
            return sample_of_calls(labels, callers_of(dataset))
        return sample_of_grid(Grid(level, dataset), labels, self.truth)


def settings_of(which: Which, seed: int) -> Any:
    """Return the settings of a world; types on which difficulty has no effect take any."""
    overrides = [f"anomaly={which.mix}", f"generator.seed={seed}"]
    overrides += [f"generator.{SIZES[word]}={value}" for word, value in which.sizes]
    with initialize_config_module("conf", version_base="1.3"):
        types = compose("config", overrides).anomaly
        difficulties = [f"anomaly.{name}.difficulty={which.difficulty}" for name in types]
        return OmegaConf.to_object(compose("config", [*overrides, *difficulties]))


@dataclass(frozen=True)
class Looked:
    """Entities that are looked at: every positive one and some normal ones, each of which stands for several."""

    entity: IntArray
    """Shape (rows,), ascending."""
    positive: dict[str, BoolArray]
    """Of each type whose home the level is, shape (rows,); entities of several types are of none."""
    normal: BoolArray
    weight: FloatArray
    """Shape (rows,): how many entities a row stands for; 1 of positives."""


def looked_at(sample: Sample, types: list[str], normals: int, seed: int) -> Looked:
    """Choose all positives of some types, and at most so many normal entities at random."""
    normal = np.flatnonzero(sample.normal)
    some = np.random.default_rng(seed).choice(normal, min(normals, normal.size), replace=False)
    deeds = {name: np.unique(sample.incident_parts(name)[0]) for name in types}
    entity = np.unique(np.concatenate([some, *deeds.values()]))
    chosen = np.isin(entity, some)
    weight = np.where(chosen, normal.size / max(some.size, 1), 1.0)
    return Looked(entity, {name: np.isin(entity, each) for name, each in deeds.items()}, chosen, weight)
