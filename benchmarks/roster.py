"""The detectors of the configuration that know no truth, and their scores in a world; for `by_type.py`."""

import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from arena import Arena
from hydra.utils import instantiate
from omegaconf import OmegaConf

import conf
from bench.detector import Detector, FloatArray, Level
from bench.faults import UserError
from bench.levels import Grid
from detectors.supervised import SupervisedBaseline

LEAVES = Path(conf.__path__[0]) / "detector"
LEFT_OUT = ("random", "constant", "oracle", "scores_file", "supervised", "pyod", "sklearn")
NEEDS_TORCH = ("auto_encoder", "deep_svdd")
OF_TABLES = ("detectors.tabular", "detectors.ensemble")


def detectors() -> list[str]:
    """Return the names of the detectors that run here."""
    names = sorted(path.stem for path in LEAVES.glob("*.yaml") if path.stem not in LEFT_OUT)
    return [name for name in names if name not in NEEDS_TORCH or find_spec("torch")]


@cache
def sources(name: str) -> tuple[Path, ...]:
    """Return the leaf of a detector, and the file that it stands in."""
    leaf = LEAVES / f"{name}.yaml"
    return leaf, (LEAVES.parents[1] / module_of(name).replace(".", "/")).with_suffix(".py")


@cache
def module_of(name: str) -> str:
    """Return the module of a detector."""
    target = OmegaConf.select(OmegaConf.create((LEAVES / f"{name}.yaml").read_text()), "_target_")
    return str(target).rsplit(".", 1)[0]


def made(name: str, seed: int, home: Level = Level.CALL) -> Detector:
    """Return a detector as its leaf has it; a model of tables that has no features of its own sees those of a level."""
    settings = OmegaConf.create({"seed": seed, "detector": OmegaConf.load(LEAVES / f"{name}.yaml")})
    if module_of(name) in OF_TABLES and "level" in settings.detector and settings.detector.get("features") is None:
        settings.detector.level = str(home)
    found: Detector = instantiate(settings.detector, _convert_="all")
    return found


def supervised(level: Level, seed: int) -> SupervisedBaseline:
    """Return the supervised baseline as its leaf has it, at a level."""
    leaf = OmegaConf.load(LEAVES / "supervised.yaml")
    settings = OmegaConf.merge({"seed": seed}, leaf, {"detector": {"level": str(level)}})
    found: SupervisedBaseline = instantiate(settings, _convert_="all")["detector"]
    return found


def scores_of(name: str, arena: Arena) -> list[tuple[Level, FloatArray]]:
    """Return the scores of a detector in a world, at each level that is looked at there; none where it has no say."""
    if name not in arena.scored:
        arena.scored[name] = _scores_of(name, arena)
    return arena.scored[name]


def _scores_of(name: str, arena: Arena) -> list[tuple[Level, FloatArray]]:
    detector = made(name, arena.seed, arena.home)
    cells = arena.home is Level.CELL_QUARTER
    if detector.level is (Level.USER_DAY if cells else Level.CELL_QUARTER):
        return []
    try:
        scores = detector.fit(arena.dataset).score(arena.dataset)
    except UserError as error:
        print(f"{name} on {arena.kind}: {error}", file=sys.stderr)
        return []
    if scores.level is not Level.CALL:
        return [(scores.level, scores.values)]
    above = Level.CELL_QUARTER if cells else Level.USER_DAY
    lifted = above, Grid(above, arena.dataset).lifted(scores.values)
    return [lifted] if cells else [(Level.CALL, scores.values), lifted]
