"""Integer codes for the texts of table columns."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bench.arrays import IntArray


def shared_codes(table: pa.Table, *columns: str) -> tuple[int, tuple[IntArray, ...]]:
    """Return integer codes for the texts of some dictionary columns, shared by all of them.

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
    """Return which values of a dictionary column equal a text, shape (rows,)."""
    found = table[column].unify_dictionaries().combine_chunks()
    return np.asarray(pc.equal(found.dictionary, text), np.bool_).take(np.asarray(found.indices))


class Numbering:
    """Numbers texts in order of first appearance; a text that comes again keeps its number."""

    REMEMBERED = 4
    """Number of dictionaries whose codes are cached: the parts of a file mostly share one dictionary."""

    def __init__(self) -> None:
        self.texts: pa.Array = pa.array([], pa.string())
        self._seen: list[tuple[pa.Array, np.ndarray[Any, np.dtype[np.int32]]]] = []

    def codes(self, column: pa.ChunkedArray) -> "np.ndarray[Any, np.dtype[np.int32]]":
        """Return the number of each text of a dictionary column, shape (rows,)."""
        parts = [self._numbers(chunk.dictionary)[np.asarray(chunk.indices)] for chunk in column.chunks]
        return np.concatenate(parts) if parts else np.empty(0, np.int32)

    def _numbers(self, dictionary: pa.Array) -> "np.ndarray[Any, np.dtype[np.int32]]":
        for known, numbers in self._seen:
            if known.equals(dictionary):
                return numbers
        found = pc.index_in(dictionary, self.texts)
        new = pc.is_null(found)
        numbers = np.asarray(pc.fill_null(found, -1), np.int32).copy()
        fresh = np.asarray(new)
        numbers[fresh] = len(self.texts) + np.arange(np.count_nonzero(fresh))
        self.texts = pa.concat_arrays([self.texts, dictionary.filter(new)])
        self._seen = [(dictionary, numbers), *self._seen[: self.REMEMBERED - 1]]
        return numbers
