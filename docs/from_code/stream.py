"""The messages of a stream, and the tables of its watcher."""

from bench.schema import Column
from bench.stream.messages import HEAD, kinds
from bench.stream.watch_tables import CALL_AGGREGATES, TOWER_WINDOWS
from from_code.tables import columns_table


def markdown(part: str) -> str:
    """Return `messages`: the members of each kind of message; or `watch`: the columns of the watcher's tables."""
    if part == "watch":
        sections = [(each.name, each.meaning, each.columns) for each in (TOWER_WINDOWS, CALL_AGGREGATES)]
        return "\n".join(line for each in sections for line in _section(*each))
    own = [(kind.name, kind.meaning, kind.own) for kind in kinds().values()]
    return "\n".join([*_section("Of every message", "", HEAD), *(line for each in own for line in _section(*each))])


def _section(name: str, meaning: str, columns: tuple[Column, ...]) -> list[str]:
    return [f"### {name}", "", meaning, "", *columns_table(columns)]
