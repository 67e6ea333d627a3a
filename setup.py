"""The description that a package index shows: README with links that work there.

An index shows pictures by full addresses only. `CDRBENCH_PAGES=https://HOST/PATH/ python -m build` puts that address of
the sources in front of README's links to files; without it pictures are left out, and links to files are plain text.
"""

import os
import re
from pathlib import Path

from setuptools import setup

LINK = re.compile(r"(!?)\[([^\]]*)\]\((?!https?:|#)([^)]+)\)")


def description(text: str, pages: str) -> str:
    """Return README as an index shows it; `pages` is the address of the sources, or empty."""

    def absolute(link: re.Match[str]) -> str:
        picture, words, target = link.groups()
        if pages:
            return f"{picture}[{words}]({pages.rstrip('/')}/{target})"
        return "" if picture else words

    return LINK.sub(absolute, text)


if __name__ == "__main__":
    README = (Path(__file__).parent / "README.md").read_text(encoding="utf-8")
    setup(
        long_description=description(README, os.environ.get("CDRBENCH_PAGES", "")),
        long_description_content_type="text/markdown",
    )
