"""What settings say of the reach of a detector's process: where worlds and runs are, and what it may read besides."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from bench.faults import Fault, SettingsError
from bench.isolation.confinement import Reach
from bench.isolation.readable import is_there, prefixes, real

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
        When a folder to be hidden holds the program, or one to be read holds what is to be hidden.
    """
    hidden = {key: real(Path(place)) for key, place in places.items() if place is not None}
    files = {key: real(path) for key, path in _paths(detector, "detector")}
    if confined and (faults := [*_holding_the_program(hidden), *_holding_the_hidden(files, hidden)]):
        raise SettingsError(faults)
    return Reach(frozenset(hidden.values()), frozenset(files.values()), confined)


def _holding_the_program(hidden: Mapping[str, Path]) -> Iterator[Fault]:
    for key, place in hidden.items():
        held = [each for each in (HERE, *prefixes()) if each.is_relative_to(place)]
        if held:
            rule = f"not hold {held[0]}, which a detector's process needs and what is kept from it must not hold"
            yield Fault(key, rule, str(place))


def _holding_the_hidden(files: Mapping[str, Path], hidden: Mapping[str, Path]) -> Iterator[Fault]:
    for key, path in files.items():
        for other, place in hidden.items():
            if place.is_relative_to(path) or (path.is_dir() and path.is_relative_to(place)):
                yield Fault(key, f"be what the detector is to read and nothing else: {other} is {place}", str(path))


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
