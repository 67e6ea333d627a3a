"""Settings of the calendar: holidays, events, and how the volume of calls changes over weeks and seasons."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from bench.faults import Fault, within


@dataclass
class Event:
    """A few hours on one day in which everybody calls more, or less."""

    date: str = ""
    """Local day, such as 2024-12-31."""
    from_h: int = field(default=0, metadata=within(0, 23))
    """First local hour."""
    to_h: int = field(default=24, metadata=within(1, 24))
    """End (exclusive)."""
    factor: float = field(default=2.0, metadata=within(0, 20))
    """Calls in these hours, relative to what they would have been."""

    def faults(self, key: str) -> Iterator[Fault]:
        """Yield what is inconsistent."""
        if not is_date(self.date):
            yield Fault(f"{key}.date", "be a date such as 2024-12-31", self.date)
        if self.to_h <= self.from_h:
            yield Fault(f"{key}.to_h", f"be above from_h ({self.from_h})", self.to_h)


@dataclass
class Calendar:
    """What is special about days. Dates outside the world are of no effect."""

    holidays: list[str] = field(default_factory=list)
    """Days that are lived like a Sunday."""
    events: dict[str, Event] = field(default_factory=dict)
    """Hours in which everybody calls more, or less, by name."""
    weeks: list[float] = field(default_factory=lambda: [1.0])
    """Volume of successive weeks, over and over: with four, a rhythm of months."""
    yearly: float = field(default=0.0, metadata=within(0, 0.9))
    """How far the volume rises and falls with the seasons: a share of its mean."""
    peak_day: int = field(default=350, metadata=within(1, 366))
    """Day of the year on which it is highest."""

    def faults(self, key: str) -> Iterator[Fault]:
        """Yield what is inconsistent."""
        wrong = [day for day in self.holidays if not is_date(day)]
        if wrong:
            yield Fault(f"{key}.holidays", "be dates such as 2024-12-25", wrong)
        if not self.weeks or min(self.weeks) < 0 or sum(self.weeks) <= 0:
            yield Fault(f"{key}.weeks", "be one factor a week, none negative, not all zero", self.weeks)


def is_date(text: str) -> bool:
    """Return whether a text is a date, as ISO 8601 writes it."""
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
