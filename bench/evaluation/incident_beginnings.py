"""Start of each incident: that of its first direct record in the truth, from which delays are counted."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bench.arrays import BoolArray, IntArray
from bench.dataset import Dataset
from bench.evaluation.incidents import Parts
from bench.truth import Truth

NEVER = np.iinfo(np.int64).max


def beginnings(dataset: Dataset, truth: Truth) -> tuple[IntArray, Parts]:
    """Return the start of each incident's first direct record [ms since 1970, UTC], and all calls of incidents.

    The time of a direct record is the start of a call that the incident made or altered, the start that a removed call
    would have had, or the time from which a user or a cell was affected. Collateral records do not count.

    Returns
    -------
    begun_ms
        Shape (incidents,), by row of the table of incidents; the largest integer for an incident without direct
        records.
    parts
        The calls that incidents made or altered, in the whole of the data.
    """
    table = truth.table("truth")
    table = table.filter(pc.equal(table["cause"].cast(pa.string()), "direct"))
    known = truth.table("incidents")["incident_id"].combine_chunks()
    incident = np.asarray(pc.index_in(table["incident_id"].cast(pa.string()), known)).astype(np.int64)
    row = table["row"].to_numpy()
    here: BoolArray = row >= 0
    begun_ms = np.full(len(known), NEVER)
    gone = pc.fill_null(pc.cast(table["start_ts"], pa.int64()), NEVER)
    np.minimum.at(begun_ms, incident[~here], np.asarray(gone)[~here])
    starts_ms, ends_ms = _times(dataset, row[here])
    np.minimum.at(begun_ms, incident[here], starts_ms)
    return begun_ms, Parts(incident[here], ends_ms)


def _times(dataset: Dataset, row: IntArray) -> tuple[IntArray, IntArray]:
    """Return start and end of some calls of the table [ms since 1970, UTC]."""
    if not row.size:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    calls = dataset.table("calls", ["call_start_ts", "call_end_ts"]).take(pa.array(row))
    start_ms, end_ms = (np.asarray(pc.cast(calls[name], pa.int64())) for name in ("call_start_ts", "call_end_ts"))
    return start_ms, end_ms
