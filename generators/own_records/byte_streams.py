"""Input files: finds them, and opens them as streams of UTF-8, whatever their compression and encoding."""

import re
from codecs import getincrementaldecoder
from io import RawIOBase
from pathlib import Path
from typing import Any

import pyarrow as pa

from bench.faults import UserError
from bench.host.digests import file_digest
from generators.own_records.lines import BREAKS, LineCounter

MAGIC = {b"\x1f\x8b": "gzip", b"BZh": "bz2", b"\x28\xb5\x2f\xfd": "zstd", b"\x04\x22\x4d\x18": "lz4"}
"""First bytes of each compressed format."""
ARCHIVE = b"PK\x03\x04"
"""First bytes of a zip archive; spreadsheet files are such archives, too."""
PARQUET = b"PAR1"
HELD_BYTES = 2**20
"""Number of bytes at the end of a file that are searched for its last lines."""
HIDDEN = (".", "_")
"""First characters of the names of files that are ignored in folders."""


def input_files(path: str, pattern: str = "*") -> list[Path]:
    """Return the files that a path, a folder or a pattern stands for, by name.

    Parameters
    ----------
    path
        A file, a folder or a pattern.
    pattern
        Names of the files that are read in a folder.

    Raises
    ------
    UserError
        When there is none, or one cannot be read as a file.
    """
    place = Path(path)
    if place.is_dir():
        found = sorted(each for each in place.glob(pattern) if each.is_file() and not each.name.startswith(HIDDEN))
    else:
        like = [place] if place.exists() else sorted(Path(place.anchor).glob(str(place.relative_to(place.anchor))))
        found = [each for each in like if each.exists()]  # a link that leads nowhere is no file
    if not found:
        named = "" if pattern == "*" else f" whose name is like {pattern}"
        raise UserError(f"there is no file {path}" if not place.is_dir() else f"there is no file{named} in {path}")
    for each in found:
        if not each.is_file():
            raise UserError(f"{each} must be a plain file")
    return found


def passed_over(path: str, pattern: str = "*") -> list[Path]:
    """Return the names of what is ignored in a folder: hidden files, subfolders, pipes, dead links."""
    place = Path(path)
    return sorted(set(place.iterdir()) - set(input_files(path, pattern))) if place.is_dir() else []


def first_bytes(path: Path) -> bytes:
    """Return the first four bytes of a file."""
    with path.open("rb") as file:
        return file.read(4)


def is_parquet(path: Path) -> bool:
    """Return whether a file is Parquet, by its first bytes, or says so by its name."""
    return first_bytes(path) == PARQUET or path.name.endswith(".parquet")


def digest(path: Path) -> str:
    """Return a digest of a file's bytes."""
    try:
        return file_digest(path)
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error}") from error


def decompressed(path: Path) -> Any:
    """Open a file as Arrow's stream of bytes, decompressed.

    Raises
    ------
    UserError
        When it is an archive or a workbook.
    """
    begin = first_bytes(path)
    if begin == ARCHIVE:
        raise UserError(f"{path} is a zip archive or a workbook: unpack it, or export its sheet as CSV")
    kind = next((kind for magic, kind in MAGIC.items() if begin.startswith(magic)), None)
    return pa.input_stream(path, compression=kind)


class Utf8Stream(RawIOBase):
    """Bytes of a text file as UTF-8, without its last lines; raises `UnicodeError` for bytes that cannot be decoded.

    Arrow skips rows in silence that it cannot decode, so all bytes are decoded here, whether or not they are recoded.
    """

    def __init__(self, path: Path, encoding: str, is_utf8: bool, skip_last: int = 0) -> None:
        self._source = decompressed(path)
        self._decoder = getincrementaldecoder(encoding)()
        self._recoded, self._skip_last = not is_utf8, skip_last
        self._rest, self._held = b"", b""
        self._counter = LineCounter()

    @property
    def lines(self) -> int:
        """Number of non-empty lines read so far, without the last ones that are left out."""
        return self._counter.lines

    def readable(self) -> bool:
        """Return true."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Return at most `size` bytes; empty at the end."""
        ended = False
        while not self._rest and not ended:
            block: bytes = self._source.read(None if size < 0 else size)
            text = self._decoder.decode(block, final=not block)
            ended = not block
            self._rest = self._released(text.encode() if self._recoded else block, ended)
            self._counter.add(self._rest)
        size = len(self._rest) if size < 0 else size
        found, self._rest = self._rest[:size], self._rest[size:]
        return found

    def close(self) -> None:
        """Close the file; there is none if it could not be opened."""
        if hasattr(self, "_source"):
            self._source.close()
        super().close()

    def _released(self, block: bytes, ended: bool) -> bytes:
        """Return the bytes that cannot belong to the last lines, and keep the rest."""
        if not self._skip_last:
            return block
        known = self._held + block
        if not ended:
            self._held = known[-HELD_BYTES:]
            return known[:-HELD_BYTES]
        ends = [found.start() for found in re.finditer(BREAKS.encode(), known.rstrip(b"\r\n"))][-self._skip_last :]
        self._held = b""
        return known[: ends[0]] + b"\n" if len(ends) == self._skip_last else b""
