"""Line breaks within fields of a CSV file: multi-line texts, or records swallowed by an unclosed quote."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

BREAK = r"[\r\n]"


def has_break(text: str) -> bool:
    """Return whether a text has more than one line."""
    return "\n" in text or "\r" in text


def with_breaks(batch: pa.RecordBatch) -> Any:
    """Return the positions in the batch of records with a line break in a field, int64."""
    found: Any = np.zeros(batch.num_rows, np.bool_)
    for column in batch.columns:
        found |= np.asarray(pc.match_substring_regex(column, BREAK))
    return np.flatnonzero(found)


def holds_record(fields: Sequence[str], separator: str) -> bool:
    """Return whether the fields of a record contain as many delimiters as a record has.

    A record that is read as a part of the one before leaves all its delimiters in fields; if only some of them, there
    are more fields than columns, which is refused elsewhere.
    """
    return sum(field.count(separator) for field in fields) >= max(len(fields) - 1, 1)
