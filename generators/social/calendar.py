"""The calendar of a world: weekends, holidays, events, and how the volume of calls rises and falls over the weeks."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, NamedTuple

import numpy as np

from bench.faults import Fault, within
from generators.clock import HOURS
from generators.social.settings import CallPattern

SATURDAY, WEEK, YEAR_DAYS = 5, 7, 365.25
WORKING_DAY, FREE_DAY = 0, 1


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


class Days(NamedTuple):
    """What the calendar makes of each day; D days, P call patterns, K kinds of day."""

    free: Any
    """Shape (D,), bool: weekends and holidays."""
    factor: Any
    """Shape (P, D), float64: volume relative to a working day's."""
    kind: Any
    """Shape (D,), int8: working day, free day, and one kind for each day with an event."""
    hours: Any
    """Shape (K, P, 25), float64: share of a day's calls before each local hour."""


def is_date(text: str) -> bool:
    """Return whether a text is a date, as ISO 8601 writes it."""
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def make_days(calendar: Calendar, patterns: list[CallPattern], start: str, days: int) -> Days:
    """Work out every day of a world.

    Parameters
    ----------
    calendar, patterns
        Settings.
    start
        First local day, ISO 8601.
    days
        How many there are.
    """
    first, shape = date.fromisoformat(start), (len(patterns), HOURS)
    dates = [first + timedelta(days=day) for day in range(days)]
    free = np.array([d.weekday() >= SATURDAY or d.isoformat() in calendar.holidays for d in dates])
    kind = np.where(free, FREE_DAY, WORKING_DAY).astype(np.int8)
    weights = [np.reshape([p.hourly for p in patterns], shape).astype(np.float64)]
    weights += [np.reshape([p.weekend_hourly or p.hourly for p in patterns], shape).astype(np.float64)]
    factor = np.array([np.where(free, p.weekend_factor, 1.0) for p in patterns]) * _seasons(calendar, dates)
    for day in sorted({d for event in calendar.events.values() for d in _numbers(event, first, days)}):
        usual = weights[kind[day]]
        special = usual * _louder(calendar, dates[day])
        factor[:, day] *= special.sum(axis=1) / usual.sum(axis=1)
        kind[day] = len(weights)
        weights.append(special if special.sum(axis=1).min() > 0 else usual)
    before = np.zeros((len(weights), len(patterns), HOURS + 1))
    before[..., 1:] = np.cumsum(weights, axis=2) / np.sum(weights, axis=2)[..., None]
    return Days(free, factor, kind, before)


def _seasons(calendar: Calendar, dates: list[date]) -> Any:
    """Return the volume of each day by its week and season; shape (D,)."""
    weeks = [calendar.weeks[day // WEEK % len(calendar.weeks)] for day in range(len(dates))]
    phase = [2 * math.pi * (d.timetuple().tm_yday - calendar.peak_day) / YEAR_DAYS for d in dates]
    return np.array(weeks) * (1 + calendar.yearly * np.cos(phase))


def _numbers(event: Event, first: date, days: int) -> list[int]:
    """Return the day of the world on which an event is; none when it is outside."""
    number = (date.fromisoformat(event.date) - first).days
    return [number] if 0 <= number < days else []


def _louder(calendar: Calendar, day: date) -> Any:
    """Return by what each hour of a day is multiplied for its events; shape (24,)."""
    factor = np.ones(HOURS)
    for event in calendar.events.values():
        if event.date == day.isoformat():
            factor[event.from_h : event.to_h] *= event.factor
    return factor
