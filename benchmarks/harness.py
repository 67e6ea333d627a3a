"""What the harness costs beside fitting and scoring: a run, a sweep with two workers, and records in MLflow.

`python benchmarks/harness.py [overhead] [workers] [tracking]`; all three without an argument. Each prints a ratio, and
the program ends with code 1 when one is beyond its bound. Everything is done in a temporary folder.

- overhead: a run of isolation forest on a million calls beside a program that does by hand what the detector's process
  does: import the libraries, open the tables, fit, score. The rest is the harness: checks, evaluation with intervals,
  pictures, the record. This reading is held to the bound. The other, also printed, is all that is not fit and score,
  imports included, which nobody can do without: that of the program by hand is its floor;
- workers: the throughput of two jobs at a time beside one at a time, over a sweep of 16 runs;
- tracking: 500 recorded runs of 100 metrics beside plain calls of MLflow for the same.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mlflow import MlflowClient
from mlflow.entities import Metric, Param

from bench.host.processors import THREAD_SETTINGS
from bench.result import Result, Scalar, Status
from bench.runs.run_record import Record
from bench.runs.tracking import Tracker
from bench.settings import TrackingSettings

MOST_OVERHEAD, LEAST_SPEED_UP, MOST_TRACKING = 0.20, 1.8, 2.0
MILLION = ("generator.num_users=11200", "generator.num_towers=40")
SMALL = ("generator.num_users=1000", "generator.days=14")
RUNS, METRICS, REPEATS = 500, 100, 3
BY_HAND = """
import sys
from pathlib import Path
import numpy as np
from pyod.models.iforest import IForest
from bench.dataset import Dataset
from bench.worlds.protocol import applied
from bench.settings import ProtocolSettings
from detectors.tables.tabular import Tabular

FEATURES = ["log_duration", "duration_ratio", "unanswered", "hour_sin", "hour_cos", "weekend", "hour_share", "log_gap",
            "calls_last_hour", "new_contact", "outside", "moved"]
dataset = applied(Dataset.open(Path(sys.argv[1])), ProtocolSettings())
detector = Tabular(FEATURES, IForest(n_estimators=100, random_state=0))
np.save("scores.npy", detector.fit(dataset).score(dataset).values)
"""


@dataclass(frozen=True)
class Cost:
    """What a program took, with all that it started [s]."""

    wall: float
    cpu: float

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(self.wall + other.wall, self.cpu + other.cpu)

    def __str__(self) -> str:
        return f"{self.wall:.1f} s ({self.cpu:.1f} s of CPU time)"


def measured(*command: str) -> Cost:
    """Run a Python program."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([sys.executable, *command], check=True, stdout=subprocess.DEVNULL)
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return Cost(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def program(*arguments: str) -> Cost:
    """Run the harness once."""
    return measured("-m", "bench.run", *arguments)


def overhead() -> bool:
    """Print what a run takes beside the same detector by hand; return whether that is little enough."""
    program(*MILLION, "detector=random", "tracking=none", "name=first")  # makes the world, and fills the caches
    made = Path("worlds").glob("*/manifest.json")  # the clean twin, made for the audit, among them
    (world,) = [path for path in made if json.loads(path.read_text())["counts"]["anomalous_calls"]]
    by_hand, runs = [], []
    for _ in range(REPEATS):  # in turn, so that both meet the same neighbours on the machine
        by_hand.append(measured("-c", BY_HAND, str(world.parent / "data")))
        runs.append(program(*MILLION, "detector=iforest", "name=second"))
    hand, run = (min(costs, key=lambda cost: cost.wall) for costs in (by_hand, runs))
    rows = [row for row in map(json.loads, map(Path.read_text, Path("runs").rglob("result.json")))
            if row["name"] == "second"]  # fmt: skip
    work = min(float(row["fit_seconds"]) + float(row["score_seconds"]) for row in rows)
    calls = json.loads(world.read_text())["counts"]["calls"]
    print(f"{calls:,} calls, isolation forest: by hand {hand}, a run {run}")
    share = 1 - hand.wall / run.wall
    print(f"overhead over the program by hand: {share:.0%} of a run (at most {MOST_OVERHEAD:.0%})")
    floor, rest = (1 - work / cost.wall for cost in (hand, run))
    print(f"all but fit and score ({work:.1f} s), imports too: {rest:.0%} of a run, {floor:.0%} of the program by hand")
    return share <= MOST_OVERHEAD


def workers() -> bool:
    """Print what a second worker brings; return whether it is enough."""
    axes = ("--multirun", *SMALL, "detector=iforest,hbos", "seed=range(8)", "tracking=none")
    program(*SMALL, "detector=random", "tracking=none")  # makes the world
    os.environ.update(dict.fromkeys(THREAD_SETTINGS, "1"))
    one, two = (program(*axes, f"hydra.launcher.n_jobs={jobs}") for jobs in (1, 2))
    print(f"16 runs: one at a time {one}, two at a time {two}")
    print(f"speed-up {one.wall / two.wall:.2f} (at least {LEAST_SPEED_UP:g})")
    return one.wall / two.wall >= LEAST_SPEED_UP


def tracking() -> bool:
    """Print what a record costs beside plain calls for the same; return whether that is little enough."""
    values: dict[str, float | None] = {f"metric_{number}/all": number / METRICS for number in range(METRICS)}
    parameters: dict[str, Scalar] = {f"setting_{number}": number for number in range(METRICS)}
    asked: dict[str, Scalar] = {
        "name": "a run",
        "generator": "default",
        "fingerprint": "0" * 16,
    }
    tracker = Tracker(TrackingSettings().uri or "", TrackingSettings())
    plain = MlflowClient(tracking_uri=tracker.uri)

    def plainly() -> None:
        run_id = plain.create_run(tracker.experiment_id, run_name="a run").info.run_id
        metrics = [Metric(name, float(value or 0), 0, 0) for name, value in values.items()]
        plain.log_batch(run_id, metrics, [Param(name, str(value)) for name, value in parameters.items()])
        plain.set_terminated(run_id)

    def recorded() -> None:
        numbers = {name: float(value or 0) for name, value in values.items()}
        result, tags = Result(asked, Status.OK, "", values), {"detector": "iforest"}
        tracker.record(Record(result, 0, Path(), numbers, parameters, tags, []))

    raw, ours = Cost(0, 0), Cost(0, 0)
    for _ in range(RUNS):  # in turn, so that both meet the same neighbours on the machine
        raw, ours = raw + timed(plainly), ours + timed(recorded)
    print(f"{RUNS} runs of {METRICS} metrics and settings: plain calls {raw}, records {ours}")
    print(f"ratio {ours.wall / raw.wall:.2f} (at most {MOST_TRACKING:g})")
    return ours.wall <= MOST_TRACKING * raw.wall


def timed(task: Callable[[], None]) -> Cost:
    """Return what something takes in this process."""
    began, before = time.perf_counter(), time.process_time()
    task()
    return Cost(time.perf_counter() - began, time.process_time() - before)


def main() -> None:
    """Measure what is asked for, and fail when anything is beyond its bound."""
    parts = {"overhead": overhead, "workers": workers, "tracking": tracking}
    with tempfile.TemporaryDirectory() as place:
        os.chdir(place)
        well = [parts[name]() for name in sys.argv[1:] or parts]
    sys.exit(not all(well))


if __name__ == "__main__":
    main()
