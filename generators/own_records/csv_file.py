"""Reads the rows of a CSV file in batches of texts, with the number of each row."""

import csv as plain_csv
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from bench.faults import UserError
from generators.own_records.byte_streams import Utf8Stream
from generators.own_records.dialect import Dialect
from generators.own_records.line_breaks import has_break, holds_record, with_breaks
from generators.own_records.lines import lines_of

BLOCK_BYTES, HEAD_BYTES = 2**24, 2**20
SHOWN = 60
"""Number of characters of a wrong value that a message shows."""
ADVICE = "generator.skip_lines and generator.skip_last leave out lines that are no records"
SEVERAL_LINES = ", on several lines: is a quote not closed?"
HOLDS_RECORDS = (
    "must not have a field with line breaks and a whole record in it, as after a quote that is not closed "
    "(generator.quote=null where quotes are only characters; generator.lines_in_fields=true where they hold such text)"
)
TOO_LONG = (
    f"must have records of at most {BLOCK_BYTES >> 20} MiB, got a longer one: is it CSV, and is generator.quote "
    "(null: none) what stands around its fields?"
)
Rows = tuple[Sequence[int], pa.RecordBatch]


class CsvFile:
    """A CSV file; nothing is read before its names or rows are asked for.

    Rows are counted from 1, without the header and without what stands before it.
    """

    def __init__(self, path: Path, dialect: Dialect) -> None:
        self.path, self.dialect = path, dialect
        self.skipped: list[int] = []
        """Rows left out by `skip_lines` after the header, as far as read."""
        self.inner_lines = 0
        """How many lines are within fields, and begin no record; known when all rows were read."""

    @cached_property
    def names(self) -> list[str]:
        """Names of the columns, without surrounding blanks."""
        return [name.strip() for name in self._raw_names]

    @cached_property
    def is_blank(self) -> bool:
        """Whether the file is empty."""
        return not self._head.strip("\ufeff\r\n \t")

    @property
    def left_out(self) -> int:
        """Number of lines left out by `skip_lines` so far."""
        return len(self.skipped) + self._before - self.dialect.skip_rows

    @cached_property
    def first_row(self) -> list[str]:
        """The fields of the first line that is not skipped: the header, where there is one."""
        marks = {
            "delimiter": self.dialect.separator,
            "quotechar": self.dialect.quote,
            "escapechar": self.dialect.escape,
        }
        quoting = plain_csv.QUOTE_MINIMAL if self.dialect.quote else plain_csv.QUOTE_NONE
        lines = self._head_lines[self._before :]
        rows = plain_csv.reader((line for line in lines if line.strip()), quoting=quoting, **marks)  # type: ignore[arg-type]
        try:
            return next(rows, [])
        except plain_csv.Error as error:
            raise UserError(f"{self.path} cannot be read: {error}") from error

    def rows(self, wanted: Sequence[str]) -> Iterator[Rows]:
        """Yield the rows in batches of some columns, all texts.

        Raises
        ------
        UserError
            About the first row whose number of fields is wrong, or that holds other rows in a field.
        """
        first, marks = self._raw_names[0], self.dialect.skip_lines
        raw = [self._raw_names[self.names.index(name)] for name in wanted]
        among = [*raw, *([first] if marks and first not in raw else [])]
        number = 1
        for batch in self._batches(among):
            numbers = _numbers(number, batch.num_rows, self.skipped)
            number = int(numbers[-1]) + 1 if len(numbers) else number
            kept = ~_begins(batch[first], marks) if marks else np.ones(0, np.bool_)
            if kept.all():
                yield numbers, batch.select(raw).rename_columns(list(wanted))
                continue
            self.skipped += np.asarray(numbers)[~kept].tolist()
            yield np.asarray(numbers)[kept], batch.filter(pa.array(kept)).select(raw).rename_columns(list(wanted))

    @cached_property
    def _head(self) -> str:
        with self._source() as source:
            return source.read(HEAD_BYTES).decode(errors="ignore")

    @cached_property
    def _head_lines(self) -> list[str]:
        return lines_of(self._head.removeprefix("\ufeff"))

    @cached_property
    def _before(self) -> int:
        """Number of lines before the header, or before the first row."""
        skip, marks = self.dialect.skip_rows, tuple(self.dialect.skip_lines)
        for line in self._head_lines[skip:] if marks else []:
            if line.strip() and not line.lstrip("\"' ").startswith(marks):
                break
            skip += 1
        return skip

    @cached_property
    def _raw_names(self) -> list[str]:
        if self.dialect.has_header:
            return self.first_row
        given, count = self.dialect.names, len(self.first_row)
        if self._repeats_names:
            return self.first_row
        return [given[at] if at < len(given) else f"column_{at + 1}" for at in range(count)]

    @property
    def _repeats_names(self) -> bool:
        """Whether a file with given names has a header all the same: a first line that is mostly these names."""
        given = {name.casefold() for name in self.dialect.names}
        known = sum(name.strip().casefold() in given for name in self.first_row)
        return known > len(self.first_row) / 2

    def _source(self) -> Utf8Stream:
        return Utf8Stream(self.path, self.dialect.encoding, self.dialect.is_utf8, self.dialect.skip_last)

    def _opened(self, source: Utf8Stream, handler: Any, wanted: Sequence[str]) -> Any:
        dialect = self.dialect
        own = {} if dialect.has_header else {"column_names": self._raw_names}
        return csv.open_csv(
            source,
            read_options=csv.ReadOptions(use_threads=False, block_size=BLOCK_BYTES, skip_rows=self._unread, **own),
            parse_options=csv.ParseOptions(
                delimiter=dialect.separator, quote_char=dialect.quote or False, escape_char=dialect.escape or False,
                newlines_in_values=True, invalid_row_handler=handler,
            ),
            convert_options=csv.ConvertOptions(
                include_columns=list(wanted), column_types=dict.fromkeys(wanted, pa.string()), strings_can_be_null=False
            ),
        )  # fmt: skip

    @cached_property
    def _unread(self) -> int:
        """Number of lines that Arrow skips: those before the header that it reads, or before the first record."""
        return self._before + (0 if self.dialect.has_header else self._repeats_names)

    def _batches(self, wanted: Sequence[str]) -> Iterator[pa.RecordBatch]:
        ahead, records = self._unread + self.dialect.has_header, int(self.dialect.has_header)
        marks, left_out, broken = tuple(self.dialect.skip_lines), [], []

        def judge(row: Any) -> str:
            if marks and row.text.lstrip("\"' ").startswith(marks) and not has_break(row.text):
                left_out.append(row.number - ahead)
                self.skipped.append(row.number - ahead)
                return "skip"
            broken.append(row)
            return "error"

        try:
            with self._source() as source, self._opened(source, judge, wanted) as reader:
                for batch in reader:
                    records += batch.num_rows
                    yield batch
                lines = source.lines - sum(line.strip("\r\n") != "" for line in self._head_lines[: self._unread])
        except pa.ArrowInvalid as error:
            if "straddling" in str(error):
                raise UserError(f"{self.path} {TOO_LONG}") from error
            if not broken:
                raise
            row = broken[0]
            text = repr(row.text[:SHOWN]) + SEVERAL_LINES if has_break(row.text) else row.text[:SHOWN]
            rule = f"must have {row.expected_columns} fields, got {row.actual_columns}: {text}"
            raise UserError(f"{self.path}, row {row.number - ahead}: {rule} ({ADVICE})") from error
        self.inner_lines = lines - records - len(left_out)
        if self.inner_lines:
            self._check_breaks(left_out)

    def _check_breaks(self, left_out: list[int]) -> None:
        """Raise `UserError` about the first field with records in it, or if there are lines that nothing explains."""
        number, found, separator = 1, has_break("".join(self._raw_names)), self.dialect.separator
        if found and not self.dialect.lines_in_fields and holds_record(self._raw_names, separator):
            raise UserError(f"{self.path}, header: {HOLDS_RECORDS}")
        with self._source() as source, self._opened(source, lambda _: "skip", self._raw_names) as reader:
            for batch in reader:
                numbers = _numbers(number, batch.num_rows, left_out)
                number = int(numbers[-1]) + 1 if len(numbers) else number
                rows = with_breaks(batch)
                found = found or bool(rows.size)
                for row in rows.tolist() if not self.dialect.lines_in_fields else []:
                    fields = [column[row].as_py() for column in batch.columns]
                    if holds_record(fields, separator):
                        wrong = next(field for field in fields if has_break(field))
                        raise UserError(f"{self.path}, row {numbers[row]}: {HOLDS_RECORDS}, got {wrong[:SHOWN]!r}")
        if not found:
            raise UserError(
                f"{self.path}: must have one record a line, got {abs(self.inner_lines):,} lines more or fewer"
            )


def _numbers(first: int, count: int, skipped: list[int]) -> Sequence[int]:
    """Return the numbers of the next rows, without those that were left out."""
    left_out = [number for number in skipped if first <= number < first + count + len(skipped)]
    if not left_out:
        return range(first, first + count)
    numbers = np.arange(first, first + count + len(left_out))
    return numbers[~np.isin(numbers, left_out)][:count]  # type: ignore[return-value]


def _begins(fields: pa.Array, marks: list[str]) -> Any:
    """Return which fields begin with one of some texts, ignoring blanks; shape (fields,), bool."""
    trimmed = pc.utf8_ltrim_whitespace(fields)
    found = np.zeros(len(fields), np.bool_)
    for mark in marks:
        found |= np.asarray(pc.starts_with(trimmed, mark))
    return found
