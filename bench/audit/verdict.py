"""The verdict of an audit, from its five checks."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import blake2b
from pathlib import Path
from typing import Any

from bench.host.aside import write_whole
from bench.host.read_json import UnreadableError, member, object_in

FILE = "audit.json"
"""File name of the verdict in a world's folder."""
DIGEST = "digest"
"""Key of the digest of all other members, which detects damage to the file."""


class Light(StrEnum):
    """Whether a check of the audit holds."""

    GREEN = "green"
    MARKED = "marked"
    """It holds, with a remark for the reader."""
    RED = "red"
    UNTESTED = "untested"
    """The data does not allow the check."""


@dataclass(frozen=True)
class Check:
    """Result of one check."""

    name: str
    """identity | bookkeeping | triviality | amounts | incidents."""
    light: Light
    lines: tuple[str, ...]
    """Findings as a few lines of text."""
    found: Mapping[str, Any]
    """Findings as JSON values."""


@dataclass(frozen=True)
class Verdict:
    """All checks of one world."""

    fingerprint: str
    asked: Mapping[str, Any]
    """Settings of the audit and of the protocol, as JSON values."""
    checks: tuple[Check, ...]

    @property
    def light(self) -> Light:
        """Red if any check is red; else green."""
        return Light.RED if any(check.light is Light.RED for check in self.checks) else Light.GREEN

    @property
    def summary(self) -> str:
        """The verdict in a few words.

        >>> Verdict("", {}, (Check("identity", Light.RED, (), {}), Check("triviality", Light.MARKED, (), {}))).summary
        'red: identity; marked: triviality'
        """
        named = [(light, [c.name for c in self.checks if c.light is light]) for light in (Light.RED, Light.MARKED)]
        parts = [f"{light}: {', '.join(names)}" for light, names in named if names]
        return "; ".join(parts if self.light is Light.RED else [str(Light.GREEN), *parts])

    def check(self, name: str) -> Check | None:
        """Return the result of a check by name; None if it was not made."""
        return next((check for check in self.checks if check.name == name), None)

    def write(self, folder: Path) -> None:
        """Write `audit.json`: to a temporary file first, which is then renamed."""
        checks = {c.name: {"light": c.light, "lines": list(c.lines), "found": dict(c.found)} for c in self.checks}
        row = {"fingerprint": self.fingerprint, "verdict": self.summary, "asked": dict(self.asked), "checks": checks}
        row[DIGEST] = _digest(json.loads(json.dumps(row)))
        write_whole(folder / FILE, json.dumps(row, indent=1, allow_nan=False) + "\n")


def audit_in_row(verdict: Verdict | None) -> dict[str, str]:
    """Return the members of a result row that are about the audit of its world."""
    if verdict is None:
        return {"audit": "", "trivial_types": ""}
    triviality = verdict.check("triviality")
    trivial = [] if triviality is None else triviality.found.get("trivial", [])
    return {"audit": verdict.summary, "trivial_types": ",".join(trivial)}


def read_verdict(folder: Path) -> Verdict | None:
    """Return the stored verdict of a world; None if there is no readable one."""
    try:
        row = object_in(folder / FILE)
        if row.pop(DIGEST, None) != _digest(row):
            raise ValueError("it has changed since it was written")
        checks = tuple(_check(name, check) for name, check in member(row, "checks", dict).items())
        return Verdict(member(row, "fingerprint", str), member(row, "asked", dict), checks)
    except (UnreadableError, ValueError):
        return None


def _digest(row: Mapping[str, Any]) -> str:
    return blake2b(json.dumps(row, sort_keys=True).encode(), digest_size=8).hexdigest()


def _check(name: str, row: Any) -> Check:
    if not isinstance(row, dict):
        raise ValueError(f"{name} must be an object")
    lines, found = member(row, "lines", list), member(row, "found", dict)
    if not all(isinstance(text, str) for text in [*lines, *member({"trivial": [], **found}, "trivial", list)]):
        raise ValueError(f"{name} must have lines of text")
    return Check(name, Light(member(row, "light", str)), tuple(lines), found)
