"""Make texts from files, such as identifiers, safe to display.

Terminals execute control characters. So all texts from a user's file, a result row or a detector pass through these
functions before they are written to a terminal or a page, and through `bench.host.sheets` before they are written to
CSV. Parquet and JSON contain texts unchanged.
"""

import re
from collections.abc import Mapping
from math import log10
from textwrap import shorten
from typing import Any

HIDDEN = "\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff"
"""Characters that a terminal executes or hides, except tabs and line ends: control, direction, unpaired surrogates."""
CONTROLS = re.compile(f"[{HIDDEN}]")


def printable(text: str) -> str:
    r"""Return a text with control characters escaped, such as `\x1b`; tabs and line ends stay."""
    return text if text.isprintable() else CONTROLS.sub(escaped, text)


def shortened(text: str, longest: int) -> str:
    """Return a text on one line, cut at a word if it is longer than allowed."""
    return shorten(text, longest, placeholder=" ...")


def rounded_up(number: float) -> int:
    """Return a number above 1 rounded up to its first two digits, such as 1,240 to 1,300."""
    step = 10 ** max(int(log10(number)) - 1, 0)
    return int(-(-number // step) * step)


def printable_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row with printable names and texts."""
    return {printable(name): printable(value) if isinstance(value, str) else value for name, value in row.items()}


def markdown(text: object) -> str:
    """Escape Markdown's special characters, and put all on one line."""
    return re.sub(r"([\\`*\[\]<>|~&]|\b_|_\b)", r"\\\1", " ".join(printable(str(text)).split()))


def escaped(found: re.Match[str]) -> str:
    """Return the escape of one character."""
    code = ord(found[0])
    return r"\\" if found[0] == "\\" else f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
