"""Lines of CSV files, split as Arrow splits them: at line feeds and carriage returns only."""

from io import StringIO

import numpy as np

MARK = b"\xef\xbb\xbf"
"""Byte order mark at the beginning of some UTF-8 files."""
LINE_FEED, CARRIAGE_RETURN = b"\n\r"
BREAKS = r"\r\n|\n|\r"


def lines_of(text: str) -> list[str]:
    r"""Return the lines of a text, with their ends: those after \n, \r\n and \r; other blanks do not end a line."""
    return list(StringIO(text, newline=""))


class LineCounter:
    """Counts the non-empty lines of a stream."""

    def __init__(self) -> None:
        self.lines = 0
        self._at_begin, self._after_break = True, True

    def add(self, block: bytes) -> None:
        """Continue counting with the next bytes."""
        codes = np.frombuffer(block.removeprefix(MARK) if self._at_begin else block, np.uint8)
        self._at_begin = False
        if codes.size:
            breaks = (codes == LINE_FEED) | (codes == CARRIAGE_RETURN)
            self.lines += int(np.count_nonzero(breaks[:-1] & ~breaks[1:])) + int(self._after_break and not breaks[0])
            self._after_break = bool(breaks[-1])
