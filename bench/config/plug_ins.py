"""Find installed plug-ins and their YAML folders, by the entry points of their packages.

An entry point of the group `cdrbench.conf` names a package of YAML files with the same layout as `conf`: one folder per
choice. Its `SCHEMAS`, if any, are the modules that define the types of its entries. Its files can be chosen by name,
and what they name in their own package may be called.
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
    """Return the entry points of all installed plug-ins, by name."""
    return tuple(sorted(entry_points(group=GROUP), key=lambda each: (each.name, each.value)))


def plugged_packages() -> tuple[str, ...]:
    """Return the packages of installed plug-ins, which are trusted."""
    return tuple(dict.fromkeys(each.value.split(".", maxsplit=1)[0] for each in plug_ins()))


def plugged_schemas() -> Iterator[str]:
    """Yield the modules that plug-ins name in their `SCHEMAS`, after making their YAML known to Hydra.

    Raises
    ------
    UserError
        When a plug-in cannot be imported, or has a file whose name is taken.
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
    """Refuse configuration folders with a file of the same name as ours or a plug-in's: Hydra would ignore it.

    Parameters
    ----------
    sources
        Hydra's search path, in order: `pkg` and a package, or `file` and a folder.

    Raises
    ------
    UserError
        Names both files of each pair.
    """
    theirs = [Path(path) for schema, path in sources if schema == "file"]
    taken: dict[str, Path] = {}
    for package in ("conf", *(each.value for each in plug_ins())) if theirs else ():
        taken |= _leaves(package)
    hidden = [(folder / leaf, ours) for folder in theirs for leaf, ours in taken.items() if (folder / leaf).exists()]
    messages = [
        f"{own} must have another name: {ours} is read in its place" for own, ours in hidden if not own.samefile(ours)
    ]
    if messages:
        raise UserError("\n".join(messages))


class PluggedPath(SearchPathPlugin):
    """Adds the YAML of plug-ins to Hydra's search path."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        """Add it after our own."""
        for each in plug_ins():
            search_path.append(provider=f"plug-in {each.name}", path=f"pkg://{each.value}")


def _leaves(package: str) -> dict[str, Path]:
    """Return the YAML files of a package, by their paths within it."""
    folders = [Path(folder) for folder in importlib.import_module(package).__path__]
    files = {path.relative_to(folder).as_posix(): path for folder in folders for path in sorted(folder.rglob("*.yaml"))}
    # plug-ins that have no folder
    policies = [f"threshold/{name}.yaml" for name in POLICIES] if package == "conf" else []
    return files | dict.fromkeys(policies, Path(threshold_policies.__file__))
