"""What docs, docstrings and comments name of the code is there.

Covered are dotted paths, paths of files and members of classes in backticks, on all pages and in all modules;
what is renamed makes this test fail where it is still spoken of.
"""

import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest
from code_names import PLACE, ROOMS, is_there, leads_somewhere, members
from shown_commands import PAGES, ROOT

MODULES = [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]
TOKEN = re.compile(r"`([^`\s]+)`")
DOTTED = re.compile(rf"(?:{'|'.join(room for room in ROOMS if room != 'docs')})(?:\.\w+)+")
MEMBER = re.compile(r"[A-Z]\w*[a-z]\w*\.[a-z_]\w*")
OF_READERS = frozenset({"longest.py", "anomaly.py", "mine.py", "numpy.py", "parts.py", "sitecustomize.py", "setup.py"})
"""Files that readers make."""
FILES = frozenset({path.name for path in MODULES}) | OF_READERS


def unknown(text: str) -> Iterator[str]:
    """Yield what a text names and is not there."""
    for name in TOKEN.findall(text):
        if DOTTED.fullmatch(name):
            good = leads_somewhere(name) or name.endswith((".py", ".yaml", ".json"))
        elif re.fullmatch(r"\w+\.py", name):
            good = name in FILES
        elif PLACE.fullmatch(name) and name.split("/")[0] in ROOMS:
            good = is_there(name)
        elif MEMBER.fullmatch(name):
            good = name in members() or not any(each.startswith(f"{name.partition('.')[0]}.") for each in members())
        else:
            good = True
        if not good:
            yield name


def said(path: Path) -> str:
    """Return the docstrings and comments of a module."""
    tokens = tokenize.generate_tokens(io.StringIO(path.read_text()).readline)
    return "\n".join(each.string for each in tokens if each.type in (tokenize.STRING, tokenize.COMMENT))


@pytest.mark.parametrize("page", PAGES)
def test_what_a_page_names_of_the_code_is_there(page: str) -> None:
    assert sorted(set(unknown((ROOT / page).read_text()))) == []


@pytest.mark.parametrize("room", ROOMS)
def test_what_docstrings_and_comments_name_is_there(room: str) -> None:
    found = ((path, name) for path in MODULES if path.is_relative_to(ROOT / room) for name in unknown(said(path)))
    assert [f"{path.relative_to(ROOT)}: {name}" for path, name in found] == []
