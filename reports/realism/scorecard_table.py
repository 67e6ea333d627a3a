"""The scorecard of call records in the terminal."""

import sys

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bench.host.texts import printable
from bench.realism.published import SOURCES, Quantity
from bench.realism.scorecard import Agreement, Row
from reports.wording import NOTHING, count

WIDTH = 118
COLOURS = {
    Agreement.PASS: "green",
    Agreement.NEAR: "yellow",
    Agreement.OFF: "red",
    Agreement.NOT_MEASURED: "dim",
    Agreement.NOT_JUDGED: "dim",
}


def show(title: str, calls: int, rows: list[Row]) -> None:
    """Print each quantity with its published value, their difference, its definition, and what is missing."""
    console = Console(file=sys.stdout, highlight=False)
    console.width = min(console.width, WIDTH) if console.is_terminal else WIDTH
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for name in ("quantity", "published", "source", "here", "distance", "verdict"):
        table.add_column(name, justify="right" if name in ("published", "here", "distance") else "left")
    group = ""
    for row in rows:
        if row.quantity.group != group:
            group = row.quantity.group
            table.add_section()
            table.add_row(Text(group, style="bold"))
        table.add_row(*_cells(row))
    console.print(Text(f"\n{printable(title)}: {count(calls)} normal calls"))
    console.print(table)
    console.print(summary(rows))
    console.print(Text("\n".join(_footnotes(rows)), style="dim"))


def summary(rows: list[Row]) -> str:
    """Return how many quantities passed, and how many did not."""
    verdicts = [row.verdict for row in rows]
    parts = [f"{verdicts.count(verdict)} {verdict}" for verdict in Agreement]
    return f"{', '.join(parts)}; pass: within 20 % of the published value, near: within 40 %"


def published(quantity: Quantity) -> str:
    """Return the published value or range in words."""
    if not quantity.is_published:
        return NOTHING
    low, high = (None if end is None else value_text(quantity, end) for end in (quantity.low, quantity.high))
    if low == high:
        return str(low)
    if high is None:
        return f"above {low}"
    return f"{str(low).removesuffix(f' {quantity.unit}')} to {high}" if quantity.low else f"at most {high}"


def definitions(quantity: Quantity) -> str:
    """Return the definition used here and, if it differs, the source's; empty if there is none."""
    here, source = str(quantity.definition), str(quantity.published or "")
    return f"{here} (the source: {source})" if source else here


def value_text(quantity: Quantity, value: float | None) -> str:
    """Return a value in words, with its unit."""
    if value is None:
        return NOTHING
    if quantity.unit == "%":
        return f"{100 * value:.3g} %"
    return f"{value:.3g} {quantity.unit}".rstrip()


def _cells(row: Row) -> list[Text | str]:
    away = "" if row.distance is None else f"{row.distance:.0%}"
    what = f"  {row.quantity.what}"
    verdict = Text(str(row.verdict), style=COLOURS[row.verdict])
    return [what, published(row.quantity), row.quantity.source, value_text(row.quantity, row.value), away, verdict]


def _footnotes(rows: list[Row]) -> list[str]:
    """Return definitions, reasons for missing values, differences of the measurement, and the sources."""
    by_note: dict[str, list[str]] = {}
    for row in rows:
        if counted := definitions(row.quantity):
            by_note.setdefault(counted, []).append(row.quantity.what)
    for row in rows:
        if row.reason:
            by_note.setdefault(f"cannot be measured here, {row.reason}", []).append(row.quantity.what)
        elif row.quantity.note:
            by_note.setdefault(row.quantity.note, []).append(row.quantity.what)
    notes = [f"{'; '.join(whats)}: {note}" for note, whats in by_note.items()]
    return [*notes, *(f"{name}: {source}" for name, source in SOURCES.items() if name not in source)]
