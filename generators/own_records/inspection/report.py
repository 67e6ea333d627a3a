"""Reports what was found in files of call records: the guess with its reasons, and the first rows as read."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

import numpy as np

from bench.faults import UserError
from bench.host.texts import printable
from generators.own_records.file_settings import CdrFileSettings
from generators.own_records.files import RecordFile
from generators.own_records.inspection.column_guess import ColumnGuess
from generators.own_records.reading import Records
from generators.own_records.record_filter import RecordFilter, only

FIRST_ROWS = 5
SHOWN = ("start (UTC)", "caller", "callee", "seconds", "outcome")


def column_lines(names: list[str], guess: ColumnGuess) -> Iterator[str]:
    """Yield a line for each column of the file, with our column and the reason."""
    ours = {column: name for name, column in guess.columns.items()}
    width = max(map(len, names))
    for name in names:
        known = ours.get(name)
        yield f"  {name:{width}}  " + (f"{known}: {guess.reasons[known]}" if known else "not read")


def first_rows(file: RecordFile, settings: CdrFileSettings) -> list[str]:
    """Return the first rows as read with the settings, or why they cannot be read."""
    header = file.names
    records = Records(settings, header)
    columns = settings.columns.found_in(header)
    try:
        for batch in file.pieces({**columns, **records.filter.columns}):
            kept = records.filter.of(batch)
            rows = len(next(iter(kept.values())).rows)
            records.filter = RecordFilter(CdrFileSettings(), [])  # they are filtered already
            records.take(only(kept, np.arange(rows) < FIRST_ROWS))
            break
    except (UserError, KeyError) as error:
        return [f"  {error}"]
    if not records.batches:
        return ["  none"]
    return [f"  {' | '.join(row)}" for row in (SHOWN, *_shown(records))]


def _shown(records: Records) -> Iterable[tuple[str, ...]]:
    texts = {kind: vocabulary.texts for kind, vocabulary in records.vocabularies.items()}
    columns: dict[str, Any] = {name: records.whole(name) for name in records.columns}
    for at in range(len(columns["start_ms"])):
        moment = datetime.fromtimestamp(int(columns["start_ms"][at]) / 1000, UTC)
        parties = (texts["number"][columns[name][at]] for name in ("caller_id", "callee_id"))
        outcome = texts["outcome"][columns["outcome"][at]]
        yield f"{moment:%Y-%m-%d %H:%M:%S}", *parties, str(columns["seconds"][at]), outcome


def lines(parts: dict[str, Iterable[str]]) -> str:
    """Return a text of sections, each below its heading."""
    page = []
    for heading, rows in parts.items():
        page += [heading, *rows, ""]
    return printable("\n".join(page).rstrip())
