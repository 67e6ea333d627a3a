"""Lines of CSV files, cut as Arrow cuts them: at line feeds and carriage returns, at no other character."""

from io import StringIO

import numpy as np

MARK = b"\xef\xbb\xbf"
"""What some files in UTF-8 begin with."""
LINE_FEED, CARRIAGE_RETURN = b"\n\r"
BREAKS = r"\r\n|\n|\r"


def lines_of(text: str) -> list[str]:
    r"""Return the lines of a text, with their ends: those after \n, \r\n and \r; other blanks do not end a line."""
    return list(StringIO(text, newline=""))


class LineCounter:
    """Counts the lines of a stream that are not empty."""

    def __init__(self) -> None:
        self.lines = 0
        self._at_begin, self._after_break = True, True

    def add(self, block: bytes) -> None:
        """Count on with the next bytes."""
        codes = np.frombuffer(block.removeprefix(MARK) if self._at_begin else block, np.uint8)
        self._at_begin = False
        if codes.size:
            breaks = (codes == LINE_FEED) | (codes == CARRIAGE_RETURN)
            self.lines += int(np.count_nonzero(breaks[:-1] & ~breaks[1:])) + int(self._after_break and not breaks[0])
            self._after_break = bool(breaks[-1])
