"""Append new records to old ones as one data set, and score only the new part."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from bench.dataset import Clock, Dataset, Window
from bench.faults import UserError
from bench.schema import CALLS, DATA_TABLES

IDENTITIES = {"users": "user_id", "cells": "cell_id"}
"""Tables of users, cells and so on, with the column that identifies a row; known rows stay unchanged."""


def joined(known: Dataset, later: Dataset, folder: Path) -> Dataset:
    """Write old and new records as one data set; its history is that of `known`, its window is all of `later`.

    Parameters
    ----------
    known
        The records that a detector knows.
    later
        Records that start on a later local day than all of those.
    folder
        A new folder.

    Raises
    ------
    UserError
        When `later` begins before `known` ends, has another local time, or does not follow the schema.
    """
    _require_later(known.clock, later.clock)
    folder.mkdir(parents=True)
    for name, table in DATA_TABLES.items():
        parts = [dataset.table(name) for dataset in (known, later) if (dataset.folder / f"{name}.parquet").exists()]
        if not parts:
            continue
        for part in parts:
            table.check(part, name)
        pq.write_table(_together(name, parts), folder / f"{name}.parquet", compression="zstd")
    clock = _together_in_time(known.clock, later.clock)
    (folder / "clock.json").write_text(json.dumps(asdict(clock)) + "\n")
    return Dataset(folder, clock, known.history, Window(later.clock.start_ms, later.clock.end_ms))


def _together(name: str, parts: list[pa.Table]) -> pa.Table:
    if name in IDENTITIES and len(parts) > 1:
        ids = [part[IDENTITIES[name]].combine_chunks() for part in parts]
        parts = [parts[0], parts[1].filter(pc.invert(pc.is_in(ids[1], ids[0])))]
    if name == "coverage":  # a map of the network, which is the same in both
        parts = parts[:1] if parts[0].num_rows else parts[-1:]
    return pa.concat_tables([part.select(DATA_TABLES[name].arrow.names) for part in parts]).unify_dictionaries()


def _together_in_time(known: Clock, later: Clock) -> Clock:
    """Return the clock of both; from the start of the later records on with their local offset."""
    before = [known.utc_offset_s, *(offset for _, offset in known.changes)][-1]
    between = () if before == later.utc_offset_s else ((later.start_ms, later.utc_offset_s),)
    return replace(known, end_ms=later.end_ms, changes=(*known.changes, *between, *later.changes))


def _require_later(known: Clock, later: Clock) -> None:
    if later.time_zone != known.time_zone:
        rule = "the records must be in the local time of those that the detector knows"
        raise UserError(f"{rule}, {known.time_zone}, got {later.time_zone}")
    if later.start_ms < known.end_ms:
        ends, begins = (pa.scalar(ms, CALLS.arrow.field("call_start_ts").type) for ms in (known.end_ms, later.start_ms))
        raise UserError(
            f"the records must begin on a day after those that the detector knows, which end {ends.as_py():%Y-%m-%d}"
            f" {ends.as_py():%H:%M} UTC, got records from {begins.as_py():%Y-%m-%d %H:%M} UTC on"
        )
