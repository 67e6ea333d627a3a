"""JSON lines: to stdout, or to a file that a later run continues where a killed one stopped."""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.faults import UserError
from bench.host.read_json import json_of
from bench.stream.chunk import Chunk
from bench.stream.messages import START
from bench.stream.sink import hold, not_written

BLOCK = 2**20
LONGEST = 64 * 2**20
"""Longest line that is looked at [bytes]."""


@dataclass
class StandardOutput:
    """Writes to stdout."""

    def begin(self, stream: str, towers: Sequence[str]) -> int:
        """Begin with the first message."""
        return -1

    def put(self, chunk: Chunk) -> None:
        """Write lines."""
        sys.stdout.buffer.write(b"".join(chunk.lines))

    def flush(self) -> None:
        """Send what the buffer has."""
        sys.stdout.buffer.flush()

    def close(self, complete: bool) -> None:
        """Send the rest."""
        self.flush()


@dataclass
class JsonLinesFile:
    """Writes a file; what a killed run left of a last line is cut off, and the next message follows."""

    path: Path
    _file: int = field(init=False, default=-1)
    _end: int = 0
    """Length of the complete lines [bytes]."""
    _last: int = -1

    def begin(self, stream: str, towers: Sequence[str]) -> int:
        """Open the file.

        Raises
        ------
        UserError
            When it cannot be written, another process writes it, or it holds something other than this stream.
        """
        try:
            self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        except OSError as error:
            raise UserError(f"stream.path must be a file that can be written, got {self.path} ({error})") from error
        hold(self._file, "stream.path", self.path)
        if self.path.is_file():
            self._end, self._last = self._found(stream)
            os.ftruncate(self._file, self._end)
            os.lseek(self._file, self._end, os.SEEK_SET)
        return self._last

    def put(self, chunk: Chunk) -> None:
        """Append lines; on failure the file ends with a complete line."""
        content = memoryview(b"".join(chunk.lines))
        begun = 0
        try:
            while begun < len(content):
                begun += os.write(self._file, content[begun:])
        except OSError as error:
            whole = bytes(content[:begun]).rfind(b"\n") + 1
            self._last += bytes(content[:whole]).count(b"\n")
            self._cut(self._end + whole)
            raise not_written(self.path, error, self._last) from error
        self._end += begun
        self._last = chunk.first + chunk.size - 1

    def flush(self) -> None:
        """Do nothing: no message waits in this process."""

    def close(self, complete: bool) -> None:
        """Wait until the disk has the file."""
        if self._file >= 0:
            if self.path.is_file():
                os.fsync(self._file)
            os.close(self._file)
            self._file = -1

    def _cut(self, end: int) -> None:
        if self.path.is_file():
            os.ftruncate(self._file, end)

    def _found(self, stream: str) -> tuple[int, int]:
        """Return the length of the complete lines of the file, and the number of the last one's message."""
        size = os.fstat(self._file).st_size
        ours = b'{"type":"%s","stream":"%s",' % (START.encode(), stream.encode())
        if not ours.startswith(os.pread(self._file, len(ours), 0)):
            raise self._other(f"it does not begin as stream {stream}, which these settings make")
        end = self._line_end(size)
        if end == 0:
            return 0, -1
        line = os.pread(self._file, end - self._line_end(end - 1), self._line_end(end - 1))
        try:
            message = json_of(line.decode())
            if message["stream"] != stream:
                raise ValueError("it is of another stream")
            return end, int(message["sequence"])
        except (ValueError, KeyError, TypeError) as error:
            raise self._other(f"its last line is no message of stream {stream}: {error}") from error

    def _line_end(self, before: int) -> int:
        """Return where the last line that ends before a position ends, 0 if none does."""
        low = before
        while low > 0 and before - low < LONGEST:
            high, low = low, max(low - BLOCK, 0)
            found = os.pread(self._file, high - low, low).rfind(b"\n")
            if found >= 0:
                return low + found + 1
        return 0

    def _other(self, reason: str) -> UserError:
        return UserError(
            f"stream.path must be a new file, or one that the same stream has begun, got {self.path}: {reason}; "
            "name another file, or remove it"
        )
