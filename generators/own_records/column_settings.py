"""Settings of a file of call records: which column is which, and what its words mean."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from bench.faults import Fault

LABEL_COLUMNS = ("is_anomaly", "anomaly_type", "incident_id")
ELSE = "|"
"""Separator of alternative column names, of which the first one in the file is used; at the end: the column may be
missing."""


@dataclass
class Columns:
    """Names of the file's columns. Empty: the column of the same name, if there is one; null: none.

    `src|caller` is the first of these that a file has, `src|caller|` that or none.
    """

    caller_id: str | None = ""
    """Column that is our `caller_id`; empty: the one of that name; null: none."""
    callee_id: str | None = ""
    """Column that is our `callee_id`; empty: the one of that name; null: none."""
    call_start_ts: str | None = ""
    """Column that is our `call_start_ts`; empty: the one of that name; null: none."""
    call_duration: str | None = ""
    """Column that is our `call_duration`; empty: the one of that name; null: none."""
    call_end_ts: str | None = ""
    """Column that is our `call_end_ts`; empty: the one of that name; null: none."""
    call_id: str | None = ""
    """Column that is our `call_id`; empty: the one of that name; null: none."""
    outcome: str | None = ""
    """Column that is our `outcome`; empty: the one of that name; null: none."""
    callee_type: str | None = ""
    """Column that is our `callee_type`; empty: the one of that name; null: none."""
    first_cell_id: str | None = ""
    """Column that is our `first_cell_id`; empty: the one of that name; null: none."""
    last_cell_id: str | None = ""
    """Column that is our `last_cell_id`; empty: the one of that name; null: none."""
    caller_imei: str | None = ""
    """Column that is our `caller_imei`; empty: the one of that name; null: none."""
    caller_imsi: str | None = ""
    """Column that is our `caller_imsi`; empty: the one of that name; null: none."""
    callee_imsi: str | None = ""
    """Column that is our `callee_imsi`; empty: the one of that name; null: none."""
    callee_number: str | None = ""
    """Column that is our `callee_number`; empty: the one of that name; null: none."""
    is_anomaly: str | None = ""
    """Column that is our `is_anomaly`; empty: the one of that name; null: none."""
    anomaly_type: str | None = ""
    """Column that is our `anomaly_type`; empty: the one of that name; null: none."""
    incident_id: str | None = ""
    """Column that is our `incident_id`; empty: the one of that name; null: none."""
    direction: str | None = None
    """Column with the direction of the call, made or received by `owner_id` (see `directions`), where the file has no
    caller and callee; null: none."""
    owner_id: str | None = None
    """Column with the party whose records these are; null: none (see `owner`)."""
    other_id: str | None = None
    """Column with the other party of the call; null: none."""
    call_start_time: str | None = None
    """Column with the time of day, where `call_start_ts` has the date only; null: none."""
    other_leg_id: str | None = None
    """Column with the `call_id` of another record that is a leg of the same call (see `legs`); null: none."""

    def found_in(self, header: list[str]) -> dict[str, str]:
        """Return the file's column by our name, of those that are to be read."""
        chosen = {name: name if name in header else None for name, column in asdict(self).items() if column == ""}
        named = {**asdict(self), **chosen}
        chosen = {name: first_of(column, header) for name, column in named.items() if column is not None}
        found = {name: column for name, column in chosen.items() if column is not None}
        if "direction" in found:
            for name in ("caller_id", "callee_id"):
                found.pop(name, None)
        return found


def first_of(column: str, header: list[str]) -> str | None:
    """Return the first of several names that is in the header; else None if that is allowed, or the names as given."""
    names = [column, *column.split(ELSE)]
    return next((name for name in names if name in header), None if column.endswith(ELSE) else column)


@dataclass
class Words:
    """Words of the file for each value of ours, in upper or lower case. Our own values are always understood."""

    def faults(self, key: str) -> Iterator[Fault]:
        """Yield a fault for each word with two meanings."""
        seen: dict[str, str] = {}
        for name, given in asdict(self).items():
            for word in (each.casefold() for each in given):
                if word in seen or (word != name and word in asdict(self)):
                    yield Fault(f"{key}.{name}", f"not have what means {seen.get(word, word)} already", word)
                seen[word] = name

    def meanings(self) -> dict[str, str]:
        """Return a mapping from each word of the file to our value."""
        own = {item.name: item.name for item in fields(self)}
        return {**own, **{word: name for name, given in asdict(self).items() for word in given}}


@dataclass
class Outcomes(Words):
    """Words of the file for the outcomes of calls."""

    answered: list[str] = field(default_factory=list)
    """The file's words for answered calls."""
    missed: list[str] = field(default_factory=list)
    """The file's words for missed calls."""
    busy: list[str] = field(default_factory=list)
    """The file's words for calls to a busy line."""
    failed: list[str] = field(default_factory=list)
    """The file's words for failed calls."""


@dataclass
class CalleeTypes(Words):
    """Words of the file for the types of called parties."""

    subscriber: list[str] = field(default_factory=list)
    """The file's words for subscribers."""
    unlisted: list[str] = field(default_factory=list)
    """The file's words for numbers that are in no directory."""
    foreign: list[str] = field(default_factory=list)
    """The file's words for parties abroad."""
    premium: list[str] = field(default_factory=list)
    """The file's words for premium numbers."""


@dataclass
class Prefixes(Words):
    """Beginnings of called numbers of each type; of several that fit, the longest counts."""

    subscriber: list[str] = field(default_factory=list)
    """Beginnings of numbers that are none of the others, such as `+49` beside `foreign: ["+"]`."""
    unlisted: list[str] = field(default_factory=list)
    """Beginnings of numbers that are in no directory."""
    foreign: list[str] = field(default_factory=list)
    """Beginnings of numbers abroad, such as `00` or `+`."""
    premium: list[str] = field(default_factory=list)
    """Beginnings of premium numbers, such as `0900`."""

    def types_of(self, numbers: list[str], call: Any) -> list[str]:
        """Return the type of each number; one that no beginning fits is a subscriber if it calls, else unlisted.

        Parameters
        ----------
        numbers
            The numbers.
        call
            Shape (numbers,), bool: which of them call.
        """
        fitting = {start: name for name, given in asdict(self).items() for start in given}
        lengths = sorted({len(start) for start in fitting}, reverse=True)
        return [
            next(
                (fitting[number[:length]] for length in lengths if number[:length] in fitting),
                "subscriber" if calls else "unlisted",
            )
            for number, calls in zip(numbers, call, strict=True)
        ]


@dataclass
class Directions(Words):
    """Words of the file for the two directions of a call, seen from the owner of the records."""

    outgoing: list[str] = field(default_factory=lambda: ["out", "o"])
    """The file's words for a call that the owner made."""
    incoming: list[str] = field(default_factory=lambda: ["in", "i"])
    """The file's words for a call that the owner received."""
