"""Spans of time in the unit of the tables: integer milliseconds."""

SECOND_MS = 1000
QUARTER_MS = 900 * SECOND_MS
HOUR_MS = 4 * QUARTER_MS
DAY_MS = 24 * HOUR_MS
