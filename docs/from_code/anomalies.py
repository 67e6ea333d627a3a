"""Every type of anomaly: what it is in the field, its picture, its settings, and the ranges of its figures."""

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.commands.explain_settings import settings_below
from bench.evaluation.home import home_of
from from_code.markdown_tables import prose, table
from from_code.settings import configuration, rows
from generators.anomalies import schemas
from generators.truth.incident_figures import MEASURES
from reports.wording import LEVELS

PICTURES = Path(__file__).parents[1] / "images" / "types"
SHARED = ("share", "difficulty", "schedule")
"""Settings that every type has."""


def kinds(of: str = "") -> dict[str, Any]:
    """Return the class of each type, by name; those `of` calls and users, or of `cells`."""
    found: dict[str, Any] = {name.removeprefix("anomaly/"): kind for name, kind in sorted(schemas().items())}
    return {name: kind for name, kind in found.items() if not of or (kind.level == "cell") == (of == "cells")}


def markdown(of: str) -> str:
    """Return a section for each type; or the settings that all types have (`shared`)."""
    if of == "shared":
        shared = [each for each in _settings("short_call") if _is_shared(each.key)]
        return "\n".join(rows(shared, "anomaly.short_call."))
    return "\n".join(line for name, kind in kinds(of).items() for line in _section(name, kind))


def _section(name: str, kind: Any) -> Iterator[str]:
    """Yield what there is to say of a type."""
    first, *others = (inspect.getdoc(sys.modules[kind.__module__]) or "").split("\n\n")
    yield from (f"### {name}", "", _begun(first.removeprefix(f"{name}: ")), "", *_apart(others))
    if (PICTURES / f"{name}.png").exists():
        yield from (f"![An incident of {name}](/docs/images/types/{name}.png)", "")
    yield from (prose(kind), "")
    yield from (f"Evaluated first at the level of {LEVELS[str(home_of(kind))]}.", "")
    if kind.level != "cell":
        figures = ([f"`{each}`", MEASURES[each][1], _range(bounds)] for each, bounds in kind.figures.items())
        yield from table(["figure of an incident", "what it counts", "range"], figures)
    own = [each for each in _settings(name) if not _is_shared(each.key)]
    if own:
        yield from rows(own, "anomaly.")
    yield from (f"Touches: {', '.join(f'`{each}`' for each in dict.fromkeys(kind.touches))}", "")


def _apart(paragraphs: list[str]) -> Iterator[str]:
    for each in paragraphs:
        yield from (each, "")


def _settings(name: str) -> list[Any]:
    return list(settings_below(configuration("config", "anomaly=all").anomaly[name], f"anomaly.{name}"))


def _is_shared(key: str) -> bool:
    return key.split(".")[2] in SHARED


def _begun(sentence: str) -> str:
    return sentence[0].upper() + sentence[1:]


def _range(bounds: tuple[float, float] | None) -> str:
    if bounds is None:
        return ""
    low, high = (f"{each:,g}" for each in bounds)
    return low if low == high else f"{low} to {high}"
