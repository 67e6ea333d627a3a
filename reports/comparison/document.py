"""The data of the interactive page as one document, filled by Python and only read by the page's JavaScript."""

import base64
import gzip
import json
from dataclasses import dataclass
from typing import Any

Interval = list[float | None]
"""A mean and its two bounds, if any: the range over repeats, or the 95 % interval of a single run."""


@dataclass(frozen=True)
class Metric:
    """A metric that the matrix can show."""

    key: str
    label: str
    meaning: str
    kind: str
    """share | times | time: format of the number."""
    higher_is_better: bool = True
    chance: str = ""
    """Name of the metric with the value of random scores; empty if there is none."""
    curve: str = ""
    """Name of the curve that gives the metric at another number of alerts a day; empty if there is none."""


@dataclass(frozen=True)
class Choice:
    """An option of a chooser, with its label."""

    key: str
    label: str


@dataclass(frozen=True)
class TypeOf:
    """One anomaly type in the worlds of a section."""

    name: str
    group: str
    home: str
    """Home level of the type."""
    prevalence: float | None
    incidents: float | None
    few: bool
    """Whether the type has too few incidents to judge in at least one world."""


@dataclass(frozen=True)
class Best:
    """The best detector of a type, by row, and those not significantly different from it."""

    row: int
    alike: list[int]
    how: str
    """How they were compared."""
    untested: list[int]
    """Rows that took no part in the tests."""


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
    """Command that repeats the run; empty if the folder does not tell."""


@dataclass(frozen=True)
class DetectorRow:
    """One configuration of one detector in one world configuration."""

    label: str
    detector: str
    family: str
    ranked: bool
    level: str
    ok: int
    failure: str
    varied: dict[str, str]
    """Settings in which configurations of this detector differ."""
    cost: dict[str, Interval | None]
    twin: list[float | None]
    """Alerts on the clean twin, and false alarms in this world, at the detector's own level."""
    values: dict[str, dict[str, list[Interval | None]]]
    """Values of each type, by metric and level."""
    chance: dict[str, dict[str, list[float | None]]]
    """The values of random scores in its place, in the same form: aggregated like its scores, with as many alerts."""
    runs: list[RunLine]


@dataclass(frozen=True)
class WorldPart:
    """Comparable runs: one world configuration, protocol and threshold."""

    title: str
    facts: list[tuple[str, str]]
    cautions: list[str]
    audits: list["Audit"]
    kind: dict[str, str]
    """What the world is, in a few words; empty for several configurations together."""
    kinds: list[int]
    """The positions of the configurations that are together here; empty for a single one."""
    settings: dict[str, float | str]
    """Differences between world configurations: ratio, users, days, difficulty of each type (`difficulty.TYPE`)."""
    budget: float | None
    """Alerts a day, for a threshold with such a budget."""
    types: list[TypeOf]
    rows: list[DetectorRow]
    best: dict[str, dict[str, list[Best | None]]]
    """The best of each type, by metric and level."""


@dataclass(frozen=True)
class Audit:
    """Verdict of the audit of one world."""

    world_seed: str
    fingerprint: str
    verdict: str
    checks: list[tuple[str, str, str]]
    """Name, result and findings of each check, if the world is on this disk."""


@dataclass(frozen=True)
class Ranking:
    """Ranking of detectors over several world configurations, for one type."""

    type: str
    names: list[str]
    values: list[float | None]
    """Mean ranks if tests were possible, else mean values."""
    notes: list[str]
    groups: list[tuple[int, int]]
    """First and last position of groups of detectors that do not differ significantly."""
    said: str


@dataclass(frozen=True)
class Contest:
    """Detectors that all ran on the same world configurations."""

    title: str
    cautions: list[str]
    tested: bool
    rankings: list[Ranking]


@dataclass(frozen=True)
class Document:
    """All data of the page."""

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


def packed(value: Any) -> str:
    """Return a value as JSON, compressed and in letters, a quarter of its size: the page unpacks it.

    >>> packed({})[:6]
    'H4sIAA'
    """
    text = json.dumps(value, default=vars, separators=(",", ":"), allow_nan=False)
    return base64.b64encode(gzip.compress(text.encode(), compresslevel=6, mtime=0)).decode()
