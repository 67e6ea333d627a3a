"""Check the types of a result row read from a file, which may be untrusted."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from bench.detector import Level
from bench.host.plain_files import require_plain
from bench.host.read_json import UnreadableError, json_of, member, object_in
from bench.result import Result, Scalar, Status

NEEDED = ("name", "detector", "status", "fingerprint")
TEXTS = {
    *NEEDED, "run_id", "started_at", "generator", "anomalies", "home_levels", "protocol", "threshold_policy", "level",
    "role", "suite", "settings", "reason", "audit", "trivial_types",
    "isolation", "left_out",
}  # fmt: skip
NUMBERS = {"anomaly_ratio", "num_users", "days", "calls_per_second", "peak_mib"}
NUMERIC = (int, float, bool, type(None))
SEEDS = ("seed", "world_seed")


def row_in(path: Path, needed: Sequence[str] = NEEDED) -> dict[str, Scalar]:
    """Read a result row.

    Parameters
    ----------
    path
        A file `result.json`.
    needed
        Members that the row must have.

    Raises
    ------
    UnreadableError
        Names the file and its first fault.
    """
    row = object_in(require_plain(path.parent, path.name))
    try:
        for name in needed:
            member(row, name, str)
        for name in row:
            _require_member(row, name)
    except ValueError as error:
        raise UnreadableError(f"{path} is not a result row ({error})") from error
    return row


def read_result(path: Path) -> Result:
    """Read a row written by `Result.write`; see `row_in`."""
    row: dict[str, Any] = row_in(path)
    names = list(row)
    end = names.index("status")
    asked, rest = {name: row[name] for name in names[:end]}, names[end + 1 :]
    versions = {name: row[name] for name in rest if name.startswith("version/")}
    values = {name: row[name] for name in rest if "/" in name and name not in versions}
    cost = {name: row[name] for name in rest if row[name] is not None and "/" not in name and name != "reason"}
    return Result(
        asked=asked,
        status=Status(row["status"]),
        reason=row.get("reason") or "",
        values=values,
        cost=cost,
        versions=versions,
    )


def _require_member(row: dict[str, Any], name: str) -> None:
    """Raise ValueError if a member does not have the type that belongs to its name."""
    if name in TEXTS or name.startswith("version/"):
        text = member(row, name, str, type(None))
        if text:
            _require_meaning(name, text)
    elif "/" in name or name in NUMBERS or name.endswith("_seconds"):
        member(row, name, *NUMERIC)
    elif name in SEEDS:
        member(row, name, int, type(None))
    else:
        member(row, name, str, *NUMERIC)


def _require_meaning(name: str, text: str) -> None:
    if name == "status":
        Status(text)
    elif name == "level":
        Level(text)
    elif name == "started_at":
        datetime.fromisoformat(text)
    elif name == "home_levels":
        for each in text.split(","):
            kind, _, level = each.partition(":")
            if not kind or not level:
                raise ValueError(f"home_levels must be type:level, ..., got {text!r:.60}")
            Level(level)
    elif name == "settings":
        _require_settings(text)


def _require_settings(text: str) -> None:
    settings = json_of(text)
    if not isinstance(settings, dict):
        raise ValueError("settings must be a JSON object")
    for name in ("generator", "anomaly", "detector", "protocol", "threshold", "store"):
        part = member({name: None} | settings, name, dict, type(None)) or {}
        for figure in set(part) - {"policy"} if name == "threshold" else ():  # the reports show them
            member(part, figure, int, float)
