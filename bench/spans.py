"""Spans of time in the unit of the tables: integer milliseconds."""

QUARTER_MS = 900_000
HOUR_MS = 4 * QUARTER_MS
DAY_MS = 24 * HOUR_MS
