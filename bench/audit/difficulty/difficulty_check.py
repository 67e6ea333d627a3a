"""Check that the best single feature finds a type less well as its difficulty grows."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from bench.arrays import FloatArray
from bench.audit.difficulty.difficulty_curve import Curve
from bench.audit.triviality import Powers, feature_list, single_features
from bench.dataset import Dataset
from bench.detector import Level
from bench.evaluation.sample import callers_of, sample_of_calls, sample_of_held
from bench.faults import Fault, SettingsError, UserError
from bench.generator import Progress, silent
from bench.host.processors import usable
from bench.levels import Grid
from bench.program_settings import DifficultySettings
from bench.truth import Truth
from bench.worlds.protocol import applied
from bench.worlds.store import find_or_make, world_of


def curves(settings: DifficultySettings, progress: Progress) -> Iterator[Curve]:
    """Yield the curve of each chosen type, alone in its worlds or with the other types; worlds are found or made.

    Raises
    ------
    SettingsError
        When no type whose difficulty has an effect is chosen, or a type has no difficulty.
    UserError
        When a world has too few incidents.
    """
    faults = [
        Fault(f"anomaly.{name}", "have a difficulty", name)
        for name, each in settings.anomaly.items()
        if not hasattr(each, "difficulty")
    ]
    names = sorted(name for name, each in settings.anomaly.items() if has_difficulty(each))
    if faults or not names:
        raise SettingsError(
            faults
            or [Fault("anomaly", "name at least one type whose difficulty has an effect", sorted(settings.anomaly))]
        )
    groups = [names] if settings.together else [[name] for name in names]
    steps, done = len(groups) * len(settings.seeds) * len(settings.difficulties), 0
    for group in groups:
        rows: list[list[list[Powers]]] = [[] for _ in group]
        for seed in settings.seeds:
            for of_type in rows:
                of_type.append([])
            for difficulty in settings.difficulties:
                for of_type, powers in zip(rows, _powers(settings, group, (seed, difficulty)), strict=True):
                    of_type[-1].append(powers)
                done += 1
                progress("trying difficulties", done, steps)
        yield from (_curve(name, settings.difficulties, found) for name, found in zip(group, rows, strict=True))


def has_difficulty(anomaly: object) -> bool:
    """Return whether difficulty has an effect on a type; a type on which it has none sets `has_difficulty = False`."""
    return bool(getattr(anomaly, "has_difficulty", True))


def _powers(settings: DifficultySettings, names: Sequence[str], at: tuple[int, float]) -> list[Powers]:
    """Return how well each feature detects each of some types in the world of one seed and difficulty.

    Features are of calls, or of quarters of cells where the type is at that level.

    Raises
    ------
    UserError
        When no incident of a type lies in the scored part.
    """
    seed, difficulty = at
    anomaly: dict[str, Any] = {name: replace(settings.anomaly[name], difficulty=difficulty) for name in names}
    world = world_of(replace(settings.generator, seed=seed), anomaly)
    stored = find_or_make(world, Path(settings.store.worlds), settings.workers or usable(), silent)
    dataset = applied(Dataset.open(stored.folder / "data"), settings.protocol)
    truth = Truth(stored.folder / "truth")
    labels = truth.call_labels(*dataset.call_range(dataset.window))

    @cache
    def found(of_cells: bool) -> Powers:
        if of_cells:
            sample = sample_of_held(Grid(Level.CELL_QUARTER, dataset), labels, truth)
        else:
            sample = sample_of_calls(labels, callers_of(dataset))
        features = settings.cell_features if of_cells else settings.audit.features
        return single_features(dataset, sample, feature_list(features), silent, shares=True)

    powers = [found(getattr(anomaly[name], "level", None) == "cell") for name in names]
    for name, each in zip(names, powers, strict=True):
        if name not in each.types:
            size = "raise generator.num_users, generator.days or generator.anomaly_ratio"
            raise UserError(
                f"{name} has no incident in the scored part at difficulty {difficulty:g}, seed {seed}: {size}"
            )
    return powers


def _curve(name: str, difficulties: Sequence[float], rows: Sequence[Sequence[Powers]]) -> Curve:
    def best(graph: bool | None) -> FloatArray:
        return np.array([[each.best(name, graph=graph)[1] for each in row] for row in rows])

    features = tuple(each.best(name)[0] for each in rows[0])
    found = np.array([[each.most_found(name) for each in row] for row in rows])
    return Curve(
        type=name,
        difficulties=tuple(difficulties),
        strength=best(None),
        plain=best(False),
        graph=best(True),
        features=features,
        found=found,
    )
