"""The days of a world: weekends, holidays and events, and the volume and hourly profile of calls on each day."""

import math
from datetime import date, timedelta
from typing import Any, NamedTuple

import numpy as np

from generators.model.clock import HOURS
from generators.settings.calendar import Calendar, Event
from generators.settings.society import CallPattern

SATURDAY, WEEK, YEAR_DAYS = 5, 7, 365.25
WORKING_DAY, FREE_DAY = 0, 1


class Days(NamedTuple):
    """Properties of each day by the calendar; D days, P call patterns, K kinds of day."""

    free: Any
    """Shape (D,), bool: weekends and holidays."""
    factor: Any
    """Shape (P, D), float64: volume of calls relative to a working day."""
    kind: Any
    """Shape (D,), int8: number of the kind of day: working day, free day, and one kind for each day with an event."""
    hours: Any
    """Shape (K, P, 25), float64: share of a day's calls before each local hour."""


def make_days(calendar: Calendar, patterns: list[CallPattern], start: str, days: int) -> Days:
    """Compute the properties of every day of a world.

    Parameters
    ----------
    calendar, patterns
        Settings.
    start
        First local day, ISO 8601.
    days
        Number of days.
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
    """Return the day of the world on which an event is; empty if it is outside."""
    number = (date.fromisoformat(event.date) - first).days
    return [number] if 0 <= number < days else []


def _louder(calendar: Calendar, day: date) -> Any:
    """Return the factor on the calls of each hour of a day by its events; shape (24,)."""
    factor = np.ones(HOURS)
    for event in calendar.events.values():
        if event.date == day.isoformat():
            factor[event.from_h : event.to_h] *= event.factor
    return factor
