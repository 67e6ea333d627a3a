"""Temporary folders named after their process, so that folders of killed processes can be removed.

Before a new one is made, those of the same kind and user whose process has ended are removed.
"""

import os
import re
import shutil
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import gettempdir, mkdtemp

from bench.host.identity import has_ended_by_tag, own_tag

TAG = r"[0-9a-f]{8}-\d+-\d+"


def make_temporary(kind: str, beside: Path | None = None) -> Path:
    """Create a temporary folder, private to the user and named after this process; return it.

    Parameters
    ----------
    kind
        Prefix of its name.
    beside
        Parent folder; None: the system's folder for temporary files (`TMPDIR`).
    """
    beside = beside or Path(gettempdir())
    for old in abandoned(kind, beside):
        remove(old)
    return Path(mkdtemp(prefix=f"{kind}{own_tag()}-", dir=beside))


@contextmanager
def temporary(kind: str, beside: Path | None = None) -> Iterator[Path]:
    """Give a folder of `make_temporary` within a context."""
    place = make_temporary(kind, beside)
    try:
        yield place
    finally:
        remove(place)


def abandoned(kind: str, beside: Path) -> list[Path]:
    """Return the folders of a kind whose processes have ended, of this user."""
    ours = re.compile(f"{re.escape(kind)}({TAG})-[^-]+")
    found = []
    with suppress(OSError), os.scandir(beside) as entries:
        for entry in entries:
            match = ours.fullmatch(entry.name)
            if match and has_ended_by_tag(match[1]) and _own_folder(entry):
                found.append(Path(entry.path))
    return sorted(found)


def remove(folder: Path) -> None:
    """Remove a folder with all its contents, however deep, whatever their permissions."""
    with suppress(RecursionError):
        shutil.rmtree(folder, ignore_errors=True)
    if folder.exists():  # these follow no links either
        for command in (["chmod", "-R", "u+rwx"], ["rm", "-rf"]):
            with suppress(OSError):
                subprocess.run([*command, "--", folder], stderr=subprocess.DEVNULL, check=False)


def _own_folder(entry: "os.DirEntry[str]") -> bool:
    facts = entry.stat(follow_symlinks=False)
    return stat.S_ISDIR(facts.st_mode) and facts.st_uid == os.geteuid()
