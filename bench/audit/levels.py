"""At which level rows are compared by an audit."""

from enum import StrEnum


class Level(StrEnum):
    """Rows of what are compared."""

    CALL = "call"
    USER = "user"
    DAY = "user-day"
    QUARTER = "cell-quarter"
    WORLD = "world"
