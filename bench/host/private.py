"""The user's private cache folder, for files that a later process trusts, such as compiled code.

Compiled kernels are kept between processes, and numba unpickles them: whoever can write to their folder can run code as
the user. So files are trusted only in a folder that, with all its parents, nobody else can write to. Use this folder
for files that outlive a process; for others, `tempfile` has names that cannot be guessed.
"""

import atexit
import grp
import os
import pwd
import stat
import sys
from functools import cache
from pathlib import Path

from bench.host.temporary import make_temporary, remove

NAME = "cdrbench"
OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


@cache
def cache_folder() -> Path:
    """Return the user's cache folder for files kept between processes; a temporary one if that is not private.

    It is `cdrbench` in `XDG_CACHE_HOME`, or in `~/.cache`. Processes started later use the same.
    """
    given = os.environ.get("XDG_CACHE_HOME", "")
    folder = Path(given if Path(given).is_absolute() else "~/.cache", NAME)
    try:
        folder = folder.expanduser()
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        wrong = why_shared(folder)
    except (OSError, RuntimeError) as error:  # RuntimeError: the user's home is unknown
        wrong = f"it cannot be made ({error})"
    if not wrong:
        return folder
    fresh = make_temporary(f"{NAME}-kernels-")
    message = f"kernels are compiled for this run only, in {fresh}: {folder} is no private folder of yours ({wrong})"
    print(f"{message}; XDG_CACHE_HOME=FOLDER names another", file=sys.stderr)
    atexit.register(_removed, fresh, os.getpid())
    os.environ["XDG_CACHE_HOME"] = str(fresh)
    (fresh / NAME).mkdir(mode=0o700)
    return fresh / NAME


def why_shared(folder: Path) -> str:
    """Return why somebody else may have written to an existing folder; "" if nobody can have.

    It must be a folder (not a link to one) that belongs to this user and that only this user can write to. Each one
    above it has to be this user's or root's, and either writable by nobody else or sticky, as `/tmp` is.
    """
    if not stat.S_ISDIR(folder.lstat().st_mode):
        return "it is a link, or no folder"
    for place in (real := folder.resolve(), *real.parents):
        facts = place.stat()
        owners = (os.geteuid(),) if place == real else (os.geteuid(), 0)
        if facts.st_uid not in owners:
            return f"{place} belongs to user {facts.st_uid}"
        sticky = place != real and facts.st_mode & stat.S_ISVTX
        if facts.st_mode & OTHERS_WRITE and not sticky and not _writable_by_user_alone(facts):
            return f"others can write to {place}"
    return "" if os.access(real, os.W_OK) else "it cannot be written"


def _writable_by_user_alone(facts: os.stat_result) -> bool:
    """Whether the group that may write has this user as its only member, as many systems set users up."""
    if facts.st_mode & stat.S_IWOTH:
        return False
    try:
        group, name = grp.getgrgid(facts.st_gid), pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return False
    return group.gr_name == name and set(group.gr_mem) <= {name}


def _removed(folder: Path, maker: int) -> None:
    """Remove a folder when the process that made it ends, but not when a process forked from it ends."""
    if os.getpid() == maker:
        remove(folder)
