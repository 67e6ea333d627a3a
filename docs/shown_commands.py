"""The commands, files and outputs that README, CONTRIBUTING and the docs show, in order, for tests to run."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGES = (
    "README.md", "docs/index.md", "docs/start/tutorial.md", "docs/start/analyst.md", "docs/start/researcher.md",
    "docs/start/detector-author.md", "docs/start/network-engineer.md", "docs/howto/python.md",
    "docs/howto/own-records.md", "docs/howto/own-detector.md", "docs/howto/own-package.md",
    "docs/howto/own-anomaly.md", "docs/howto/repeat.md", "docs/reference/runs.md", "docs/howto/sweep.md",
    "docs/howto/read-report.md", "docs/howto/board.md", "docs/howto/own-scores.md",
    "docs/howto/incidents.md", "docs/howto/watch.md", "docs/howto/mlflow.md",
    "docs/reference/table-detectors.md",
    "docs/reference/features.md", "docs/explanation/network.md", "docs/explanation/realism.md",
    "docs/howto/other-tools.md", "docs/howto/stream.md", "docs/reference/stream.md",
    "docs/glossary.md", "docs/explanation/audit.md", "docs/reference/marks.md",
    "docs/reference/anomalies.md", "docs/explanation/incidents.md", "docs/explanation/difficulty.md",
    "docs/reference/detectors.md", "docs/explanation/which-finds-what.md", "docs/reference/metrics.md",
    "docs/explanation/numbers.md", "docs/explanation/evaluation.md", "docs/explanation/intervals.md",
    "docs/explanation/believable.md", "docs/explanation/learning.md",
    "docs/explanation/coverage.md", "docs/explanation/isolation.md", "docs/explanation/cost.md",
    "docs/explanation/world.md", "docs/reference/commands.md", "docs/reference/settings.md",
    "docs/reference/world-settings.md", "docs/reference/tables.md", "docs/reference/api.md", "CONTRIBUTING.md",
    "docs/explanation/internals.md", "docs/explanation/code-map.md", "DESIGN.md",
)  # fmt: skip
PROGRAMS = ("python", "cdrbench", "make", "mlflow", "pip", "pytest")
LANGUAGES = ("sh", "python", "py", "text", "toml", "yaml")
"""What fenced blocks hold; of these, only `sh` has commands."""
BLOCK = re.compile(
    r"^```(?P<language>[^\n]*)\n(?P<fenced>.*?)^```|(?P<indented>(?:^ {4}[^\n]*\n)+)", re.MULTILINE | re.DOTALL
)
INLINE = re.compile(r"`((?:[A-Z_]+=\S+\s+)*(?:python -|python \w+/|(?:cdrbench|make|mlflow|pip|pytest)\s)[^`]*)`")


@dataclass(frozen=True)
class File:
    """A file that a page shows whole, its first line being its path."""

    page: str
    path: str
    text: str


@dataclass(frozen=True)
class Command:
    """A line for a shell; inline ones stand in a sentence."""

    page: str
    line: str
    inline: bool = False

    def __str__(self) -> str:
        """Name it in a list of tests."""
        return f"{self.page}: {self.line}"


@dataclass(frozen=True)
class Program:
    """Python code that is shown without the name of a file."""

    page: str
    text: str


@dataclass(frozen=True)
class Output:
    """What the commands before it print, but costs and places (`printed`)."""

    page: str
    line: str
    text: str


Step = File | Command | Program | Output


def steps(page: str) -> Iterator[Step]:
    """Yield what a page shows, from its top to its end."""
    text, at, last = (ROOT / page).read_text(), 0, ""
    for block in BLOCK.finditer(text):
        yield from mentioned(page, text[at : block.start()])
        if block["language"] == "text" and not text[at : block.start()].strip():
            yield Output(page, last, block["fenced"])
        at = block.end()
        if block["indented"] is not None:
            yield from commands(page, re.sub(r"^ {4}", "", block["indented"], flags=re.MULTILINE))
        elif block["language"] == "sh":
            found = list(commands(page, block["fenced"]))
            last = found[-1].line if found else ""
            yield from found
        elif path := re.match(r"# ([\w./-]+\.\w+)\n", block["fenced"]):
            yield File(page, path[1], block["fenced"])
        elif block["language"] == "python":
            yield Program(page, block["fenced"])
    yield from mentioned(page, text[at:])


def commands(page: str, block: str) -> Iterator[Command]:
    """Yield the commands of a block; lines that end in a backslash go on."""
    for line in lines_of(block):
        if not passed_over(line):
            yield Command(page, " ".join(re.sub(r"\s{2,}#.*", "", line).split()))


def lines_of(block: str) -> list[str]:
    """Return the lines of a block as a shell takes them."""
    return block.replace("\\\n", " ").splitlines()


def passed_over(line: str) -> bool:
    """Whether a line of a block begins with none of the programs, after the variables that are set for it."""
    return re.sub(r"^(?:[A-Z_]+=\S+ +)*", "", line).split(" ")[0] not in PROGRAMS


def unread(text: str) -> Iterator[str]:
    """Yield the lines of a page that may be commands and are not taken for any.

    Those are fences of another kind, lines of shell blocks without a known program, and indented blocks that begin so.
    """
    for number, fence in enumerate(re.findall(r"^.*(?:```|~~~).*$", text, re.MULTILINE)):
        known = "```" if number % 2 else rf"```(?:{'|'.join(LANGUAGES)}|\{{[\w-]+\}}.*)"
        if not re.fullmatch(known, fence):
            yield fence
    for block in BLOCK.finditer(text):
        shown = lines_of(block["fenced"] if block["language"] == "sh" else "")
        if block["indented"] is not None and text[: block.start()].endswith("\n\n"):
            shown = [line[4:] for line in lines_of(block["indented"])[:1]]
        yield from (line for line in shown if line and not line.startswith("#") and passed_over(line))


def printed(text: str) -> str:
    """Return what a page shows of what a command prints: all but costs and places, which differ each time."""
    lines = text.partition("\nCost: ")[0].strip("\n").splitlines()
    return "".join(f"{line.rstrip()}\n" for line in lines)


def mentioned(page: str, text: str) -> Iterator[Command]:
    """Yield the commands that stand in sentences."""
    for found in INLINE.finditer(text):
        yield Command(page, " ".join(found[1].split()), inline=True)


def every_step() -> list[Step]:
    """Return the steps of all pages; what a page says twice, once."""
    return list(dict.fromkeys(step for page in PAGES for step in steps(page)))
