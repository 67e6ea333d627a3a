"""The interactive page: one HTML file that contains its data, libraries and scripts and needs no network."""

import base64
import hashlib
from collections.abc import Iterator
from pathlib import Path

from jinja2 import Environment
from markupsafe import Markup

from reports.comparison.document import Document, packed
from reports.comparison.palette import rules

HERE = Path(__file__).parent
LIBRARIES = ("preact.min.js", "preact-hooks.js", "htm.js", "fflate.js", "d3.min.js", "plot.min.js")
SHADE = ".s{step} {{ background: {back}; color: {text}; }}"
SCRIPTS = (
    "state.js",
    "charts.js",
    "matrix.js",
    "incident_pictures.js",
    "details.js",
    "panel.js",
    "sections.js",
    "page.js",
)


def render(environment: Environment, document: Document, details: str) -> str:
    """Return the page as HTML; `details` are packed (`reports.comparison.details`); they may be empty.

    Only its own scripts may run, identified by digests (Content-Security-Policy), and it may not load anything.
    """
    scripts = list(_scripts())
    digests = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in scripts]
    return environment.get_template("report.html").render(
        title=document.title,
        policy=" ".join(f"'sha256-{digest}'" for digest in digests),
        style=Markup((HERE / "web" / "style.css").read_text() + rules(SHADE)),  # our own file
        details=details,
        document=packed(document),
        scripts=[Markup(text) for text in scripts],  # our own files
    )


def _scripts() -> Iterator[str]:
    for name in LIBRARIES:
        lines = (HERE / "vendor" / name).read_text().splitlines()
        yield "\n".join(line for line in lines if not line.startswith("//# sourceMappingURL"))
    for name in SCRIPTS:
        yield (HERE / "web" / name).read_text()
