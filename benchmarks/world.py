"""How fast is the world made? CPU time of making calls beside CPU time of writing them, and beside the plain model.

    python benchmarks/world.py [calls [injection]]
    python benchmarks/world.py --on-disk generator/network=none generator.num_users=1000000 generator.days=17

Prints, for a default world of so many calls (5 million): the ratio of making the calls, as Arrow tables, to writing
those tables as zstd Parquet with pyarrow, day by day in turn in the same process; calls a second of the row-by-row
reference of the same model, and how many times faster the kernels are; and the peak memory of making the world on
disk. A second table does the same for `seed_cdr` at its full size, with the CSV export. Before them: what anomalies
cost, by mix. The second form only makes a world on disk: here of a million users.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from hydra import compose, initialize_config_module
from omegaconf import OmegaConf

from bench.config.composition import register
from bench.generator import silent
from bench.schema import CALLS
from generators.calls.reference import Reference
from generators.model.records import no_edits
from generators.tables import export
from generators.world import World

CALLS_A_USER = 90.8
"""Of the default world."""
REFERENCE_USERS = 400
TURNS = 5
WORKERS = 1
"""As pyarrow writes: with two busy threads, a processor that runs both on one core counts their seconds twice."""


def world(*overrides: str) -> World:
    """Return a world of the shipped configuration."""
    register()
    with initialize_config_module("conf", version_base="1.3"):
        config = compose("config", overrides=list(overrides))
    anomalies: Any = {name: OmegaConf.to_object(leaf) for name, leaf in config.anomaly.items()}
    settings: Any = OmegaConf.to_object(config.generator)
    return World(settings, anomalies)


def cpu(start: float) -> float:
    """Return CPU seconds of this process, all threads, since `start`."""
    return time.process_time() - start


def measure(title: str, *overrides: str) -> None:
    """Print one table."""
    list(world(*overrides, "generator.num_users=200", "generator.days=7").draw().calls(WORKERS))  # compile first
    print(f"\n{title}")
    calls, made, wrote = make_and_write(world(*overrides))
    print(f"  calls                                {calls:12,}")
    print(f"  made, CPU                            {made:12.2f} s   {made / calls * 1e9:6.0f} ns a call")
    print(f"  written as zstd Parquet, CPU         {wrote:12.2f} s")
    print(f"  ratio made / written                 {made / wrote:12.2f}     (bar: 1.00)")
    rate = reference_rate(*overrides)
    print(f"  plain row-by-row model               {rate:12.0f} calls a CPU second")
    print(f"  kernels over plain model             {calls / made / rate:12.0f} times")


def make_and_write(big: World) -> tuple[int, float, float]:
    """Make a world's calls and write them with pyarrow, day by day in turn; return calls, and CPU seconds of each."""
    with (
        tempfile.TemporaryDirectory() as folder,
        pq.ParquetWriter(Path(folder) / "calls.parquet", CALLS.arrow, compression="zstd") as writer,
    ):
        calls, wrote = 0, 0.0
        start = time.process_time()
        for table in big.draw().calls(WORKERS):
            before = time.process_time()
            writer.write_table(table)
            wrote += cpu(before)
            calls += table.num_rows
        made = cpu(start) - wrote
    return calls, made, wrote


def injection(title: str, *overrides: str) -> None:
    """Print what anomalies at a ratio of 0.05 cost beside making normal life: the median of some pairs, in turn."""
    small = (*overrides, "generator.num_users=3000", "generator.days=7")
    list(world(*small).draw().calls(WORKERS))  # compile first
    print(f"\n{title} at a ratio of 0.05, CPU of normal life, with incidents; injection / normal life (bar: 0.30)")
    for way, made in (
        ("in a folder, as bench.generate makes it", in_a_folder),
        ("in memory, nothing written", in_memory),
    ):
        both = [(*overrides, f"generator.anomaly_ratio={ratio}") for ratio in (0.0, 0.05)]
        pairs = [[made(world(*each)) for each in both] for _ in range(TURNS)]
        ratios = sorted(injected / normal - 1 for normal, injected in pairs)
        normal, injected = np.median(pairs, axis=0)
        spread = f"{np.median(ratios):6.2f}     (from {ratios[0]:.2f} to {ratios[-1]:.2f})"
        print(f"  {way:<40} {normal:6.2f} s {injected:6.2f} s {spread}", flush=True)


def in_memory(one: World) -> float:
    """Make a world's tables and drop them; return CPU seconds."""
    start = time.process_time()
    for _ in one.draw().calls(WORKERS):
        pass
    return cpu(start)


def in_a_folder(one: World) -> float:
    """Make a world, its data and its truth; return CPU seconds."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.process_time()
        one.make(Path(folder) / "world", WORKERS, silent)
        return cpu(start)


def reference_rate(*overrides: str) -> float:
    """Return how many calls a CPU second the plain model makes, intents and rendering."""
    drawn = world(*overrides).draw()
    plain, users = Reference(drawn.model), drawn.counts.shape[1]
    busy = np.zeros(users, np.int64)
    some = np.linspace(0, users - 1, REFERENCE_USERS).astype(int)
    start = time.process_time()
    calls = sum(1 for user in some.tolist() for _ in plain.day(user, 0, no_edits(), busy))
    return calls / cpu(start)


def on_disk(*overrides: str) -> None:
    """Make a world on disk, with every product; print what it took. Run in a process of its own."""
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        start = time.process_time()
        counts = world(*overrides).make(folder / "world", WORKERS, silent)
        print(f"  calls made on disk                   {counts['calls']:12,}")
        print(f"  made on disk, CPU                    {cpu(start):12.2f} s   (imports and compiled code loaded anew)")
        print(f"  peak memory                          {peak_mib():12.0f} MiB")
        if "generator=seed_cdr" in overrides:
            (folder / "out").mkdir()
            (folder / "world" / "manifest.json").write_text(_manifest(counts, *overrides))
            start = time.process_time()
            export.write(folder / "world", folder / "out", csv=True, progress=silent)
            print(f"  all products, Parquet and CSV, CPU   {cpu(start):12.2f} s")


def _manifest(counts: dict[str, Any], *overrides: str) -> str:
    return json.dumps({"counts": counts, "recipe": world(*overrides).recipe(), "fingerprint": "-"})


def peak_mib() -> float:
    """Return the peak resident memory of this process [MiB]; unlike getrusage's, not that of its parent."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def main() -> None:
    """Print both tables."""
    if sys.argv[1:2] == ["--on-disk"]:
        on_disk(*sys.argv[2:])
        return
    calls = int(sys.argv[1]) if len(sys.argv) > 1 else 5_000_000
    default = ("generator=default", "generator/network=none", f"generator.num_users={round(calls / CALLS_A_USER)}")
    injection("17 types, no network,", "anomaly=[seed_four,fraud]", *default)
    for mix in ("seed_four", "all", "network_faults"):
        injection(f"anomaly={mix}, with the network,", f"anomaly={mix}", default[0], default[-1])
    if sys.argv[2:] == ["injection"]:
        return
    for title, overrides in (
        ("default world without a network, 28 days", default),
        ("seed_cdr, 15,000 users, 7 days", ("generator=seed_cdr",)),
    ):
        measure(title, *overrides)
        sys.stdout.flush()
        subprocess.run([sys.executable, __file__, "--on-disk", *overrides], check=True)


if __name__ == "__main__":
    main()
