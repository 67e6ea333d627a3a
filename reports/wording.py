"""Texts of numbers and settings, the same in the terminal, in pictures and on pages."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import fields
from functools import lru_cache
from typing import Any

from bench.detector import Level
from bench.evaluation.cut import Cut
from bench.evaluation.home import home_of_all, homes_in
from bench.faults import UserError
from bench.result import Result, Scalar
from bench.threshold_policies import POLICIES

Row = Mapping[str, Scalar]
ALL = "all"
FEW_TYPES = 6
"""The most types named one by one in a heading."""
LEVELS = {"call": "calls", "user_day": "days of users", "cell_quarter": "quarter hours of cells"}
"""Names of the levels."""
SHORT = {"call": "call", "user_day": "day", "cell_quarter": "quarter"}
"""Short names of the levels."""
SPANS = ((60, 1, "s"), (3600, 60, "min"), (172_800, 3600, "h"))
"""Upper limits of spans [s], with the unit in which they are shown, and its length [s]."""
NOTHING = "-"
"""Text for a missing number."""


def number(value: Scalar, digits: int = 3) -> str:
    """Return a number with a fixed count of decimals, or `NOTHING`.

    >>> number(0.41253), number(None)
    ('0.413', '-')
    """
    return NOTHING if value is None or isinstance(value, str) else f"{value:.{digits}f}"


def count(value: Scalar) -> str:
    """Return a whole number with thousands separators.

    >>> count(94322.0)
    '94,322'
    """
    return NOTHING if value is None or isinstance(value, str) else f"{value:,.0f}"


def percent(value: Scalar) -> str:
    """Return a share as a percentage, to three significant digits.

    >>> percent(0.012345), percent(1)
    ('1.23 %', '100 %')
    """
    return NOTHING if value is None or isinstance(value, str) else f"{100 * value:.3g} %"


def lift(value: Scalar) -> str:
    """Return a factor over random scores, to about three digits.

    >>> lift(1.234), lift(123.4)
    ('1.23', '123')
    """
    if value is None or isinstance(value, str):
        return NOTHING
    return f"{value:.2f}" if value < 10 else f"{value:,.1f}" if value < 100 else f"{value:,.0f}"


def duration(value: Scalar) -> str:
    """Return a span of time in the unit that suits it, to about two digits.

    >>> duration(45.0), duration(450.0), duration(82000.0), duration(277424.0)
    ('45 s', '7.5 min', '23 h', '3.2 days')
    """
    if value is None or isinstance(value, str):
        return NOTHING
    unit_s, unit = next(((size, word) for below, size, word in SPANS if value < below), (86_400, "days"))
    return f"{value / unit_s:.2g} {unit}" if value < 100 * unit_s else f"{value / unit_s:,.0f} {unit}"


def home_level(row: Row, name: str) -> str:
    """Return the home level of a type in the world of a run; for `all`, that of most types.

    >>> row = {"home_levels": "ring:user_day,short_call:call,wangiri:user_day"}
    >>> home_level(row, "short_call"), home_level(row, "all"), home_level({}, "all")
    ('call', 'user_day', 'call')
    """
    return _homes(str(row.get("home_levels") or "")).get(name, "call")


@lru_cache
def _homes(text: str) -> dict[str, str]:
    homes = homes_in(text)
    return homes | {ALL: str(home_of_all(map(Level, homes.values())))}


def key(metric: str, level: str, name: str) -> str:
    """Return the name of a metric of a class at a level.

    >>> key("recall", "call", "all"), key("recall", "user_day", "all")
    ('recall/all', 'user_day/recall/all')
    """
    return f"{metric}/{name}" if level == "call" else f"{level}/{metric}/{name}"


def own_level(row: Mapping[str, object]) -> str:
    """Return the level of a run's scores; a run that failed before it was known counts as one of calls."""
    return str(row.get("level") or "call")


def own_values(result: Result) -> dict[str, float | None]:
    """Return the values, with those of the scores' own level under plain names."""
    level = own_level(result.asked)
    if level == "call":
        return result.values
    prefix = f"{level}/"
    return {name.removeprefix(prefix): value for name, value in result.values.items() if name.startswith(prefix)}


def plural(amount: Scalar, noun: str) -> str:
    """Return a count with its noun.

    >>> plural(1, "day"), plural(2000, "day")
    ('1 day', '2,000 days')
    """
    return f"{count(amount)} {noun}{'' if amount == 1 else 's'}"


def settings_of(row: Row) -> dict[str, Any]:
    """Return the composed configuration that a run stored as JSON; empty if it stored none.

    Raises
    ------
    UserError
        When it is not a JSON object.
    """
    try:
        settings = json.loads(str(row.get("settings") or "{}"))
        if isinstance(settings, dict):
            return settings
    except ValueError:
        pass
    raise UserError(f"run {row.get('run_id')}: settings must be a JSON object, got {row.get('settings')!r:.60}")


def policy_meaning(row: Row) -> str:
    """Describe a run's threshold policy, with its figures."""
    figures, policy = settings_of(row).get("threshold") or {}, str(row.get("threshold_policy") or "")
    kind = POLICIES.get(policy)
    names = [each.name for each in fields(kind)] if kind else []
    if kind is None or not set(names) <= set(figures):
        return policy or "not recorded"
    return f"{policy}: {kind(**{name: figures[name] for name in names}).meaning()}"


def cut_meaning(cut: Cut) -> str:
    """Describe the threshold.

    >>> cut_meaning(Cut(0.5))
    'scores of at least 0.5'
    >>> cut_meaning(Cut(1, 1400, 4293))
    '1,400 of the 4,293 scores equal to 1, chosen at random'
    """
    if cut.divides:
        return f"{count(cut.taken)} of the {count(cut.tied)} scores equal to {cut.score:.6g}, chosen at random"
    return f"scores of at least {cut.score:.6g}"


def world_meaning(row: Row) -> str:
    """Describe the world of a run in a few words, without its seed."""
    parts = [f"generator {row.get('generator')}"]
    if row.get("num_users") is not None:
        parts.append(plural(row["num_users"], "user"))
    if row.get("days") is not None:
        parts.append(plural(row["days"], "day"))
    if row.get("anomaly_ratio") is not None:
        parts.append(f"{percent(row['anomaly_ratio'])} of the calls anomalous")
    return ", ".join(parts)


def types_meaning(row: Row) -> str:
    """Describe the types of anomaly of a run's world in a few words.

    >>> types_meaning({"anomalies": "ring,tdos"}), types_meaning({"anomalies": "a,b,c,d,e,f,g"})
    ('ring, tdos', '7 types from a to g')
    """
    types = [each for each in str(row.get("anomalies") or "").split(",") if each]
    if len(types) <= FEW_TYPES:
        return ", ".join(types) or "no anomalies"
    return f"{len(types)} types from {types[0]} to {types[-1]}"


def left_out_in(row: Row) -> list[tuple[str, str]]:
    """Return what was not injected into recorded calls: the types, and why each of them was not.

    >>> left_out_in({"left_out": "irsf: it needs foreign parties; ring: no room; pbx_hack: it needs foreign parties"})
    [('irsf, pbx_hack', 'it needs foreign parties'), ('ring', 'no room')]
    """
    found: dict[str, list[str]] = {}
    for each in str(row.get("left_out") or "").split("; "):
        name, parted, why = each.partition(": ")
        if parted:
            found.setdefault(why, []).append(name)
    return [(", ".join(names), why) for why, names in found.items()]


def types_in(names: Iterable[str]) -> list[str]:
    """Return the anomaly types in metric names such as `recall/short_call`, sorted, `all` last."""
    types = {name.split("/", 1)[1] for name in names if name.startswith("prevalence/")}
    return sorted(types - {ALL}) + [ALL] * (ALL in types)
