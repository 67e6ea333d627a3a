"""Read files from a folder that somebody else may have made: regular files only, of bounded size.

A link may lead to private files of the user, reading a pipe may never return, and a device has no end. JSON is read by
`bench.host.read_json`, and the tables of a run by `bench.run_tables.read`.
"""

from pathlib import Path

import yaml

from bench.host.read_json import UnreadableError

OVERRIDES = ".hydra/overrides.yaml"
"""File in a run's folder with the settings that the run was given."""
MOST_OVERRIDES = 100_000
"""Largest size of that file [bytes]."""


def is_plain(folder: Path, name: str) -> bool:
    """Whether a name is that of a regular file below a folder, reached without links."""
    path = folder / name
    try:
        return path.is_file() and path.resolve() == folder.resolve() / name
    except (OSError, RuntimeError):  # a circle of links
        return False


def require_plain(folder: Path, name: str) -> Path:
    """Return the path of a regular file; raise `UnreadableError` for anything else (`is_plain`)."""
    path = folder / name
    if is_plain(folder, name):
        return path
    there = path.exists() or path.is_symlink()
    reason = "it is a link" if path.is_file() else "it is no file" if there else "there is no such file"
    raise UnreadableError(f"{path} cannot be read ({reason})")


def text_in(folder: Path, name: str, most: int) -> str:
    """Return the text (UTF-8) of a regular file of at most so many bytes.

    Raises
    ------
    UnreadableError
        When there is no such file, or it is a link, a pipe or a device, too large, or not text.
    """
    path = require_plain(folder, name)
    try:
        with path.open("rb") as stream:
            content = stream.read(most + 1)
        if len(content) > most:
            raise ValueError(f"it is larger than {most:,} bytes")
        return content.decode()
    except (OSError, ValueError) as error:
        raise UnreadableError(f"{path} cannot be read ({error})") from error


def overrides_in(run: Path) -> list[str]:
    """Return the settings that a run was given, each as setting=value, from the notes in its folder.

    Every value of the file is read as text; none becomes a number, a date or an object.

    Raises
    ------
    UnreadableError
        When there are no notes, or they are not a list of texts.
    """
    text = text_in(run, OVERRIDES, MOST_OVERRIDES)
    try:
        found = yaml.load(text, yaml.BaseLoader)  # this loader only makes texts, lists and dictionaries
        if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
            raise TypeError("it is no list of texts")
        "".join(found).encode()  # UnicodeEncodeError is a ValueError, raised for half of a surrogate pair
    except (yaml.YAMLError, ValueError, TypeError, ArithmeticError, RecursionError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise UnreadableError(f"{run / OVERRIDES} cannot be read ({reason:.200})") from error
    return found
