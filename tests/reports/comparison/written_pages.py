"""Write the pages that compare runs, and read what they have."""

import base64
import gzip
import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from reports.comparison.pages import write

VOID = {"meta", "br", "link"}


class Page(HTMLParser):
    """Checks that tags are closed in order, and keeps what they have."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.seen and self.seen[-1][1].get("id") == "document" and self.open[-1] == "script":
            self.document = json.loads(gzip.decompress(base64.b64decode(data)))


def document(text: str) -> dict[str, Any]:
    """Return what the page of HTML has in it as JSON."""
    return Page(text).document


def texts(folder: Path) -> list[str]:
    """Return what the page in Markdown and the page of HTML say."""
    return [(folder / "report.md").read_text(), json.dumps(document((folder / "report.html").read_text()))]


def pages(rows: list[dict[str, Any]], folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in write(rows, folder)}


def line(markdown: str, heading: str, label: str) -> list[str]:
    """Return the cells of a row of the first table below a heading."""
    table = markdown.split(f"### {heading}\n")[1].split("###", maxsplit=1)[0]
    (row,) = [each for each in table.splitlines() if each.startswith(f"| {label} |")]
    return [cell.strip() for cell in row.strip("|").split("|")]
