"""Does every detector run at the size that users have? Each leaf, and models by their dotted path, fitted and scored.

    python benchmarks/sizes.py [users=2000] [days=28] [only=ocsvm,lof,...] [data=FOLDER]

makes the default world of that size, or takes the folder `data` of a stored one, and prints a line each: OK, or what
it raised, and how long it took; it ends with code 1 unless all are OK. Before a release it is run with `users=12000`,
which is a million calls.
"""

import resource
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from hydra import compose, initialize_config_module
from hydra.utils import instantiate
from omegaconf import OmegaConf

import conf
from bench.config.composition import register
from bench.dataset import Dataset
from bench.detector import Detector
from bench.host.console import progress_bars
from bench.settings import ProtocolSettings
from bench.worlds.protocol import applied
from bench.worlds.store import find_or_make, world_of
from detectors.models.quadratic_costs import OF_FITTED

WORLDS = Path("worlds")
SEED = 7
DEEP = ("auto_encoder", "deep_svdd")
OPEN = ("pyod", "sklearn", "supervised")
"""Leaves that need a model to be named, or labels."""
SOME_ROWS = 20_000
PYOD: dict[str, dict[str, Any]] = {
    "lof.LOF": {"algorithm": "kd_tree"},
    "knn.KNN": {},
    "cblof.CBLOF": {"random_state": SEED},
    "mcd.MCD": {"random_state": SEED},
    "copod.COPOD": {},
    "ecod.ECOD": {},
    "hbos.HBOS": {},
    "iforest.IForest": {"random_state": SEED},
    "loda.LODA": {"random_state": SEED},
    "inne.INNE": {"random_state": SEED},
    "pca.PCA": {"random_state": SEED},
    "gmm.GMM": {"n_components": 4, "random_state": SEED},
}
SKLEARN: dict[str, dict[str, Any]] = {
    "ensemble.IsolationForest": {"random_state": SEED},
    "neighbors.LocalOutlierFactor": {"novelty": True},
    "svm.OneClassSVM": {"nu": 0.01},
    "covariance.EllipticEnvelope": {"random_state": SEED},
    "linear_model.SGDOneClassSVM": {"random_state": SEED},
    "mixture.GaussianMixture": {"n_components": 4, "random_state": SEED},
}


def world_of_size(users: int, days: int, worlds: Path = WORLDS) -> Dataset:
    """Return the default world with so many users and days, split as `protocol=split` does."""
    register()
    overrides = [f"generator.num_users={users}", f"generator.days={days}"]
    with initialize_config_module("conf", version_base="1.3"):
        settings: Any = OmegaConf.to_object(compose("config", overrides))
    with progress_bars(False) as progress:
        stored = find_or_make(world_of(settings.generator, settings.anomaly), worlds, 1, progress)
    return applied(Dataset.open(stored.folder / "data"), ProtocolSettings())


def settings_of_all() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield a name and the settings of each leaf that needs no model or file to be named, and of models by path."""
    for leaf in sorted(Path(conf.__path__[0]).glob("detector/*.yaml")):
        found: Any = OmegaConf.load(leaf)
        found = found.get("detector", found)
        if (
            found._target_.startswith("detectors.")
            and leaf.stem not in OPEN
            and (find_spec("torch") or leaf.stem not in DEEP)
        ):
            whole = OmegaConf.create({"seed": SEED, "detector": found})
            yield leaf.stem, OmegaConf.to_container(whole, resolve=True)["detector"]  # type: ignore[index, call-overload, misc]
    for package, models in (("pyod.models", PYOD), ("sklearn", SKLEARN)):
        for path, parameters in models.items():
            model = {"_target_": f"{package}.{path}", **parameters}
            slow = path.rpartition(".")[2] in OF_FITTED
            table = {"_target_": "detectors.tables.tabular.Tabular", "features": None, "scale": True, "model": model}
            yield f"{package}.{path}", {**table, "fit_rows": SOME_ROWS if slow else None}


def made(settings: dict[str, Any]) -> Detector:
    """Return a detector of its settings."""
    found: Detector = instantiate(settings, _convert_="all")
    return found


def main() -> None:
    """Try all, and print what became of each."""
    asked = {"users": "2000", "days": "28", "only": "", "data": ""} | dict(each.split("=", 1) for each in sys.argv[1:])
    if asked["data"]:
        dataset = applied(Dataset.open(Path(asked["data"])), ProtocolSettings())
    else:
        dataset = world_of_size(int(asked["users"]), int(asked["days"]))
    low, high = dataset.call_range(dataset.window)
    print(f"{dataset.call_range(dataset.history)[1]:,} calls of history, {high - low:,} calls to score", flush=True)
    failed = 0
    for name, settings in settings_of_all():
        if asked["only"] and name not in asked["only"].split(","):
            continue
        began = time.process_time()
        try:
            scores = made(settings).fit(dataset).score(dataset)
            wrong = scores.values.size - int(np.count_nonzero(np.isfinite(scores.values)))
            outcome = f"{wrong} scores are not finite" if wrong else "OK"
        except Exception as error:  # noqa: BLE001 - whatever it raises is what has to be reported
            outcome = f"{type(error).__name__}: {error}"
        failed += outcome != "OK"
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(f"{name:42} {time.process_time() - began:7.1f} s {peak:6} MiB so far  {outcome}", flush=True)
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
