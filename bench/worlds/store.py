"""Worlds on disk: made once, found again by their fingerprint, checked before each use.

A world lies in `<store.worlds>/<fingerprint>/` with `data/`, `truth/` and `manifest.json`. It is made under a lock in a
hidden temporary folder that is then renamed, so a folder of that name is always complete.
"""

import errno
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from itertools import chain, count
from pathlib import Path
from typing import Any

from hydra.utils import get_class

from bench.faults import UserError
from bench.generator import Progress, World
from bench.host.digests import file_digest
from bench.host.locks import held, taken_at_once
from bench.host.read_json import UnreadableError, member, object_in
from bench.host.versions import versions
from bench.schema import DATA_TABLES, TRUTH_TABLES

ELSEWHERE = "store.worlds=FOLDER keeps worlds elsewhere"
FINGERPRINT = "[0-9a-f]" * 16
FORMAT = 1
"""Version of the folder layout; part of the fingerprint."""


@dataclass(frozen=True)
class StoredWorld:
    """A complete and checked world on disk."""

    folder: Path
    fingerprint: str
    """16 hexadecimal digits."""
    manifest: dict[str, Any]


def world_of(generator: Any, anomaly: dict[str, Any]) -> World:
    """Return the world that generator and anomaly settings describe; `generator._target_` names its class."""
    world: World = get_class(generator._target_)(generator, anomaly)
    return world


def fingerprint_of(world: World) -> str:
    """Return the fingerprint of a world: BLAKE2b of everything that determines its bytes, as canonical JSON."""
    content = {"format": FORMAT, "recipe": world.recipe()}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return blake2b(text.encode(), digest_size=8).hexdigest()


def find_or_make(
    world: World, worlds: Path, workers: int, progress: Progress, before: Callable[[], None] = lambda: None
) -> StoredWorld:
    """Find a world by its fingerprint, or make it.

    Parameters
    ----------
    world, worlds
        The world, and the folder of all worlds.
    workers
        Number of processes that may make it.
    progress
        Receives the progress.
    before
        Called before the world is made; an error that it raises prevents that.

    Raises
    ------
    UserError
        When the folder cannot be written or the disk is full, or when a stored world is damaged: it is then moved
        aside, so that the next run makes it again.
    """
    fingerprint = fingerprint_of(world)
    folder = worlds / fingerprint
    with _written(worlds, make=False):
        there = folder.exists()
    if not there:
        before()
        with _written(worlds), held(worlds / f".{fingerprint}.lock", ELSEWHERE):
            if not folder.exists():
                _make(world, folder, workers, progress)
    manifest, damage = _checked_manifest(folder, progress)
    if damage:
        with _written(worlds), held(worlds / f".{fingerprint}.lock", ELSEWHERE):
            manifest, damage = _checked_manifest(folder, progress)  # another process may have made it again meanwhile
            aside = _moved_aside(folder) if damage else folder
    if damage:
        raise UserError(f"{damage}; the world was moved to {aside}, and running again will make it anew")
    return StoredWorld(folder, fingerprint, manifest)


def remove_unfinished(worlds: Path) -> None:
    """Remove the folders of unfinished worlds: those whose lock no process holds."""
    for folder in worlds.glob(f".{FINGERPRINT}.making"):
        lock = taken_at_once(folder.with_suffix(".lock"))
        if lock is not None:
            shutil.rmtree(folder, ignore_errors=True)
            lock.release()


def _make(world: World, folder: Path, workers: int, progress: Progress) -> None:
    remove_unfinished(folder.parent)
    making = folder.with_name(f".{folder.name}.making")
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir()
    try:
        counts = world.make(making, workers, progress)
        recipe = world.recipe()
        files = {str(path.relative_to(making)): file_facts(path) for path in _files(making)}
        manifest = {
            "format": FORMAT,
            "fingerprint": folder.name,
            "recipe": recipe,
            "versions": versions(),
            "counts": counts,
            "files": files,
        }
        (making / "manifest.json").write_text(json.dumps(manifest, indent=1, allow_nan=False) + "\n")
        making.rename(folder)
    finally:
        shutil.rmtree(making, ignore_errors=True)


def _checked_manifest(folder: Path, progress: Progress) -> tuple[dict[str, Any], str]:
    """Return a world's manifest, and what is wrong with the world ("" if nothing is)."""
    try:
        manifest = object_in(folder / "manifest.json")
        files = member(manifest, "files", dict)
        for name in ("recipe", "counts"):
            member(manifest, name, dict)
        for done, (name, facts) in enumerate({**files, **dict.fromkeys(_unlisted(folder, files))}.items(), 1):
            if not is_within(folder, name) or file_facts(folder / name) != facts:
                return manifest, f"{folder / name} has changed since it was written"
            progress("checking the world", done, len(files))
    except (UnreadableError, OSError, ValueError) as error:
        return {}, f"the world in {folder} cannot be read ({error})"
    return manifest, ""


def _moved_aside(folder: Path) -> Path:
    """Rename a damaged world, to a name that nothing has: there may be somebody's files in it, or in an earlier one."""
    names = (f"{folder.name}.damaged{end}" for end in chain([""], (f"-{number}" for number in count(2))))
    aside = next(each for each in map(folder.with_name, names) if not os.path.lexists(each))
    if folder.exists():
        folder.rename(aside)
    return aside


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _unlisted(folder: Path, files: Mapping[str, Any]) -> Iterator[str]:
    """Yield the tables of a world that its manifest does not list, and that were not checked."""
    tables = [f"data/{name}.parquet" for name in DATA_TABLES] + [f"truth/{name}.parquet" for name in TRUTH_TABLES]
    yield from (name for name in tables if name not in files and (folder / name).exists())


def is_within(folder: Path, name: str) -> bool:
    """Whether a name, which others may have written, is that of a file below a folder."""
    return (folder / name).resolve().is_relative_to(folder.resolve())


def file_facts(path: Path) -> dict[str, Any]:
    """Return size and digest of a file.

    Raises
    ------
    ValueError
        When it is a pipe, a device or a folder: reading it might never end.
    """
    if not path.is_file():
        raise ValueError(f"{path} is no plain file")
    return {"bytes": path.stat().st_size, "blake2b": file_digest(path)}


@contextmanager
def _written(worlds: Path, make: bool = True) -> Iterator[None]:
    """Create the folder of worlds; explain errors of writing to it or reading it within a context."""
    try:
        if make:
            worlds.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"store.worlds must be a folder that can be written, got {worlds} ({error})") from error
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise UserError(f"store.worlds={worlds}: the disk is full; nothing was left behind") from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.EEXIST, errno.ENOTDIR):
            raise UserError(f"store.worlds must be a folder that can be written, got {worlds} ({error})") from error
        raise
