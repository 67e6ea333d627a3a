"""Where each call comes from: its file, its row there and its own id."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from bench.arrays import IntArray
from bench.schema import ORIGINS

NOWHERE = -1


@dataclass(frozen=True)
class Origins:
    """The files and rows that calls were read from; of calls that an incident adds, none."""

    files: list[str]
    """Names of the files."""
    file: Any
    """Shape (calls,), int32: index into `files`; `NOWHERE` for none."""
    row: Any
    """Shape (calls,), int32: row in the file, as messages count rows."""
    record_id: pa.ChunkedArray | None
    """The ids of the records themselves, shape (calls,); None where they have none."""

    def take(self, calls: IntArray) -> "Origins":
        """Return the origins of some calls by their position; `NOWHERE` stands for a call that has none."""
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
