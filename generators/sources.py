"""The code that makes worlds: part of every recipe, so that a change of it never finds an old world."""

from pathlib import Path

from bench.host.sources import Sources

HERE = Path(__file__).parent
world_code = Sources(HERE, "makes worlds").digest
"""Returns a digest of the code that makes worlds, or of some files of it; refuses once that has changed on disk."""
