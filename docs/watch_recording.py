"""Record the page of `cdrbench watch` for its docs: `python docs/watch_recording.py`, with Debian's chromium.

Half a minute of the network demo of 2016 with the alerts of a detector, as docs/images/watch.gif, and a still,
docs/images/watch.png. Each picture is of a moment that the script chooses, so the machine may be slow.
"""

import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image
from playwright.sync_api import Page, sync_playwright

IMAGES = Path(__file__).parent / "images"
WORLD = ("generator=demo_2016", "detector=failure_share", "protocol=transductive")
SIZE = {"width": 1200, "height": 750}
SCALED = (704, 440)
COLOURS, STILL_COLOURS = 36, 200
A_SECOND = 2
STILL = "#t=2024-01-01T00:15:20Z&tower=tower_000"
MOMENTS = [*range(150, 334, 4), *range(872, 932, 4)]
"""Moments of the recording [s]: towers break at 180 and 300 s, and the first quarter hours are over at 900 s."""


@contextmanager
def served(folder: str) -> Iterator[str]:
    """Serve the page, and yield its address."""
    command = [str(Path(sys.executable).with_name("cdrbench")), "watch", "port=0", *WORLD]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().split()[0]
        finally:
            server.send_signal(signal.SIGINT)


def picture(page: Page, second: float) -> Image.Image:
    """Return what the page shows at a moment."""
    page.evaluate("moment => page.seek(moment)", 1000 * second)
    page.wait_for_timeout(150)
    return Image.open(BytesIO(page.screenshot())).convert("RGB")


def main() -> None:
    """Take all pictures."""
    with TemporaryDirectory() as folder, served(folder) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport=SIZE, color_scheme="light")
        page.goto(address + STILL)
        page.wait_for_selector("[data-ready]", state="attached")
        page.wait_for_timeout(1000)
        still = picture(page, 920)
        frames = [picture(page, second) for second in MOMENTS]
        browser.close()
    still.quantize(STILL_COLOURS, Image.Quantize.MAXCOVERAGE).save(IMAGES / "watch.png", optimize=True)
    palette = frames[0].resize(SCALED).quantize(COLOURS, Image.Quantize.MAXCOVERAGE)  # has all colours of states
    small = [frame.resize(SCALED).quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
    small[0].save(
        IMAGES / "watch.gif", save_all=True, append_images=small[1:], duration=1000 // A_SECOND, loop=0, optimize=False
    )
    print(*(f"{name}: {(IMAGES / name).stat().st_size:,} bytes" for name in ("watch.png", "watch.gif")), sep="\n")


if __name__ == "__main__":
    main()
