"""Source of each call: its file, its row and its own id."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from bench.arrays import IntArray
from bench.schema import ORIGINS

NOWHERE = -1


@dataclass(frozen=True)
class Origins:
    """Files and rows from which calls were read; calls that an incident adds have none."""

    files: list[str]
    """Names of the files."""
    file: Any
    """Shape (calls,), int32: index into `files`; `NOWHERE` for none."""
    row: Any
    """Shape (calls,), int32: row in the file, counted as in messages."""
    record_id: pa.ChunkedArray | None
    """Ids in the records themselves, shape (calls,); None if they have none."""

    def take(self, calls: IntArray) -> "Origins":
        """Return the origins of calls by their position; `NOWHERE` for a call without one."""
        known = calls != NOWHERE
        at = np.where(known, calls, 0)
        ids = None if self.record_id is None else self.record_id.take(pa.array(at, mask=~known))
        return Origins(self.files, np.where(known, self.file[at], NOWHERE).astype(np.int32), self.row[at], ids)

    def table(self) -> pa.Table:
        """Return them as `bench.schema.ORIGINS`."""
        none = self.file == NOWHERE
        files = pa.DictionaryArray.from_arrays(pa.array(self.file, mask=none), pa.array(self.files, pa.string()))
        ids = pa.nulls(self.file.size, pa.string()) if self.record_id is None else self.record_id
        return pa.table([files, pa.array(self.row, mask=none), ids], schema=ORIGINS.arrow)
