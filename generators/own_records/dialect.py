"""Syntax of a CSV file: how its rows and fields are written."""

from codecs import lookup
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from bench.faults import Fault

TAB = ("tab", "\\t")
"""Names for a tab in settings, where it is hard to type."""


@dataclass(frozen=True)
class Dialect:
    """Syntax of a CSV file: how its rows and fields are written."""

    delimiter: str = ","
    quote: str | None = '"'
    escape: str | None = None
    encoding: str = "utf-8"
    header: bool = True
    """Whether the first line has the names of the columns."""
    names: list[str] = field(default_factory=list)
    """The names of the columns of a file without a header."""
    skip_rows: int = 0
    skip_lines: list[str] = field(default_factory=list)
    skip_last: int = 0
    lines_in_fields: bool = False

    @property
    def has_header(self) -> bool:
        """Whether the names of the columns are read from the file."""
        return self.header and not self.names

    @property
    def separator(self) -> str:
        """The delimiter as it occurs in the file."""
        return "\t" if self.delimiter in TAB else self.delimiter

    @property
    def is_utf8(self) -> bool:
        """Whether the file is UTF-8, with or without a byte order mark."""
        return lookup(self.encoding).name in ("utf-8", "utf-8-sig", "ascii")

    def faults(self, key: str) -> Iterator[Fault]:
        """Yield a fault for each setting that no file can have."""
        for name, text in (("delimiter", self.separator), ("quote", self.quote), ("escape", self.escape)):
            if text is not None and (len(text.encode()) != 1 or text in "\r\n\0"):
                yield Fault(f"{key}.{name}", "be one character" + " (or tab)" * (name == "delimiter"), text)
        if self.quote == self.separator:
            yield Fault(f"{key}.quote", "differ from the delimiter", self.quote)
        try:
            "".encode(lookup(self.encoding).name)
        except (LookupError, ValueError):
            yield Fault(f"{key}.encoding", "be an encoding such as utf-8, utf-16, latin-1 or cp1252", self.encoding)
        twice = [name for name, count in Counter(self.names).items() if count > 1]
        if twice or "" in self.names:
            yield Fault(f"{key}.names", "be different names of columns", (twice or [""])[0])
        if "" in self.skip_lines:
            yield Fault(f"{key}.skip_lines", "be texts with which lines begin", "")
