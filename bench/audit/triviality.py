"""Test whether a single feature of a frozen list finds a type, in either direction."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from hydra.errors import InstantiationException
from hydra.utils import instantiate

from bench.arrays import FloatArray
from bench.audit.audited_world import AuditedWorld
from bench.audit.verdict import Check, Light
from bench.audit_settings import AuditSettings
from bench.dataset import Dataset
from bench.evaluation.ranking import SortedScores
from bench.evaluation.sample import Sample, callers_of, sample_of_calls
from bench.faults import UserError
from bench.generator import Progress


class FeatureList(Protocol):
    """A frozen, named list of features of calls or of other entities; changes get a new version."""

    version: int

    @property
    def names(self) -> Mapping[str, bool]:
        """Names of the features in order, each with whether it needs the call graph."""

    def columns(self, dataset: Dataset) -> Iterator[tuple[str, FloatArray]]:
        """Yield each feature with its values for the entities of the window, shape (entities,), finite."""


def feature_list(config: Mapping[str, Any]) -> FeatureList:
    """Return the list of features that a configuration names by its `_target_`.

    Raises
    ------
    UserError
        When its constructor refuses the parameters.
    """
    try:
        features: FeatureList = instantiate(config)
    except InstantiationException as error:
        if isinstance(error.__cause__, UserError):
            raise error.__cause__ from error
        raise
    return features


@dataclass(frozen=True)
class Powers:
    """ROC-AUC of each feature as a detector of each type."""

    types: tuple[str, ...]
    features: tuple[str, ...]
    graph: tuple[bool, ...]
    """Which of the features need the call graph."""
    roc_auc: FloatArray
    """Shape (features, types): ROC-AUC of the type's records against normal ones, high values being suspicious."""
    found: FloatArray | None = None
    """Shape (features, types): share of a type's calls among as many alerts as calls, in the better direction."""

    @property
    def strength(self) -> FloatArray:
        """ROC-AUC in the better direction: from 0.5 to 1."""
        return np.maximum(self.roc_auc, 1 - self.roc_auc)

    def best(self, type_: str, *, graph: bool | None = None) -> tuple[str, float]:
        """Return the strongest feature of a type (of one kind, if given) and its ROC-AUC in either direction."""
        column = self.strength[:, self.types.index(type_)].copy()
        if graph is not None:
            column[[each != graph for each in self.graph]] = 0.0
        row = int(column.argmax())
        return self.features[row], float(column[row])

    def most_found(self, type_: str) -> float:
        """Return the largest share of a type's calls that a single feature finds; 0 where that was not measured."""
        return 0.0 if self.found is None else float(self.found[:, self.types.index(type_)].max())


def single_features(
    dataset: Dataset, sample: Sample, features: FeatureList, progress: Progress, *, shares: bool = False
) -> Powers:
    """Return the ROC-AUC of each feature for each type that has a record in the window.

    Parameters
    ----------
    dataset
        The data set; the records of its window are scored.
    sample
        The records of the window that the features describe, with their truth.
    features
        The list of features.
    progress
        Receives the progress.
    shares
        Whether the share that each feature finds is measured too.
    """
    present = [name for code, name in enumerate(sample.types) if (sample.type_code == code).any()]
    of_type = [sample.positives(name)[0] for name in present]
    normal = np.flatnonzero(sample.normal)
    rows, found_rows = [], []
    for number, (_, values) in enumerate(features.columns(dataset), 1):
        others = np.sort(values[normal])
        found = [SortedScores(np.sort(values[each]), others).roc_auc for each in of_type]
        rows.append([0.5 if auc is None else auc for auc in found])
        if shares:
            found_rows.append([share_found(values[each], others) for each in of_type])
        progress("looking at single features", number, len(features.names))
    auc = np.array(rows, np.float64).reshape(len(features.names), len(present))
    shared = np.array(found_rows).reshape(auc.shape) if shares else None
    return Powers(tuple(present), tuple(features.names), tuple(features.names.values()), auc, shared)


def share_found(positives: FloatArray, others: FloatArray) -> float:
    """Return the share of positives among as many alerts as there are positives, in the better direction.

    Where the last alert is one of several equal values, the share is what a random choice among them would find.
    """
    wanted, best = len(positives), 0.0
    for sign in (1.0, -1.0):
        mine, all_ = sign * positives, sign * np.concatenate([positives, others])
        last = np.partition(all_, len(all_) - wanted)[len(all_) - wanted]
        above, tied = int((mine > last).sum()), int((mine == last).sum())
        left = wanted - int((all_ > last).sum())
        best = max(best, (above + tied * left / max(int((all_ == last).sum()), 1)) / wanted)
    return best


def check_triviality(
    subject: AuditedWorld, settings: AuditSettings, features: FeatureList, progress: Progress
) -> Check:
    """Mark the types that a single feature finds."""
    labels = subject.truth.call_labels(*subject.dataset.call_range(subject.dataset.window))
    if not labels.anomalous.any():
        return Check("triviality", Light.UNTESTED, ("there are no anomalies in the scored part",), {})
    sample = sample_of_calls(labels, callers_of(subject.dataset))
    powers = single_features(subject.dataset, sample, features, progress)
    best = {name: powers.best(name) for name in powers.types}
    trivial = [name for name, (_, auc) in best.items() if auc >= settings.trivial_auc]
    found = {
        "version": features.version,
        "types": powers.types,
        "features": powers.features,
        "graph": powers.graph,
        "roc_auc": powers.roc_auc.round(6).tolist(),
        "best": {name: {"feature": feature, "roc_auc": round(auc, 6)} for name, (feature, auc) in best.items()},
        "trivial": trivial,
    }
    light = (Light.RED if settings.trivial_fails else Light.MARKED) if trivial else Light.GREEN
    hardest = max(best, key=lambda name: best[name][1])
    line = f"no single feature finds a type; the best: {_feature_text(hardest, *best[hardest])}"
    lines = [f"trivial: {_feature_text(name, *best[name])}" for name in trivial]
    return Check("triviality", light, tuple(lines) or (line,), found)


def _feature_text(name: str, feature: str, auc: float) -> str:
    return f"{name} by {feature} (ROC-AUC {auc:.4f})"
