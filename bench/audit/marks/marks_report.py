"""What an audit tested, column by column, for its report and for the reference page; `marks_list` defines the marks."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from bench.arrays import FloatArray
from bench.audit.marks.marks_list import BY_NAME, TWINS, Kind
from bench.dataset import Dataset
from bench.schema import DATA_TABLES


def coverage(dataset: Dataset, taken: Sequence[tuple[str, Mapping[str, FloatArray]]], twin: bool) -> dict[str, Any]:
    """Return, for each column, the marks that were tested, as JSON values.

    Parameters
    ----------
    dataset
        The data set; tables without rows cannot be tested.
    taken
        Marks of each test, by its name; a mark without any value was not tested.
    twin
        Whether there is a clean twin to compare with.
    """
    names = {name for _, marks in taken for name, values in marks.items() if np.isfinite(values).any()}
    names |= {mark.name for mark in TWINS if twin}
    columns: dict[str, dict[str, list[str]]] = {
        f"{table.name}.{column.name}": {} for table in DATA_TABLES.values() for column in table.columns
    }
    for name in sorted(names):
        mark = BY_NAME[name]
        for column in mark.columns:
            columns[column].setdefault(str(mark.level), []).append(_what(name, mark.kind, column))
    empty = [name for name in DATA_TABLES if not dataset.open_table(name).metadata.num_rows]
    return {
        "columns": len(columns),
        "columns_covered": sum(bool(levels) for levels in columns.values()),
        "looks_taken": len(names),
        "tables_without_rows": empty,
        "coverage": columns,
    }


def _what(name: str, kind: Kind, column: str) -> str:
    """Return the description of a mark without the name of the column."""
    return name.removeprefix(f"{column}.") if kind is Kind.FORM else f"{name} ({kind})"


def listed() -> Iterator[str]:
    """Yield the list of all tested marks as a Markdown table, one row per column."""
    kinds = (Kind.FORM, Kind.AGREEMENT, Kind.CONTENT)
    yield "| column | form | agreement | content |"
    yield "|---|---|---|---|"
    for table in DATA_TABLES.values():
        for column in table.columns:
            name = f"{table.name}.{column.name}"
            mine = [mark for mark in BY_NAME.values() if name in mark.columns]
            ways = [[mark.name.removeprefix(f"{name}.") for mark in mine if mark.kind is kind] for kind in kinds]
            yield f"| {name} | {' | '.join(', '.join(each) for each in ways)} |"
