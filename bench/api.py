"""The harness from Python: worlds, runs and comparisons in a notebook or a program.

>>> from bench import api
>>> world = api.world("generator.num_users=300", "generator.days=14")  # doctest: +SKIP
>>> runs = [api.run(name, world) for name in ("iforest", "rules")]  # doctest: +SKIP
>>> api.compare(runs)  # doctest: +SKIP

Settings are the same texts as on the command line. A detector is the name of a leaf, which runs in a process of its own
that sees no labels, or an object, which runs in this process and so is not isolated from the labels.
"""

import re
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, is_dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from hydra.utils import get_method
from omegaconf import open_dict

from bench.config.composition import add_choice, composed, register, settings_of
from bench.config.hydra_patches import initialised
from bench.dataset import Dataset
from bench.detector import Detector, Level
from bench.evaluation.home import homes_in
from bench.evaluation.run_outcome import Outcome
from bench.faults import UserError
from bench.host.processors import usable
from bench.isolation.detector_process import Trial
from bench.isolation.fitting import fitted_and_scored
from bench.result import UNCONFINED, Scalar, Status
from bench.runs.request import Request, plain_values
from bench.runs.steps import attempted, begun, judged, measured, prepared
from bench.settings import RunSettings
from bench.world_view import World, call_graph

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Run", "World", "call_graph", "compare", "report", "run", "world"]
PROGRAM = "config"
HERE = f"{UNCONFINED}, the caller's"
"""`isolation` of a detector that is passed as an object: it runs in the process that evaluates it."""


@dataclass(frozen=True)
class Run:
    """The result of a detector on a world."""

    outcome: Outcome

    @property
    def row(self) -> dict[str, Scalar]:
        """The row of results, as `result.json` has it (docs/reference/metrics.md)."""
        return self.outcome.result.row()

    @property
    def scores(self) -> np.ndarray[Any, np.dtype[np.float64]]:
        """Shape (entities,): the score of each entity of the window at the detector's own level."""
        if self.outcome.scores is None:
            raise UserError(f"the run has no scores: {self.row['status']}, {self.row['reason']}")
        return self.outcome.scores.values

    def curve(self, anomaly_type: str | None = None) -> "pd.DataFrame":
        """Return precision and recall at each threshold, for one type against normal records (None: all types)."""
        import pandas  # noqa: PLC0415 - takes a while

        positive, scores = self.outcome.type_sample(anomaly_type)
        thresholds = np.unique(scores)[::-1]
        found, others = np.sort(scores[positive]), np.sort(scores[~positive])
        hits, alarms = (side.size - np.searchsorted(side, thresholds) for side in (found, others))
        recall, precision = hits / max(found.size, 1), hits / (hits + alarms)
        return pandas.DataFrame({"threshold": thresholds, "recall": recall, "precision": precision})

    def _repr_html_(self) -> str:
        return str(compare([self])._repr_html_())  # type: ignore[operator]


def anomaly_type(kind: type) -> str:
    """Register a class of your own as an anomaly type; return its name, for `anomaly=[NAME]`.

    Parameters
    ----------
    kind
        A dataclass with the settings and the method `plan` of a type (`generators.injection.injector.Injector`). The
        name follows from its own: `MinuteCall` is `minute_call`. The file that it stands in is part of the fingerprint
        of its worlds.

    Raises
    ------
    UserError
        When it is no dataclass, or has no `plan`.
    """
    if not (is_dataclass(kind) and callable(getattr(kind, "plan", None))):
        raise UserError(f"a type of anomaly must be a dataclass with a method plan, got {kind.__name__}")
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", kind.__name__).lower()
    add_choice("anomaly", name, kind)
    return name


def world(*settings: str, folder: str | Path = "worlds") -> World:
    """Find a world by its settings, or make it; `generator=cdr_file generator.path=...` opens your own records.

    Parameters
    ----------
    settings
        Texts such as `"generator.num_users=300"` or `"anomaly=[ring]"`: those of `cdrbench run`, but the detector's.
    folder
        Where worlds are kept.

    Raises
    ------
    UserError
        When something is wrong with the settings: it names each, the rule and the value.
    """
    asked = (*settings, f"store.worlds={Path(folder)}")
    return World(asked, prepared(_request([*asked, "detector=random"], Path())))


def run(detector: "str | Detector", on: World, *settings: str) -> Run:
    """Fit and score a detector on a world, and evaluate it.

    Parameters
    ----------
    detector
        The name of a leaf (`cdrbench settings detector` lists them), or an object with `level`, `causal`, `fit` and
        `score`.
    on
        The world.
    settings
        Such as `"detector.model.n_estimators=200"` (of a leaf) or `"threshold.alerts_per_day=20"`.

    Raises
    ------
    UserError
        When something is wrong with the settings. A detector that fails is no error: the row says how it ended.
    """
    leaf = detector if isinstance(detector, str) else "random"
    with tempfile.TemporaryDirectory() as folder:
        request = _request([*on.settings, f"detector={leaf}", *settings], Path(folder))
        prepared_world = replace(on.prepared_world, seconds=0.0)
        if isinstance(detector, str):
            with begun(request) as process:
                trial = attempted(request, prepared_world, process)
        else:
            request = _named(request, detector)
            trial = _tried_here(detector, prepared_world.dataset)
        return Run(judged(request, prepared_world, trial, measured(request, prepared_world)))


def compare(runs: Iterable[Run], metric: str = "average_precision") -> "pd.DataFrame":
    """Return a table of runs by anomaly type: a metric at each type's home level, the best overall first.

    A run that failed has a row of missing values.
    """
    import pandas  # noqa: PLC0415 - takes a while

    rows = []
    for each in runs:
        row = each.row
        homes = homes_in(str(row["home_levels"]))
        levels = {kind: "" if home == Level.CALL else f"{home}/" for kind, home in homes.items()} | {"all": ""}
        values = {kind: row.get(f"{level}{metric}/{kind}") for kind, level in levels.items()}
        rows.append({"detector": row["detector"], "status": row["status"], **values})
    table = pandas.DataFrame(rows).set_index("detector")
    return table.sort_values("all", ascending=False) if "all" in table else table


def report(runs: Iterable[Run], out: str | Path = "report") -> list[Path]:
    """Write the page that compares runs, as `cdrbench report` does; return its files."""
    Path(out).mkdir(parents=True, exist_ok=True)
    write = get_method(RunSettings().report.comparison)
    return list(write([each.row for each in runs], Path(out)))


def _request(settings: Sequence[str], folder: Path) -> Request:
    """Compose settings, and check them all."""
    register()
    with initialised():
        config = composed(PROGRAM, settings, hydra=True)
        choices = {str(group): str(choice) for group, choice in config.hydra.runtime.choices.items()}
        with open_dict(config):
            del config.hydra
        return Request(
            settings=settings_of(config),
            resolved=plain_values(config),
            choices=choices,
            folder=folder,
            number=None,
            processors=usable(),
        )


def _named(request: Request, detector: Detector) -> Request:
    """Return the request with the detector object in place of a leaf."""
    kind = type(detector)
    resolved = {**request.resolved, "detector": {"_target_": f"{kind.__module__}.{kind.__qualname__}"}}
    return replace(request, resolved=resolved, choices={**request.choices, "detector": kind.__name__})


def _tried_here(detector: Detector, dataset: Dataset) -> Trial:
    """Fit and score in this process; an exception of the detector becomes the outcome."""
    try:
        scores, cost = fitted_and_scored(partial(detector.fit, dataset), dataset)
    except Exception as error:  # noqa: BLE001 - whatever a detector raises
        return Trial(Status.ERROR, f"{type(error).__name__}: {error}", isolation=HERE)
    return Trial(Status.OK, "", scores, cost, HERE)
