"""The result of one run: a flat row that MLflow, files and reports all use."""

import json
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from bench.host.aside import write_whole

Scalar = str | int | float | bool | None


UNCONFINED = "process only"
"""How `isolation` begins where the detector could have read the truth."""


class Status(StrEnum):
    """How a run ended. A failure is a missing value with a reason, never a zero."""

    OK = "OK"
    ERROR = "ERROR"
    TIMEOUT = "TIMEOUT"
    OOM = "OOM"
    DEGENERATE = "DEGENERATE"


@dataclass(frozen=True)
class Result:
    """One run: what was asked, what came, what it cost, how it ended, with what."""

    asked: dict[str, Scalar]
    """Such as detector, generator, seed, world_seed, anomaly_ratio, fingerprint, protocol, threshold_policy.

    `isolation` is what kept the detector from the truth, such as "landlock abi 7, no network"; it begins with
    `UNCONFINED` where nothing did, is empty where the harness gave the scores, and is not there in old rows. `left_out`
    says of each type of anomaly that recorded calls cannot carry why it was not injected."""
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
        """Write the row as JSON, aside and then renamed."""
        write_whole(path, json.dumps(self.row(), indent=1, allow_nan=False) + "\n")
