"""How soon the view of runs that a run's last line links to can be used, beside MLflow's page of no runs.

    python benchmarks/view.py [runs=434] [types=23]

Records made-up runs as a sweep does, starts `mlflow ui`, and opens both pages in chromium in turn (medians). MLflow
asks for 100 runs at a time, with all that they logged. On a busy machine, the time of processors tells more than that
of the clock: that of the page's main thread, and of the server; one waits for the other, so a page takes about the sum.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from urllib.error import URLError
from urllib.request import urlopen

from playwright.sync_api import Browser, sync_playwright

from bench.result import Result, Scalar, Status
from bench.runs.logged import COSTS, DETECTOR_SECONDS, METRICS
from bench.runs.run_record import Record
from bench.runs.saved_views import BY_TYPE, link
from bench.runs.tracking import Tracker
from bench.settings import TrackingSettings

REPEATS = 3
PORT = 5093
ADDRESS = f"http://127.0.0.1:{PORT}/"
LONGEST_MS = 120_000
PAGES = {"no runs": ("/experiments/0/runs", "text=No runs"), "the view": (link("1", BY_TYPE), ".ag-row")}
"""Address of each page, and what is there when it can be used."""


def main() -> None:
    """Record, open, and print."""
    program = shutil.which("chromium")
    asked = dict(each.split("=") for each in sys.argv[1:])
    with tempfile.TemporaryDirectory() as place:
        os.chdir(place)
        _record(int(asked.get("runs", 434)), [f"type_{each:02d}" for each in range(int(asked.get("types", 23)))])
        with _server() as server, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
            for page in PAGES:
                _opened(browser, page, server)  # the first time, the server imports
            taken = [[_opened(browser, page, server) for page in PAGES] for _ in range(REPEATS)]
            browser.close()
    for number, page in enumerate(PAGES):
        clock, main_thread, serving = (median(each) for each in zip(*(row[number] for row in taken), strict=True))
        print(f"{page}: usable after {clock:.1f} s (processors: page {main_thread:.1f} s, server {serving:.1f} s)")


def _record(runs: int, types: list[str]) -> None:
    """Write runs below one parent, as a sweep does."""
    tracker = Tracker(TrackingSettings().uri or "", TrackingSettings())
    parent = tracker.start_parent("sweep", {}, "")
    names = [f"{metric}/{name}" for metric in METRICS for name in ("all", *types)] + [*COSTS, DETECTOR_SECONDS]
    values: dict[str, float | None] = {f"prevalence/{name}": 0.01 for name in ("all", *types)}
    for number in range(runs):
        asked: dict[str, Scalar] = {"name": f"run {number}", "generator": "default", "fingerprint": "0" * 16}
        numbers = {name: (number + place) % 97 / 97 for place, name in enumerate(names)}
        tags = {**{f"tag_{each}": "0" * 20 for each in range(20)}, "mlflow.parentRunId": parent}
        parameters = {f"setting_{each}": number for each in range(13)}
        tracker.record(Record(Result(asked, Status.OK, "", values), 0, Path(), numbers, parameters, tags, []))
    tracker.finish(parent, True)


@contextmanager
def _server() -> Iterator[int]:
    """Serve the store, and yield the process number of the server."""
    command = [sys.executable, "-m", "mlflow", "ui", "--port", str(PORT)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while not _answers():
            time.sleep(0.2)
        yield server.pid
    finally:
        server.terminate()
        server.wait()


def _answers() -> bool:
    try:
        return bool(urlopen(ADDRESS).status == 200)
    except URLError:
        return False


def _opened(browser: Browser, page: str, server: int) -> tuple[float, float, float]:
    """Open a page; return the time until it can be used, and that of processors, of its main thread and the server."""
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    opened = context.new_page()
    session = context.new_cdp_session(opened)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    where, there = PAGES[page]
    began, busy = time.perf_counter(), _busy(server)
    opened.goto(f"{ADDRESS}#{where}")
    opened.wait_for_selector(there, timeout=LONGEST_MS)
    clock, serving = time.perf_counter() - began, _busy(server) - busy
    metrics = {each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]}
    context.close()
    return clock, float(metrics["TaskDuration"]), serving


def _busy(process: int) -> float:
    """Return the processor time of a process and those below it [s]."""
    facts = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    below = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return (int(facts[11]) + int(facts[12])) / os.sysconf("SC_CLK_TCK") + sum(_busy(int(each)) for each in below)


if __name__ == "__main__":
    main()
