"""Which detector finds which type? Each type alone in its world, every detector on it, beside a supervised ceiling.

    python benchmarks/by_type.py [users=2000] [seeds=1,2] [difficulty=0.2] [ratio=0.02] [types=ring,...] [detectors=...]

For each type of the catalogue a default world is made that holds nothing else; every unsupervised detector of the
configuration is fitted on its first half and scores the rest, as in `protocol=split`. Printed are recall when the 1 %
of highest scores are alerts, and average precision over what chance gives, as means over the seeds. The ceiling is
boosted trees on all features of calls, trained with the labels of a whole world of another seed. Calls are what is
scored, at types of cells their quarters; detectors of user-days are compared on user-days, in a line of their own.
"""

import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from hydra import compose, initialize_config_module
from hydra.utils import instantiate
from omegaconf import OmegaConf
from sklearn.ensemble import HistGradientBoostingClassifier

import conf
from bench.composition import register
from bench.console import progress_bars
from bench.dataset import Dataset, Window
from bench.detector import Detector, Level, Scores
from bench.faults import UserError
from bench.levels import Grid
from bench.metrics import average_precision, average_precision_by_chance
from bench.protocol import applied
from bench.sample import Sample, callers_of, sample_of_calls, sample_of_grid
from bench.settings import ProtocolSettings
from bench.store import find_or_make, world_of
from bench.truth import Truth
from detectors.ceiling import Ceiling
from detectors.features.calls import FEATURES

FOLDER, WORLDS = Path(conf.__path__[0]), Path("worlds")
BUDGET, APART = 0.01, 1000
"""Share of the entities that are alerts; what lies between the seed that is scored and the one that the ceiling saw."""
CEILING = "(ceiling)"
LEFT_OUT = ("random", "constant", "oracle", "scores_file", "supervised", "pyod", "sklearn")
Values = dict[tuple[str, str], list[tuple[float, float]]]


class Arena:
    """The world of one type and seed, with the truth at every level."""

    def __init__(self, kind: str, seed: int, asked: dict[str, str]) -> None:
        overrides = [f"anomaly=[{kind}]", f"anomaly.{kind}.difficulty={asked['difficulty']}"]
        overrides += [f"generator.num_users={asked['users']}", f"generator.anomaly_ratio={asked['ratio']}"]
        with initialize_config_module("conf", version_base="1.3"):
            settings: Any = OmegaConf.to_object(compose("config", [*overrides, f"generator.seed={seed}"]))
        with progress_bars(False) as progress:
            stored = find_or_make(world_of(settings.generator, settings.anomaly), WORLDS, 1, progress)
        self.dataset = applied(Dataset.open(stored.folder / "data"), ProtocolSettings())
        self.truth = Truth(stored.folder / "truth")
        levels = self.truth.table("incidents")["level"].cast("string").to_pylist()
        self.home = Level.CELL_QUARTER if "cell" in levels else Level.CALL

    def sample(self, level: Level) -> Sample:
        """Return the truth about the window at a level."""
        labels = self.truth.call_labels(*self.dataset.call_range(self.dataset.window))
        if level is Level.CALL:
            return sample_of_calls(labels, callers_of(self.dataset))
        return sample_of_grid(Grid(level, self.dataset), labels, self.truth)

    def worth(self, scores: Scores) -> tuple[Level, float, float]:
        """Return the level at which scores are compared, their recall within the budget, and their lift."""
        level, values = scores.level, scores.values
        if level is Level.CALL and self.home is not Level.CALL:
            level, values = self.home, Grid(self.home, self.dataset).lifted(values)
        sample = self.sample(level)
        positive = np.zeros(values.size, np.bool_)
        positive[sample.entity] = True
        kept = positive | sample.normal
        limit = np.partition(values, -max(round(BUDGET * values.size), 1))[-max(round(BUDGET * values.size), 1)]
        above, at = values > limit, values == limit
        # Of entities with the score of the limit, as many are alerts as the budget allows, at random.
        share = (BUDGET * values.size - above.sum()) / at.sum()
        hits = above[positive].sum() + share * at[positive].sum()
        chance = average_precision_by_chance(int(positive.sum()), int(kept.sum())) or np.nan
        lift = (average_precision(positive[kept], values[kept]) or np.nan) / chance
        return level, float(hits / max(positive.sum(), 1)), float(lift)


def detectors_of(names: str, seed: int) -> Iterator[tuple[str, Detector]]:
    """Yield the detectors of the configuration, or those that are named."""
    leaves = {path.stem: path for path in sorted((FOLDER / "detector").glob("*.yaml"))}
    for name in names.split(",") if names else [each for each in leaves if each not in LEFT_OUT]:
        settings = OmegaConf.create({"seed": seed, "detector": OmegaConf.load(leaves[name])})
        yield name, instantiate(settings.detector, _convert_="all")


def compared(kind: str, seed: int, asked: dict[str, str], values: Values) -> Level:
    """Add what each detector and the ceiling are worth on the world of a type and seed; return the type's level."""
    arena, other = Arena(kind, seed, asked), Arena(kind, seed + APART, asked)
    for name, detector in detectors_of(asked["detectors"], seed):
        if detector.level is Level.CELL_QUARTER and arena.home is not Level.CELL_QUARTER:
            continue
        try:
            level, *worth = arena.worth(detector.fit(arena.dataset).score(arena.dataset))
        except UserError as error:
            print(f"{name} on {kind}: {error}", file=sys.stderr)
            continue
        if level is arena.home or level is Level.USER_DAY:
            values[name if level is arena.home else f"{name} ({level})", kind].append((worth[0], worth[1]))
    clock = other.dataset.clock
    whole = Window(clock.start_ms, clock.end_ms)
    seen = Dataset(other.dataset.folder, clock, whole, whole)
    anomalous = other.truth.call_labels(*seen.call_range(whole)).anomalous
    if anomalous.any():
        ceiling = Ceiling(list(FEATURES), HistGradientBoostingClassifier(max_iter=100, random_state=seed))
        _, *worth = arena.worth(ceiling.fit_labelled(seen, anomalous).score(arena.dataset))
        values[CEILING, kind].append((worth[0], worth[1]))
    return arena.home


def summary(values: Values, kinds: dict[str, Level]) -> Iterator[str]:
    """Yield a table: for each type the ceiling and the best detectors of its level."""
    yield "| type | scored | ceiling recall | best | its recall | of the ceiling's | its AP over chance | next |"
    yield "|---|---|---|---|---|---|---|---|"
    for kind, level in kinds.items():
        found = {name: np.mean(each, axis=0) for (name, of), each in values.items() if of == kind}
        ceiling = found.pop(CEILING, np.array([np.nan, np.nan]))
        order = sorted((name for name in found if "(" not in name), key=lambda name: -found[name][0])
        best, *others = order
        told = ", ".join(f"`{name}` {found[name][0]:.2f}" for name in others[:2])
        ratio = found[best][0] / ceiling[0] if ceiling[0] > 0 else np.inf
        start = f"| {kind} | {level} | {ceiling[0]:.2f} | `{best}` | {found[best][0]:.2f} | {ratio:.2f} "
        yield start + f"| {found[best][1]:.1f} | {told} |"


def matrix(values: Values, kinds: dict[str, Level], which: int) -> Iterator[str]:
    """Yield a table of detectors by types: recall (0) or lift (1)."""
    yield f"| {('recall at 1 %', 'AP over chance')[which]} | " + " | ".join(kinds) + " |"
    yield "|---|" + "---|" * len(kinds)
    for name in sorted({name for name, _ in values}):
        cells = [values.get((name, kind)) for kind in kinds]
        shown = ["" if each is None else f"{np.mean(each, axis=0)[which]:.2f}" for each in cells]
        yield f"| {name} | " + " | ".join(shown) + " |"


def main(*arguments: str) -> None:
    """Compare, and print the tables."""
    register()
    asked = {"users": "2000", "seeds": "1,2", "difficulty": "0.2", "ratio": "0.02", "types": "", "detectors": ""}
    asked |= dict(each.split("=", 1) for each in arguments)
    leaves = sorted((FOLDER / "anomaly").glob("*.yaml"))
    known = [path.stem for path in leaves if f"/schema/anomaly/{path.stem}@" in path.read_text()]
    values: Values = defaultdict(list)
    kinds: dict[str, Level] = {}
    for kind in asked["types"].split(",") if asked["types"] else known:
        for seed in map(int, asked["seeds"].split(",")):
            try:
                kinds[kind] = compared(kind, seed, asked, values)
            except UserError as error:  # a type that does not fit the world
                print(f"{kind}: {error}", file=sys.stderr)
        if kind not in kinds:
            continue
        print(*list(summary(values, {kind: kinds[kind]}))[2:], file=sys.stderr, flush=True)
    for table in (summary(values, kinds), matrix(values, kinds, 0), matrix(values, kinds, 1)):
        print("\n".join(table), end="\n\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
