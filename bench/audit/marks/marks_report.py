"""List what an audit tested, column by column, for its report."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from bench.arrays import FloatArray
from bench.audit.marks.looks import BY_NAME, TWINS, Kind
from bench.dataset import Dataset
from bench.schema import DATA_TABLES


def coverage(dataset: Dataset, taken: Sequence[tuple[str, Mapping[str, FloatArray]]], twin: bool) -> dict[str, Any]:
    """Return the marks that were tested of each column, as JSON values.

    Parameters
    ----------
    dataset
        Tables without a row cannot be looked at.
    taken
        Marks by what was asked; a mark without a single value was not looked at.
    twin
        Whether there is a clean twin to compare with.
    """
    names = {name for _, marks in taken for name, values in marks.items() if np.isfinite(values).any()}
    names |= {look.name for look in TWINS if twin}
    columns: dict[str, dict[str, list[str]]] = {
        f"{table.name}.{column.name}": {} for table in DATA_TABLES.values() for column in table.columns
    }
    for name in sorted(names):
        look = BY_NAME[name]
        for column in look.columns:
            columns[column].setdefault(str(look.level), []).append(_what(name, look.kind, column))
    empty = [name for name in DATA_TABLES if not dataset.open_table(name).metadata.num_rows]
    return {
        "columns": len(columns),
        "columns_covered": sum(bool(levels) for levels in columns.values()),
        "looks_taken": len(names),
        "tables_without_rows": empty,
        "coverage": columns,
    }


def _what(name: str, kind: Kind, column: str) -> str:
    """Return the description of a mark of a column, without the name of the column."""
    return name.removeprefix(f"{column}.") if kind is Kind.FORM else f"{name} ({kind})"


def listed() -> Iterator[str]:
    """Yield the list of all tested marks as a Markdown table, one row per column."""
    kinds = (Kind.FORM, Kind.AGREEMENT, Kind.CONTENT)
    yield "| column | form | agreement | content |"
    yield "|---|---|---|---|"
    for table in DATA_TABLES.values():
        for column in table.columns:
            name = f"{table.name}.{column.name}"
            mine = [look for look in BY_NAME.values() if name in look.columns]
            ways = [[look.name.removeprefix(f"{name}.") for look in mine if look.kind is kind] for kind in kinds]
            yield f"| {name} | {' | '.join(', '.join(each) for each in ways)} |"
