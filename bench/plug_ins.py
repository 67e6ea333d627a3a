"""What others ship for this program: YAML of theirs beside ours, found by an entry point of their package.

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

from bench.faults import UserError

GROUP = "cdrbench.conf"


@cache
def plug_ins() -> tuple[EntryPoint, ...]:
    """Return the entry points of all that is installed, by name."""
    return tuple(sorted(entry_points(group=GROUP), key=lambda each: (each.name, each.value)))


def plugged_packages() -> tuple[str, ...]:
    """Return the packages that plug-ins belong to; who installs one trusts it."""
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


class PluggedPath(SearchPathPlugin):
    """Tells Hydra where the YAML of plug-ins is."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        """Look there after our own."""
        for each in plug_ins():
            search_path.append(provider=f"plug-in {each.name}", path=f"pkg://{each.value}")


def _leaves(package: str) -> list[str]:
    folders = importlib.import_module(package).__path__
    return [path.relative_to(folder).as_posix() for folder in folders for path in sorted(Path(folder).rglob("*.yaml"))]
