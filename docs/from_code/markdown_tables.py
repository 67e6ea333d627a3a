"""Tables and paragraphs of Markdown."""

import inspect
import re
from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    r"""Return the lines of a table; a bar within a cell is escaped.

    >>> table(["a", "b"], [["x | y", 1]])
    ['| a | b |', '|---|---|', '| x \\| y | 1 |', '']
    """
    cells = [[str(cell).replace("|", r"\|").replace("\n", " ") for cell in row] for row in rows]
    first, *others = (f"| {' | '.join(row)} |" for row in [head, *cells])
    return [first, "|" + "---|" * len(head), *others, ""]


def prose(thing: object) -> str:
    """Return the docstring of a module or class as Markdown, without its sections of parameters and errors."""
    text = inspect.getdoc(thing) or ""
    return re.split(r"\n\n(?:Parameters|Raises|Attributes|Returns)\n-+\n", text, maxsplit=1)[0]


def code(value: object) -> str:
    """Write a value as code; nothing where there is none."""
    text = "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    return f"`{text}`" if text else '`""`'
