"""Make texts safe in CSV: a spreadsheet evaluates what begins with `=`, `+`, `-` or `@` (CSV injection, OWASP).

All CSV is written with `in_sheet`, `table_in_sheet` or `quoted_in_sheet`. `from_sheet` and `column_from_sheet` undo
this when such a file is read again, and leave other texts unchanged.
"""

import re
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from bench.host.texts import HIDDEN, escaped

IN_CELL = re.compile(f"[\t\n{HIDDEN}]|\\\\(?=[\t\n{HIDDEN}xu\\\\])")
"""Characters escaped in a cell: also tabs, line ends, and backslashes that could be read as the start of an escape."""
ESCAPED = re.compile(r"\\(\\|x[0-9a-f]{2}|u[0-9a-f]{4})")
FORMULA = re.compile(r"'*[=+\-@\uff1d\uff0b\uff0d\uff20]")
NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]+)?")
SUSPECT = "[\\x00-\\x1f\\x7f\\\\]|[^\\x00-\\x7f]|^'*[=@]|^'+[+-]|^[+-]($|.*[^0-9])"
MARKED = "^'|\\\\"
"""Pattern that Arrow searches for in a column, before and after: only columns with a match are processed in detail."""


def in_sheet(text: str) -> str:
    r"""Return a text as it is written in a CSV cell, where no spreadsheet evaluates it.

    Control characters become escapes such as `\x1b`, and what then begins with `=`, `+`, `-` or `@`, also in full width
    or after apostrophes, gets an apostrophe before it, unless it is a number.

    >>> in_sheet("=HYPERLINK(A1)"), in_sheet("+49301234"), in_sheet("anna")
    ("'=HYPERLINK(A1)", '+49301234', 'anna')
    """
    shown = IN_CELL.sub(escaped, text)
    return f"'{shown}" if _calculates(shown) else shown


def from_sheet(cell: str) -> str:
    """Return the original of a text that `in_sheet` changed; any other text is returned unchanged."""
    shown = cell[1:] if cell.startswith("'") and _calculates(cell[1:]) else cell
    return ESCAPED.sub(lambda found: "\\" if found[1] == "\\" else chr(int(found[1][1:], 16)), shown)


def table_in_sheet(table: pa.Table) -> pa.Table:
    """Return a table for CSV, with dictionary columns as texts and all texts made safe for a cell."""
    columns = [_each(column, in_sheet, SUSPECT) for column in table.columns]
    return pa.Table.from_arrays(columns, names=table.column_names)


def quoted_in_sheet(table: pa.Table) -> pa.Table:
    """Return a table for a CSV writer that adds no quotes: texts safe and in quotes, numbers as texts.

    Numbers with a fraction and dates are written as Arrow's own writer of CSV does; times are left as they are.
    """
    columns = [_quoted(column) for column in table.columns]
    return pa.Table.from_arrays(columns, names=table.column_names)


def column_from_sheet(column: pa.Array) -> pa.Array:
    """Return the texts of a column of a CSV file."""
    return _each(column, from_sheet, MARKED)


def _quoted(column: pa.ChunkedArray) -> pa.ChunkedArray:
    kind = column.type
    if pa.types.is_dictionary(kind) and _is_text(kind.value_type):  # each distinct text is quoted once
        chunks = [pc.take(_in_quotes(_each(c.dictionary, in_sheet, SUSPECT)), c.indices) for c in column.chunks]
        return pa.chunked_array(chunks, type=kind.value_type)
    if _is_text(kind):
        return _in_quotes(_each(column, in_sheet, SUSPECT))
    return column.cast(pa.string()) if pa.types.is_floating(kind) or pa.types.is_date(kind) else column


def _in_quotes(texts: Any) -> Any:
    return pc.binary_join_element_wise('"', pc.replace_substring(texts, '"', '""'), '"', "")


def _calculates(text: str) -> bool:
    return FORMULA.match(text) is not None and NUMBER.fullmatch(text) is None


def _each(column: Any, change: Callable[[str], str], where: str) -> Any:
    """Change the texts of a column, each distinct text only once; leave other columns as they are."""
    kind = column.type
    if pa.types.is_dictionary(kind) and _is_text(kind.value_type):
        chunks = column.chunks if isinstance(column, pa.ChunkedArray) else [column]
        changed = [pc.take(_each(chunk.dictionary, change, where), chunk.indices) for chunk in chunks]
        return pa.chunked_array(changed, type=kind.value_type)
    if not _is_text(kind):
        return column
    if not pc.any(pc.match_substring_regex(column, where)).as_py():
        return column
    texts = pc.unique(column)
    table = pa.array([None if text is None else change(text) for text in texts.to_pylist()], kind)
    return pc.take(table, pc.index_in(column, texts))


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))
