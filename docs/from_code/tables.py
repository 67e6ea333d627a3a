"""The columns of every table."""

from bench.run_tables import ALERTS, CURVES, INCIDENTS_FOUND
from bench.schema import (
    DATA_TABLES,
    LABELS,
    OPTIONAL_TABLES,
    SOCIETY_TABLES,
    TRUTH_TABLES,
    USER_FEATURES,
    Column,
    Table,
)
from from_code.markdown_tables import table

KINDS = {
    "data": DATA_TABLES.values(),
    "truth": [*TRUTH_TABLES.values(), *SOCIETY_TABLES.values()],
    "optional": OPTIONAL_TABLES.values(),
    "export": [USER_FEATURES],
    "run": [INCIDENTS_FOUND, ALERTS, CURVES],
}


def markdown(kind: str) -> str:
    """Return a section for each table of a kind.

    `data` is what detectors see, `truth` what they do not, `run` what a run leaves.
    """
    if kind == "labels":
        return "\n".join(columns_table(LABELS))
    return "\n".join(line for each in KINDS[kind] for line in _section(each))


def _section(described: Table) -> list[str]:
    return [f"### {described.name}", "", described.meaning, "", *columns_table(described.columns)]


def columns_table(columns: tuple[Column, ...]) -> list[str]:
    """Return a table of columns with their types and meanings."""
    return table(
        ["column", "type", "may be empty", "meaning"],
        ([f"`{each.name}`", _type(each), "yes" if each.nullable else "", each.meaning] for each in columns),
    )


def _type(column: Column) -> str:
    """Return the Arrow type; texts that repeat are dictionaries, which readers need not know."""
    text = str(column.type)
    return "string" if text.startswith("dictionary") else text.replace("list<item: string>", "list of strings")
