"""Outcomes of a call."""

ANSWERED, MISSED, BUSY, FAILED = 0, 1, 2, 3
OUTCOMES = ("answered", "missed", "busy", "failed")
