"""Whether difficulty does what it says: the best single feature finds a type ever less, the higher its difficulty."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from bench.audit.curve import Curve
from bench.audit.triviality import FeatureList, Powers, feature_list, single_features
from bench.dataset import Dataset
from bench.detector import FloatArray
from bench.faults import Fault, SettingsError
from bench.generator import Progress, silent
from bench.processors import usable
from bench.protocol import applied
from bench.settings import DifficultySettings
from bench.store import find_or_make, world_of
from bench.truth import Truth


def curves(settings: DifficultySettings, progress: Progress) -> Iterator[Curve]:
    """Yield the curve of each chosen type, alone in its worlds, which are found or made.

    Raises
    ------
    SettingsError
        When no type is chosen, or one has no difficulty.
    """
    faults = [
        Fault(f"anomaly.{name}", "have a difficulty", name)
        for name, each in settings.anomaly.items()
        if not hasattr(each, "difficulty")
    ]
    if faults or not settings.anomaly:
        raise SettingsError(faults or [Fault("anomaly", "name at least one type", [])])
    features = feature_list(settings.audit.features)
    steps, done = len(settings.anomaly) * len(settings.seeds) * len(settings.difficulties), 0
    for name in sorted(settings.anomaly):
        rows: list[list[Powers]] = []
        for seed in settings.seeds:
            rows.append([])
            for difficulty in settings.difficulties:
                rows[-1].append(_powers(settings, name, (seed, difficulty), features))
                done += 1
                progress("trying difficulties", done, steps)
        yield _curve(name, settings.difficulties, rows)


def _powers(settings: DifficultySettings, name: str, at: tuple[int, float], features: FeatureList) -> Powers:
    """Return what each feature does in the world of one type, seed and difficulty."""
    seed, difficulty = at
    anomaly: Mapping[str, Any] = {name: replace(settings.anomaly[name], difficulty=difficulty)}
    world = world_of(replace(settings.generator, seed=seed), dict(anomaly))
    stored = find_or_make(world, Path(settings.store.worlds), settings.workers or usable(), silent)
    dataset = applied(Dataset.open(stored.folder / "data"), settings.protocol)
    labels = Truth(stored.folder / "truth").call_labels(*dataset.call_range(dataset.window))
    return single_features(dataset, labels, features, silent)


def _curve(name: str, difficulties: Sequence[float], rows: Sequence[Sequence[Powers]]) -> Curve:
    def best(graph: bool | None) -> FloatArray:
        return np.array([[each.best(name, graph=graph)[1] for each in row] for row in rows])

    features = tuple(each.best(name)[0] for each in rows[0])
    return Curve(name, tuple(difficulties), best(None), best(False), best(True), features)
