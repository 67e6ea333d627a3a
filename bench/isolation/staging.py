"""Prepare the input of a detector's process: copies of the tables, and its job."""

import errno
import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from bench.dataset import Dataset
from bench.detector import Examples
from bench.faults import Fault, SettingsError
from bench.host.memory import MIB
from bench.isolation.place import DATA, JOB
from bench.schema import DATA_TABLES

LABELS, NORMAL = "labels-{}.npz", "normal"
"""File name of the labels of each of the examples, by number; an array in it beside those of the types."""


def fill(place: Path, dataset: Dataset, examples: Sequence[Examples]) -> Path:
    """Copy the tables into a process's own folder, and describe its job; return the file of that.

    Parameters
    ----------
    place
        The folder.
    dataset
        What to copy.
    examples
        What a supervised baseline is trained on; of their worlds the tables are copied too.

    Raises
    ------
    SettingsError
        When there is no room for them.
    """
    worlds = list(dict.fromkeys([dataset.folder, *(each.dataset.folder for each in examples)]))
    copies = {world: place / DATA / (str(number) if number else "") for number, world in enumerate(worlds)}
    sources = {copy: _tables(world) for world, copy in copies.items()}
    try:
        for copy, files in sources.items():
            copy.mkdir(exist_ok=True)
            for file in files:
                _copied(file, copy / file.name)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        mib = sum(file.stat().st_size for files in sources.values() for file in files) / MIB
        rule = f"have room for {mib:,.0f} MiB of tables"
        raise SettingsError([Fault("TMPDIR", rule, str(place.parent))]) from error
    for number, each in enumerate(examples):
        labels = {NORMAL: each.normal, **each.of_type}
        np.savez(place / JOB / LABELS.format(number), allow_pickle=False, **labels)
    content = {
        "dataset": _described(dataset, copies),
        "examples": [_described(each.dataset, copies) | {"level": str(each.level)} for each in examples],
    }
    job = place / JOB / "job.json"
    job.write_text(json.dumps(content))
    return job


def _tables(world: Path) -> list[Path]:
    """Return the files of a world that a detector may see."""
    names = (*(f"{table}.parquet" for table in DATA_TABLES), "clock.json")
    return [world / name for name in names if (world / name).exists()]


def _described(dataset: Dataset, copies: dict[Path, Path]) -> dict[str, Any]:
    """Return what a process needs to open the copy of a data set."""
    spans = {name: asdict(getattr(dataset, name)) for name in ("clock", "history", "window")}
    return {"folder": str(copies[dataset.folder]), **spans}


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
