"""Counts what is wrong or unusual in all records of files; DuckDB reads them and counts."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb

from generators.own_records.byte_streams import MAGIC, Utf8Stream, first_bytes, is_parquet
from generators.own_records.dialect import Dialect
from generators.own_records.fields import UNIT_S
from generators.own_records.file_settings import CdrFileSettings
from generators.own_records.identifiers import ROUNDED

COPIED = 2**24
DAY_S = 86_400
ZONE = "(Z|[+-][0-9]{2}(:?[0-9]{2})?)$"


@dataclass(frozen=True)
class Finding:
    """Something wrong or unusual: the number of records, a description, and an example."""

    count: int
    what: str
    example: str = ""

    def __str__(self) -> str:
        """Return the finding as one line."""
        return f"{self.count:,} {self.what}" + (f", such as {self.example}" if self.example else "")


class AllRecords:
    """All records of some files as a DuckDB table, read with the settings."""

    def __init__(self, files: list[Path], settings: CdrFileSettings, names: list[str], folder: Path) -> None:
        self.settings, self.names = settings, names
        self.columns = settings.columns.found_in(names)
        self.base = duckdb.connect()
        self.base.execute("SET preserve_insertion_order=false")
        self._load([_plain(file, settings.dialect, folder) for file in files])

    def one(self, query: str) -> tuple[Any, ...]:
        """Return the first row of a query's result."""
        return self.base.execute(query).fetchone() or ()

    def rejected(self) -> tuple[int, str]:
        """Return the number of lines that cannot be split into the columns, and one of them."""
        if not self.base.execute("SELECT 1 FROM duckdb_tables() WHERE table_name = 'reject_errors'").fetchone():
            return 0, ""
        marks = [f"NOT starts_with(csv_line, {_quoted(mark)})" for mark in self.settings.skip_lines]
        where = f"WHERE {' AND '.join(marks)}" if marks else ""
        counted = "count(DISTINCT (file_id, line)), min(csv_line)"
        count, line = self.one(f"SELECT {counted} FROM reject_errors {where}")
        return count, str(line)[:60]

    def _load(self, files: list[Path]) -> None:
        source = self._source(files)
        chosen = {
            "caller": self._party("owner_id" if "direction" in self.columns else "caller_id"),
            "callee": self._party("other_id" if "direction" in self.columns else "callee_id"),
            "said": self._text("call_start_ts"),
            "ts": self._moment("call_start_ts"),
            "ended": self._moment("call_end_ts"),
            "length_said": self._text("call_duration"),
            "length_s": self._length(),
            "outcome": self._text("outcome"),
            "call_id": self._text("call_id"),
        }
        fields = ", ".join(f"{what} AS {name}" for name, what in chosen.items())
        self.base.execute(f"CREATE TABLE records AS SELECT {fields} FROM {source} {self._filter()}")

    def _source(self, files: list[Path]) -> str:
        listed = ", ".join(_quoted(str(file)) for file in files)
        if is_parquet(files[0]):
            return f"read_parquet([{listed}])"
        dialect = self.settings.dialect
        types = ", ".join(f"{_quoted(name)}: 'VARCHAR'" for name in self.names)
        options = {
            "columns": "{" + types + "}",
            "delim": _quoted(dialect.separator),
            "quote": _quoted(dialect.quote or ""),
            "escape": _quoted(dialect.escape or dialect.quote or ""),
            "header": str(dialect.has_header).lower(),
            "skip": str(dialect.skip_rows),
            "auto_detect": "false",
            "store_rejects": "true",
            "strict_mode": "true",
        }
        return f"read_csv([{listed}], {', '.join(f'{name}={value}' for name, value in options.items())})"

    def _filter(self) -> str:
        rules = []
        for column, keeps, words in self.settings.filters(self.names):
            listed = ", ".join(_quoted(word.casefold()) for word in words)
            rules.append(f"lower({_named(column)}) {'' if keeps else 'NOT '}IN ({listed})")
        for mark in self.settings.skip_lines:
            rules.append(f"NOT starts_with(ltrim({_named(self.names[0])}::VARCHAR), {_quoted(mark)})")
        return "WHERE " + " AND ".join(rules) if rules else ""

    def _text(self, ours: str) -> str:
        return f"trim({_named(self.columns[ours])}::VARCHAR)" if ours in self.columns else "NULL::VARCHAR"

    def _party(self, ours: str) -> str:
        text = self._text(ours)
        return f"CASE WHEN ends_with({text}, '.0') THEN regexp_replace({text}, '^([0-9]+)\\.0$', '\\1') ELSE {text} END"

    def _moment(self, ours: str) -> str:
        """Return an SQL expression that reads a column as a time (UTC or local), NULL where that fails."""
        if ours not in self.columns:
            return "NULL::TIMESTAMP"
        text, form = self._text(ours), self.settings.time_format
        if ours == "call_start_ts" and "call_start_time" in self.columns:
            text = f"{text} || ' ' || {self._text('call_start_time')}"
        if form in ("epoch_s", "epoch_ms"):
            factor = 1_000_000 if form == "epoch_s" else 1000
            origin = _quoted((self.settings.time_origin or "1970-01-01").replace("T", " "))
            return f"{origin}::TIMESTAMP + to_microseconds((try_cast({text} AS DOUBLE) * {factor})::BIGINT)"
        if form == "iso":
            zoned = f"regexp_matches(substr({text}, 17), '{ZONE}') OR {text} ILIKE '% UTC' OR {text} ILIKE '% GMT'"
            moment = f"try_cast({text} AS TIMESTAMPTZ) AT TIME ZONE 'UTC'"
            plain = f"try_cast({text} AS TIMESTAMP)"
            return f"CASE WHEN length({text}) > 19 AND ({zoned}) THEN {moment} ELSE {plain} END"
        return f"try_strptime({text}, {_quoted(form)})::TIMESTAMP"

    def _length(self) -> str:
        text, unit = self._text("call_duration"), self.settings.duration_unit
        if "call_duration" not in self.columns:
            return f"epoch({self._moment('call_end_ts')}) - epoch({self._moment('call_start_ts')})"
        if unit in ("h:mm:ss", "m:ss"):
            parts = f"string_split({text}, ':')"
            numbers = f"list_transform({parts}, lambda each: try_cast(each AS DOUBLE))"
            read = f"list_reduce({numbers}, lambda sum, each: 60 * sum + each)"  # a Parquet file has microseconds
            return (
                f"CASE WHEN regexp_full_match({text}, '[0-9]+') THEN try_cast({text} AS DOUBLE) / 1e6 ELSE {read} END"
            )
        if self.settings.thousands:
            text = f"replace({text}, {_quoted(self.settings.thousands)}, '')"
        if self.settings.decimal == ",":
            text = f"replace({text}, ',', '.')"
        return f"try_cast({text} AS DOUBLE) * {UNIT_S[unit]}"


def findings(records: AllRecords) -> Iterator[Finding]:
    """Yield what is wrong or unusual, that of the parties first."""
    rejected = records.rejected()
    if rejected[0]:
        yield Finding(rejected[0], "lines with another number of fields (generator.skip_lines)", repr(rejected[1]))
    yield from _parties(records)
    yield from _times(records)
    yield from _lengths(records)
    yield from _duplicates(records)


def _parties(records: AllRecords) -> Iterator[Finding]:
    words = ", ".join(_quoted(word.casefold()) for word in records.settings.missing_words)
    records.base.execute(
        "CREATE TABLE parties AS SELECT party, sum(calls)::BIGINT AS calls, sum(called)::BIGINT AS called FROM ("
        "SELECT caller AS party, count(*) AS calls, 0 AS called FROM records GROUP BY caller UNION ALL "
        "SELECT callee, 0, count(*) FROM records GROUP BY callee) GROUP BY party"
    )
    nobody = f"party IS NULL OR party = '' OR lower(party) IN ({words})"
    yield from _found(
        records, "parties", nobody, "calls + called", "missing or withheld parties (generator.missing_parties)"
    )
    records.base.execute(f"DELETE FROM parties WHERE {nobody}")
    yield from _found(records, "parties", f"regexp_full_match(party, '{ROUNDED[1:-1]}')", "calls + called",
                      "identifiers ruined by a spreadsheet (export the column as text)")  # fmt: skip
    alike = (
        "SELECT count(*), min(first || ' and ' || last) FROM (SELECT min(party) AS first, max(party) AS last "
        "FROM parties WHERE regexp_full_match(party, '[+]?[0-9]+') "
        "GROUP BY ltrim(ltrim(party, '+'), '0') HAVING count(*) > 1)"
    )
    count, example = records.one(alike)
    if count:
        yield Finding(count, "pairs of numbers differ in leading zeros, + or 00 only", example)
    both, only_call, only_called = records.one(
        "SELECT count(*) FILTER (calls > 0 AND called > 0), count(*) FILTER (called = 0), "
        "count(*) FILTER (calls = 0) FROM parties"
    )
    if not both and only_call and only_called:
        yield Finding(only_call + only_called, "parties, of which none both calls and is called: are they in one form?")
    elif only_call + only_called:
        what = f"parties only call ({only_call:,}) or are only called ({only_called:,}); {both:,} do both"
        yield Finding(only_call + only_called, what)


def _times(records: AllRecords) -> Iterator[Finding]:
    yield from _found(records, "records", "ts IS NULL", "1", "starts cannot be read (generator.time_format)", "said")
    out = "ts < '1990-01-01' OR ts > now()::TIMESTAMP + INTERVAL 1 DAY"
    yield from _found(records, "records", out, "1", "starts before 1990 or in the future", "said")
    count, first, last, on_minutes, days = records.one(
        "SELECT count(ts), min(ts), max(ts), count(*) FILTER (second(ts) = 0), count(DISTINCT ts::DATE) FROM records"
    )
    if not count:
        return
    if on_minutes == count > 60:
        yield Finding(count, "starts, all on whole minutes: order and gaps within a minute are not known")
    gap = (last.date() - first.date()).days + 1 - days
    if gap > 0:
        yield Finding(gap, f"days without a record between {first.date()} and {last.date()}")
    zone = ZoneInfo(records.settings.time_zone)
    offsets = {(first + timedelta(days=day)).replace(tzinfo=zone).utcoffset() for day in range((last - first).days + 1)}
    if len(offsets) > 1:
        yield Finding(len(offsets) - 1, f"changes of the clocks of {zone} within the records")


def _lengths(records: AllRecords) -> Iterator[Finding]:
    words = ", ".join(_quoted(word.casefold()) for word in records.settings.missing_words)
    given = f"coalesce(length_said, '') <> '' AND lower(length_said) NOT IN ({words})"
    example = "length_said"
    yield from _found(records, "records", f"NOT ({given}) AND ended IS NULL", "1",
                      "records without a length or end: taken as not answered, 0 s", "said")  # fmt: skip
    yield from _found(
        records,
        "records",
        f"length_s IS NULL AND {given}",
        "1",
        "lengths cannot be read (generator.duration_unit)",
        example,
    )
    yield from _found(
        records, "records", f"length_s < 0 AND ({given} OR ended IS NOT NULL)", "1", "lengths below zero", example
    )
    yield from _found(
        records, "records", f"length_s > {DAY_S}", "1", "lengths beyond a day (generator.duration_unit)", example
    )
    meanings = records.settings.outcomes.meanings()
    unanswered = ", ".join(_quoted(word.casefold()) for word, ours in meanings.items() if ours != "answered")
    yield from _found(
        records,
        "records",
        f"length_s > 0 AND lower(outcome) IN ({unanswered})",
        "1",
        "calls that last and were not answered",
        "outcome",
    )


def _duplicates(records: AllRecords) -> Iterator[Finding]:
    again, legs = records.one(
        "SELECT count(*) - count(DISTINCT hash(caller, callee, said, coalesce(length_s, -1))), "
        "count(call_id) - count(DISTINCT hash(call_id)) FILTER (call_id IS NOT NULL) FROM records"
    )
    if again:
        yield Finding(again, "records repeat the caller, callee, start and length of another (generator.repeats)")
    if legs:
        yield Finding(legs, "records have the call_id of another: legs of one call (generator.legs=fold)")


def _found(
    records: AllRecords, table: str, where: str, count: str, what: str, example: str = "party"
) -> Iterator[Finding]:
    many, one = records.one(f"SELECT sum({count})::BIGINT, min({example}::VARCHAR) FROM {table} WHERE {where}")
    if many:
        yield Finding(many, what, repr(one) if one else "")


def _plain(file: Path, dialect: Dialect, folder: Path) -> Path:
    """Return a file that DuckDB can read: a UTF-8 copy if it cannot read the original."""
    begin = first_bytes(file)
    kind = next((kind for magic, kind in MAGIC.items() if begin.startswith(magic)), "")
    named = file.name.endswith((".gz", ".zst")) == bool(kind) and kind in ("", "gzip", "zstd")
    if is_parquet(file) or (dialect.is_utf8 and named and not dialect.skip_last):
        return file
    copy = folder / f"{len(list(folder.iterdir()))}.csv"
    with Utf8Stream(file, dialect.encoding, dialect.is_utf8, dialect.skip_last) as source, copy.open("wb") as target:
        while block := source.read(COPIED):
            target.write(block)
    return copy


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _named(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'
