"""Write the board anew: `python docs/board.py runs/board` from the runs of its suite, as `make board` does.

`python docs/board.py` makes all but the published rows again from these rows, after a change of the reports. It writes
`results.parquet` and the page of `reports/board/`, README's picture, and its table between two comments.
`tests/reports/board/` fails while README says something else than the rows, or the rows something else than runs.
"""

import re
import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.report import rows_below
from reports.board.published import RESULTS, mixed_worlds, read_results, write_results
from reports.board.table import picture, table
from reports.comparison.pages import write

ROOT = Path(__file__).resolve().parents[1]
PAGE = RESULTS.with_name("report.html")
README = ROOT / "README.md"
PICTURE = ROOT / "docs/images/board.svg"
BLOCK = re.compile(r"(?<=<!-- board: written by docs/board\.py -->\n).*?(?=<!-- end of board -->)", re.DOTALL)


def publish(runs: Path) -> None:
    """Write the published rows from the runs of the suite."""
    rows = rows_below(runs)
    if mixed := mixed_worlds(rows):
        seeds = ", ".join(map(str, mixed))
        sys.exit(
            f"{runs} has runs in different worlds of the seeds {seeds}, from before and after a change of the code"
            f" of the simulator: remove it, and run make board again"
        )
    write_results(rows, RESULTS)


def show() -> None:
    """Write everything that is made from the published rows: page, picture and table."""
    rows = read_results()
    with TemporaryDirectory() as place:
        write(rows, Path(place))
        shutil.copy(Path(place, PAGE.name), PAGE)
    PICTURE.write_text(picture(rows))
    README.write_text(BLOCK.sub(lambda _: table(rows), README.read_text(), count=1))


if __name__ == "__main__":
    for runs in sys.argv[1:2]:
        publish(Path(runs))
    show()
