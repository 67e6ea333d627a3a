"""The summary of a sweep in the terminal: average precision of each detector on each type, as a small matrix."""

from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from textwrap import wrap
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from bench.evaluation.compare import FEWEST_PAIRS
from bench.host.texts import printable_row
from reports.comparison.best import best_of
from reports.comparison.document import Best
from reports.comparison.grouping import Comparison, Contender, comparisons, titles
from reports.comparison.standing import Contest
from reports.comparison.together import together
from reports.wording import ALL, home_level, key, number, plural, types_meaning, world_meaning

WIDTH = 100
BEST, ALIKE = "*", "~"
MEASURE = "average_precision"
LEGEND = f"{BEST} best of its type; {ALIKE} not significantly different from it, by "


@dataclass(frozen=True)
class Line:
    """A type: each detector's average precision at the type's home level, and the best of them."""

    name: str
    values: list[float | None]
    best: Best | None


def summary(rows: list[dict[str, Any]]) -> tuple[str, dict[str, str]]:
    """Return a sweep's matrix as text, and the best detector of each type; empty if nothing is comparable.

    Three world configurations or more (of a suite) are shown together, by their means; of two, the one with most runs.

    Parameters
    ----------
    rows
        Result rows of the sweep.
    """
    compared = comparisons([printable_row(row) for row in rows])
    if not compared:
        return "", {}
    heading, each = _shown(compared)
    lines = list(_lines(each))
    labels = [who.label for who in each.contenders]
    best = {line.name: _best_text(line, labels) for line in lines if line.best is not None}
    if not best:
        return "", {}
    console = Console(file=StringIO(), width=WIDTH, highlight=False)
    console.print(_matrix(lines, labels) if _fits(lines, labels) else _list(lines, labels))
    grid = console.file.getvalue()  # type: ignore[attr-defined]
    rows_of_it = [line.rstrip() for line in grid.splitlines()]
    return "\n".join([*wrap(heading, WIDTH), *rows_of_it, *wrap(_legend(lines), WIDTH)]), best


def _shown(compared: list[Comparison]) -> tuple[str, Comparison]:
    """Return what is shown, with its heading."""
    joined = [each for each, _ in together(compared, titles(compared))]
    widest = max(joined, key=lambda each: len(each.worlds), default=None)
    if widest is not None and len(widest.worlds) >= FEWEST_PAIRS:
        worlds, types = plural(len(widest.worlds), "world"), types_meaning(widest.sample)
        return f"Average precision, mean over {worlds} of several configurations, {types}", widest
    each = max(compared, key=lambda one: len(one.rows))
    heading = f"Average precision on {world_meaning(each.sample)}, {types_meaning(each.sample)}"
    others = (
        f" (of {plural(len(compared), 'world configuration')}, the one with most runs)" if len(compared) > 1 else ""
    )
    return heading + others, each


def _lines(each: Comparison) -> Iterator[Line]:
    contest = Contest(each)
    for name in sorted(each.types, key=lambda name: (name == ALL, name)):
        metric = key(MEASURE, home_level(each.sample, name), name)
        values = [_mean(who, metric) for who in each.contenders]
        yield Line(name, values, best_of(contest, metric))


def _mean(who: Contender, metric: str) -> float | None:
    found = who.summary(metric)
    return None if found is None else found.mean


def _legend(lines: list[Line]) -> str:
    return LEGEND + "; ".join(dict.fromkeys(line.best.how for line in lines if line.best is not None))


def _best_text(line: Line, labels: list[str]) -> str:
    if line.best is None:
        return ""
    alike = [labels[place] for place in line.best.alike]
    value = line.values[line.best.row]
    like = f"; not significantly different: {', '.join(alike)}" if alike else ""
    return f"{labels[line.best.row]} {number(value)}{like}"


def _fits(lines: list[Line], labels: list[str]) -> bool:
    return max(len(line.name) for line in lines) + sum(max(len(label), 6) + 2 for label in labels) <= WIDTH


def _matrix(lines: list[Line], labels: list[str]) -> Table:
    table = _table(["type", *labels])
    for line in lines:
        cells = [_cell(line, place) for place in range(len(labels))]
        table.add_row(line.name, *cells, style="bold" if line.name == ALL else "")
    return table


def _cell(line: Line, place: int) -> str:
    value = line.values[place]
    best = line.best
    sign = " " if best is None else BEST if place == best.row else ALIKE if place in best.alike else " "
    return f"{number(value)}{sign}"


def _list(lines: list[Line], labels: list[str]) -> Table:
    """List the best detectors of each type, and those that do not differ, if there are too many for a matrix."""
    table = _table(["type", f"best {BEST}", "AP", f"not significantly different {ALIKE}"])
    for line in lines:
        if line.best is not None:
            value, alike = line.values[line.best.row], [labels[place] for place in line.best.alike]
            table.add_row(line.name, labels[line.best.row], number(value), ", ".join(alike))
    return table


def _table(columns: list[str]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), show_edge=False)
    for place, name in enumerate(columns):
        table.add_column(name, justify="left" if place == 0 or "best" in name or "different" in name else "right")
    return table
