"""The home level: the level at which a type of anomaly is evaluated first."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from bench.detector import Level
from bench.truth import CONFIGURED_FAILURE

HOMES = {"call": Level.CALL, "user": Level.USER_DAY, "group": Level.USER_DAY, "cell": Level.CELL_QUARTER}
"""Home level by what an incident is about (`level` of its type): a single call, one user, a group of users, a cell."""


def home_of(injector: Any) -> Level:
    """Return the home level of a type: its `home` or, if it has none, the one that follows from its `level`."""
    return Level(getattr(injector, "home", HOMES[injector.level]))


def home_of_all(homes: Iterable[Level]) -> Level:
    """Return the home level of all types together: the commonest one, in a tie the first.

    >>> str(home_of_all([Level.CALL, Level.USER_DAY, Level.USER_DAY])), str(home_of_all([]))
    ('user_day', 'call')
    """
    counts = Counter(homes)
    return max(Level, key=lambda level: counts[level])


def homes_text(anomaly: Mapping[str, Any]) -> str:
    """Write the home levels of a world's types as in a result row: `ring:user_day,short_call:call`."""
    return ",".join(f"{name}:{home_of(injector)}" for name, injector in sorted(anomaly.items()))


def with_configured(text: str, types: Iterable[str]) -> str:
    """Add the home level of configured failures, which no injector makes, if they are among the types of a world.

    >>> with_configured("ring:user_day", ["configured_failure", "ring"]), with_configured("", ["long_call"])
    ('configured_failure:cell_quarter,ring:user_day', '')
    """
    own = [f"{CONFIGURED_FAILURE}:{HOMES['cell']}"] if CONFIGURED_FAILURE in types else []
    return ",".join(sorted([*filter(None, text.split(",")), *own]))


def homes_in(text: str) -> dict[str, str]:
    """Read the home level of each type from such a text.

    >>> homes_in("ring:user_day,short_call:call"), homes_in("")
    ({'ring': 'user_day', 'short_call': 'call'}, {})
    """
    return dict(each.split(":") for each in text.split(",") if each)
