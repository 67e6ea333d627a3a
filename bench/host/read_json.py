"""Read JSON files that others may have written, within bounds: result rows, plans, manifests, saved detectors.

All JSON files are read by `json_in`, which bounds their size, depth and numbers and requires valid Unicode. Callers
only need to check the types of the values that they use (`member`).
"""

import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from bench.faults import UserError

Kind = TypeVar("Kind")
MOST_BYTES = 32 * 2**20
DEEPEST = 40
"""The most levels of nested lists and objects."""
LARGEST = 1e18
"""Largest absolute value of a number: sums and squares of a few stay finite, and times in ms are far below."""


class UnreadableError(UserError):
    """A file has unexpected content; the message names the file and the reason, in one line."""


def json_in(path: Path) -> Any:
    """Return the content of a JSON file.

    Raises
    ------
    UnreadableError
        When there is no such file, or it is too large, too deeply nested or not JSON, or has numbers beyond 1e18, NaN,
        or invalid Unicode.
    """
    try:
        if not path.is_file():
            raise ValueError("it is no file" if path.exists() else "there is no such file")
        if path.stat().st_size > MOST_BYTES:
            raise ValueError(f"it is larger than {MOST_BYTES // 2**20} MiB")
        return json_of(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UnreadableError(f"{path} cannot be read ({error})") from error


def json_of(text: str) -> Any:
    """Return the value of a JSON text; raise ValueError where `json_in` raises an error."""
    try:
        found = json.loads(text, parse_constant=_refused, parse_float=_number(float), parse_int=_number(int))
    except RecursionError as error:
        raise ValueError(f"it has more than {DEEPEST} levels") from error
    _look_through(found)
    return found


def object_in(path: Path) -> dict[str, Any]:
    """Return the content of a JSON file that must be an object; see `json_in`."""
    found = json_in(path)
    if not isinstance(found, dict):
        raise UnreadableError(f"{path} cannot be read (it is no JSON object)")
    return found


def member(of: Mapping[str, Any], name: str, *kinds: type[Kind]) -> Kind:
    """Return a member of an object; raise ValueError if it is missing or has none of these types.

    >>> member({"seed": 3}, "seed", int)
    3
    >>> member({"seed": True}, "seed", int)
    Traceback (most recent call last):
    ValueError: seed must be a whole number, got True
    """
    value = of.get(name)
    if isinstance(value, kinds) and (not isinstance(value, bool) or bool in kinds):
        return value
    expected = " or ".join(WORDS[kind] for kind in kinds)
    raise ValueError(f"{name} must be {expected}, got {value!r:.60}" if name in of else f"{name} is not there")


WORDS: dict[type, str] = {
    str: "a text", int: "a whole number", float: "a number", bool: "true or false", dict: "an object", list: "a list",
    type(None): "null",
}  # fmt: skip


def _refused(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number")


def _number(kind: Callable[[str], float]) -> Callable[[str], float]:
    def read(text: str) -> float:
        if len(text) > 400 or not math.isfinite(value := float(text)) or abs(value) > LARGEST:
            raise ValueError(f"a number is beyond {LARGEST:g}: {text:.40}")
        return kind(text)

    return read


def _look_through(found: Any) -> None:
    level, depth = [found], 0
    while level:
        depth += 1
        if depth > DEEPEST:
            raise ValueError(f"it has more than {DEEPEST} levels")
        below: list[Any] = []
        for each in level:
            if isinstance(each, str):
                each.encode()  # UnicodeEncodeError is a ValueError, raised for half of a surrogate pair
            elif isinstance(each, dict):
                below += [*each.values(), *each]
            elif isinstance(each, list):
                below += each
        level = below
