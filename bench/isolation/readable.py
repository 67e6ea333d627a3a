"""What a detector's process may read besides its own folder: Python, what is installed, and what that needs.

Whole folders where programs are installed. Of other folders on the path of modules, such as the working directory,
only what can be imported: they may hold anything. What is hidden, or holds something that is, is never granted whole.
"""

import os
import site
import sys
from collections.abc import Iterable, Iterator, Set
from functools import cache
from importlib.machinery import all_suffixes
from itertools import islice
from pathlib import Path

from bench.host.private import cache_folder
from bench.isolation.place import IMPORTS

SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/nix/store", "/gnu/store")
OF_ETC = (
    *("alternatives", "fonts", "group", "hosts", "host.conf", "ld.so.cache", "ld.so.conf", "ld.so.conf.d"),
    *("localtime", "mime.types", "nsswitch.conf", "os-release", "passwd", "ssl", "timezone"),
)
OF_CACHE = ("fontconfig", "matplotlib")
"""Below the user's cache: lists of fonts."""
SUFFIXES, LOOKED_AT = tuple(all_suffixes()), 1000
"""How files of code end, and how many names of a folder are looked at to find one."""
RECORDS = {
    *("truth.parquet", "incidents.parquet", "origins.parquet", "manifest.json", "pseudonyms.key"),
    *("result.json", "scores.parquet", "alerts.parquet", "alerts.csv", "curves.parquet", "mlflow.db"),
}
"""Files of worlds and runs. Of a folder that has one at any depth only the code is granted, wherever it lies."""
LOOKED_THROUGH = 20_000
"""How many names below a folder are looked at to find one; where there are more, only the code is granted."""
PACKAGES = ("site-packages", "dist-packages")


def ordinary(hidden: Set[Path]) -> Iterator[str]:
    """Yield what every detector's process may read."""
    home = os.environ.get("HOME", "/nonexistent")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or f"{home}/.cache")
    config = Path(os.environ.get("XDG_CONFIG_HOME") or f"{home}/.config")
    shared: list[str | Path] = [*SYSTEM, *(f"/etc/{name}" for name in OF_ETC), *prefixes(), *_linked()]
    own = [cache_folder(), *(cache / name for name in OF_CACHE), config / "matplotlib"]
    for path in (*(Path(each) for each in shared), *own):
        if is_there(path):
            yield from (str(part) for part in parts(real(path), hidden))


def installed(folders: Iterable[str]) -> list[str]:
    """Return those folders on the path of modules that packages are installed in."""
    return [name for name in folders if real(Path(name)).name in PACKAGES]


def importable(folders: Iterable[str], links: Path, hidden: Set[Path]) -> Iterator[tuple[str, list[str]]]:
    """Yield for each folder on the path of modules what to put in its place, and what has to be readable for that.

    Parameters
    ----------
    folders
        Absolute paths.
    links
        A folder where links to what can be imported are laid out; a right to list a folder would hold for all below.
    hidden
        What must not be readable.
    """
    for number, name in enumerate(folders):
        folder = real(Path(name))
        if any(folder.is_relative_to(prefix) for prefix in prefixes()):
            yield name, []  # is readable anyway
        elif folder.name in PACKAGES:
            yield name, [str(part) for part in parts(folder, hidden)]
        elif os.access(folder, os.R_OK | os.X_OK) and folder.is_dir():
            own = links / str(number)
            own.mkdir()
            yield str(own), list(_linked_from(own, folder, hidden))
        else:  # an archive
            yield name, [name] if is_there(folder) and folder not in hidden else []


def children_folder(place: Path) -> Path:
    """Return the folder of modules that processes of a detector's process find before all others.

    psutil is one that says that it is not there: libraries do without it (joblib), while the true one fails where a
    process may not read of itself in `/proc`.
    """
    return place / IMPORTS / "children"


def lay_out_for_children(place: Path) -> None:
    """Make that folder."""
    children_folder(place).mkdir()
    (children_folder(place) / "psutil.py").write_text('raise ImportError("a confined process has no use of psutil")\n')


def parts(path: Path, hidden: Set[Path]) -> Iterator[Path]:
    """Yield a resolved path, or where something hidden is below it the parts of it that hold nothing hidden."""
    if any(path.is_relative_to(each) for each in hidden):
        return
    if not any(each.is_relative_to(path) for each in hidden):
        yield path
        return
    for child in path.iterdir():
        if not child.is_symlink():  # it may lead back, or anywhere
            yield from parts(child, hidden)


def _linked_from(links: Path, folder: Path, hidden: Set[Path], every: bool = False) -> Iterator[str]:
    """Link the modules and packages in a folder, or everything; yield what they are."""
    for child in folder.iterdir():
        target = real(child)
        holds = any(each.is_relative_to(target) for each in hidden)
        if any(target.is_relative_to(each) for each in hidden) or not (every or _is_module(child)):
            continue
        if child.is_symlink() and (every or holds):  # it may lead anywhere
            continue
        if holds:  # a package that worlds lie in, say
            (links / child.name).mkdir()
            yield from _linked_from(links / child.name, target, hidden, every=True)
        elif target.is_dir() and _may_hold_records(target):
            yield from _code_linked(links / child.name, target)
        else:
            (links / child.name).symlink_to(target)
            yield str(target)


def _may_hold_records(folder: Path) -> bool:
    left = LOOKED_THROUGH
    for _, folders, files in os.walk(folder):
        left -= len(folders) + len(files)
        if left < 0 or not RECORDS.isdisjoint(files):
            return True
    return False


def _code_linked(links: Path, folder: Path) -> Iterator[str]:
    """Link the files of code at any depth, and yield them."""
    left = LOOKED_THROUGH
    for place, folders, files in os.walk(folder):
        own = links / Path(place).relative_to(folder)
        for name in files:
            target = Path(place, name)
            if name.endswith(SUFFIXES) and not target.is_symlink():
                own.mkdir(parents=True, exist_ok=True)
                (own / name).symlink_to(target)
                yield str(target)
        left -= len(folders) + len(files)
        if left < 0:
            return


def is_there(path: Path) -> bool:
    """Whether there is something by a path, as far as this user may know."""
    try:
        return path.exists()
    except OSError:  # in a folder that may not be entered, or too long
        return False


def real(path: Path) -> Path:
    """Return a path without links, also where they lead in circles."""
    return Path(os.path.realpath(path))


def _is_module(path: Path) -> bool:
    """Whether something can be imported: a file of code, or a folder with one directly in it."""
    try:
        with os.scandir(path) as entries:
            return any(each.name.endswith(SUFFIXES) for each in islice(entries, LOOKED_AT))
    except NotADirectoryError:
        return path.name.endswith(SUFFIXES)
    except OSError:
        return False


@cache
def prefixes() -> frozenset[Path]:
    """Return the folders that Python and what is installed lie in."""
    names = {sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix}
    users = [site.getusersitepackages()] if site.ENABLE_USER_SITE else []
    return frozenset(Path(name).resolve() for name in (*names, *users))


def _linked() -> Iterator[str | Path]:
    """Yield the packages of projects that are installed to be edited (`pip install -e`), wherever they are."""
    for name, module in sys.modules.items():
        if name.startswith("__editable__"):
            yield from getattr(module, "MAPPING", {}).values()
