"""Decide from the settings which files a detector's process must not see, and which it may read."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from glob import has_magic
from pathlib import Path

from bench.faults import Fault, SettingsError
from bench.generator import INPUT
from bench.isolation.confinement import Reach
from bench.isolation.readable import SUFFIXES, is_there, prefixes, real

OF_THE_KERNEL = ("/proc", "/sys", "/dev")
"""Of these a detector's process gets what it needs; anything else there may lead to other processes and to disks."""
HERE = Path(__file__).resolve().parent


def reach_of(detector: object, places: Mapping[str, str | None], confined: bool) -> Reach:
    """Return the reach of a detector's process.

    Parameters
    ----------
    detector
        Its resolved configuration: files and folders that absolute paths in it name may be read.
    places
        By the name of its setting, where worlds, runs or their records are; None where there are none.
    confined
        Whether it is to be kept from them.

    Raises
    ------
    SettingsError
        When a folder to be hidden holds the program, or what is to be read is hidden, holds that, or is the kernel's.
    """
    hidden = {key: real(Path(place)) for key, place in places.items() if place is not None}
    named = dict(_paths(detector, "detector"))
    files = {key: real(path) for key, path in named.items()}
    faults = [*_holding_the_program(hidden), *_holding_the_hidden(files, hidden), *_of_the_kernel(named)]
    if confined and faults:
        raise SettingsError(faults)
    return Reach(frozenset(hidden.values()), frozenset(files.values()), confined)


def inputs_of(generator: object) -> dict[str, str]:
    """Return the files that a generator's settings with the metadata `bench.generator.INPUT` name, by the setting."""
    found = {}
    for each in fields(generator) if is_dataclass(generator) else ():
        text = getattr(generator, each.name)
        if text and each.metadata.items() >= INPUT.items():
            files = list(_files_of(Path(text)))
            for path in files:
                found[f"generator.{each.name}" + (f" ({path.name})" if len(files) > 1 else "")] = str(path)
    return found


def _files_of(place: Path) -> Iterator[Path]:
    """Yield a file, there or not yet; the files of a folder that are no code; or those that a pattern stands for."""
    if place.is_dir():
        yield from (each for each in place.iterdir() if each.is_file() and not each.name.endswith(SUFFIXES))
    elif has_magic(str(place)) and not is_there(place):
        yield from Path(place.anchor).glob(str(place.relative_to(place.anchor)))
    else:
        yield place


def _holding_the_program(hidden: Mapping[str, Path]) -> Iterator[Fault]:
    for key, place in hidden.items():
        held = [each for each in (HERE, *prefixes()) if each.is_relative_to(place)]
        if held:
            rule = f"not hold {held[0]}, which a detector's process needs and what is kept from it must not hold"
            yield Fault(key, rule, str(place))


def _holding_the_hidden(files: Mapping[str, Path], hidden: Mapping[str, Path]) -> Iterator[Fault]:
    for key, path in files.items():
        for other, place in hidden.items():
            if place.is_relative_to(path) or path.is_relative_to(place):
                yield Fault(key, f"be what the detector is to read and nothing else: {other} is {place}", str(path))


def _of_the_kernel(named: Mapping[str, Path]) -> Iterator[Fault]:
    for key, path in named.items():
        for place in OF_THE_KERNEL:
            if any(each.is_relative_to(place) for each in (Path(os.path.normpath(path)), real(path))):
                yield Fault(
                    key, f"not lead into {place}, which a detector's process does not get to choose from", str(path)
                )
                break


def _paths(node: object, key: str) -> Iterator[tuple[str, Path]]:
    """Yield the files and folders that absolute paths in a configuration name, by their keys."""
    if isinstance(node, Mapping):
        for name, item in node.items():
            yield from _paths(item, f"{key}.{name}")
    elif isinstance(node, list | tuple):
        for index, item in enumerate(node):
            yield from _paths(item, f"{key}[{index}]")
    elif isinstance(node, str) and node.startswith("/") and "\0" not in node and is_there(Path(node)):
        yield key, Path(node)
