"""Call records as they are gathered: times and numbers as arrays, texts as numbers, 4 bytes a field."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from generators.cdr_file.fields import numbers, texts, times, truths, words
from generators.cdr_file.files import Piece
from generators.cdr_file.settings import NEUTRAL, CdrFileSettings

KINDS = {
    "caller_id": "number",
    "callee_id": "number",
    "callee_number": "number",
    "caller_imsi": "sim",
    "callee_imsi": "sim",
    "caller_imei": "device",
    "first_cell_id": "cell",
    "last_cell_id": "cell",
    "outcome": "outcome",
    "callee_type": "callee_type",
    "anomaly_type": "anomaly_type",
    "incident_id": "incident",
}
"""Columns of a kind share their texts: a number is the same party, whether it calls or is called."""
UNIT_S = {"s": 1.0, "ms": 0.001, "min": 60.0}
LONGEST_S = 31 * 86_400
TYPE_NAME = r"^[A-Za-z0-9_.-]{1,60}$"
UNNAMED_TYPE = "anomaly"
"""What a labelled record is an anomaly of where the file does not tell its type."""


class Vocabulary:
    """Different texts, numbered in order of appearance."""

    def __init__(self) -> None:
        self._number: dict[str, int] = {}

    def codes(self, fields: pa.StringArray) -> Any:
        """Return the number of each text, shape (fields,), int32; new ones are numbered on."""
        found = fields.dictionary_encode()
        known = self._number
        own = [known.setdefault(text, len(known)) for text in found.dictionary.to_pylist()]
        return np.array(own, np.int32)[np.asarray(found.indices)]

    @property
    def texts(self) -> list[str]:
        """The texts, each at the place of its number."""
        return list(self._number)


@dataclass
class Records:
    """The rows of all files so far, column by column, in the order of reading."""

    settings: CdrFileSettings
    vocabularies: dict[str, Vocabulary] = field(default_factory=lambda: {kind: Vocabulary() for kind in KINDS.values()})
    filled: Counter[str] = field(default_factory=Counter)
    """How many fields of an optional column were filled with what stands for nothing."""
    local: bool | None = None
    """Whether times are local; None before the first row."""
    columns: dict[str, list[Any]] = field(default_factory=dict)
    """Parts of each column: `start_ms` int64, `seconds` int32, `call_id` texts, the rest int32 by `vocabularies`."""
    batches: list[tuple[str, int, int]] = field(default_factory=list)
    """Of each batch its file, and the row of its first and past its last record there."""

    def take(self, batch: dict[str, Piece]) -> None:
        """Take in some rows.

        Raises
        ------
        UserError
            About the first field that is wrong, with its file, row, column and value.
        """
        piece = batch["call_start_ts"]
        self.batches.append((piece.file, piece.first_row, piece.first_row + len(piece.values)))
        start_ms = self._times(piece)
        seconds = self._seconds(batch, start_ms)
        self._add("start_ms", start_ms)
        self._add("seconds", seconds)
        if "call_id" in batch:
            self._add("call_id", _required(batch["call_id"]))
        for name in ("caller_id", "callee_id"):
            self._add_texts(name, _required(batch[name]))
        for name in ("caller_imei", "caller_imsi", "callee_imsi", "callee_number"):
            if name in batch:
                self._add_texts(name, self._filled(name, texts(batch[name]), NEUTRAL[name]))
        self._take_cells(batch)
        self._take_words(batch, seconds)
        self._take_labels(batch)

    def whole(self, name: str) -> Any:
        """Return a column as one array, in the order of reading."""
        parts = self.columns[name]
        return pa.chunked_array(parts, pa.string()) if name == "call_id" else np.concatenate(parts)

    def place(self, number: int) -> str:
        """Return where a record was read, by its number in the order of reading."""
        for file, first, end in self.batches:
            if number < end - first:
                return f"{file}, row {first + number}"
            number -= end - first
        raise IndexError(number)

    def _add(self, name: str, part: Any) -> None:
        self.columns.setdefault(name, []).append(part)

    def _add_texts(self, name: str, fields: pa.StringArray) -> None:
        self._add(name, self.vocabularies[KINDS[name]].codes(fields))

    def _filled(self, name: str, fields: pa.StringArray, neutral: str | pa.Array) -> pa.StringArray:
        empty = pc.equal(fields, "")
        self.filled[name] += int(np.count_nonzero(np.asarray(empty)))
        return pc.if_else(empty, neutral, fields)

    def _times(self, piece: Piece) -> Any:
        found, local = times(piece, self.settings)
        if self.local is None and found.size:
            self.local = local
        piece.refuse(np.full(found.size, local != self.local), "have a zone, or none, like the rows before")
        return found

    def _seconds(self, batch: dict[str, Piece], start_ms: Any) -> Any:
        """Return talk times in whole seconds, half a second up."""
        if "call_duration" in batch:
            piece = batch["call_duration"]
            found = numbers(piece, "be a number") * UNIT_S[self.settings.duration_unit]
        else:
            piece = batch["call_end_ts"]
            found = (self._times(piece) - start_ms) / 1000
        piece.refuse((found < 0) | (found > LONGEST_S), "give a length of 0 to 31 days")
        return np.floor(found + 0.5).astype(np.int32)

    def _take_cells(self, batch: dict[str, Piece]) -> None:
        """Take in cells; where only one end of a call is known, the other is the same."""
        if "first_cell_id" not in batch:
            return
        first = texts(batch["first_cell_id"])
        last = texts(batch["last_cell_id"]) if "last_cell_id" in batch else None
        self._add_texts(
            "first_cell_id", _or_unknown(self._filled("first_cell_id", first, first if last is None else last))
        )
        if last is not None:
            self._add_texts("last_cell_id", _or_unknown(self._filled("last_cell_id", last, first)))

    def _take_words(self, batch: dict[str, Piece], seconds: Any) -> None:
        settings = self.settings
        guessed = pa.array(["missed", "answered"]).take(pa.array((seconds > 0).astype(np.int8)))
        if "outcome" in batch:
            found = words(batch["outcome"], settings.outcomes, "generator.outcomes")
            guessed = self._filled("outcome", found, guessed)
        self._add_texts("outcome", guessed)
        if "callee_type" in batch:
            found = words(batch["callee_type"], settings.callee_types, "generator.callee_types")
            self._add_texts("callee_type", self._filled("callee_type", found, NEUTRAL["callee_type"]))

    def _take_labels(self, batch: dict[str, Piece]) -> None:
        """Take in what kind of anomaly a record is, empty for none, and its incident."""
        if "anomaly_type" in batch:
            piece = batch["anomaly_type"]
            found = texts(piece)
            kinds = pc.if_else(pc.equal(found, "normal"), "", found)
            strange = pc.or_(pc.equal(kinds, "all"), pc.invert(pc.match_substring_regex(kinds, TYPE_NAME)))
            piece.refuse(pc.and_(strange, pc.not_equal(kinds, "")), "be a name of letters, digits, _ - . (not `all`)")
            if "is_anomaly" in batch:
                unlike = truths(batch["is_anomaly"]) != np.asarray(pc.not_equal(kinds, ""))
                piece.refuse(unlike, f"be a type where {batch['is_anomaly'].column} says so, and nowhere else")
        elif "is_anomaly" in batch:
            kinds = pa.array(["", UNNAMED_TYPE]).take(pa.array(truths(batch["is_anomaly"]).astype(np.int8)))
        else:
            return
        self._add_texts("anomaly_type", kinds)
        if "incident_id" in batch:
            self._add_texts("incident_id", texts(batch["incident_id"]))


def _required(piece: Piece) -> pa.StringArray:
    fields = texts(piece)
    piece.refuse(pc.equal(fields, ""), "not be empty")
    return fields


def _or_unknown(fields: pa.StringArray) -> pa.StringArray:
    return pc.if_else(pc.equal(fields, ""), "unknown", fields)
