"""How long the report of many runs takes to make, how large it is, and how soon it can be used in a browser.

    python benchmarks/report.py [runs=500] [types=23] [kinds=1,14]

Made-up rows and tables of runs, of the sizes that real ones have: detectors by five seeds of one world configuration,
then by fourteen of them, as in a suite. The time to make the page is set beside that of reading the same `result.json`
files alone. On a busy machine, the time of processors tells more than that of the clock: that of the process that makes
the page, and of the one beside it that reads the runs' tables.
"""

import json
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from bench.evaluation.metric_names import metric_names
from bench.report import rows_below
from bench.run_tables import ALERTS, CURVES, INCIDENTS_FOUND
from reports.comparison.pages import write

SEEDS = 5
INCIDENTS = 40
POINTS = 150
ALERTS_OF_A_LEVEL = 1400
LEVELS = {"call": "", "user_day": "user_day/", "cell_quarter": "cell_quarter/"}
MOST_SECONDS, MOST_BYTES = 20, 6_000_000


def main() -> None:
    """Make the runs, the page, and open it."""
    asked = dict(each.split("=") for each in sys.argv[1:])
    runs, types = int(asked.get("runs", 500)), int(asked.get("types", 23))
    within = [_measured(runs, types, int(kinds)) for kinds in asked.get("kinds", "1,14").split(",")]
    if not all(within):
        sys.exit(f"more than {MOST_SECONDS} s or {MOST_BYTES / 1e6:g} MB")


def _measured(runs: int, types: int, kinds: int) -> bool:
    """Make runs and their page, and print what that takes; return whether it is within the limits."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for number in range(runs):
            _run(folder / "runs" / str(number), number, [f"type_{each:02d}" for each in range(types)], kinds)
        began, busy, beside = time.perf_counter(), time.process_time(), _beside()
        rows = rows_below(folder / "runs")
        read = time.perf_counter() - began
        pages = write(rows, folder / "report")
        made, busy, beside = time.perf_counter() - began, time.process_time() - busy, _beside() - beside
        page = next(path for path in pages if path.name == "report.html")
        size = page.stat().st_size
        print(f"{runs} runs x {types} types, {kinds} kind(s) of world:")
        print(f"page made in {made:.1f} s, {made / read:.1f} times that of reading the rows alone ({read:.1f} s)")
        print(f"time of processors: {busy:.1f} s, and beside it {beside:.1f} s for the runs' tables")
        print(f"report.html: {size / 1e6:.2f} MB")
        for line in _in_browser(page):
            print(line)
        return made <= MOST_SECONDS and size <= MOST_BYTES


def _beside() -> float:
    """Return the processor time of processes that have ended [s]."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _run(folder: Path, number: int, types: list[str], kinds: int) -> None:
    """Write what one run leaves, as far as the report reads it."""
    rng = np.random.default_rng(number)
    detector, seed = divmod(number, SEEDS if kinds == 1 else kinds)
    names = tuple(types)
    merit = np.clip(rng.beta(0.5, 2, len(types) + 1), 0, 1)
    values: dict[str, Any] = {}
    for prefix in LEVELS.values():
        for name in metric_names(names, prefix):
            kind = names.index(name.rsplit("/", 1)[1]) if name.rsplit("/", 1)[1] in names else len(types)
            values[name] = float(np.clip(merit[kind] * rng.uniform(0.9, 1.1), 0, 1))
    homes = [list(LEVELS)[place % 3] for place in range(len(types))]
    row = {
        "run_id": f"r{number}", "started_at": datetime(2026, 11, 1, tzinfo=UTC).isoformat(), "name": f"run {number}",
        "detector": f"detector_{detector:03d}", "generator": "default", "anomalies": ",".join(types),
        "home_levels": ",".join(f"{name}:{home}" for name, home in zip(types, homes, strict=True)),
        "protocol": "split", "threshold_policy": "budget", "seed": 0, "world_seed": seed, "anomaly_ratio": 0.05,
        "num_users": 14000 + (seed if kinds > 1 else 0), "days": 28, "fingerprint": f"{seed:016x}", "level": "call",
        "settings": json.dumps({"detector": {"_target_": "detectors.calls.made_up.MadeUp"},
                                "threshold": {"policy": "budget", "alerts_per_day": 100.0}}),
        "status": "OK", "reason": "", **values, "fit_seconds": float(rng.lognormal()), "score_seconds": 1.0,
    }  # fmt: skip
    folder.mkdir(parents=True)
    (folder / "result.json").write_text(json.dumps(row))
    pq.write_table(_curves(rng, [*types, "all"]), folder / "curves.parquet")
    pq.write_table(_incidents(rng, dict(zip(types, homes, strict=True))), folder / "incidents.parquet")
    pq.write_table(_alerts(rng), folder / "alerts.parquet")


def _curves(rng: np.random.Generator, types: list[str]) -> pa.Table:
    parts = []
    for level in LEVELS:
        for name in types:
            recall = np.sort(rng.random(POINTS))
            columns = {
                "score": -np.sort(-rng.random(POINTS)), "alerts_per_day": np.geomspace(0.1, 5000, POINTS),
                "recall": recall, "precision": np.linspace(0.9, 0.01, POINTS),
                "incident_recall": np.minimum(1, 1.2 * recall),
            }  # fmt: skip
            parts.append(pa.table({"level": [level] * POINTS, "anomaly_type": [name] * POINTS, **columns}))
    return pa.concat_tables(parts).cast(CURVES.arrow)


def _incidents(rng: np.random.Generator, homes: dict[str, str]) -> pa.Table:
    size = INCIDENTS * len(homes)
    found = rng.random(size) < 0.4
    columns = {
        "incident_id": [f"incident_{number}" for number in range(size)],
        "anomaly_type": np.repeat(list(homes), INCIDENTS),
        "level": np.repeat(list(homes.values()), INCIDENTS), "found": found, "found_probability": found.astype(float),
        "delay_s": rng.lognormal(8, 1, size), "best_rank": rng.integers(1, 10_000, size),
        "reasons": ["calls_last_hour 3 (z 0.9); log_gap 7.321 (z -0.5)"] * size,
    }  # fmt: skip
    return _filled(columns, INCIDENTS_FOUND.arrow, size)


def _alerts(rng: np.random.Generator) -> pa.Table:
    size = 3 * ALERTS_OF_A_LEVEL
    columns = {
        "level": np.repeat(list(LEVELS), ALERTS_OF_A_LEVEL), "rank": np.tile(np.arange(1, ALERTS_OF_A_LEVEL + 1), 3),
        "score": rng.random(size),
        "reasons": ["calls_last_hour 3 (z 0.9); log_gap 7.321 (z -0.5)"] * size, "verdict": ["false alarm"] * size,
        "user_id": [f"user_{number}" for number in range(size)], "cell_id": ["cell_001"] * size,
    }  # fmt: skip
    return _filled(columns, ALERTS.arrow, size)


def _filled(columns: dict[str, Any], schema: pa.Schema, size: int) -> pa.Table:
    """Return a table of a schema; columns that are not given are empty or, where they may not be, 0."""
    arrays = []
    for each in schema:
        if each.name in columns:
            arrays.append(pa.array(columns[each.name]).cast(each.type))
        elif each.nullable:
            arrays.append(pa.nulls(size, each.type))
        else:
            text = pa.types.is_string(each.type)
            arrays.append(pa.array([""] * size) if text else pa.array(np.zeros(size, np.int64)).cast(each.type))
    return pa.Table.from_arrays(arrays, schema=schema)


def _in_browser(page: Path) -> Iterator[str]:
    program = shutil.which("chromium")
    try:
        from playwright.sync_api import sync_playwright  # noqa: PLC0415  # an extra
    except ImportError:
        program = None
    if program is None:
        yield "no chromium or no playwright: not opened"
        return
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        opened = browser.new_page(viewport={"width": 1280, "height": 900})
        opened.goto(f"file://{page}")
        opened.wait_for_selector("[data-ready]", state="attached")
        seconds = opened.evaluate("performance.getEntriesByName('usable')[0].startTime") / 1000
        unpacked = opened.evaluate("performance.getEntriesByName('unpacked')[0].startTime") / 1000
        sort = "document.querySelectorAll('.matrix thead button')[5].click(); document.body.offsetHeight"
        sorting = opened.evaluate(f"(() => {{ const t = performance.now(); {sort}; return performance.now() - t }})()")
        yield f"in chromium: usable after {seconds:.2f} s, curves after {unpacked:.2f} s; a sort takes {sorting:.0f} ms"
        browser.close()


if __name__ == "__main__":
    main()
