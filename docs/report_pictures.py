"""Photograph a report for docs/howto/read-report.md: `python docs/report_pictures.py RUNS`, with Debian's chromium.

The pictures there are of these runs:

    python -m bench.run --multirun detector=iforest,fan_out,rules,rate_surprise,device_change,newcomer,failover,random \
        'anomaly=[long_call,short_call,burst_call,sim_swap,wangiri,tower_outage]' generator.num_users=4000 \
        generator.anomaly_ratio=0.05 generator.seed=1,2,3 hydra.sweep.dir=RUNS
"""

import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from bench.report import rows_below
from reports.comparison.pages import write

IMAGES = Path(__file__).parent / "images"
COLOURS = 256
SETTLED_MS = 1500


def photograph(browser: Browser, page: Path, name: str, size: tuple[int, int], scheme: str, cell: str = "") -> None:
    """Take a picture of the top of a page or, if a cell is named by its label, of the panel that it opens."""
    shown = browser.new_page(viewport={"width": size[0], "height": size[1]}, color_scheme=scheme)
    shown.goto(page.as_uri())
    if cell:
        shown.get_by_role("button", name=cell).first.click()
    shown.wait_for_timeout(SETTLED_MS)
    shown.screenshot(path=IMAGES / name)
    shown.close()
    Image.open(IMAGES / name).convert("RGB").quantize(COLOURS).save(IMAGES / name, optimize=True)


def main(runs: Path) -> None:
    """Make the report of some runs, and take all pictures of it."""
    with TemporaryDirectory() as folder, sync_playwright() as playwright:
        write(rows_below(runs), Path(folder))
        page = Path(folder, "report.html")
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        photograph(browser, page, "report.png", (1280, 900), "light")
        photograph(browser, page, "report-dark.png", (1280, 900), "dark", "failover, tower_outage")
        photograph(browser, page, "report-phone.png", (390, 844), "light")
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
