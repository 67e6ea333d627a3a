"""Guesses the syntax of a CSV file; DuckDB finds the delimiter and the quotes."""

import csv
import tempfile
from codecs import getincrementaldecoder
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from re import fullmatch
from typing import Any

import duckdb

from bench.faults import UserError
from bench.schema import UNREADABLE
from generators.own_records.byte_streams import decompressed
from generators.own_records.file_faults import DATA
from generators.own_records.lines import lines_of

HEAD_BYTES, TAIL_BYTES = 2**22, 2**16
MARKS = {b"\xff\xfe\0\0": "utf-32", b"\0\0\xfe\xff": "utf-32", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
TYPE = r"(?i)(integer|int|bigint|varchar|char|text|float|double|date|datetime|timestamp|uniqueidentifier)(\(\d+\))?"
MOST_LINES = 20
"""The most lines before the header and after the last record that are considered."""

SHOWN = 60


def shown(value: Any) -> str:
    """Return a setting's value, shortened."""
    text = str(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."


@dataclass
class DialectGuess:
    """Guessed syntax of a CSV file, as settings with reasons, and its first rows."""

    settings: dict[str, Any] = field(default_factory=dict)
    reasons: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)

    def say(self, name: str, value: Any, reason: str) -> None:
        """Record the guess of a setting."""
        self.settings[name] = value
        self.reasons.append(f"{name}={shown(value)}: {reason}")


def guessed_dialect(path: Path) -> DialectGuess:
    """Guess the syntax of a file.

    Raises
    ------
    UserError
        When it cannot be read, or has no rows.
    """
    guess = DialectGuess()
    try:
        with decompressed(path) as source:
            head = source.read(HEAD_BYTES)
    except UNREADABLE as error:
        raise UserError(f"{path} cannot be read: {' '.join(str(error).split())}") from error
    lines = [line.rstrip("\r\n") for line in lines_of(_decoded(head, guess))]
    lines = lines[:-1] if len(head) == HEAD_BYTES else lines
    if not any(line.strip() for line in lines):
        raise UserError(f"{path} has no rows")
    _separators(lines, guess)
    _rows(lines, guess, whole=len(head) < HEAD_BYTES)
    return guess


def _decoded(head: bytes, guess: DialectGuess) -> str:
    marked = next((name for mark, name in MARKS.items() if head.startswith(mark)), None)
    if marked is None and head[:2000].count(0) > len(head[:2000]) / 4:
        marked = "utf-16-le" if head[1:2] == b"\0" else "utf-16-be"
    if marked is not None:
        guess.say("encoding", marked, "the first bytes are those of that encoding")
        return head.decode(marked, errors="ignore").removeprefix("\ufeff")
    try:
        return getincrementaldecoder("utf-8-sig")().decode(head)
    except UnicodeDecodeError as error:
        guess.say("encoding", "cp1252", f"byte {error.object[error.start] & 0xFF:#x} is not UTF-8")
        return head.decode("cp1252", errors="replace")


def _separators(lines: list[str], guess: DialectGuess) -> None:
    """Find delimiter and quotes in the middle of the file, away from a preamble or totals."""
    middle = lines[MOST_LINES:-MOST_LINES] if len(lines) > 4 * MOST_LINES else lines
    with tempfile.NamedTemporaryFile("w", suffix=".csv", encoding="utf-8") as file:
        file.write("\n".join(middle[:20_000]) + "\n")
        file.flush()
        found = _sniffed(file.name, strict=True) or _sniffed(file.name, strict=False)
    delimiter, quote, escape = found or (",", '"', '"')
    if delimiter != ",":
        guess.say(
            "delimiter", "tab" if delimiter == "\t" else delimiter, "it parts the lines into equal numbers of fields"
        )
    if quote == "'":
        guess.say("quote", quote, "it stands around fields")
    if escape == "\\":
        guess.say("escape", escape, "it stands before quotes")


def _sniffed(file: str, strict: bool) -> Any:
    """Return delimiter, quote and escape by DuckDB, or None; unless `strict`, fields may break the rules of quotes.

    DuckDB 1.4 takes a comma for the delimiter of any file in which all fields are quoted, if it need not be strict.
    """
    query = f"SELECT Delimiter, Quote, Escape FROM sniff_csv(?, ignore_errors=true, strict_mode={strict})"
    try:
        return duckdb.execute(query, [file]).fetchone()
    except duckdb.Error:
        return None


def _rows(lines: list[str], guess: DialectGuess, whole: bool) -> None:
    """Find the records, the lines before and after them, and whether there is a header."""
    rows = [row for row in _parsed(lines, guess) if row]
    width = Counter(len(row) for row in rows).most_common(1)[0][0]
    first = next((at for at, row in enumerate(rows[:MOST_LINES]) if len(row) == width), 0)
    if first:
        guess.say("skip_rows", first, f"{first} lines before the first with {width} fields")
    rows = rows[first:]
    odd = [row for row in rows if len(row) != width]
    if whole and odd and rows[-1] in odd:
        marks = sorted({row[0].strip()[:20] for row in odd if row[0].strip()})[:5]
        if marks:
            guess.say("skip_lines", marks, f"{len(odd)} lines without {width} fields begin so")
    elif odd and all(row[0].startswith("#") for row in odd):
        guess.say("skip_lines", ["#"], f"{len(odd)} lines begin so")
    rows = [[each.strip() for each in row] for row in rows if len(row) == width]
    header = rows[0]
    if any(fullmatch(DATA, name) for name in header) or len(set(header)) < len(header):
        guess.say("header", False, f"the first line has values: {', '.join(header)[:60]}")
        guess.names, guess.rows = [f"column_{at + 1}" for at in range(width)], rows
        return
    guess.names, guess.rows = header, rows[1:]
    if guess.rows and sum(fullmatch(TYPE, each) is not None for each in guess.rows[0]) > width / 2:
        guess.say("skip_lines", [guess.rows[0][0]], "the line below the header has types")
        guess.rows = guess.rows[1:]


def _parsed(lines: Iterable[str], guess: DialectGuess) -> list[list[str]]:
    given = guess.settings
    delimiter = "\t" if given.get("delimiter") == "tab" else given.get("delimiter", ",")
    try:
        whole = (f"{line}\n" for line in lines)
        return list(
            csv.reader(whole, delimiter=delimiter, quotechar=given.get("quote", '"'), escapechar=given.get("escape"))
        )
    except csv.Error as error:
        raise UserError(f"the rows cannot be parted into fields: {error}") from error
