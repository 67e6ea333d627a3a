"""The list of all marks: properties of a row that must not give an anomaly away, with the columns that each is about.

Marks of the form of a value follow from the type of its column in `bench.schema`, so a new column has them at once.
Agreements between columns, order and content do not follow from types: `columns_by_mark` lists them, and a test demands
that every column is in that list. How the values of marks are computed is in `record_marks`,
`event_marks`, `user_marks`, `status_marks` and `forms`.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

import pyarrow as pa

from bench.audit.marks import columns_by_mark
from bench.audit.marks.row_levels import RowLevel
from bench.schema import DATA_TABLES, Column


class Kind(StrEnum):
    """Kind of a mark."""

    FORM = "form"
    """How a value is written: digits, rounding, shape of a text, order, empty values. No type may change this."""
    AGREEMENT = "agreement"
    """Whether two statements of the same fact agree. A type that breaks an agreement declares so in `touches`."""
    CONTENT = "content"
    """What a record says; tested for types that declare in `touches` what they change, on everything else."""
    TWIN = "twin"
    """Equality with the value in the clean twin, in every row that no incident may change."""


@dataclass(frozen=True)
class Mark:
    """A property of some columns that the audit tests, such as the last digit of a duration."""

    name: str
    level: RowLevel
    kind: Kind
    columns: tuple[str, ...]
    """Columns, as `table.column`."""

    @property
    def of_callee(self) -> bool:
        """Whether the mark is about columns of the called party alone, the same in all calls to that party."""
        return all(column.startswith("calls.callee_") for column in self.columns if column.startswith("calls."))

    def touched(self, words: Collection[str] | None) -> bool:
        """Return whether a type of anomaly is exempt from this mark, since its `touches` name what the mark is about.

        No type is exempt from a form. It is exempt from an agreement if `touches` has the name of the mark, and from a
        content if `touches` has one of the mark's columns (columns of `calls` without the name of the table).

        Parameters
        ----------
        words
            The `touches` of the type; None if it has none: then it may change all content.
        """
        if self.kind is Kind.FORM:
            return words is not None and "events.cause" in words and self.name in OF_COVERAGE
        if self.kind is not Kind.CONTENT:
            return words is not None and self.name in words
        return words is None or any(column.removeprefix("calls.") in words for column in self.columns)


OF_COVERAGE = frozenset(
    {*(f"events.{name}.empty" for name in ("tower_id", "cell_id", "power_dbm")), "tower_status.state.word",
     "tower_status.state.shape"}
)  # fmt: skip
"""Forms that depend on the network and not on how records are written: whether any cell is heard, a cell's state."""


def forms_of(type_: pa.DataType) -> tuple[str, ...]:
    """Return the forms that a column of this type has."""
    if pa.types.is_timestamp(type_):
        return ("millisecond", "zeros", "parity")
    if pa.types.is_date(type_):
        return ("weekday", "parity")
    if pa.types.is_integer(type_):
        return ("last_digit", "zeros", "parity")
    if pa.types.is_floating(type_):
        return ("fraction", "decimals", "empty")
    return ("shape", "word", "check_digit", "last_digit", "empty")


LEVEL_OF_TABLE = {
    "calls": RowLevel.CALL, "events": RowLevel.CALL, "users": RowLevel.USER, "subscriptions": RowLevel.USER,
    "user_status": RowLevel.DAY, "tower_status": RowLevel.QUARTER,
}  # fmt: skip
"""Level at which the forms of a table's columns are compared; positions are compared with the twin instead."""
COUNTS = frozenset(
    f"{table}.{name}"
    for table, names in {
        "calls": ("call_duration", "handovers"),
        "events": ("duration",),
        "user_status": ("calls", "failures"),
        "tower_status": (
            "sessions", "live_sessions", "hellos", "fails", "timeouts", "drops", "handovers_in", "handovers_out",
            "setup_attempts", "failure_share", "handover_success", "setup_success", "mean_session_s", "traffic_erlang",
        ),
    }.items()
    for name in names
)  # fmt: skip
"""Small counts and shares of them: their digits follow from the amount, so only marks of agreement are tested."""


def columns_of(text: str) -> tuple[str, ...]:
    """Return the columns, as `table.column`, that a text lists by table.

    >>> columns_of("calls: call_id; events: session_id x")
    ('calls.call_id', 'events.session_id', 'events.x')
    """
    parts = (part.split(":") for part in text.split(";"))
    return tuple(f"{table.strip()}.{name}" for table, names in parts for name in names.split())


def _listed(kind: Kind, names: Mapping[RowLevel, Mapping[str, str]]) -> tuple[Mark, ...]:
    return tuple(
        Mark(name, level, kind, columns_of(text)) for level, each in names.items() for name, text in each.items()
    )


def _all_of(*tables: str) -> tuple[str, ...]:
    return tuple(f"{table}.{column.name}" for table in tables for column in DATA_TABLES[table].columns)


ORDER = _listed(Kind.FORM, columns_by_mark.ORDER)
AGREEMENTS = _listed(Kind.AGREEMENT, columns_by_mark.AGREEMENTS)
CONTENTS = _listed(Kind.CONTENT, columns_by_mark.CONTENTS)
ALONE = frozenset(columns_of(columns_by_mark.ALONE))
TABLES = ("users", "subscriptions")
"""Tables in which a type may declare to change rows of its actors; otherwise they equal the twin's."""
TWINS = (
    *(
        Mark(f"{table}_as_in_the_twin", RowLevel.WORLD, Kind.TWIN, _all_of(table))
        for table in ("cells", "coverage", *TABLES, "user_status", "tower_status")
    ),
    Mark("calls_and_events_as_in_the_twin", RowLevel.WORLD, Kind.TWIN, _all_of("calls", "events")),
)
"""Marks that the check of identity tests: equality with the clean twin."""


def form_name(table: str, column: str, what: str) -> str:
    """Return the name of a form."""
    return f"{table}.{column}.{what}"


def forms_asked(table: str, column: Column) -> tuple[str, ...]:
    """Return the forms of one column that are tested."""
    plain = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if f"{table}.{column.name}" in COUNTS:
        return ()
    return tuple(what for what in forms_of(plain) if what != "empty" or column.nullable or pa.types.is_string(plain))


def every_mark() -> Iterator[Mark]:
    """Yield all marks: first the forms, which follow from the schema."""
    for table, level in LEVEL_OF_TABLE.items():
        for column in DATA_TABLES[table].columns:
            for what in forms_asked(table, column):
                name = f"{table}.{column.name}"
                yield Mark(form_name(table, column.name, what), level, Kind.FORM, (name,))
    yield from (*ORDER, *AGREEMENTS, *CONTENTS, *TWINS)


_ABOUT = {column.removeprefix("calls.") for mark in CONTENTS for column in mark.columns}
TOUCHABLE = frozenset({*TABLES, *_ABOUT, *(mark.name for mark in AGREEMENTS)})
"""Everything that a type of anomaly may name in `touches`."""
OF_USERS = frozenset({*TABLES, *(mark.name for mark in AGREEMENTS if mark.level is RowLevel.USER)})
"""Those of these words by which a type declares that it changes what is known about its actors."""
BY_NAME = {mark.name: mark for mark in every_mark()}
"""All marks, by name."""
