"""What the interactive page shows, as one document: Python fills it, the page's JavaScript only reads it."""

import json
from dataclasses import dataclass
from typing import Any

Interval = list[float | None]
"""A mean and, where there are any, its two bounds: of repeats their range, of a single run its 95 % interval."""


@dataclass(frozen=True)
class Metric:
    """One of the numbers that the matrix can show."""

    key: str
    label: str
    meaning: str
    kind: str
    """share | times | time: how it is written."""
    higher_is_better: bool = True
    chance: str = ""
    """Name of the metric that random scores get; empty where there is none."""
    curve: str = ""
    """Name of the curve that gives it at another number of alerts a day; empty where there is none."""


@dataclass(frozen=True)
class Choice:
    """A value of a chooser, and how it is called."""

    key: str
    label: str


@dataclass(frozen=True)
class TypeOf:
    """One anomaly type in the worlds of a section."""

    name: str
    group: str
    home: str
    """The level at which it is judged first."""
    prevalence: float | None
    incidents: float | None
    few: bool
    """Too few incidents to judge it, in one world at least."""
    chance: dict[str, dict[str, float | None]]
    """What random scores get, by metric and level."""


@dataclass(frozen=True)
class Best:
    """The best of a type, by row, and those that cannot be told apart from it."""

    row: int
    alike: list[int]
    how: str
    """By what they were compared."""


@dataclass(frozen=True)
class RunLine:
    """One recorded run."""

    name: str
    link: str
    started_at: str
    world_seed: str
    seed: str
    status: str
    reason: str
    fingerprint: str
    command: str
    """What to type to repeat it; empty where the folder does not say."""


@dataclass(frozen=True)
class DetectorRow:
    """One configuration of one detector in one kind of world."""

    label: str
    detector: str
    family: str
    ranked: bool
    level: str
    ok: int
    failure: str
    varied: dict[str, str]
    """The settings in which configurations of this detector differ."""
    cost: dict[str, Interval | None]
    twin: list[float | None]
    """Alerts on the clean twin, and false alarms here, at the detector's own level."""
    values: dict[str, dict[str, list[Interval | None]]]
    """By metric and level: one entry a type."""
    runs: list[RunLine]


@dataclass(frozen=True)
class WorldPart:
    """Runs that may be compared: one kind of world, protocol and threshold."""

    title: str
    facts: list[tuple[str, str]]
    cautions: list[str]
    audits: list["Audit"]
    settings: dict[str, float | str]
    """What differs between kinds of worlds: ratio, users, days, difficulty of each type (`difficulty.TYPE`)."""
    budget: float | None
    """Alerts a day of the threshold, where that is its policy."""
    types: list[TypeOf]
    rows: list[DetectorRow]
    best: dict[str, dict[str, list[Best | None]]]
    """By metric and level: one entry a type."""


@dataclass(frozen=True)
class Audit:
    """The verdict on one world."""

    world_seed: str
    fingerprint: str
    verdict: str
    checks: list[tuple[str, str, str]]
    """Name, light and what was found, where the world is on this disk."""


@dataclass(frozen=True)
class Ranking:
    """Detectors over several kinds of world, for one type."""

    type: str
    names: list[str]
    values: list[float | None]
    """Mean ranks where tests were possible, else mean values."""
    notes: list[str]
    groups: list[tuple[int, int]]
    """First and last place of the detectors that cannot be told apart."""
    said: str


@dataclass(frozen=True)
class Contest:
    """Detectors that all ran on the same kinds of world."""

    title: str
    cautions: list[str]
    tested: bool
    rankings: list[Ranking]


@dataclass(frozen=True)
class Document:
    """All of the page."""

    title: str
    tally: str
    notes: list[str]
    metrics: list[Metric]
    levels: list[Choice]
    families: list[Choice]
    groups: list[Choice]
    worlds: list[WorldPart]
    contests: list[Contest]
    version: str


def script_json(value: Any) -> str:
    r"""Return a value as JSON that is safe within a `script` element: no `<`, `>`, `&`, and no line separators.

    >>> script_json({"name": "</script>"})
    '{"name":"\\u003c/script\\u003e"}'
    """
    text = json.dumps(value, default=vars, separators=(",", ":"), allow_nan=False)
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text
