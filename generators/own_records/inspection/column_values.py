"""Properties of a column's values: times, lengths, numbers, identifiers or words."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from re import fullmatch, search

import polars as pl

from generators.own_records.file_settings import MISSING_WORDS
from generators.own_records.inspection.number_notation import Notation, notation_of
from generators.own_records.times import BLANK_BEFORE_ZONE, ISO, WORDS_FOR_UTC

DATES = ("%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d", "%Y-%m-%d", "%d-%b-%Y", "%d-%b-%y",
         "%b %d %Y", "%d %b %Y", "%d.%m.%y", "%d/%m/%y", "%m/%d/%y")  # fmt: skip
TIMES = ("%H:%M:%S", "%H:%M:%S.%f", "%H:%M", "%I:%M:%S %p", "%I:%M %p", "%H.%M.%S", "%I.%M.%S.%f %p", "%I.%M.%S %p")
JOINTS, ZONES = (" ", "T", ", "), ("", "%z", " %z")
COMPACT = ("%Y%m%d%H%M%S", "%Y%m%d%H%M%S%z", "%y%m%d%H%M%S")
EPOCHS = {"epoch_s": (31_536_000, 7_258_118_400), "epoch_ms": (31_536_000_000, 7_258_118_400_000)}
LONGEST, MOST_DIFFERENT = 2_678_400, 3
FEW = 40
"""Number of values that are tested before all are."""


@dataclass(frozen=True)
class ColumnValues:
    """Some values of a column; `given` excludes words for missing values."""

    name: str
    values: list[str]

    @cached_property
    def given(self) -> list[str]:
        """The values that are not missing."""
        return [value for value in self.values if value and value.casefold() not in MISSING]

    @cached_property
    def different(self) -> Counter[str]:
        """Frequency of each value."""
        return Counter(self.given)

    @cached_property
    def time_formats(self) -> list[str]:
        """Time formats that all values follow, the likeliest first."""
        return [] if not self.given else list(self._formats())

    def span_of(self, form: str) -> int:
        """Return the number of days that the values span, read with a time format."""
        kind = pl.Datetime("ms", "UTC") if "%z" in form else pl.Datetime("ms")
        days = pl.Series(self.given).str.strptime(kind, form.replace(".%f", "%.f"), strict=False).dt.epoch("d")
        return int(days.to_numpy().max() - days.to_numpy().min())

    @cached_property
    def is_date(self) -> str:
        """Format of dates without a time that all values follow, if any."""
        return next((form for form in DATES if self._follows(form, whole=False)), "")

    @property
    def is_clock(self) -> bool:
        """Whether all are times of day or lengths as h:mm:ss."""
        return self.all_match(r"\d{1,4}:[0-5]?\d:[0-5]?\d(\.\d+)?")

    @property
    def time_of_day(self) -> str:
        """Format of times of day that all values follow, if any."""
        hours = r"([01]?\d|2[0-3])"
        forms = {"%H:%M:%S": rf"{hours}:[0-5]\d:[0-5]\d", "%H:%M": rf"{hours}:[0-5]\d"}
        return next((form for form, pattern in forms.items() if self.all_match(pattern)), "")

    @property
    def may_be_numbers_of_parties(self) -> bool:
        """Whether all are digits in no order of time: telephone numbers have as many as seconds since 1970."""
        return self.all_match(r"\d+") and self.numbers != sorted(self.numbers)

    @property
    def has_fractions(self) -> bool:
        """Whether most numbers other than 0 have one or two decimals that are not 0."""
        given = [value for value in self.given if value.strip("0.,-")]
        return (
            len(given) > 0 and sum(bool(search(r"[.,](\d?[1-9]|[1-9]0)$", value)) for value in given) > len(given) / 2
        )

    @property
    def is_short_clock(self) -> bool:
        """Whether all are lengths as m:ss."""
        return self.all_match(r"\d{1,4}:[0-5]\d")

    @cached_property
    def notation(self) -> Notation | None:
        """How the values are written, if all are numbers."""
        return notation_of(self.different)

    @cached_property
    def numbers(self) -> list[float]:
        """The values as numbers; empty if one is none."""
        return [] if self.notation is None else [self.notation.value(value) for value in self.given]

    @property
    def is_number(self) -> bool:
        """Whether all are numbers, in whatever way they are written."""
        return self.notation is not None

    @property
    def is_identifier(self) -> bool:
        """Whether most values look like telephone numbers or coded ones, and there are several."""
        like = sum(fullmatch(r"[+\w][\w.:@+-]{0,79}", value) is not None for value in self.different)
        return len(self.different) > 1 and like > 0.8 * len(self.different)

    @property
    def is_unique(self) -> bool:
        """Whether no value occurs twice."""
        return len(self.different) == len(self.given) > 1

    @property
    def is_nearly_unique(self) -> bool:
        """Whether almost every value occurs once, as call ids do if legs are separate records."""
        return len(self.different) > max(0.45 * len(self.given), 1)

    @property
    def is_count(self) -> bool:
        """Whether all are whole numbers that never decrease, as times counted from an origin."""
        if not self.all_match(r"\d{1,9}(\.0+)?") or len(self.given) < MOST_DIFFERENT:
            return False
        return self.numbers == sorted(self.numbers) and self.numbers[-1] > self.numbers[0]

    @property
    def is_length(self) -> bool:
        """Whether all are numbers, of different values, in the range of call lengths in seconds."""
        return len(self.different) > 1 and self.is_number and all(abs(number) < LONGEST for number in self.numbers)

    @property
    def is_words(self) -> bool:
        """Whether a few different values occur repeatedly."""
        return 1 <= len(self.different) <= 40 and len(self.given) >= 2 * len(self.different)

    def all_match(self, pattern: str) -> bool:
        """Return whether there are values and all match."""
        return bool(self.given) and all(fullmatch(pattern, value) for value in self.different)

    def _formats(self) -> Iterator[str]:
        plain = pl.Series(self.given[:FEW]).str.replace(WORDS_FOR_UTC, "Z").str.replace(BLANK_BEFORE_ZONE, "$1")
        if plain.str.contains(ISO).all():
            yield "iso"
            return
        digits = self.all_match(r"\d+(\.\d+)?")
        yield from (form for form in COMPACT if self._follows(form, whole=True))
        if digits:
            low, high = min(self.numbers), max(self.numbers)
            yield from (word for word, (first, end) in EPOCHS.items() if first <= low and high < end)
            return
        forms = (f"{day}{joint}{time}{zone}" for day, joint, time, zone in product(DATES, JOINTS, TIMES, ZONES))
        yield from (form for form in forms if self._follows(form, whole=True))

    def _follows(self, form: str, whole: bool) -> bool:
        """Return whether all values have a format: a time, or (not `whole`) a date."""
        pattern, kind = form.replace(".%f", "%.f"), pl.Datetime("ms") if whole else pl.Date
        if "%z" in form:
            kind = pl.Datetime("ms", "UTC")
        for values in (self.given[:FEW], self.given):
            if not values:
                return False
            moments = pl.Series(values).str.strptime(kind, pattern, strict=False)
            if moments.is_null().any() or not moments.dt.year().is_between(1971, 2199).all():
                return False
        return True


MISSING = {*MISSING_WORDS}
