"""Summarises in three lines what was read from files of records, and below them what is unusual."""

from collections.abc import Iterator
from datetime import date, timedelta

import numpy as np

from bench.host.texts import printable
from generators.model.clock import DAY_MS
from generators.own_records.byte_streams import passed_over
from generators.own_records.calls import Calls
from generators.own_records.file_settings import NEUTRAL
from generators.own_records.files import RecordFile
from generators.own_records.identifiers import alike
from generators.own_records.reading import Records

EPOCH = date(1970, 1, 1)
INSTEAD = {**NEUTRAL, "is_anomaly": "normal", "anomaly_type": "normal"}
NO_LENGTH = "0 s, not answered"
MOST_NAMES = 10
"""The most names of ignored files that are printed."""


class ReadingSummary:
    """Summary of reading, made before anomalies are injected."""

    def __init__(self, records: Records, calls: Calls, files: list[RecordFile]) -> None:
        self.records, self.calls, self.files = records, calls, files
        self.names = records.vocabularies["number"].texts

    def lines(self, anomalous: int | None) -> list[str]:
        """Return three lines, and one for each unusual thing; `anomalous`: number of labelled calls, if any."""
        filled = "; ".join(self._filled()) or "nothing"
        left_out = "; ".join(self._left_out()) or "nothing"
        path = self.records.settings.path
        lines = [f"{path}: {self._extent(anomalous)}", f"filled: {filled}", f"left out: {left_out}"]
        return [printable(line) for line in (*lines, *(f"note: {each}" for each in self._notes()))]

    @property
    def dropped(self) -> int:
        """Number of records left out."""
        counts, settings = self.calls.duplicates, self.records.settings
        repeats = counts["repeats"] if settings.repeats == "drop" else 0
        return self.records.filter.left_out.total() + self.records.parties.dropped + counts.get("legs", 0) + repeats

    def _extent(self, anomalous: int | None) -> str:
        calls, clock = self.calls, self.calls.clock
        first, last = (EPOCH + timedelta(days=int(clock.local_ms(calls.start_ms[at])) // DAY_MS) for at in (0, -1))
        parties = np.unique(np.concatenate([np.unique(calls.codes[name]) for name in ("caller_id", "callee_id")]))
        labelled = "no labels" if anomalous is None else f"{anomalous / calls.start_ms.size:.2%} labelled as anomalies"
        days = plural((last - first).days + 1, "day")
        taken = f"as local time of {clock.time_zone}" if self.records.local else "with their zone"
        if self.records.local and clock.time_zone == "UTC":
            taken = "as UTC (generator.time_zone)"
        return (
            f"{plural(calls.start_ms.size, 'call')} of {plural(parties.size, 'party')}, {days} from {first} to {last}, "
            f"{labelled}; starts are read {taken}"
        )

    def _filled(self) -> Iterator[str]:
        whole = [name for name in self.calls.filled if name not in self.records.filled]
        if whole:
            yield "in every call " + ", ".join(f"{name} ({NEUTRAL[name]})" for name in whole)
        for name, fields in self.calls.filled.items():
            if name not in whole:
                yield f"in {plural(fields, 'call')} {name} ({INSTEAD.get(name, NO_LENGTH)})"
        for name, meaning in self.records.words.items():
            if meaning.unexplained and meaning.otherwise is not None:
                yield f"{name} of words without a meaning ({self.records.settings.unknown_outcome}): {meaning.listed()}"
        if self.records.parties.unknown:
            yield f"{plural(self.records.parties.unknown, 'missing party')} (each another one)"

    def _left_out(self) -> Iterator[str]:
        records, counts = self.records, self.calls.duplicates
        for rule, count in records.filter.left_out.items():
            if count:
                yield f"{plural(count, 'record')} by generator.{rule}"
        if records.parties.dropped:
            yield f"{plural(records.parties.dropped, 'call')} without a caller or callee"
        if counts.get("legs"):
            yield f"{plural(counts['legs'], 'leg')} of other calls"
        if counts["repeats"] and records.settings.repeats == "drop":
            yield f"{plural(counts['repeats'], 'repeated record')}"
        if skipped := sum(file.skipped for file in self.files):
            yield f"{plural(skipped, 'line')} by generator.skip_lines"
        if last := records.settings.skip_last * sum(not file.is_parquet and not file.is_blank for file in self.files):
            yield f"{plural(last, 'line')} by generator.skip_last"
        if unread := [each.name for each in passed_over(records.settings.path, records.settings.files)]:
            more = f" and {len(unread) - MOST_NAMES:,} more" if len(unread) > MOST_NAMES else ""
            yield f"not read in the folder: {', '.join(unread[:MOST_NAMES])}{more}"
        if blank := [file.path.name for file in self.files if file.is_blank]:
            yield f"empty: {', '.join(blank)}"

    def _notes(self) -> Iterator[str]:
        repeats, clock = self.calls.duplicates["repeats"], self.records.clock
        if repeats and self.records.settings.repeats == "keep":
            yield (
                f"{plural(repeats, 'record')} with the caller, callee, start and length of another "
                "(generator.repeats=drop leaves them out)"
            )
        if inner := sum(file.inner_lines for file in self.files):
            yield f"{plural(inner, 'line')} within fields that have line breaks (no records of their own)"
        if self.records.contradicting:
            yield (
                f"in {plural(self.records.contradicting, 'call')} the end does not fit the start and the length "
                "(earlier, or more than an hour later than both say); the length counts"
            )
        if pairs := alike(self.names):
            one, other = pairs[0]
            yield (
                f"{len(pairs):,} pairs of numbers differ in leading zeros or + only, such as {one} and {other}, "
                "and are taken for different parties"
            )
        caller, callee = (np.unique(self.calls.codes[name]) for name in ("caller_id", "callee_id"))
        if caller.size > 1 and not np.isin(caller, callee).any():
            yield (
                f"none of the {caller.size + callee.size:,} parties both calls and is called; "
                "are callers and callees written in the same form?"
            )
        if clock.skipped or clock.repeated:
            yield (
                f"times that clocks of {self.calls.clock.time_zone} skip ({clock.skipped:,}) are read as if they had "
                f"not been changed yet, times that they repeat ({clock.repeated:,}) as the first ones"
            )


def plural(count: int, name: str) -> str:
    """Return a count with its noun, such as `1 call` or `2 parties`."""
    many = name[:-1] + "ies" if name.endswith("y") and not name.endswith("day") else f"{name}s"
    return f"{count:,} {name if count == 1 else many}"
