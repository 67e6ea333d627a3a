"""What does the supervised baseline miss? It and a strong classifier over everything that a detector can open.

    python benchmarks/headroom.py [mixes=seed_four,fraud,network_faults] [difficulties=0.5,0.2,0.8] [training=101,102]
                                  [seeds=1,2,3] [normals=10000] [users=...] [days=...] [ratio=...]

Worlds are made by mix, each at the size that the mix brings, all of its types at one difficulty. For each type, at its
home level, and each difficulty are learned from the windows of the worlds `training`, and tried on those of `seeds`:

strong     boosted trees on everything that a detector can open (`opened.py`): the baseline's columns, and those 250
           beyond that tell most of the type by themselves in the worlds `training` (by a G-test on their values)
baseline   the shipped supervised baseline (`detector=supervised`) that learns this type alone, in the same worlds
one score  the same that learns all types of the level: the highest of their log odds, each less those of the type
detectors  the unsupervised ones that the baseline has as members, and some beside (`roster.py`)

All positives are looked at, and `normals` other entities of each world, each of which counts for several. Printed is
average precision, type against normal. Where the strong one is more than 0.02 above the baseline, the columns beyond
the baseline's are named that it loses most without: shuffled in the first world that is tried, and sets of them split
as long as a part is worth something by itself; of a set those are named that tell most alone. What was measured is kept
in `worlds/headroom.jsonl`, line by line, until the code changes; `tables` as an argument prints what there is and
measures nothing.
"""

import hashlib
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from described_world import KEPT, Matrix, Rows, made_of, rows_of
from headroom_tables import tables
from kept_rows import KeptRows, Row
from mixed_world import SIZES, Which
from roster import supervised
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import average_precision_score

from bench.config.composition import register
from detectors.reference.supervised import TINY

LINES = KEPT.with_suffix(".jsonl")
NOTABLE = 0.02
"""Average precision above the baseline from which on columns are named."""
LEAST, SHOWN, SHOWN_OF_SET, NORMALS_SHUFFLED = 0.005, 8, 4, 3000
CHOSEN, CLASSES = 250, 24
"""Columns beyond the baseline's that the strong classifier gets, and into how many classes values are put to choose."""
ASKED = {
    "mixes": "seed_four,fraud,network_faults", "difficulties": "0.5,0.2,0.8", "training": "101,102", "seeds": "1,2,3",
    "normals": "10000",
}  # fmt: skip
Score = Callable[[Matrix], Matrix]


@dataclass(frozen=True)
class Models:
    """What was learned about one type."""

    strong: Score
    baseline: Score
    names: list[str]
    """Columns beyond the baseline's that the strong classifier has."""
    before: float
    """Log odds of the type against normal where it was learned."""


def precision_of(rows: Rows, name: str, scores: Matrix) -> float:
    """Return the average precision of scores of the rows for a type, against normal."""
    its = rows.looked.positive[name] | rows.looked.normal
    return float(
        average_precision_score(rows.looked.positive[name][its], scores[its], sample_weight=rows.looked.weight[its])
    )


def beyond(rows: Rows, names: Sequence[str]) -> Matrix:
    """Return the columns beyond the baseline's of some names, NaN where the world lacks one."""
    place, missing = {name: number for number, name in enumerate(rows.names)}, rows.opened.shape[1]
    padded = np.column_stack([rows.opened, np.full(len(rows.opened), np.nan, np.float32)])
    return padded[:, [place.get(name, missing) for name in names]]


def telling(worlds: Sequence[Rows]) -> dict[str, list[str]]:
    """Return for each type the names of the columns beyond the baseline's that tell most of it by themselves.

    Values are put into classes between the quantiles of those of normal entities, what is empty, and what lies beyond
    all of those, into classes of their own; columns are held against each other by the G statistic of type by class.
    """
    names = [name for name in worlds[0].names if all(name in rows.names for rows in worlds)]
    types = list(worlds[0].looked.positive)
    normal = np.concatenate([rows.looked.normal for rows in worlds])
    groups = [normal, *(np.concatenate([rows.looked.positive[name] for rows in worlds]) for name in types)]
    worth = np.zeros((len(types), len(names)))
    for number, name in enumerate(names):
        values = np.concatenate([rows.opened[:, rows.names.index(name)] for rows in worlds])
        known = values[normal & ~np.isnan(values)]
        borders = np.unique(np.quantile(known, np.linspace(0, 1, CLASSES))) if known.size else np.zeros(1)
        code = np.searchsorted(borders, values, side="left") * 2 + np.isin(values, borders)
        code[np.isnan(values)] = 2 * borders.size + 2
        counts = np.array([np.bincount(code[group], minlength=2 * borders.size + 3) for group in groups])
        worth[:, number] = [g_statistic(counts[0], each) for each in counts[1:]]
    return {name: [names[at] for at in np.argsort(-worth[row])[:CHOSEN]] for row, name in enumerate(types)}


def g_statistic(one: Matrix, other: Matrix) -> float:
    """Return how far two rows of counts are from being drawn from the same classes (twice the log likelihood ratio)."""
    counts = np.array([one, other], np.float64)
    expected = counts.sum(axis=1, keepdims=True) * counts.sum(axis=0) / max(counts.sum(), 1)
    some = counts > 0
    return float(2 * np.sum(counts[some] * np.log(counts[some] / expected[some])))


def strong_model() -> HistGradientBoostingClassifier:
    """Return the strong classifier: the same kind as the baseline's, which learns faster."""
    return HistGradientBoostingClassifier(
        learning_rate=0.1, max_iter=150, max_leaf_nodes=15, max_bins=63, l2_regularization=1.0,
        max_features=0.2, early_stopping=False, random_state=0,
    )  # fmt: skip


def fitted(model: Any, matrices: Sequence[Matrix], worlds: Sequence[Rows], name: str) -> Score:
    """Fit a classifier to tell a type from normal in some worlds; return what scores rows by it."""
    its = [rows.looked.positive[name] | rows.looked.normal for rows in worlds]
    matrix = np.concatenate([each[kept] for each, kept in zip(matrices, its, strict=True)])
    labels = np.concatenate([rows.looked.positive[name][kept] for rows, kept in zip(worlds, its, strict=True)])
    known = ~np.isnan(matrix).all(axis=0)
    model.fit(matrix[:, known], labels)
    return lambda rows: np.asarray(model.predict_proba(rows[:, known])[:, 1])


def measured(which: Which, asked: dict[str, str], kept: KeptRows) -> None:
    """Measure a mix at a difficulty: what was learned from other worlds, and the detectors."""
    about = {"mix": which.mix, "difficulty": which.difficulty}
    left = [seed for seed in asked["seeds"].split(",") if not kept.has(**about, what="strong", seed=seed)]
    if not left:
        return
    normals = int(asked["normals"])
    training = {seed: rows_of(which, int(seed), normals) for seed in asked["training"].split(",")}
    if not kept.has(**about, seed=next(iter(training))):
        for seed, levels in training.items():
            kept.add(about | {"seed": seed} | row for rows in levels.values() for row in of_detectors(rows))
    models = {}
    for level in next(iter(training.values())):
        worlds = [levels[level] for levels in training.values()]
        for name, names in telling(worlds).items():
            wide = [np.column_stack([rows.baseline, beyond(rows, names)]) for rows in worlds]
            plain = fitted(clone(supervised(level, 0).model), [rows.baseline for rows in worlds], worlds, name)
            models[name] = Models(fitted(strong_model(), wide, worlds, name), plain, names, log_odds(worlds, name))
            many = worlds[0].opened.shape[1]
            say(f"{which.mix} {which.difficulty} {name}: fitted, with {len(names)} of {many} columns")
    del training
    for number, seed in enumerate(left):
        found = []
        for level, rows in rows_of(which, int(seed), normals).items():
            highest = one_score({name: models[name] for name in rows.looked.positive}, rows)
            for name in (each for each, positive in rows.looked.positive.items() if positive.any()):
                head = {"type": name, "level": str(level), "positives": int(rows.looked.positive[name].sum())}
                found += [head | row for row in of_models(rows, name, models[name], named=number == 0)]
                found.append(head | {"what": "one score", "ap": precision_of(rows, name, highest)})
            found += of_detectors(rows)
        kept.add(about | {"seed": seed} | row for row in found)
        say(f"{which.mix} {which.difficulty} seed {seed} done")


def log_odds(worlds: Sequence[Rows], name: str) -> float:
    """Return the log odds of a type against the normal rows of some worlds that are trained on."""
    positives = sum(int(rows.looked.positive[name].sum()) for rows in worlds)
    return float(np.log(positives / sum(int(rows.looked.normal.sum()) for rows in worlds)))


def one_score(models: dict[str, Models], rows: Rows) -> Matrix:
    """Return the score of the shipped baseline: the highest log odds of a type, less those where it was trained."""
    chances = [np.clip(each.baseline(rows.baseline), TINY, 1 - TINY) for each in models.values()]
    before = [each.before for each in models.values()]
    found = [np.log(chance / (1 - chance)) - odds for chance, odds in zip(chances, before, strict=True)]
    return np.asarray(np.max(found, axis=0), np.float32)


def of_models(rows: Rows, name: str, models: Models, *, named: bool) -> Iterator[Row]:
    """Yield what the two classifiers are worth for a type; named: and, where they differ, by which columns."""
    strong, names = models.strong, models.names
    wide = np.column_stack([rows.baseline, beyond(rows, names)])
    found = {"strong": strong(wide), "baseline": models.baseline(rows.baseline)}
    ap = {what: precision_of(rows, name, scores) for what, scores in found.items()}
    yield from ({"what": what, "ap": value} for what, value in ap.items())
    if named and ap["strong"] > ap["baseline"] + NOTABLE:
        worth = sorted(columns_worth(strong, rows, wide, (name, names)), reverse=True)
        yield {"what": "columns", "columns": worth[:SHOWN]}


def of_detectors(rows: Rows) -> Iterator[Row]:
    """Yield what each unsupervised detector is worth for each type."""
    for name, positive in rows.looked.positive.items():
        for detector, scores in rows.scores.items():
            if positive.any() and np.isfinite(scores).all():
                yield {"type": name, "what": f"detector {detector}", "ap": precision_of(rows, name, scores)}


def columns_worth(score: Score, rows: Rows, wide: Matrix, about: tuple[str, list[str]]) -> Iterator[tuple[float, str]]:
    """Yield what average precision loses when columns beyond the baseline's are shuffled, and which they are."""
    name, names = about
    rng, first = np.random.default_rng(0), rows.baseline.shape[1]
    normal = np.flatnonzero(rows.looked.normal)
    some = rng.choice(normal, min(NORMALS_SHUFFLED, normal.size), replace=False)
    kept = np.sort(np.concatenate([np.flatnonzero(rows.looked.positive[name]), some]))
    positive = rows.looked.positive[name][kept]
    weight = np.where(positive, 1.0, rows.looked.weight[kept] * normal.size / some.size)
    matrix, order = wide[kept], rng.permutation(kept.size)
    whole = average_precision_score(positive, score(matrix), sample_weight=weight)

    def lost(columns: list[int]) -> float:
        shuffled = matrix.copy()
        shuffled[:, columns] = matrix[order][:, columns]
        return float(whole - average_precision_score(positive, score(shuffled), sample_weight=weight))

    def split(columns: list[int]) -> Iterator[tuple[float, str]]:
        loss = lost(columns)
        if loss < LEAST:
            return
        middle = len(columns) // 2
        parts = [*split(columns[:middle]), *split(columns[middle:])] if middle else []
        listed = sorted(column - first for column in columns)[:SHOWN_OF_SET]
        more = f" (of {len(columns)})" if len(columns) > SHOWN_OF_SET else ""
        yield from parts or [(loss, ", ".join(names[column] for column in listed) + more)]

    yield from split(sorted(range(first, matrix.shape[1]), key=lambda column: names[column - first]))


def say(text: str) -> None:
    """Tell how far it is, and what it has cost."""
    print(f"{time.process_time():7.0f} CPU s  {text}", file=sys.stderr, flush=True)


def main(*arguments: str) -> None:
    """Measure, and print the tables."""
    register()
    given = dict(each.split("=", 1) for each in arguments if "=" in each)
    if unknown := sorted(given.keys() - ASKED.keys() - SIZES.keys()):
        sys.exit(f"arguments are {', '.join([*ASKED, *SIZES])}, got {', '.join(unknown)}")
    asked = ASKED | given
    if both := set(asked["training"].split(",")) & set(asked["seeds"].split(",")):
        sys.exit(f"training and seeds must have no world in common, got {', '.join(sorted(both))}")
    sizes = tuple((name, value) for name, value in given.items() if name not in ASKED)
    every = [
        Which(mix, difficulty, sizes)
        for difficulty in asked["difficulties"].split(",")
        for mix in asked["mixes"].split(",")
    ]
    kept = KeptRows(LINES, made_of() + hashlib.blake2b(Path(__file__).read_bytes(), digest_size=2).hexdigest())
    for which in every if "tables" not in arguments else ():
        measured(which, asked, kept)
    print(*tables(kept.rows, asked), sep="\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
