"""One run as a line of the interactive page: how it ended, where it lies, and the command that repeats it."""

import shlex
from os.path import relpath
from pathlib import Path
from textwrap import shorten
from urllib.parse import quote

import yaml

from bench.host.texts import printable
from reports.comparison.document import RunLine
from reports.wording import Row

LONGEST_REASON = 300
LONGEST_OVERRIDES = 100_000
"""Bytes of a file of overrides that is read."""


def run_line(row: Row, folder: Path) -> RunLine:
    """Return what the page in `folder` says of one run."""
    where = row.get("folder")
    return RunLine(
        name=_text(row.get("name")),
        link=quote(relpath(str(where), folder)) + "/" if where else "",
        started_at=_text(row.get("started_at")),
        world_seed=_text(row.get("world_seed")),
        seed=_text(row.get("seed")),
        status=_text(row.get("status")),
        reason=shorten(_text(row.get("reason")), LONGEST_REASON, placeholder=" ..."),
        fingerprint=_text(row.get("fingerprint")),
        command=command_of(Path(str(where))) if where else "",
    )


def command_of(run: Path) -> str:
    """Return the command that repeats a run, from its folder; empty where the folder does not say."""
    path = run / ".hydra" / "overrides.yaml"
    try:
        if path.stat().st_size > LONGEST_OVERRIDES:
            return ""
        overrides = yaml.safe_load(path.read_text(errors="replace"))
    except (OSError, yaml.YAMLError):
        return ""
    if not isinstance(overrides, list) or not all(isinstance(each, str) for each in overrides):
        return ""
    return printable(shlex.join(["python", "-m", "bench.run", *overrides]))


def _text(value: object) -> str:
    return "" if value is None else " ".join(str(value).split())
