"""What the docs name of the code is there: files, functions, classes, settings.

Covered are all names on the page "Where is what in the code", and the class that each file of settings names. Renaming
what is named makes these tests fail; the page, or the file, is changed with it.
"""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from code_names import PLACE, is_there, names_in
from from_code.settings import configuration
from shown_commands import ROOT

from bench.commands.explain_settings import groups, page, settings_below
from bench.commands.program import commands
from bench.threshold_policies import POLICIES

MAP = ROOT / "docs" / "explanation" / "code-map.md"
PROGRAMS = {
    "config": ["anomaly=all", "protocol=split"],
    "score": ["run=x"],
    "search": [],
    "watch": [],
    "realism": ["data=x"],
    "stream": [],
    "resume": ["folder=x"],
}
FILES = ("generator=cdr_file", "generator.path=docs/own-data-sample.csv")
TOKEN = re.compile(r"`([^`]+)`")


@cache
def settings() -> frozenset[str]:
    """Return the keys of all settings and of their groups; NAME stands for names that users choose."""
    keys = set[str]()
    for program, choices in [*PROGRAMS.items(), ("config", [*FILES])]:
        every = {each.key: each for each in settings_below(configuration(program, *choices))}
        keys |= {*every, *groups(every)}
    open_part = re.compile(r"\b(user_types|call_patterns|districts)\.\w+")
    return frozenset({*keys, *(open_part.sub(r"\1.NAME", key) for key in keys)})


def is_choice(text: str) -> bool:
    """Whether a text chooses a file of a group of settings, or gives a setting a value."""
    key, _, value = text.partition("=")
    folder = ROOT / "conf" / key
    if key == "threshold":
        return value in POLICIES
    return (folder / f"{value}.yaml").exists() if folder.is_dir() else key in settings()


def is_setting(text: str, before: str) -> bool:
    """Whether a text is a setting, or one beside the setting `before`."""
    known = settings()
    return text in known or f"{before.rpartition('.')[0]}.{text}" in known


def is_command(text: str) -> bool:
    """Whether a text is a command with its subcommand, or the module of one."""
    words = text.split()
    subcommand = words[0] == "cdrbench" and words[1] in commands()
    return subcommand or (words[:2] == ["python", "-m"] and words[2] in commands().values())


def unknown(line: str) -> Iterator[str]:
    """Yield what a line of the page names and is not there: a name of code is one of the files of its line."""
    before, texts = "", TOKEN.findall(line)
    modules = [text for text in texts if text.endswith(".py") and "NAME" not in text and is_there(text)]
    for text in texts:
        if PLACE.fullmatch(text):
            good = is_there(text)
        elif any(text in names_in(path) for path in modules):
            good = True
        elif is_setting(text, before):
            before, good = (text if "." in text else before), True
        else:
            good = is_command(text) if " " in text else "=" in text and is_choice(text)
        if not good:
            yield text


def parts() -> list[str]:
    """Return the rows of tables and the items of lists of the page, each as one line."""
    page = re.sub(r"\n {2,}(?=\S)", " ", MAP.read_text())
    return [line for line in page.splitlines() if TOKEN.search(line)]


@pytest.mark.parametrize("line", parts())
def test_what_the_map_of_the_code_names_is_there(line: str) -> None:
    assert list(unknown(line)) == []


def test_a_renamed_file_function_or_setting_is_found() -> None:
    assert list(unknown("`bench/run.py`: `main`, `walk`; `walk/walk.md`")) == ["walk", "walk/walk.md"]
    assert list(unknown("| `generator.days`, `seed`, `seeds` |")) == ["seeds"]
    assert list(unknown("| `anomaly=fraud`, `anomaly=frauds` | `cdrbench walk` |")) == [
        "anomaly=frauds",
        "cdrbench walk",
    ]


LEAVES = [
    path
    for folder in ("anomaly", "audit", "generator", "protocol", "tracking")
    for path in sorted((ROOT / "conf" / folder).rglob("*.yaml"))
    if "defaults:" not in path.read_text() or "/schema/" in path.read_text()
]
"""Files of settings, but those that build on others, and detectors, whose `_target_` is the class."""


@pytest.mark.parametrize("leaf", [*LEAVES, *sorted((ROOT / "conf").glob("*.yaml"))], ids=lambda path: path.stem)
def test_a_file_of_settings_says_which_class_has_all_of_them(leaf: Path) -> None:
    """Covers all files that begin with a dataclass; commands.yaml is a list of modules."""
    if leaf.stem == "commands":
        return
    (found,) = re.findall(r"^# All settings: class (\w+) in ([\w/]+\.py)[;.]", leaf.read_text(), re.MULTILINE)
    assert found[0] in names_in(found[1])


def test_the_settings_of_a_type_are_explained_by_the_command_that_its_file_names() -> None:
    assert page(configuration("config", "anomaly=sim_box"), "anomaly.sim_box.fewest_sims")
