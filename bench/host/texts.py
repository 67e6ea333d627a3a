"""Make foreign texts, such as identifiers in a user's file, harmless where people read them.

A terminal obeys control characters, so whatever writes texts of a user's file, of a row of results or of a detector to
a terminal or to a page writes them through here; to a CSV file, through `bench.host.sheets`. Parquet and JSON hold
texts as they are.
"""

import re
from collections.abc import Mapping
from textwrap import shorten
from typing import Any

HIDDEN = "\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff"
"""What a terminal obeys or hides, but for tabs and ends of lines: controls, directions, halves of characters."""
CONTROLS = re.compile(f"[{HIDDEN}]")


def printable(text: str) -> str:
    r"""Return a text with each control character as an escape, such as `\x1b`; tabs and ends of lines stay."""
    return CONTROLS.sub(escaped, text)


def shortened(text: str, longest: int) -> str:
    """Return a text on one line, cut at a word where it has more characters than there is room for."""
    return shorten(text, longest, placeholder=" ...")


def printable_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row whose names and texts are printable."""
    return {printable(name): printable(value) if isinstance(value, str) else value for name, value in row.items()}


def markdown(text: object) -> str:
    """Escape what Markdown would take for a sign, and put all on one line."""
    return re.sub(r"([\\`*\[\]<>|~&]|\b_|_\b)", r"\\\1", " ".join(printable(str(text)).split()))


def escaped(found: re.Match[str]) -> str:
    """Return the escape of one character."""
    code = ord(found[0])
    return r"\\" if found[0] == "\\" else f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
