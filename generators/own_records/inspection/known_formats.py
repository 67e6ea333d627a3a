"""Recognises file formats for which there is a preset."""

from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import yaml

from generators.own_records.column_settings import Columns
from generators.own_records.inspection.column_values import ColumnValues

PRESETS = ("asterisk", "freeswitch", "cucm", "bandicoot", "opensips", "kamailio", "cider", "cns")
MARKS = {"cns": {"timestamp", "caller", "callee", "duration"}, "cider": {"txn_type", "recipient_id"}}
"""Columns that distinguish a format from others with the same required columns."""


def recognised(columns: list[ColumnValues], headed: bool) -> Iterator[str]:
    """Yield the presets whose columns a file has: by name, or without a header by number and words for outcomes."""
    for name in PRESETS:
        given: dict[str, Any] = yaml.safe_load((files("conf") / "generator" / f"{name}.yaml").read_text())
        header = [column.name for column in columns] if headed else given.get("names", [])[: len(columns)]
        found = Columns(**given["columns"]).found_in(header)
        if not {"call_start_ts", "call_duration"} <= set(found) or not set(found.values()) <= set(header):
            continue
        marks = MARKS.get(name, set())
        named = marks == set(header) if name == "cns" else marks <= set(header)
        if named if headed else _fits(given, found, header, columns):
            yield name


def _fits(given: dict[str, Any], found: dict[str, str], header: list[str], columns: list[ColumnValues]) -> bool:
    """Return whether the values stand where a format without a header has them."""
    start = columns[header.index(found["call_start_ts"])]
    words = {word for each in given.get("outcomes", {}).values() for word in each}
    outcome = columns[header.index(found["outcome"])] if "outcome" in found else None
    known = outcome is not None and bool(words & outcome.different.keys())
    return known and bool(start.time_formats) and columns[header.index(found["call_duration"])].is_number
