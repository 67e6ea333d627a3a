"""Sample incidents of a world, read from its tables: who called whom and when."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bench.dataset import Dataset
from bench.faults import UserError
from bench.host.console import report_omission
from bench.host.read_tables import require_bounded, require_values
from bench.host.texts import printable
from bench.schema import CALLS, CELLS, Table
from bench.truth import Truth
from reports.comparison.run_lines import short_reason

SAMPLES = 6
"""Number of incidents shown of each type."""
RECORDS = 40
"""The most calls drawn of an incident."""
PARTIES = 12
"""The most parties of an incident drawn on a line of their own."""
COLUMNS = ("caller_id", "callee_id", "call_start_ts", "call_end_ts", "first_cell_id", "outcome")

MOST_ROWS, MOST_BYTES = 50_000_000, 2 * 2**30
"""Limits of the tables of a world that are read."""


@dataclass(frozen=True)
class IncidentSample:
    """One incident."""

    id: str
    type: str
    start: str
    """Start, UTC."""
    start_ms: int
    length_s: float
    actors: list[str]
    records: int
    """Number of its direct calls in the table of calls."""
    parties: list[str]
    """Parties involved, the most active first; the last may stand for all others."""
    calls: list[list[int]]
    """Of each call: seconds since the incident's start, length in seconds, caller and callee (places in `parties`),
    cell (place among the world's cells, -1 unknown), and whether it was answered."""


@dataclass(frozen=True)
class WorldSamples:
    """Sample incidents of one world, and the positions of its cells."""

    world_seed: str
    cells: list[list[Any]]
    """Name, longitude and latitude of each cell."""
    incidents: list[IncidentSample]


def samples_of(folder: Path, world_seed: str, kept: dict[str, list[str]]) -> WorldSamples | None:
    """Return sample incidents of a world; None if the world is gone or cannot be read (reported in one line).

    Parameters
    ----------
    folder
        Of the world, with `data` and `truth`.
    world_seed
        Its seed, to be shown.
    kept
        Of each type, the incidents to choose from (those of the scored part).
    """
    if not folder.is_dir():
        return None
    try:
        incidents, rows, calls, cells = _tables(folder, {name for ids in kept.values() for name in _spread_out(ids)})
    except (UserError, OSError) as error:
        report_omission(f"incidents of {folder}: {short_reason(str(error))}")
        return None
    places = {str(cell["cell_id"]): place for place, cell in enumerate(cells)}
    return WorldSamples(
        world_seed=world_seed,
        cells=[[printable(str(c["cell_id"])), _degrees(c["longitude"]), _degrees(c["latitude"])] for c in cells],
        incidents=[
            _sample(incident, records, drawn, places)
            for incident, (records, drawn) in zip(incidents.to_pylist(), _calls_of(incidents, rows, calls), strict=True)
        ],
    )


def _tables(folder: Path, chosen: set[str]) -> tuple[pa.Table, pa.Table, pa.Table, list[dict[str, Any]]]:
    """Return some incidents, their truth, all calls and cells; raise `UserError` if a table is unusable.

    A world may come from somebody else, so the tables are limited in size, and their values are checked.
    """
    for name in ("truth/incidents", "truth/truth", "data/calls", "data/cells"):
        require_bounded(folder / f"{name}.parquet", MOST_ROWS, MOST_BYTES)
    dataset, truth = Dataset.open(folder / "data"), Truth(folder / "truth")
    incidents = truth.table("incidents")
    incidents = incidents.filter(pc.is_in(incidents["incident_id"], pa.array(sorted(chosen), pa.string())))
    rows = truth.table("truth")
    rows = rows.filter(pc.is_in(rows["incident_id"].cast(pa.string()), incidents["incident_id"]))
    calls = _columns(dataset, CALLS, COLUMNS)
    cells = _columns(dataset, CELLS, ("cell_id", "longitude", "latitude"))
    for name, table in (("truth/incidents", incidents), ("truth/truth", rows)):
        require_values(table, folder / f"{name}.parquet")
    last = pc.max(rows["row"]).as_py()
    if last is not None and last >= calls.num_rows:
        raise UserError(f"{folder / 'truth/truth.parquet'}: row must be one of {calls.num_rows} calls, got {last}")
    return incidents, rows, calls, cells.to_pylist()


def _columns(dataset: Dataset, table: Table, names: Sequence[str]) -> pa.Table:
    found, path = dataset.table(table.name, names), dataset.folder / f"{table.name}.parquet"
    Table(table.name, table.meaning, tuple(c for c in table.columns if c.name in names)).check(found, str(path))
    require_values(found, path)
    return found


def _spread_out(ids: list[str]) -> list[str]:
    """Return a few elements, evenly spread over their order.

    >>> _spread_out([str(number) for number in range(11)])
    ['0', '2', '4', '6', '8', '10']
    """
    places = np.unique(np.linspace(0, max(len(ids) - 1, 0), SAMPLES).round().astype(int))
    return [ids[place] for place in places] if ids else []


def _calls_of(incidents: pa.Table, rows: pa.Table, calls: pa.Table) -> Iterator[tuple[int, list[dict[str, Any]]]]:
    """Yield the number of direct calls of each incident, and the first of them by their start."""
    direct = pc.equal(rows["cause"].cast(pa.string()), "direct")
    rows = rows.filter(pc.and_(direct, pc.greater_equal(rows["row"], 0)))
    owner = pc.index_in(rows["incident_id"].cast(pa.string()), incidents["incident_id"].combine_chunks()).to_numpy()
    places = rows["row"].to_numpy()
    order = np.argsort(calls["call_start_ts"].cast(pa.int64()).to_numpy()[places], kind="stable")
    found = [places[order][owner[order] == number] for number in range(incidents.num_rows)]
    shown = np.concatenate([places[:0], *(mine[:RECORDS] for mine in found)])
    drawn = iter(calls.take(pa.array(shown)).to_pylist())
    for mine in found:
        yield mine.size, list(islice(drawn, min(mine.size, RECORDS)))


def _sample(
    incident: dict[str, Any], records: int, drawn: list[dict[str, Any]], places: dict[str, int]
) -> IncidentSample:
    start = incident["start_ts"]
    busy = Counter(str(call[end]) for call in drawn for end in ("caller_id", "callee_id"))
    names = [name for name, _ in busy.most_common(PARTIES)]
    if len(busy) > PARTIES:
        names = [*names[:-1], f"{len(busy) - PARTIES + 1} others"]
    line = {name: place for place, name in enumerate(names)}
    return IncidentSample(
        id=printable(str(incident["incident_id"])),
        type=str(incident["anomaly_type"]),
        start=f"{start:%Y-%m-%d %H:%M}",
        start_ms=int(start.timestamp() * 1000),
        length_s=(incident["end_ts"] - start).total_seconds(),
        actors=[printable(str(actor)) for actor in incident["actors"][:PARTIES]],
        records=records,
        parties=[printable(name) for name in names],
        calls=[_drawn(call, start, line, places) for call in drawn],
    )


def _drawn(call: dict[str, Any], start: Any, line: dict[str, int], places: dict[str, int]) -> list[int]:
    last = len(line) - 1
    return [
        round((call["call_start_ts"] - start).total_seconds()),
        round((call["call_end_ts"] - call["call_start_ts"]).total_seconds()),
        line.get(str(call["caller_id"]), last),
        line.get(str(call["callee_id"]), last),
        places.get(str(call["first_cell_id"]), -1),
        int(call["outcome"] == "answered"),
    ]


def _degrees(value: float | None) -> float | None:
    return None if value is None else round(value, 5)
