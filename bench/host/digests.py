"""Digests of the content of files."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

SIZE = 16
"""Bytes of a digest."""


def file_digest(path: Path) -> str:
    """Return a digest of the content of a file, which may be large."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, lambda: hashlib.blake2b(digest_size=SIZE)).hexdigest()


def sources_digest(named: Iterable[tuple[str, Path]]) -> str:
    """Return one digest of the names and contents of some files."""
    digest = hashlib.blake2b(digest_size=SIZE)
    for name, path in named:
        digest.update(name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()
