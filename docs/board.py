"""Write the board anew from the runs of its suite: `python docs/board.py runs/board`; `make board` does both.

It writes the published rows and the page of `reports/board/`, README's picture, and its table between two comments.
`tests/reports/board/` fails while README says something else than the rows, or the rows something else than runs.
"""

import re
import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.report import rows_below
from reports.board.published import RESULTS, read_results, write_results
from reports.board.table import picture, table
from reports.comparison.pages import write

ROOT = Path(__file__).resolve().parents[1]
PAGE = RESULTS.with_name("report.html")
README = ROOT / "README.md"
PICTURE = ROOT / "docs/images/board.svg"
BLOCK = re.compile(r"(?<=<!-- board: written by docs/board\.py -->\n).*?(?=<!-- end of board -->)", re.DOTALL)


def main(runs: Path) -> None:
    """Write everything that is made from the results of the suite."""
    write_results(rows_below(runs), RESULTS)
    rows = read_results()
    with TemporaryDirectory() as place:
        write(rows, Path(place))
        shutil.copy(Path(place, PAGE.name), PAGE)
    PICTURE.write_text(picture(rows))
    README.write_text(BLOCK.sub(lambda _: table(rows), README.read_text(), count=1))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
