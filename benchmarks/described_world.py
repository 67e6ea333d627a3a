"""What is known of a world's entities: by the baseline, its detectors, and whoever opens everything; for `headroom.py`.

It is worked out once for each world and level, and kept in `worlds/headroom/` until the code that makes it changes.
"""

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from kept_rows import code_of
from mixed_world import WORLDS, Looked, MixedWorld, Which, looked_at
from opened import opened
from roster import Described

from bench.arrays import FloatArray
from bench.detector import Level

KEPT = WORLDS / "headroom"
SOURCES = ("detectors", "bench/audit", "conf/detector", "benchmarks")
Matrix = np.ndarray[Any, np.dtype[np.float32]]


@dataclass(frozen=True)
class Rows:
    """The entities of one level of a world that are looked at, and their columns."""

    looked: Looked
    baseline: Matrix
    """Shape (rows, columns of the supervised baseline)."""
    opened: Matrix
    """Shape (rows, columns beyond)."""
    names: tuple[str, ...]
    """Of the columns beyond."""
    scores: dict[str, Matrix]
    """Of each unsupervised detector, shape (rows,); NaN where it says nothing about the level."""


@cache
def made_of() -> str:
    """Return a digest of the code that describes worlds."""
    return code_of(*SOURCES, but="headroom.py")


def rows_of(which: Which, seed: int, normals: int) -> dict[Level, Rows]:
    """Return the rows of a world at each level that is the home of one of its types."""
    world = MixedWorld(which, seed)
    levels = sorted(set(world.homes.values()))
    folder = KEPT / f"{world.name}-{normals}-{made_of()}"
    files = {level: folder / f"{level}.npz" for level in levels}
    if not all(path.exists() for path in files.values()):
        described = Described(world.dataset)
        folder.mkdir(parents=True, exist_ok=True)
        for level, path in files.items():
            _describe(world, level, described, normals, path)
    return {level: _read(path) for level, path in files.items()}


def _describe(world: MixedWorld, level: Level, described: Described, normals: int, path: Path) -> None:
    types = sorted(name for name, home in world.homes.items() if home is level)
    looked = looked_at(world.sample(level), types, normals, world.seed)
    at = looked.entity
    columns = distinct(opened(world.dataset, level, at, described.of_calls))
    scores = {name: values[at].astype(np.float32) for name, values in described.beside(level, world.seed).items()}
    np.savez(
        path.with_suffix(".partial.npz"),
        facts=np.array(json.dumps({"types": types, "names": list(columns), "detectors": list(scores)})),
        entity=at, normal=looked.normal, weight=looked.weight,
        positive=np.array([looked.positive[name] for name in types]),
        baseline=described.rows(level)[at].astype(np.float32),
        opened=np.column_stack(list(columns.values())), scores=np.array(list(scores.values())),
    )  # fmt: skip
    path.with_suffix(".partial.npz").rename(path)


def distinct(columns: dict[str, FloatArray]) -> dict[str, Matrix]:
    """Return the columns that are not the same everywhere, none twice, in single precision and finite or NaN."""
    seen, found = set[bytes](), dict[str, Matrix]()
    for name, values in columns.items():
        single = values.astype(np.float32)
        single[~np.isfinite(single)] = np.nan
        known = single[~np.isnan(single)]
        digest = hashlib.blake2b(single.tobytes(), digest_size=8).digest()
        if digest not in seen and (known.size < single.size or np.ptp(single)) and known.size:
            seen.add(digest)
            found[name] = single
    return found


def _read(path: Path) -> Rows:
    with np.load(path) as kept:
        facts = json.loads(str(kept["facts"]))
        positive = dict(zip(facts["types"], kept["positive"], strict=True))
        looked = Looked(kept["entity"], positive, kept["normal"], kept["weight"])
        scores = dict(zip(facts["detectors"], kept["scores"], strict=True))
        return Rows(looked, kept["baseline"], kept["opened"], tuple(facts["names"]), scores)
