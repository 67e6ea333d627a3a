"""The levels at which the audit compares rows."""

from enum import StrEnum


class Level(StrEnum):
    """Rows of what are compared."""

    CALL = "call"
    USER = "user"
    DAY = "user-day"
    QUARTER = "cell-quarter"
    WORLD = "world"
