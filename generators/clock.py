"""Spans of time in the unit of the world: integer milliseconds."""

HOURS = 24
HOUR_MS = 3_600_000
DAY_MS = HOURS * HOUR_MS
MONTH_DAYS = 30
"""A month, where rates and ages are given by the month."""
PAUSE_MS = 2000
"""Least time between a call's end and the next call on the same line, where one follows the other at once."""
