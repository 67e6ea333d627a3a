"""One run as a line of the interactive page: its outcome, its folder, and the command that repeats it."""

import shlex
from os.path import lexists, relpath
from pathlib import Path
from urllib.parse import quote

from bench.host.console import report_omission
from bench.host.plain_files import OVERRIDES, overrides_in
from bench.host.read_json import UnreadableError
from bench.host.texts import printable, shortened
from reports.comparison.document import RunLine
from reports.wording import Row

LONGEST_REASON = 300
"""The most characters of a failed run's reason on a page; its `result.json` has the full text."""


def link_to(row: Row, folder: Path) -> str:
    """Return the link from the page in `folder` to a run's own folder; empty if that is unknown."""
    where = row.get("folder")
    return quote(relpath(str(where), folder)) + "/" if where else ""


def run_line(row: Row, folder: Path) -> RunLine:
    """Return the line of one run on the page in `folder`."""
    where = row.get("folder")
    return RunLine(
        name=_text(row.get("name")),
        link=link_to(row, folder),
        started_at=_text(row.get("started_at")),
        world_seed=_text(row.get("world_seed")),
        seed=_text(row.get("seed")),
        status=_text(row.get("status")),
        reason=short_reason(_text(row.get("reason"))),
        fingerprint=_text(row.get("fingerprint")),
        command=command_of(Path(str(where))) if where else "",
    )


def short_reason(text: str) -> str:
    """Return a reason, cut to the length that a page has room for."""
    return shortened(text, LONGEST_REASON)


def command_of(run: Path) -> str:
    """Return the command that repeats a run, from the notes in its folder; empty if they are missing.

    Notes that cannot be read are left out, with a message of one line.
    """
    if not lexists(run / OVERRIDES):
        return ""
    try:
        overrides = overrides_in(run)
    except UnreadableError as error:
        report_omission(str(error))
        return ""
    return printable(shlex.join(["python", "-m", "bench.run", *overrides]))


def _text(value: object) -> str:
    return "" if value is None else " ".join(str(value).split())
