"""The result of one run: a flat row that MLflow, files and reports all use."""

import json
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from bench.host.aside import write_whole

Scalar = str | int | float | bool | None


UNCONFINED = "process only"
"""Prefix of `isolation` when the detector could have read the truth."""


class Status(StrEnum):
    """How a run ended. A failure is a missing value with a reason, never a zero."""

    OK = "OK"
    ERROR = "ERROR"
    TIMEOUT = "TIMEOUT"
    OOM = "OOM"
    DEGENERATE = "DEGENERATE"


@dataclass(frozen=True)
class Result:
    """One run: its task, its results, its cost, how it ended, and with which versions."""

    asked: dict[str, Scalar]
    """Such as detector, generator, seed, world_seed, anomaly_ratio, fingerprint, protocol, threshold_policy.

    `isolation` is what isolated the detector from the truth, such as "landlock abi 7, no network"; it begins with
    `UNCONFINED` if nothing did, is empty if the harness itself gave the scores, and is missing in old rows. `left_out`
    gives the reason for each type of anomaly that could not be injected into recorded calls."""
    status: Status
    reason: str = ""
    values: dict[str, float | None] = field(default_factory=dict)
    """Metrics by `name/type`, such as `recall/short_call` or `average_precision/all`."""
    cost: dict[str, float] = field(default_factory=dict)
    """Such as fit_seconds, score_seconds, peak_mib, calls_per_second."""
    versions: dict[str, str] = field(default_factory=dict)
    """Such as version/numpy."""

    def row(self) -> dict[str, Scalar]:
        """Return the flat row."""
        return {
            **self.asked,
            "status": str(self.status),
            "reason": self.reason,
            **self.values,
            **self.cost,
            **self.versions,
        }

    def write(self, path: Path) -> None:
        """Write the row as JSON: to a temporary file first, which is then renamed."""
        write_whole(path, json.dumps(self.row(), indent=1, allow_nan=False) + "\n")
