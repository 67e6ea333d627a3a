"""Errors in settings: all are found at once and reported in one form.

The range of a setting is declared with the setting, as metadata of a dataclass field:

>>> from dataclasses import dataclass, field
>>> @dataclass
... class Settings:
...     ratio: float = field(default=0.05, metadata=within(0, 0.5))
>>> [str(fault) for fault in faults_of(Settings(ratio=1.5), "generator")]
['generator.ratio must be in [0, 0.5], got 1.5']
"""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any

Rule = tuple[str, Callable[[Any], bool]]


@dataclass(frozen=True)
class Fault:
    """One fault of one setting: its full key, the rule it breaks and its value."""

    key: str
    rule: str
    value: object
    nearest: str = ""
    """The value that was probably meant."""

    def __str__(self) -> str:
        hint = f"; did you mean {self.nearest}?" if self.nearest else ""
        rule = "\\n".join(self.rule.splitlines())  # the value may quote a file name; the message is one line
        return f"{self.key} must {rule}, got {self.value!r}{hint}"


class UserError(Exception):
    """An error that the user can correct; shown without a traceback, and the program ends with code 2."""


class SettingsError(UserError):
    """Every fault of a configuration at once."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = faults


def within(low: float, high: float) -> dict[str, Rule]:
    """Metadata for a number in the closed range [low, high]."""
    return {"rule": (f"be in [{low}, {high}]", lambda value: low <= value <= high)}


def at_least(low: float) -> dict[str, Rule]:
    """Metadata for a number not below `low`."""
    return {"rule": (f"be at least {low}", lambda value: value >= low)}


def above(low: float) -> dict[str, Rule]:
    """Metadata for a number above `low`."""
    return {"rule": (f"be above {low}", lambda value: value > low)}


def inside(low: float, high: float) -> dict[str, Rule]:
    """Metadata for a number in the open range (low, high)."""
    return {"rule": (f"be in ({low}, {high})", lambda value: low < value < high)}


def up_to(low: float, high: float) -> dict[str, Rule]:
    """Metadata for a number in the range (low, high], its lower end left out."""
    return {"rule": (f"be in ({low}, {high}]", lambda value: low < value <= high)}


def one_of(*choices: str) -> dict[str, Rule]:
    """Metadata for a word from a closed list."""
    return {"rule": (f"be one of {', '.join(choices)}", lambda value: value in choices)}


def writable_folder() -> dict[str, Rule]:
    """Metadata for a folder that can be written to or created, checked before any work starts."""
    return {"rule": ("be a folder that can be written", _can_be_written)}


def named() -> dict[str, Rule]:
    """Metadata for the name of a folder or a file."""
    return {"rule": ("not be empty", bool)}


def _can_be_written(folder: str) -> bool:
    """Whether this user can create files in the folder, or in its nearest existing parent."""
    if not folder:
        return False
    place = Path(folder).absolute()
    there = next((each for each in (place, *place.parents) if os.path.lexists(each)), place)
    return there.is_dir() and os.access(there, os.W_OK | os.X_OK)


def require(key: str, **settings: tuple[object, dict[str, Rule]]) -> None:
    """Check constructor arguments that are settings, each with its rule, as is done for the fields of a dataclass.

    >>> require("detector", quarters=(0, at_least(1)), share=(2.0, inside(0, 1)))
    Traceback (most recent call last):
    bench.faults.SettingsError: detector.quarters must be at least 1, got 0
    detector.share must be in (0, 1), got 2.0

    Raises
    ------
    SettingsError
        Names every setting that breaks its rule.
    """
    rules = [(name, value, metadata["rule"]) for name, (value, metadata) in settings.items()]
    faults = [Fault(f"{key}.{name}", rule, value) for name, value, (rule, holds) in rules if not holds(value)]
    if faults:
        raise SettingsError(faults)


def faults_of(settings: object, key: str) -> Iterator[Fault]:
    """Walk a tree of dataclasses, mappings and lists and yield each broken rule.

    Parameters
    ----------
    settings
        A dataclass instance, or a mapping or list of them. A dataclass may also have a method
        `faults(key) -> Iterable[Fault]` for rules that concern several of its fields.
    key
        The dotted key of `settings`; "" at the root.
    """
    if isinstance(settings, Mapping):
        for name, value in settings.items():
            yield from faults_of(value, f"{key}.{name}" if key else str(name))
        return
    if isinstance(settings, list):
        for index, value in enumerate(settings):
            yield from faults_of(value, f"{key}[{index}]")
        return
    if not is_dataclass(settings):
        return
    broken = False
    for item in fields(settings):
        name = f"{key}.{item.name}" if key else item.name
        value = getattr(settings, item.name)
        rule: Rule | None = item.metadata.get("rule")
        if rule is not None and value is not None and not rule[1](value):
            broken = True
            yield Fault(name, rule[0], value)
        yield from faults_of(value, name)
    more = getattr(settings, "faults", None)
    if more is not None and not broken:
        yield from more(key)
