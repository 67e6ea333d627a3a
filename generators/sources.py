"""Digest of the code that makes worlds, a part of their fingerprint: after a change of code they are made again."""

from pathlib import Path

from bench.host.sources import Sources

HERE = Path(__file__).parent
world_code = Sources(HERE, "makes worlds").digest
"""Returns a digest of the code that makes worlds, or of some files of it; refuses once that has changed on disk."""
