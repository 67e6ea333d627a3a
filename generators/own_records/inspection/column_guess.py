"""Guesses the meaning of a file's columns from their names and values, with reasons."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from re import fullmatch, search, sub
from typing import Any

from generators.own_records.inspection.column_values import ColumnValues

OUTCOMES = {
    "answered": r"ans(wered)?|ok|success(ful)?|completed?|connected|200|(call )?answer",
    "missed": r"no.?ans(wer(ed)?)?|missed|unanswered|not.answered|cancel(led|ed)?|originator.cancel|4(08|80|87)",
    "busy": r"(user.)?busy.*|486|600",
    "failed": r"fail(ed|ure)?|error|congestion|rejected|chanunavail|unallocated.number|.*failure|5\d\d|404|403",
}
"""Patterns of usual words for outcomes."""
Test = Callable[[ColumnValues], bool]
PATTERNS: dict[str, tuple[str, Test, str]] = {
    "call_start_ts": (
        r"start|begin|timestamp|date|datum|setup|orig|time|zeit|heure|when",
        lambda column: bool(column.time_formats) or column.is_count, "moments"),
    "call_end_ts": (r"end|stop|release|disconnect|hangup|fin", lambda column: bool(column.time_formats), "moments"),
    "call_duration": (
        r"bill_?sec|talk|dur|dauer|length|sek|sec|minutes|laenge",
        lambda column: column.is_number or column.is_clock or column.is_short_clock, "lengths"),
    "caller_id": (
        r"^(src|source|from|caller|calling|a_|orig|anrufer|msisdn_a)|^a(num|part|$)|^user$|_a$|caller|calling",
        lambda column: column.is_identifier, "identifiers"),
    "callee_id": (
        r"^(dst|dest|to|callee|called|final_?called|b_|recipient|receiver|correspondent|term|appel)|^b(num|part|$)|_b$|callee|called|destin",
        lambda column: column.is_identifier, "identifiers"),
    "direction": (r"direction|richtung|sens", lambda column: column.is_words, "two words"),
    "outcome": (
        r"outcome|disposition|cause|result|status|sip_?code|answered",
        lambda column: column.is_words, "words that come again and again"),
    "first_cell_id": (r"cell|antenna|zelle|tower|site|bts|cgi|place", lambda column: bool(column.given), "texts"),
    "caller_imei": (r"imei|device|tac", lambda column: bool(column.given), "identifiers"),
    "caller_imsi": (r"imsi|sim", lambda column: bool(column.given), "identifiers"),
    "is_anomaly": (r"is_?(anomal|fraud)|^fraud$|^anomaly$", lambda column: column.is_words, "words"),
    "anomaly_type": (r"label|class|anomal|fraud|attack|target", lambda column: column.is_words, "words"),
    "call_id": (
        r"unique_?id|uuid|call_?id|record_?id|pkid|cdr_?id|^id$",
        lambda column: column.is_nearly_unique, "hardly any twice"),
    "other_leg_id": (r"(bleg|b_leg|other_leg|peer).*id", lambda column: column.is_nearly_unique, "ids of legs"),
    "callee_type": (
        r"international|(callee|called|call|dest|number)_?(type|kind|class)", lambda column: column.is_words, "words"),
}  # fmt: skip
PARTY_NOT = (
    r"name|type|imei|imsi|cell|antenna|(^|_)ip(_|$)|time|date|domain|tag|leg|uuid|login|device|unicode|uri$|call_?id$"
)
NOT = {
    "caller_id": PARTY_NOT,
    "callee_id": PARTY_NOT,
    "call_start_ts": r"end|stop|answer|connect_?time|disconnect|dur|release",
    "caller_imsi": r"callee|called|b_",
}  # fmt: skip
FIRST = {
    "call_duration": r"bill|talk",
    "callee_id": r"final|callee|^dst$|called_?party_?number$",
    "call_start_ts": r"start|begin|orig",
}
"""Patterns of preferred names, where several match."""


@dataclass
class ColumnGuess:
    """Guessed columns of the file, by ours, with reasons."""

    columns: dict[str, str] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)

    def take(self, ours: str, column: ColumnValues, reason: str) -> None:
        """Record the guess for one of our columns."""
        self.columns[ours], self.reasons[ours] = column.name, reason


def guessed_columns(columns: list[ColumnValues], headed: bool) -> ColumnGuess:
    """Guess the meaning of each column; without a header from the values alone."""
    guess = ColumnGuess()
    if headed:
        for ours, (pattern, test, what) in PATTERNS.items():
            found = [column for column in _named(columns, ours, pattern, guess) if test(column)]
            if found:
                guess.take(ours, found[0], f"its name, and {what}: {_shown(found[0])}")
    _dates(columns, guess)
    _by_values(columns, guess)
    if "direction" in guess.columns and {"caller_id", "callee_id"} <= set(guess.columns):
        del guess.columns["direction"]
    if "call_id" not in guess.columns:
        guess.columns.pop("other_leg_id", None)
    return guess


def _named(columns: list[ColumnValues], ours: str, pattern: str, guess: ColumnGuess) -> Iterator[ColumnValues]:
    """Yield the free columns whose name matches, our own name and preferred ones first."""
    free = [column for column in columns if column.name not in guess.columns.values()]
    names = {column.name: _plain(column.name) for column in free}
    hits = [
        column
        for column in free
        if names[column.name] == ours
        or (search(pattern, names[column.name]) and not search(NOT.get(ours, r"^\b$"), names[column.name]))
    ]
    preferred = FIRST.get(ours, r"^\b$")
    yield from sorted(hits, key=lambda column: (names[column.name] != ours, not search(preferred, names[column.name])))


def _by_values(columns: list[ColumnValues], guess: ColumnGuess) -> None:
    """Guess columns by their values: the first times are starts, two columns that share identifiers the parties."""
    free = [column for column in columns if column.name not in guess.columns.values()]
    if "call_start_ts" not in guess.columns:
        moments = [column for column in free if column.time_formats and not column.may_be_numbers_of_parties]
        for ours, column in zip(("call_start_ts", "call_end_ts"), moments[:1], strict=False):
            guess.take(ours, column, f"its values are moments: {_shown(column)}")
            free.remove(column)
    if not {"caller_id", "callee_id", "direction"} & set(guess.columns):
        pair = _parties(free)
        for ours, column in zip(("caller_id", "callee_id"), pair, strict=False):
            guess.take(ours, column, f"many of its values are in the other column of parties too: {_shown(column)}")
            free.remove(column)
    words = [column for column in free if column.is_words and not column.is_number]
    outcomes = [column for column in words if any(fullmatch(like, word.casefold()) for like in OUTCOMES.values()
                                                  for word in column.different)]  # fmt: skip
    if "outcome" not in guess.columns and outcomes:
        guess.take("outcome", outcomes[0], f"its values are words for outcomes: {_shown(outcomes[0])}")
    if not {"call_duration", "call_end_ts"} & set(guess.columns):
        free = [column for column in columns if column.name not in guess.columns.values()]
        lengths = sorted((column for column in free if column.is_length), key=lambda column: not column.is_unique)
        if lengths:
            guess.take("call_duration", lengths[-1], f"its values are numbers: {_shown(lengths[-1])}")


def _parties(free: list[ColumnValues]) -> tuple[ColumnValues, ...]:
    """Return the two identifier columns that share the largest part of their values."""
    able = [
        column
        for column in free
        if column.is_identifier
        and not column.is_unique
        and (column.may_be_numbers_of_parties or not column.time_formats)
    ]
    pairs = [(one, other) for at, one in enumerate(able) for other in able[at + 1 :] if not _repeats(one, other)]
    best = max(pairs, key=lambda pair: _shared(*pair), default=())
    return best if best and _shared(*best) > 0.1 else ()


def _repeats(one: ColumnValues, other: ColumnValues) -> bool:
    """Return whether one column says what the other does, as name and number of the caller: few call themselves."""
    same = sum(mine == theirs for mine, theirs in zip(one.values, other.values, strict=True))
    return same > len(one.values) / 2


def _shared(one: ColumnValues, other: ColumnValues) -> float:
    both = len(one.different.keys() & other.different.keys())
    return both / max(len(one.different.keys() | other.different.keys()), 1)


def _dates(columns: list[ColumnValues], guess: ColumnGuess) -> None:
    """Guess a start from separate columns of date and time of day, if no column has both."""
    if "call_start_ts" in guess.columns:
        return
    dates = [column for column in columns if column.is_date]
    free = [column for column in columns if column.name not in guess.columns.values()]
    clocks = [column for column in free if column.time_of_day and not search("dur|dauer|length", _plain(column.name))]
    if dates and clocks:
        guess.take("call_start_ts", dates[0], f"its values are dates: {_shown(dates[0])}")
        guess.take("call_start_time", clocks[0], f"its values are times of day: {_shown(clocks[0])}")


def _plain(name: str) -> str:
    parted = sub(r"(?<=[a-z])(?=[A-Z])", "_", name)
    return sub(r"[^a-z0-9]+", "_", parted.casefold()).strip("_")


def _shown(column: ColumnValues) -> str:
    return ", ".join(list(column.different)[:3])[:60]


def of_rows(names: list[str], rows: list[list[Any]]) -> list[ColumnValues]:
    """Return the columns of some rows."""
    return [ColumnValues(name, [_text(row[at]) for row in rows]) for at, name in enumerate(names)]


def _text(value: Any) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
