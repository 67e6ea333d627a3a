"""The levels at which the audit compares rows."""

from enum import StrEnum


class RowLevel(StrEnum):
    """What one compared row is: a call, a user, a day or a quarter hour."""

    CALL = "call"
    USER = "user"
    DAY = "user-day"
    QUARTER = "cell-quarter"
    WORLD = "world"
