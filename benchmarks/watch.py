"""How smooth the page of `cdrbench watch` is, how soon it answers, and what it needs: in headless chromium.

    python benchmarks/watch.py [generator.num_users=2000 ...]

Settings are those of `cdrbench watch`; without any, the default world is shown (2,000 phones, 20 sites).
"""

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import psutil
from playwright.sync_api import Page, sync_playwright

SPEEDS = (60, 300, 3600)
PLAYED_MS, SEEKS, APART_MS = 5000, 60, 150
HOUR_MS = 3_600_000
BUSY = "page.parts.asked.size > 0 || page.sought !== undefined"


def main() -> None:
    """Serve, open, measure and print."""
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        with _served(place):  # makes the world
            pass
        began = time.perf_counter()
        with _served(place) as address:
            print(f"command to address, the world being there: {time.perf_counter() - began:.1f} s")
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            page = browser.new_page(viewport={"width": 1360, "height": 850})
            opened = time.perf_counter()
            page.goto(address)
            _until(page, "window.page?.frames > 0")
            now = time.perf_counter()
            print(f"address to the first picture: {now - opened:.2f} s; command to that: {now - began:.1f} s")
            _frames(page)
            _seeks(page)
            _day(page)
            browser.close()


@contextmanager
def _served(place: str) -> Iterator[str]:
    """Serve the page, and yield its address."""
    command = [sys.executable, "-m", "bench", "watch", "port=0", *sys.argv[1:]]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[1])}
    with subprocess.Popen(command, cwd=place, env=environment, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().split()[0]
            print(f"memory of the server: {psutil.Process(server.pid).memory_info().rss / 2**20:.0f} MiB")
        finally:
            server.send_signal(signal.SIGINT)


def _until(page: Page, fact: str) -> None:
    while not page.evaluate(fact):
        page.wait_for_timeout(5)


def _frames(page: Page) -> None:
    """Count frames at different speeds, from ten in the morning on."""
    for speed in SPEEDS:
        page.evaluate(
            "([speed, moment]) => { page.seek(moment); page.speed = speed; page.play(true); }", [speed, 10 * HOUR_MS]
        )
        page.wait_for_timeout(1000)
        before, began = page.evaluate("[page.frames, performance.now()]")
        page.wait_for_timeout(PLAYED_MS)
        after, ended = page.evaluate("[page.frames, performance.now()]")
        print(f"frames a second at x{speed}: {1000 * (after - before) / (ended - began):.0f}")
    page.evaluate("page.play(false)")


def _seeks(page: Page) -> None:
    """Seek to random moments, and measure the time to the picture."""
    length = page.evaluate("page.world.clock.length")
    page.evaluate("page.seeks = []")
    for _ in range(SEEKS):
        page.evaluate("moment => page.seek(moment)", random.random() * length)
        page.wait_for_timeout(APART_MS)
    _until(page, f"!({BUSY})")
    taken: list[float] = page.evaluate("page.seeks")
    print(f"seek to a picture: median {median(taken):.0f} ms, 95 % {quantiles(taken, n=20)[-1]:.0f} ms")


def _day(page: Page) -> None:
    """Look at every hour of a busy day, and measure what was sent and what is kept."""
    sent: list[int] = []
    page.on("response", lambda answer: sent.append(int(answer.headers["content-length"])) if _is_part(answer) else None)
    page.evaluate("page.parts.found.clear()")
    day = 7 * 24 * HOUR_MS if page.evaluate("page.world.clock.length") > 8 * 24 * HOUR_MS else 0
    for hour in range(24):
        page.evaluate("moment => page.seek(moment)", day + hour * HOUR_MS + 1)
        _until(page, f"!({BUSY})")
    client = page.context.new_cdp_session(page)
    client.send("Performance.enable")
    client.send("HeapProfiler.collectGarbage")
    heap = {each["name"]: each["value"] for each in client.send("Performance.getMetrics")["metrics"]}
    arrays = page.evaluate("[...page.parts.found.values()].reduce((sum, part) => sum + part.size, 0)")
    print(f"a day: {sum(sent):,} bytes in {len(sent)} parts")
    print(f"browser: {heap['JSHeapUsedSize'] / 2**20:.1f} MiB of JavaScript, {arrays / 2**20:.1f} MiB of arrays")
    renderers = [each for each in psutil.process_iter() if _is_renderer(each)]
    print(f"largest process of the browser: {max(each.memory_info().rss for each in renderers) / 2**20:.0f} MiB")


def _is_part(answer: Any) -> bool:
    return "/parts/" in answer.url and answer.ok


def _is_renderer(process: psutil.Process) -> bool:
    try:
        return "--type=renderer" in " ".join(process.cmdline())
    except psutil.Error:
        return False


if __name__ == "__main__":
    main()
