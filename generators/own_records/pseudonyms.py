"""Pseudonyms: a keyed hash of each number, SIM and device, the same in every table and every run with the same key."""

import os
import secrets
from hashlib import blake2b
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from bench.faults import UserError

KEY_BYTES, LEAST_BYTES = 32, 16
PSEUDONYM_BYTES = 10
OWNER_ONLY = 0o600
OTHERS = 0o077
NOTHING = ("", "unknown")
"""Texts that are not identities and stay unchanged."""


class Naming(Protocol):
    """Names of identities in the tables."""

    def named(self, kind: str, texts: list[str]) -> pa.StringArray:
        """Return the names of identities of a kind (number, sim, device)."""


class Plainly:
    """Identities under their original names."""

    def named(self, kind: str, texts: list[str]) -> pa.StringArray:
        """Return the texts."""
        return pa.array(texts, pa.string())


class Pseudonyms:
    """Identities by a keyed hash: BLAKE2b (RFC 7693), 80 bits, the kind as personalisation.

    Parameters
    ----------
    key
        At least 16 bytes. Without it nobody can try out which number has which pseudonym.
    """

    def __init__(self, key: bytes) -> None:
        self._key = blake2b(key).digest()

    @property
    def digest(self) -> str:
        """A digest of the key, by which equal keys can be recognised."""
        return blake2b(b"which key", key=self._key, digest_size=8).hexdigest()

    def named(self, kind: str, texts: list[str]) -> pa.StringArray:
        """Return the pseudonym of each text, such as `number_0123456789abcdef0123`."""
        person = kind.encode()
        return pa.array(
            [text if text in NOTHING else f"{kind}_{self._hash(text, person)}" for text in texts], pa.string()
        )

    def _hash(self, text: str, person: bytes) -> str:
        return blake2b(text.encode(), key=self._key, digest_size=PSEUDONYM_BYTES, person=person).hexdigest()


def key_in(path: Path) -> bytes:
    """Read the key from a file that only its owner can read; create file and key if they are missing.

    Raises
    ------
    UserError
        When the file cannot be read or written, is too short, or can be read by others.
    """
    try:
        if not path.exists():
            _make(path)
        if path.stat().st_mode & OTHERS:
            raise UserError(f"generator.key_file must be for its owner alone (chmod 600 {path}), got {path}")
        key = path.read_bytes()
    except OSError as error:
        raise UserError(f"generator.key_file must be a file that can be read or made, got {path} ({error})") from error
    if len(key) < LEAST_BYTES:
        raise UserError(f"generator.key_file must hold at least {LEAST_BYTES} bytes, got {len(key)} in {path}")
    return key


def _make(path: Path) -> None:
    """Write a new key to a temporary file and link it, so that two simultaneous programs use the same key."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY), "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
        try:
            os.link(aside, path)
        except FileExistsError:
            return
    finally:
        aside.unlink(missing_ok=True)
