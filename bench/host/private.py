"""The user's private cache folder, for files that a later process trusts, such as compiled code.

Compiled kernels are kept between processes, and numba unpickles what it finds of them: whoever can write there can run
code as the user. So what is found on disk is trusted only in a folder that is the user's own all the way up. A place
for what outlives a process is got from here; what one process needs comes from `tempfile`, whose names nobody guesses.
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
    """Return the user's folder for what is kept between processes; one for this run alone where that is not private.

    It is `cdrbench` in `XDG_CACHE_HOME`, or in `~/.cache`. Processes that are started from now on use the same.
    """
    given = os.environ.get("XDG_CACHE_HOME", "")
    folder = Path(given if Path(given).is_absolute() else "~/.cache", NAME)
    try:
        folder = folder.expanduser()
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        wrong = why_shared(folder)
    except (OSError, RuntimeError) as error:  # the latter: nobody knows where the user's home is
        wrong = f"it cannot be made ({error})"
    if not wrong:
        return folder
    fresh = make_temporary(f"{NAME}-kernels-")
    told = f"kernels are compiled for this run only, in {fresh}: {folder} is no private folder of yours ({wrong})"
    print(f"{told}; XDG_CACHE_HOME=FOLDER names another", file=sys.stderr)
    atexit.register(_removed, fresh, os.getpid())
    os.environ["XDG_CACHE_HOME"] = str(fresh)
    (fresh / NAME).mkdir(mode=0o700)
    return fresh / NAME


def why_shared(folder: Path) -> str:
    """Return why somebody else may have put things into a folder that is there; "" where nobody can have.

    It has to be a folder, no link to one, of this user, that this user can write to and nobody else. Each one above
    it has to be this user's or root's, and either writable by nobody else or sticky, as `/tmp` is.
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
    """Whether who may write is the user's own group, in which there is nobody else: so many systems set users up."""
    if facts.st_mode & stat.S_IWOTH:
        return False
    try:
        group, name = grp.getgrgid(facts.st_gid), pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return False
    return group.gr_name == name and set(group.gr_mem) <= {name}


def _removed(folder: Path, maker: int) -> None:
    """Remove a folder at the end of the process that made it, not of those that were forked from it."""
    if os.getpid() == maker:
        remove(folder)
