"""The labels of a world, which only the harness reads, never a detector."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from bench.faults import UserError
from bench.schema import OPTIONAL_TABLES, SOCIETY_TABLES, TRUTH_TABLES, UNREADABLE

NORMAL = "normal"
CONFIGURED_FAILURE = "configured_failure"
"""Type of the failures of towers that the settings of a world order. They are part of normal life, not injected: the
clean twin has them too."""


@dataclass(frozen=True)
class CallLabels:
    """The truth about a range of calls, aligned with their rows."""

    types: tuple[str, ...]
    """The anomaly types that occur in this world, in alphabetical order."""
    type_code: np.ndarray[Any, np.dtype[np.int16]]
    """Shape (calls,): index into `types` of a direct anomaly, else -1."""
    collateral: np.ndarray[Any, np.dtype[np.bool_]]
    """Shape (calls,): whether an incident changed a normal user's record; neither a hit nor a false alarm."""
    incident_code: np.ndarray[Any, np.dtype[np.int32]]
    """Shape (calls,): row of the incident in the table of incidents, else -1."""

    @property
    def anomalous(self) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Shape (calls,): true for the direct anomalies."""
        return np.asarray(self.type_code >= 0)


@dataclass(frozen=True)
class Truth:
    """Access to the folder with the incidents and the records that they affected."""

    folder: Path

    def table(self, name: str) -> pa.Table:
        """Read `incidents` or `truth`, or a table of a simulated world's society or of what its network learned."""
        path = self.folder / f"{name}.parquet"
        try:
            with pq.ParquetFile(path) as file:
                table = file.read()
        except UNREADABLE as error:
            raise UserError(f"{path} cannot be read: {error}") from error
        (TRUTH_TABLES | SOCIETY_TABLES | OPTIONAL_TABLES)[name].check(table, str(path))
        if name == "truth":
            _check_spans(table, str(path))
        return table

    def call_labels(self, low: int, high: int) -> CallLabels:
        """Return the truth about the calls at positions [low, high)."""
        incidents = self.table("incidents")
        truth = self.table("truth")
        rows = truth["row"].to_numpy()
        here = (rows >= low) & (rows < high) & np.asarray(pc.equal(truth["level"].cast(pa.string()), "call"))
        direct = here & np.asarray(pc.equal(truth["cause"].cast(pa.string()), "direct"))
        types = tuple(sorted(set(incidents["anomaly_type"].cast(pa.string()).to_pylist())))
        type_code = np.full(high - low, -1, np.int16)
        names = truth["anomaly_type"].cast(pa.string())
        type_code[rows[direct] - low] = pc.index_in(names, pa.array(types, pa.string())).to_numpy()[direct]
        collateral = np.zeros(high - low, np.bool_)
        collateral[rows[here & ~direct] - low] = True
        incident_code = np.full(high - low, -1, np.int32)
        codes = pc.index_in(truth["incident_id"].cast(pa.string()), incidents["incident_id"].combine_chunks())
        incident_code[rows[here] - low] = codes.to_numpy()[here]
        return CallLabels(types, type_code, collateral, incident_code)


def _check_spans(table: pa.Table, source: str) -> None:
    """Raise `UserError` for a row that is not about a call and lacks the user or cell, or the time."""
    here = pc.greater_equal(table["row"], 0)
    timed = pc.and_(pc.is_valid(table["start_ts"]), pc.is_valid(table["end_ts"]))
    placed = pc.or_(pc.is_valid(table["user_id"]), pc.is_valid(table["cell_id"]))
    wrong = pc.index(pc.or_(here, pc.and_(timed, placed)), False).as_py()
    if wrong >= 0:
        raise UserError(
            f"{source}, row {wrong + 1}: what is not in the table of calls must have a user_id or a cell_id, "
            "and start_ts and end_ts"
        )
