from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from made_up_world import TYPES

import reports.dataset.dataset_counts
from bench.dataset import Dataset
from bench.truth import Truth
from reports.dataset.dataset_counts import OUTCOMES, duration_edges, tally


def test_counts_are_those_of_a_plain_loop(world: tuple[Dataset, Truth], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reports.dataset.dataset_counts, "PART", 777)
    dataset, truth = world
    counts = tally(dataset, truth)
    rows = dataset.table("calls", ["call_start_ts", "call_duration", "outcome"]).to_pylist()
    touched = {each["row"]: each for each in truth.table("truth").to_pylist()}
    hours, days, outcomes, answered = Counter(), Counter(), Counter(), Counter()
    first = datetime.fromtimestamp(dataset.clock.start_ms / 1000, UTC) + timedelta(hours=1)
    for row, call in enumerate(rows):
        local = call["call_start_ts"] + timedelta(seconds=dataset.clock.utc_offset_s)
        mark = touched.get(row)
        kind = 0 if mark is None else 5 if mark["cause"] == "collateral" else 1 + TYPES.index(mark["anomaly_type"])
        hours[kind, local.hour] += 1
        days[kind, (local.date() - first.date()).days] += 1
        outcomes[kind, OUTCOMES.index(call["outcome"])] += 1
        answered[kind] += call["outcome"] == "answered"
    for found, wanted in ((counts.hours, hours), (counts.days, days), (counts.outcomes, outcomes)):
        assert {cell: found[cell] for cell in zip(*np.nonzero(found), strict=True)} == wanted
    assert counts.durations.sum(axis=1).tolist() == [answered[kind] for kind in range(6)]
    assert counts.calls.sum() == len(rows)


def test_incidents_are_counted_by_type(world: tuple[Dataset, Truth]) -> None:
    counts = tally(*world)
    names = world[1].table("incidents")["anomaly_type"].to_pylist()
    assert dict(zip(counts.types, counts.incidents, strict=True)) == Counter(names)


def test_an_incident_without_a_call_is_not_counted(world: tuple[Dataset, Truth]) -> None:
    """One that only removed calls, or held a cell: else a picture tells of more incidents than calls."""
    table = world[1].table("truth")
    gone = table["incident_id"][0].as_py()
    kind = table["anomaly_type"][0].as_py()
    mine = pc.equal(table["incident_id"].cast(pa.string()), gone)
    pq.write_table(table.filter(pc.invert(mine)), world[1].folder / "truth.parquet")
    try:
        fewer = tally(*world)
    finally:
        pq.write_table(table, world[1].folder / "truth.parquet")
    counts = tally(*world)
    place = counts.types.index(kind)
    assert fewer.incidents[place] == counts.incidents[place] - 1
    assert all(its <= calls for its, calls in zip(fewer.incidents, fewer.calls[fewer.anomalous], strict=True))


def test_short_durations_have_a_bin_each() -> None:
    edges = duration_edges()
    bins = np.searchsorted(edges, np.arange(1, 9)) - 1
    assert len(set(bins.tolist())) == 8
    assert (edges % 1 == 0.5).all()
    assert (np.diff(edges) > 0).all()


def test_a_duration_beyond_the_last_edge_is_not_lost(world: tuple[Dataset, Truth]) -> None:
    dataset, truth = world
    moved = replace(dataset, clock=replace(dataset.clock, end_ms=dataset.clock.start_ms + 86_400_000))
    counts = tally(moved, truth)
    assert counts.days.shape[1] == 1
    assert counts.days.sum() == counts.calls.sum()
