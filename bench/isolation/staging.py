"""What a detector's process gets to see: a folder with copies of the tables of data, and no way to the truth."""

import json
import os
import shutil
from dataclasses import asdict
from pathlib import Path
from tempfile import mkdtemp

import numpy as np

from bench.arrays import BoolArray
from bench.dataset import Dataset
from bench.schema import DATA_TABLES

STAGING = ".detector-"
"""How the name of the folder within that of the run begins, which is there only while the detector's process is."""
DATA, TEMPORARY, JOB = "data", "tmp", "job.json"
CONSTRUCTED = "constructed"
"""Name of the file that says that the detector is there, and waits for its job."""


def lay_out(folder: Path) -> Path:
    """Make the process's own folder within that of the run, still empty; return it."""
    place = Path(mkdtemp(prefix=STAGING, dir=folder.resolve()))
    for name in (DATA, TEMPORARY):
        (place / name).mkdir()
    return place


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
    """
    data = place / DATA
    for name in (*(f"{table}.parquet" for table in DATA_TABLES), "clock.json"):
        source = dataset.folder / name
        if source.exists():
            _copied(source, data / name)
    if labels is not None:
        np.save(place / "labels.npy", labels, allow_pickle=False)
    content = {
        "folder": str(data),
        "clock": asdict(dataset.clock),
        "history": asdict(dataset.history),
        "window": asdict(dataset.window),
        "labelled": labels is not None,
    }
    job = place / JOB
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
