"""All recorded runs side by side: an interactive page, a page of Markdown and a heat map."""

from pathlib import Path
from typing import Any

from jinja2 import Environment

from bench.faults import UserError
from bench.host.aside import write_whole
from bench.host.texts import markdown, printable_row
from reports.comparison.build import document_of
from reports.comparison.details import packed_details
from reports.comparison.grids import upright
from reports.comparison.heat_map import heat_map
from reports.comparison.interactive_page import render
from reports.comparison.page_content import page_of
from reports.comparison.rank_diagram import rank_diagram
from reports.comparison.run_details import folders_of, read_beside
from reports.templates import environment_of

HEAT_MAP = "average_precision.svg"
RANKS = "mean_ranks.svg"


def write(rows: list[dict[str, Any]], folder: Path) -> list[Path]:
    """Write `report.md`, `report.html` and `average_precision.svg` to `folder`, and return their paths.

    `mean_ranks.svg` is added if there are enough world configurations to rank detectors over.

    Runs are compared if world, protocol and threshold policy agree. Runs that only differ in their seeds are averaged,
    with their range; of several runs with the same seeds, the latest successful one counts. A failed run is listed with
    its status and reason. The same rows, in any order, give the same bytes.

    Parameters
    ----------
    rows
        Result rows, as `bench.result.Result.row` gives them. A row may also have `folder`, the path of the run's
        folder, which the pages then link to.
    folder
        Created if it does not exist.

    Raises
    ------
    UserError
        When there are no rows.
    """
    if not rows:
        raise UserError("there is no recorded run to compare; make one with: python -m bench.run")
    page = page_of([printable_row(row) for row in rows], folder)
    environment = _environment()
    with read_beside(folders_of(page.compared)) as contents:
        document, compared = document_of(page, folder)
        template = environment.get_template("report.md")
        markdown_page = template.render(page=page, heat_map_file=HEAT_MAP, ranks_file=RANKS)
        picture = heat_map(page.sections)
        details = packed_details(compared, document.worlds, contents())
    texts = {"report.md": markdown_page, "report.html": render(environment, document, details), HEAT_MAP: picture}
    if page.standings:
        texts[RANKS] = rank_diagram(page.standings)
    folder.mkdir(parents=True, exist_ok=True)
    return [write_whole(folder / name, text) for name, text in texts.items()]


def _environment() -> Environment:
    environment = environment_of(__file__)
    environment.filters["plain"] = markdown
    environment.filters["upright"] = upright
    return environment
