"""Find installed plug-ins: their YAML folders, by an entry point of their packages.

An entry point of the group `cdrbench.conf` names a package of YAML that is laid out as `conf` is, with a folder for
each decision; its `SCHEMAS`, if it has any, are the modules where the types of its entries come from. What is in it can
be chosen by name, and what its leaves name in their own package may be called.
"""

import importlib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.plugins import Plugins
from hydra.plugins.search_path_plugin import SearchPathPlugin

from bench import threshold_policies
from bench.faults import UserError
from bench.threshold_policies import POLICIES

GROUP = "cdrbench.conf"


@cache
def plug_ins() -> tuple[EntryPoint, ...]:
    """Return the entry points of all that is installed, by name."""
    return tuple(sorted(entry_points(group=GROUP), key=lambda each: (each.name, each.value)))


def plugged_packages() -> tuple[str, ...]:
    """Return the packages of installed plug-ins, which are trusted."""
    return tuple(dict.fromkeys(each.value.split(".", maxsplit=1)[0] for each in plug_ins()))


def plugged_schemas() -> Iterator[str]:
    """Yield the modules that plug-ins name in their `SCHEMAS`, after making their YAML known to Hydra.

    Raises
    ------
    UserError
        When a plug-in cannot be imported, or brings a file of a name that there is already.
    """
    taken = dict.fromkeys(_leaves("conf"), "cdrbench")
    for each in plug_ins():
        try:
            schemas = getattr(importlib.import_module(each.value), "SCHEMAS", ())
        except ImportError as error:
            raise UserError(f"the plug-in {each.name} cannot be imported: {error}") from error
        for leaf in _leaves(each.value):
            if leaf in taken:
                raise UserError(f"the plug-in {each.name} brings {leaf}, which {taken[leaf]} has already")
            taken[leaf] = f"the plug-in {each.name}"
        yield from schemas
    if plug_ins():
        Plugins.instance().register(PluggedPath)


@cache
def require_all_read(sources: tuple[tuple[str, str], ...]) -> None:
    """Refuse folders of configuration with a file of a name that we or a plug-in have: Hydra would never read it.

    Parameters
    ----------
    sources
        Where Hydra looks, in order: `pkg` and a package, or `file` and a folder.

    Raises
    ------
    UserError
        Naming both files of each pair.
    """
    theirs = [Path(path) for schema, path in sources if schema == "file"]
    taken: dict[str, Path] = {}
    for package in ("conf", *(each.value for each in plug_ins())) if theirs else ():
        taken |= _leaves(package)
    hidden = [(folder / leaf, ours) for folder in theirs for leaf, ours in taken.items() if (folder / leaf).exists()]
    told = [
        f"{own} must have another name: {ours} is read in its place" for own, ours in hidden if not own.samefile(ours)
    ]
    if told:
        raise UserError("\n".join(told))


class PluggedPath(SearchPathPlugin):
    """Tells Hydra where the YAML of plug-ins is."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        """Look there after our own."""
        for each in plug_ins():
            search_path.append(provider=f"plug-in {each.name}", path=f"pkg://{each.value}")


def _leaves(package: str) -> dict[str, Path]:
    """Return the files of YAML of a package, by their paths within it."""
    folders = [Path(folder) for folder in importlib.import_module(package).__path__]
    files = {path.relative_to(folder).as_posix(): path for folder in folders for path in sorted(folder.rglob("*.yaml"))}
    policies = [f"threshold/{name}.yaml" for name in POLICIES] if package == "conf" else []  # which have no file
    return files | dict.fromkeys(policies, Path(threshold_policies.__file__))
