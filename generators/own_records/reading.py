"""Reads call records into arrays: times and numbers as they are, texts as 4-byte codes."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bench.faults import UserError
from generators.anomalies import types
from generators.own_records.fields import absent, lengths, texts
from generators.own_records.file_settings import FALSE, NEUTRAL, NORMAL, TRUE, UNNAMED_TYPE, CdrFileSettings
from generators.own_records.files import Piece
from generators.own_records.identifiers import identifiers
from generators.own_records.local_time import LocalTime
from generators.own_records.origins import Origins
from generators.own_records.parties import Parties
from generators.own_records.record_filter import RecordFilter, only
from generators.own_records.times import times
from generators.own_records.value_words import Meaning

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
"""Kinds of text columns that share their codes: a number is the same party as caller and as callee."""
LONGEST_S = 31 * 86_400
LONGEST_SETUP_S = 3600
"""Setup time (ringing, queues) above which a call's end contradicts its length."""
ROUNDED_S = 1
"""Tolerance for rounding of end, start and length."""
REPEATED_S = 3600
"""Length of the repeated local hour when clocks are set back: an end may seem that much before the start."""
TINY_S = 1e-6
"""Tolerance for lengths converted from other units."""


class Vocabulary:
    """Distinct texts, numbered in order of appearance."""

    def __init__(self) -> None:
        self._number: dict[str, int] = {}

    def codes(self, fields: pa.StringArray) -> Any:
        """Return the code of each text, shape (fields,), int32; new texts get the next numbers."""
        found = fields.dictionary_encode()
        known = self._number
        own = [known.setdefault(text, len(known)) for text in found.dictionary.to_pylist()]
        return np.array(own, np.int32)[np.asarray(found.indices)]

    @property
    def texts(self) -> list[str]:
        """The texts, by code."""
        return list(self._number)


@dataclass
class Records:
    """The rows of all files so far, column by column, in the order of reading."""

    settings: CdrFileSettings
    header: list[str]
    """Names of the columns of the files."""
    vocabularies: dict[str, Vocabulary] = field(default_factory=lambda: {kind: Vocabulary() for kind in KINDS.values()})
    filled: Counter[str] = field(default_factory=Counter)
    """Number of fields of each optional column that were filled with a neutral value."""
    contradicting: int = 0
    """Number of calls whose end does not fit their start and length."""
    local: bool | None = None
    """Whether the files' times have no zone; None before the first row."""
    columns: dict[str, list[Any]] = field(default_factory=dict)
    """Parts of each column: `start_ms` int64 (UTC), `seconds` and `setup_s` int32, ids of legs texts; else
    `vocabularies`."""
    batches: list[tuple[str, Any]] = field(default_factory=list)
    """File of each batch, and row numbers of its records that were kept."""
    words: dict[str, Meaning] = field(default_factory=dict)
    """Meaning of the words in each column of words, by our name."""

    def __post_init__(self) -> None:
        self.filter = RecordFilter(self.settings, self.header)
        self.parties = Parties(self.settings)
        self.clock = LocalTime(self.settings.time_zone)

    def take(self, batch: dict[str, Piece]) -> None:
        """Add a batch of rows.

        Raises
        ------
        UserError
            About the first field that is wrong, with its file, row, column and value.
        """
        batch = self.filter.of(batch)
        parties, kept = self.parties.of(batch)
        if not kept.all():
            batch = only(batch, kept)
            parties = {name: fields.filter(pa.array(kept)) for name, fields in parties.items()}
        for name, fields in parties.items():
            self._add_texts(name, fields)
        piece = _dated(batch)
        start_ms = self._times(piece)
        seconds, unknown = self._seconds(batch, start_ms)
        self._add("start_ms", start_ms)
        self._add("seconds", seconds)
        self._add("setup_s", self._setup(batch, start_ms, seconds))
        if "call_id" in batch:
            self._add("call_id", _required(batch["call_id"]))
        if "other_leg_id" in batch:
            self._add("other_leg_id", texts(batch["other_leg_id"]))
        for name in ("caller_imei", "caller_imsi", "callee_imsi", "callee_number"):
            if name in batch:
                self._add_texts(name, self._filled(name, self._identifiers(batch[name]), NEUTRAL[name]))
        self._take_cells(batch)
        self._take_words(batch, seconds, unknown)
        if self.settings.truth is None:
            self._take_labels(batch)
        self.batches.append((piece.file, piece.rows))

    def finish(self) -> None:
        """Check the words of all rows.

        Raises
        ------
        UserError
            When words were met that no setting explains.
        """
        meanings = [*self.words.values(), *([self.parties.directions] if self.parties.directions else [])]
        if unexplained := [line for meaning in meanings for line in meaning.explained()]:
            raise UserError("\n".join(f"{self.settings.path}, {line}" for line in unexplained))

    def whole(self, name: str) -> Any:
        """Return a column as one array, in the order of reading."""
        parts = self.columns[name]
        return pa.chunked_array(parts, pa.string()) if isinstance(parts[0], pa.Array) else np.concatenate(parts)

    def origins(self, order: Any, ids: pa.ChunkedArray) -> Origins:
        """Return file and row of records, by their number in the order of reading, and the ids of their calls.

        The ids are those of the records themselves only where the files have such a column.
        """
        names = list(dict.fromkeys(file for file, _ in self.batches))
        files = [np.full(len(rows), names.index(file), np.int32) for file, rows in self.batches]
        rows = np.concatenate([np.asarray(rows, np.int32) for _, rows in self.batches])
        own = ids if "call_id" in self.columns else None
        return Origins(names, np.concatenate(files)[order], rows[order], own)

    def place(self, number: int) -> str:
        """Return file and row of a record, by its number in the order of reading."""
        for file, rows in self.batches:
            if number < len(rows):
                return f"{file}, row {rows[number]}"
            number -= len(rows)
        raise IndexError(number)

    def _identifiers(self, piece: Piece, *, fractions: bool = False) -> pa.StringArray:
        return identifiers(piece, self.settings.missing_words, fractions=fractions)

    def _add(self, name: str, part: Any) -> None:
        self.columns.setdefault(name, []).append(part)

    def _add_texts(self, name: str, fields: pa.StringArray) -> None:
        self._add(name, self.vocabularies[KINDS[name]].codes(fields))

    def _filled(self, name: str, fields: pa.StringArray, neutral: str | pa.Array) -> pa.StringArray:
        empty = pc.equal(fields, "")
        self.filled[name] += int(np.count_nonzero(np.asarray(empty)))
        return pc.if_else(empty, neutral, fields)

    def _times(self, piece: Piece) -> Any:
        """Return times in ms since 1970 (UTC)."""
        found, local = times(piece, self.settings)
        if self.local is None and found.size:
            self.local = local
        piece.refuse(np.full(found.size, local != self.local), "have a zone, or none, like the rows before")
        return self.clock.to_utc(found) if local else found

    def _seconds(self, batch: dict[str, Piece], start_ms: Any) -> tuple[Any, Any]:
        """Return talk times in whole seconds, rounded down as `bench.schema.CALLS` says, and which are not there."""
        column = "call_duration" if "call_duration" in batch else "call_end_ts"
        piece = batch[column]
        unknown = absent(piece, self.settings.missing_words)
        self.filled[column] += int(unknown.sum())
        there = piece if not unknown.any() else piece.only(~unknown)
        found = np.zeros(len(unknown))
        if column == "call_duration":
            found[~unknown] = lengths(there, self.settings)
        else:
            found[~unknown] = (self._times(there) - start_ms[~unknown]) / 1000
        piece.refuse((found < 0) | (found > LONGEST_S), "give a length of 0 to 31 days (generator.duration_unit)")
        whole = np.floor(found + TINY_S).astype(np.int32)
        return np.where(found > TINY_S, np.maximum(whole, 1), 0).astype(np.int32), unknown

    def _setup(self, batch: dict[str, Piece], start_ms: Any, seconds: Any) -> Any:
        """Return the whole seconds by which each call is longer than its talk time; 0 without an end.

        An end that contradicts the length is counted, and the length stands.
        """
        found = np.zeros(len(start_ms), np.int32)
        if "call_end_ts" in batch:
            piece = batch["call_end_ts"]
            there = ~absent(piece, self.settings.missing_words)
            ends = piece if there.all() else piece.only(there)
            whole = self._times(ends) // 1000 - start_ms[there] // 1000
            ends.refuse(whole < -(REPEATED_S if self.clock.repeated else 0), "not lie before the start")
            setup = whole - seconds[there]
            contradicts = (setup < -ROUNDED_S) | (setup > LONGEST_SETUP_S)
            self.contradicting += int(contradicts.sum())
            found[there] = np.where(contradicts, 0, np.maximum(setup, 0))
        return found

    def _take_cells(self, batch: dict[str, Piece]) -> None:
        """Add cells; if only the first or the last cell is known, the other is set to it."""
        if "first_cell_id" not in batch:
            return
        first = self._identifiers(batch["first_cell_id"], fractions=True)
        last = self._identifiers(batch["last_cell_id"], fractions=True) if "last_cell_id" in batch else None
        self._add_texts(
            "first_cell_id", _or_unknown(self._filled("first_cell_id", first, first if last is None else last))
        )
        if last is not None:
            self._add_texts("last_cell_id", _or_unknown(self._filled("last_cell_id", last, first)))

    def _take_words(self, batch: dict[str, Piece], seconds: Any, unknown: Any) -> None:
        """Add outcomes and types of callees; `unknown` says which calls have no length."""
        settings = self.settings
        guessed = pa.array(["missed", "answered"]).take(pa.array((seconds > 0).astype(np.int8)))
        if "outcome" in batch:
            found = self._meant("outcome", batch["outcome"], "outcomes", settings.outcomes.meanings())
            column = batch["call_duration" if "call_duration" in batch else "call_end_ts"]
            answered = np.asarray(pc.equal(found, "answered"))
            column.refuse(answered & unknown, f"be given where {batch['outcome'].column} says that it was answered")
            guessed = self._filled("outcome", found, guessed)
        self._add_texts("outcome", guessed)
        if "callee_type" in batch:
            found = self._meant("callee_type", batch["callee_type"], "callee_types", settings.callee_types.meanings())
            self._add_texts("callee_type", self._filled("callee_type", found, NEUTRAL["callee_type"]))

    def _take_labels(self, batch: dict[str, Piece]) -> None:
        """Add the anomaly type of each record, empty for none, and its incident."""
        given = self.settings.label_words
        own = {word: "" if name == NORMAL else name for name, words in given.items() for word in words}
        names = {**{name: name for name in (*types(), *given)}, NORMAL: ""}
        says = {**dict.fromkeys(TRUE, UNNAMED_TYPE), **dict.fromkeys(FALSE, "")}
        kinds = {
            name: self._meant(name, batch[name], "labels", {**understood, **own})
            for name, understood in (("is_anomaly", {**says, **names}), ("anomaly_type", names))
            if name in batch
        }
        if not kinds:
            return
        decides = next(iter(kinds))
        if blank := int(np.count_nonzero(np.asarray(pc.equal(texts(batch[decides]), "")))):
            self.filled[decides] += blank
        if len(kinds) == 2 and not any(self.words[name].unexplained for name in kinds):
            is_one, is_typed = (np.asarray(pc.not_equal(kind, "")) for kind in kinds.values())
            rule = f"be a type where {batch['is_anomaly'].column} says so, and nowhere else"
            batch["anomaly_type"].refuse(is_one != is_typed, rule)
        self._add_texts("anomaly_type", list(kinds.values())[-1])
        if "incident_id" in batch:
            self._add_texts("incident_id", texts(batch["incident_id"]))

    def _meant(self, name: str, piece: Piece, setting: str, meanings: dict[str, str]) -> pa.StringArray:
        """Return our values for the words of a column, by the setting of that name."""
        if name not in self.words:
            choices = " | ".join(dict.fromkeys(meanings.values()))
            if setting == "labels":
                choices = (
                    "as in \"generator.labels={normal: ['ok'], sim_box: ['SIM box']}\"; "
                    f"generator.columns.{name}=null leaves the column out"
                )
            self.words[name] = Meaning(piece.column, f"generator.{setting}", meanings, choices, self._otherwise(name))
        return self.words[name].of(piece)

    def _otherwise(self, name: str) -> str | None:
        """Return the value for words that no setting explains; empty: by the length; None: refused."""
        other = self.settings.unknown_outcome
        return None if name != "outcome" or other == "refuse" else other.replace("by_length", "")


def _dated(batch: dict[str, Piece]) -> Piece:
    """Return the starts: dates and times of day in two columns are put together."""
    piece = batch["call_start_ts"]
    if "call_start_time" not in batch:
        return piece
    time = batch["call_start_time"]
    together = pc.binary_join_element_wise(texts(piece), texts(time), " ")
    return Piece(piece.file, f"{piece.column} and {time.column}", piece.rows, together)


def _required(piece: Piece) -> pa.StringArray:
    fields = texts(piece)
    piece.refuse(pc.equal(fields, ""), "not be empty")
    return fields


def _or_unknown(fields: pa.StringArray) -> pa.StringArray:
    return pc.if_else(pc.equal(fields, ""), "unknown", fields)
