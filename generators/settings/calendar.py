"""Settings of the calendar: holidays, events, and how the volume of calls changes over weeks and seasons."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from bench.faults import Fault, within


@dataclass
class Event:
    """A few hours of one day in which everybody makes more calls, or fewer."""

    date: str = ""
    """Local day, such as 2024-12-31."""
    from_h: int = field(default=0, metadata=within(0, 23))
    """First local hour."""
    to_h: int = field(default=24, metadata=within(1, 24))
    """Local hour at which the event ends (exclusive)."""
    factor: float = field(default=2.0, metadata=within(0, 20))
    """Factor on the number of calls in these hours."""

    def faults(self, key: str) -> Iterator[Fault]:
        """Yield what is inconsistent."""
        if not is_date(self.date):
            yield Fault(f"{key}.date", "be a date such as 2024-12-31", self.date)
        if self.to_h <= self.from_h:
            yield Fault(f"{key}.to_h", f"be above from_h ({self.from_h})", self.to_h)


@dataclass
class Calendar:
    """Holidays, events and seasons. Dates outside the simulated days have no effect."""

    holidays: list[str] = field(default_factory=list)
    """Dates on which people behave as on a Sunday."""
    events: dict[str, Event] = field(default_factory=dict)
    """Hours in which everybody makes more or fewer calls, by name."""
    weeks: list[float] = field(default_factory=lambda: [1.0])
    """Relative volume of calls of successive weeks, repeated: four values give a monthly rhythm."""
    yearly: float = field(default=0.0, metadata=within(0, 0.9))
    """Amplitude of the seasonal variation of the volume of calls, as a share of its mean."""
    peak_day: int = field(default=350, metadata=within(1, 366))
    """Day of the year with the highest volume."""

    def faults(self, key: str) -> Iterator[Fault]:
        """Yield what is inconsistent."""
        wrong = [day for day in self.holidays if not is_date(day)]
        if wrong:
            yield Fault(f"{key}.holidays", "be dates such as 2024-12-25", wrong)
        if not self.weeks or min(self.weeks) < 0 or sum(self.weeks) <= 0:
            yield Fault(f"{key}.weeks", "be one factor a week, none negative, not all zero", self.weeks)


def is_date(text: str) -> bool:
    """Return whether a text is a date in ISO 8601 format."""
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
