"""What people wait for: the first result, a run, an error, a generated world; each beside something in the same run.

`python benchmarks/waiting.py [first]` prints the seconds of the clock and of the processors; `first` also measures the
first run after an installation, with nothing compiled, which takes a minute or two. Nothing is asserted: other programs
on the machine make all of it slower, so look at the ratios.
"""

import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow.parquet as pq

RUN = ("-m", "bench.run", "generator.anomaly_ratio=0.05", "detector=iforest")
SWEEP = ("-m", "bench.run", "--multirun", "hydra.launcher.n_jobs=1", RUN[2], "detector=random,volume")
SEED = ("-m", "bench.generate", "generator=seed_cdr")
LIBRARIES = ("-c", "import mlflow.store.tracking.sqlalchemy_store, sklearn.ensemble, matplotlib.figure")
"""Imports without which there is no run: what its seconds are compared with."""


def spent(place: Path, *arguments: str, cache: str | None = None) -> tuple[float, float]:
    """Run Python in a folder; return the seconds of the clock and of the processors."""
    environment = os.environ | ({} if cache is None else {"XDG_CACHE_HOME": cache})
    before, began = os.times(), time.monotonic()
    subprocess.run([sys.executable, *arguments], cwd=place, env=environment, capture_output=True, check=False)
    took, after = time.monotonic() - began, os.times()
    processors = after.children_user + after.children_system - before.children_user - before.children_system
    return took, processors


def show(what: str, took: tuple[float, float], beside: float, name: str) -> None:
    """Print a line: seconds, and the ratio of the processors' seconds to what they are compared with."""
    print(f"{what:44} {took[0]:7.2f} s  {took[1]:7.2f} s of processors  {took[1] / beside:6.2f} x {name}", flush=True)


def seconds_of_writing(file: Path) -> float:
    """Return the processors' seconds that writing a table of calls takes."""
    table = pq.read_table(file)
    began = time.process_time()
    pq.write_table(table, file.with_suffix(".again"), compression="zstd")
    return time.process_time() - began


def main() -> None:
    """Measure and print."""
    with TemporaryDirectory() as folder:
        place = Path(folder)
        libraries = spent(place, *LIBRARIES)
        show("imports of the libraries of a run", libraries, libraries[1], "imports")
        show("cdrbench --help", spent(place, "-m", "bench", "--help"), libraries[1], "imports")
        show("python -m bench.run --help", spent(place, "-m", "bench.run", "--help"), libraries[1], "imports")
        show("cdrbench detector=ifores", spent(place, "-m", "bench", "detector=ifores"), libraries[1], "imports")
        show("a refusal that two jobs share", spent(place, *SWEEP, "generator.days=0"), libraries[1], "imports")
        if "first" in sys.argv[1:]:
            show("first run, nothing compiled", spent(place, *RUN, cache=f"{place}/cache"), libraries[1], "imports")
        else:
            spent(place, *RUN)  # makes the world
        show("main job, its world there", spent(place, *RUN), libraries[1], "imports")
        sweeps = [spent(place, *SWEEP, f"seed={seeds}") for seeds in ("1", "1,2,3")]
        each = tuple((three - one) / 4 for one, three in zip(*sweeps, strict=True))  # two runs, and six
        show("a run of a sweep, one at a time", (each[0], each[1]), libraries[1], "imports")
        plain = spent(place, *SEED, "out=plain", "audit=none")
        writing = seconds_of_writing(place / "plain" / "cdr_call_records.parquet")
        show("generate generator=seed_cdr audit=none", plain, writing, "writing its calls")
        show("its audit, with the clean twin", spent(place, *SEED, "out=audited"), writing, "writing its calls")


if __name__ == "__main__":
    main()
