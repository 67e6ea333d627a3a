"""Digests of the code that makes worlds, a part of their fingerprint: after a change of code they are made again."""

from collections.abc import Mapping
from inspect import getfile
from pathlib import Path

from bench.host.digests import file_digest
from bench.host.sources import Sources, digest_of_plug_in

HERE = Path(__file__).parent
world_code = Sources(HERE, "makes worlds").digest
"""Returns a digest of the code that makes worlds, or of some files of it; refuses once that has changed on disk."""


def plugged_sources(anomalies: Mapping[str, object]) -> dict[str, str]:
    """Return by name a digest of the code of each type of anomaly from outside this project."""
    foreign = {name: type(a) for name, a in sorted(anomalies.items()) if not type(a).__module__.startswith(__package__)}
    return {name: _code_of(kind) for name, kind in foreign.items()}


def _code_of(kind: type) -> str:
    if kind.__module__ == "__main__":  # a script, or a notebook's own cell
        return file_digest(Path(getfile(kind)))
    return digest_of_plug_in(f"{kind.__module__}.{kind.__name__}")
