"""Texts of a table as numbers."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

IntArray = np.ndarray[Any, np.dtype[np.int64]]


def shared_codes(table: pa.Table, *columns: str) -> tuple[int, tuple[IntArray, ...]]:
    """Give each text of some dictionary columns a number, the same one in all of them.

    Returns
    -------
    texts
        How many different texts there are.
    codes
        For each column, shape (rows,): number of each row's text, 0 .. texts - 1.
    """
    found = [table[name].unify_dictionaries().combine_chunks() for name in columns]
    texts = pc.unique(pa.concat_arrays([each.dictionary for each in found]))
    numbers = [np.asarray(pc.index_in(each.dictionary, texts), np.int64) for each in found]
    indices = [np.asarray(each.indices) for each in found]
    return len(texts), tuple(number[index] for number, index in zip(numbers, indices, strict=True))


def is_text(table: pa.Table, column: str, text: str) -> "np.ndarray[Any, np.dtype[np.bool_]]":
    """Return where a dictionary column has this text, shape (rows,)."""
    found = table[column].unify_dictionaries().combine_chunks()
    return np.asarray(pc.equal(found.dictionary, text), np.bool_).take(np.asarray(found.indices))
