"""Prepare the input of a detector's process: copies of the tables, and its job."""

import errno
import json
import os
import shutil
from dataclasses import asdict
from pathlib import Path

import numpy as np

from bench.arrays import BoolArray
from bench.dataset import Dataset
from bench.faults import Fault, SettingsError
from bench.host.memory import MIB
from bench.isolation.place import DATA, JOB
from bench.schema import DATA_TABLES

LABELS = "labels.npy"


def fill(place: Path, dataset: Dataset, labels: BoolArray | None) -> Path:
    """Copy the tables into a process's own folder, and describe its job; return the file of that.

    Parameters
    ----------
    place
        The folder.
    dataset
        What to copy.
    labels
        For a supervised baseline: whether each call of the history is anomalous.

    Raises
    ------
    SettingsError
        When there is no room for them.
    """
    data = place / DATA
    names = (*(f"{table}.parquet" for table in DATA_TABLES), "clock.json")
    sources = [source for source in (dataset.folder / name for name in names) if source.exists()]
    try:
        for source in sources:
            _copied(source, data / source.name)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        mib = sum(source.stat().st_size for source in sources) / MIB
        rule = f"have room for {mib:,.0f} MiB of tables"
        raise SettingsError([Fault("TMPDIR", rule, str(place.parent))]) from error
    if labels is not None:
        np.save(place / JOB / LABELS, labels, allow_pickle=False)
    content = {
        "folder": str(data),
        "clock": asdict(dataset.clock),
        "history": asdict(dataset.history),
        "window": asdict(dataset.window),
        "labelled": labels is not None,
    }
    job = place / JOB / "job.json"
    job.write_text(json.dumps(content))
    return job


def _copied(source: Path, target: Path) -> None:
    """Copy a table, where the file system can by sharing its blocks: a link would let a detector write to the world."""
    with source.open("rb") as read, target.open("wb") as written:
        left = os.fstat(read.fileno()).st_size
        try:
            while left and (done := os.copy_file_range(read.fileno(), written.fileno(), left)):
                left -= done
        except (AttributeError, OSError):  # another system, or between file systems that cannot
            written.seek(read.seek(0))
            shutil.copyfileobj(read, written)
    target.chmod(0o444)
