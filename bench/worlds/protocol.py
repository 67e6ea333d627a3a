"""Split the data into the part that a detector is fitted on and the part that it scores."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from bench.dataset import Dataset, Window
from bench.faults import UserError
from bench.settings import ProtocolSettings
from bench.spans import DAY_MS
from bench.truth import Truth

WEEK = 7


def applied(dataset: Dataset, protocol: ProtocolSettings) -> Dataset:
    """Return the data set with its history and window set.

    `split` fits on the first `fit_share` of the days, rounded to whole weeks when there are two or more weeks (so that
    both parts have weekends), else to whole days; each part has at least one.

    Raises
    ------
    UserError
        When there are too few days to split.
    """
    clock = dataset.clock
    whole = Window(clock.start_ms, clock.end_ms)
    if protocol.name == "transductive":
        return replace(dataset, history=whole, window=whole)
    days = _days(dataset)
    unit = WEEK if days >= 2 * WEEK else 1
    parts = days / unit
    if not can_split(dataset):
        way = "protocol=transductive fits and scores the whole; in a simulated world, generator.days=2 or more"
        raise UserError(f"protocol.name={protocol.name} needs at least 2 days of data, got {days:g} ({way})")
    fitted = min(max(int(parts * protocol.fit_share + 0.5), 1), int(parts - 0.5))
    border = int(clock.utc_ms(clock.local_ms(clock.start_ms) + fitted * unit * DAY_MS))
    return replace(dataset, history=Window(whole.start_ms, border), window=Window(border, whole.end_ms))


def can_split(dataset: Dataset) -> bool:
    """Return whether there are at least two days: one to fit on and one to score."""
    return _days(dataset) >= 2


def _days(dataset: Dataset) -> float:
    begin_ms, end_ms = (int(dataset.clock.local_ms(ms)) for ms in (dataset.clock.start_ms, dataset.clock.end_ms))
    return (end_ms - begin_ms) / DAY_MS


def without_incidents(dataset: Dataset, truth: Truth, folder: Path) -> Dataset:
    """Return the data set without the calls of its history that an incident made, altered or affected.

    For fitting on clean data: a detector gets the remaining calls, and no labels. Calls that an incident removed are
    not restored. The window is unchanged, so the scores are about the same calls.

    Parameters
    ----------
    dataset, truth
        The world, split into history and window.
    folder
        Folder for the tables, which must not exist: `calls` is written again, the others are linked.
    """
    calls = dataset.table("calls")
    low, high = dataset.call_range(dataset.history)
    labels = truth.call_labels(low, high)
    kept = np.ones(len(calls), np.bool_)
    kept[low:high] = ~(labels.anomalous | labels.collateral)
    folder.mkdir(parents=True)
    for path in dataset.folder.iterdir():
        if path.name != "calls.parquet":
            (folder / path.name).symlink_to(path.resolve())
    pq.write_table(calls.filter(pa.array(kept)), folder / "calls.parquet", compression="zstd")
    return replace(dataset, folder=folder)
