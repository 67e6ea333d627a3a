"""Read what a detector's process wrote, as untrusted input: bounded plain files, numbers, nothing unpickled.

The process may have written anything there: a link to somebody else's file, a pipe that is never written to, a header
that promises more numbers than there are.
"""

import math
import os
import stat
from pathlib import Path
from typing import Any

import numpy as np

from bench.arrays import FloatArray
from bench.detector import Level, Scores
from bench.host.read_json import json_of, member

SCORES, COST, ERROR = "scores.f8", "cost.json", "error.json"
"""The scores, in `FORM`, after the detector's own threshold or NaN; what they are and cost; why there are none."""
FORM = "<f8"
MOST_JSON_BYTES = 2**20
"""Bytes of a JSON file."""
COSTS = ("fit_seconds", "score_seconds", "peak_mib")


def packed(scores: Scores) -> bytes:
    """Return what `scores` reads."""
    threshold = math.nan if scores.threshold is None else scores.threshold
    return np.concatenate([[threshold], scores.values]).astype(FORM).tobytes()


def facts_in(path: Path) -> dict[str, Any]:
    """Return what a JSON file says; nothing where there is none, or something else."""
    try:
        found = json_of(content(path, MOST_JSON_BYTES).decode())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def cost(out: Path) -> dict[str, float]:
    """Return the seconds and memory that the process reports for each step; what is no number is left out."""
    found = facts_in(out / COST)
    return {name: float(found[name]) for name in COSTS if _is_amount(found.get(name))}


def scores(out: Path, most_bytes: int) -> Scores | None:
    """Return the scores; None where what was left are none.

    Parameters
    ----------
    out
        Where they were left.
    most_bytes
        How large the file may be.
    """
    facts = facts_in(out / COST)
    try:
        values: FloatArray = np.frombuffer(content(out / SCORES, most_bytes), FORM).astype(np.float64)
        level, causal = Level(member(facts, "level", str)), member(facts, "causal", bool)
        threshold = None if math.isnan(values[0]) else float(values[0])
    except (OSError, ValueError, IndexError):
        return None
    return Scores(level, values[1:], threshold, causal)


def content(path: Path, most_bytes: int) -> bytes:
    """Read a file; raise `OSError` or `ValueError` when it is a link, no plain file, or too large."""
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as stream:
        found = os.fstat(stream.fileno())
        if not stat.S_ISREG(found.st_mode) or found.st_size > most_bytes:
            raise ValueError(f"{path} is no plain file of at most {most_bytes} bytes")
        return stream.read(most_bytes)


def _is_amount(value: object) -> bool:
    return isinstance(value, int | float) and 0 <= value < math.inf
