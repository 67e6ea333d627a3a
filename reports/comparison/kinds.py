"""Kinds of detectors and of anomaly types, by which the page groups and colours them."""

from reports.comparison.document import Choice
from reports.wording import ALL, Row, settings_of

FAMILIES = {
    "tables": "outlier models on features",
    "calls": "sequence of calls",
    "users": "habits of users",
    "graph": "graph of calls",
    "cells": "cells",
    "reference": "chance and references",
    "other": "others",
}
"""Packages of `detectors`, in the order of their colours."""
GROUPS = {
    ALL: "all",
    "call": "single calls",
    "user_day": "fraud: days of users",
    "cell_quarter": "cells: quarter hours",
}
"""Groups of types, by their home level."""


def families() -> list[Choice]:
    """Return the families of detectors, in the order of their colours."""
    return [Choice(key, label) for key, label in FAMILIES.items()]


def groups() -> list[Choice]:
    """Return the groups of types, in their order."""
    return [Choice(key, label) for key, label in GROUPS.items()]


def family_of(row: Row) -> str:
    """Return the family of the detector of a run, by the package of its class.

    >>> family_of({"settings": '{"detector": {"_target_": "detectors.users.own_past.OwnPast"}}'})
    'users'
    >>> family_of({"settings": '{"detector": {"_target_": "mine.Detector"}}'}), family_of({})
    ('other', 'other')
    """
    if (row.get("role") or "detector") != "detector":
        return "reference"
    target = str((settings_of(row).get("detector") or {}).get("_target_"))
    package, _, rest = target.partition(".")
    family = rest.partition(".")[0]
    if package in {"pyod", "sklearn"}:
        return "tables"
    return family if package == "detectors" and family in FAMILIES else "other"
