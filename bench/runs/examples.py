"""Make the labelled records on which a supervised baseline is trained, from other worlds or from the history."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from bench.dataset import Dataset, Window
from bench.detector import Examples, Level
from bench.evaluation.home import home_of, home_of_all
from bench.evaluation.sample import callers_of, sample_of_calls, sample_of_grid
from bench.generator import Progress
from bench.levels import Grid
from bench.runs.request import Request
from bench.spans import DAY_MS
from bench.truth import Truth
from bench.worlds.protocol import applied
from bench.worlds.store import find_or_make, world_of


def examples_of(request: Request, dataset: Dataset, truth: Truth, progress: Progress) -> Iterator[Examples]:
    """Yield the scored part of each world of `training_seeds`; without any, both halves of this world's history.

    Parameters
    ----------
    request
        The run, whose settings describe the other worlds too.
    dataset, truth
        The world of the run.
    progress
        Receives the progress of making other worlds.
    """
    settings = request.settings
    asked = request.resolved["detector"].get("level")
    level = Level(str(asked)) if asked else home_of_all(map(home_of, settings.anomaly.values()))
    if not settings.training_seeds:
        yield from (labelled(half, truth, level) for half in halves(dataset))
    for seed in settings.training_seeds:
        world = world_of(replace(settings.generator, seed=seed), settings.anomaly)
        folder = find_or_make(world, Path(settings.store.worlds), request.workers, progress).folder
        yield labelled(applied(Dataset.open(folder / "data"), settings.protocol), Truth(folder / "truth"), level)


def halves(dataset: Dataset) -> list[Dataset]:
    """Return both halves of the history, by whole days, as windows; each with the other half as its history.

    So the features of each half are computed as those of the window are, from other calls: in a graph that contains the
    calls themselves, no tie would be new.
    """
    begin, end = dataset.history.start_ms, dataset.history.end_ms
    middle = begin + max((end - begin) // DAY_MS // 2, 1) * DAY_MS
    early, late = Window(begin, min(middle, end)), Window(min(middle, end), end)
    return [replace(dataset, history=late, window=early), replace(dataset, history=early, window=late)]


def labelled(dataset: Dataset, truth: Truth, level: Level) -> Examples:
    """Return the records of a window with their labels."""
    labels = truth.call_labels(*dataset.call_range(dataset.window))
    if level is Level.CALL:
        sample = sample_of_calls(labels, callers_of(dataset))
    else:
        sample = sample_of_grid(Grid(level, dataset), labels, truth)
    of_type = {name: np.zeros(sample.normal.size, np.bool_) for name in sample.types}
    for name, found in of_type.items():
        found[sample.incident_parts(name)[0]] = True
    return Examples(dataset, level, sample.normal, of_type)
