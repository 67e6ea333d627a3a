"""Details of the page's numbers, packed into one text: curves, incidents and false alarms."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from bench.host.console import report_omission
from bench.host.texts import printable
from reports.comparison.document import WorldPart, packed
from reports.comparison.grouping import Comparison, world_of
from reports.comparison.incident_samples import WorldSamples, samples_of
from reports.comparison.overlap import Found, Overlap, found_in, merged, overlap_of
from reports.comparison.run_details import (
    BUDGETS,
    LONGEST,
    NOTHING_LEFT,
    RECALLS,
    Contents,
    Curve,
    RunDetails,
    mean_curve,
)
from reports.comparison.world_part import world_folder
from reports.wording import ALL, Row

Tables = dict[str, dict[int, tuple[Row, pa.Table]]]
"""A run and its table of incidents, by world and position of the detector."""
MANY_RUNS = 100
"""Number of runs above which only the mean of a detector's curves is kept."""


@dataclass(frozen=True)
class DetectorDetails:
    """Details of one detector in one world configuration."""

    curves: dict[str, Curve]
    """Mean curve over the repeats, by type."""
    runs: dict[str, list[Curve]]
    """Curve of each repeat, by type; empty if there is only one, or too many runs."""
    levels: dict[str, str]
    """Level of the curves and false alarms, by type."""
    counts: dict[str, list[float]]
    """Numbers of incidents found and judged over all repeats, by type."""
    chances: dict[str, list[float]]
    """Share of the incidents that random alerts would find, in thousandths at each of `BUDGETS`, by type; only of types
    of which every repeat knows it (`RunDetails.chances`)."""
    incidents: dict[str, list[Any]]
    """For each incident shown: found (a probability), delay [s], best rank, reasons."""
    alarms: dict[str, list[dict[str, Any]]]
    """The highest false alarms, by level."""


@dataclass(frozen=True)
class WorldDetails:
    """Details of one world configuration."""

    samples: list[WorldSamples]
    """Sample incidents of each world, of types that earlier worlds do not have."""
    overlaps: dict[str, Overlap]
    rows: list[DetectorDetails]


def packed_details(compared: Sequence[Comparison], parts: Sequence[WorldPart], contents: Mapping[str, Contents]) -> str:
    """Return the details of all world configurations as compressed, text-encoded JSON; empty if no run has any.

    Parameters
    ----------
    compared
        The runs of each world configuration.
    parts
        What the page shows of them.
    contents
        Contents of the tables of each run, by its folder.
    """
    for each in contents.values():
        for line in each.omissions:
            report_omission(line)
    many = sum(len(each.rows) for each in compared) > MANY_RUNS
    worlds = [_world(each, part, many, contents) for each, part in zip(compared, parts, strict=True)]
    if not any(row.curves or row.counts for world in worlds for row in world.rows):
        return ""
    return packed({"budgets": BUDGETS, "recalls": RECALLS.tolist(), "worlds": worlds})


def _world(each: Comparison, part: WorldPart, many: bool, contents: Mapping[str, Contents]) -> WorldDetails:
    found: dict[int, list[Found]] = defaultdict(list)
    tables: Tables = defaultdict(dict)
    runs = [
        [RunDetails(row, contents.get(str(row.get("folder")), NOTHING_LEFT)) for row in who.good]
        for who in each.contenders
    ]
    for place, mine in enumerate(runs):
        for run in mine:
            table = run.contents.incidents
            if table is not None:
                found[place].append(found_in(table, world_of(run.row)))
                tables[world_of(run.row)].setdefault(place, (run.row, table))
    judged = {place: merged(runs) for place, runs in found.items()}
    ranked = {place: mine for place, mine in judged.items() if each.contenders[place].ranked}
    samples = _samples(tables)
    names = [mine.name for mine in part.types]
    overlaps = {name: overlap for name in names if (overlap := overlap_of(ranked, name)) is not None}
    rows = [
        _detector(mine, names, many, judged.get(place, {}), _shown_of(place, tables, samples))
        for place, mine in enumerate(runs)
    ]
    return WorldDetails(list(samples.values()), overlaps, rows)


def _samples(tables: Tables) -> dict[str, WorldSamples]:
    """Return sample incidents by world, among those that a run was judged on; each type comes from one world."""
    found: dict[str, WorldSamples] = {}
    covered: set[str] = set()
    for world in sorted(tables):
        judged = _judged(table for _, table in tables[world].values())
        ids = {name: each for name, each in judged.items() if name not in covered}
        row = next(iter(tables[world].values()))[0]
        if ids and (mine := samples_of(world_folder(row), str(row.get("world_seed")), ids)) is not None:
            found[world] = mine
            covered |= set(ids)
    return found


def _judged(tables: Iterable[pa.Table]) -> dict[str, list[str]]:
    """Return the incidents of each type that a run was judged on; runs of one world mostly have the same ones."""
    kept: dict[str, dict[str, None]] = defaultdict(dict)
    last = None
    for table in tables:
        mine = table.select(["anomaly_type", "incident_id"])
        if last is None or not mine.equals(last):
            for name, incident in zip(*(column.to_pylist() for column in mine.columns), strict=True):
                kept[name][incident] = None
        last = mine
    return {name: list(each) for name, each in kept.items()}


def _shown_of(place: int, tables: Tables, samples: dict[str, WorldSamples]) -> dict[str, list[Any]]:
    """Return a detector's results on the incidents shown, by the position of their world and their name."""
    columns = ("incident_id", "found_probability", "delay_s", "best_rank", "reasons")
    found = {}
    for number, (world, mine) in enumerate(samples.items()):
        if place in tables[world]:
            table = tables[world][place][1].select(columns)
            wanted = pa.array([sample.id for sample in mine.incidents], pa.string())
            shown = table.filter(pc.is_in(table["incident_id"], wanted))
            for name, share, delay, rank, reasons in zip(*(each.to_pylist() for each in shown.columns), strict=True):
                found[f"{number} {name}"] = [share, delay, rank, printable(reasons or "")[:LONGEST]]
    return found


def _detector(
    runs: list[RunDetails], names: list[str], many: bool, found: Found, incidents: dict[str, list[Any]]
) -> DetectorDetails:
    curves = [run.curves for run in runs]
    by_type = {name: [each[name] for each in curves if name in each] for name in names}
    return DetectorDetails(
        curves={name: mean_curve(each) for name, each in by_type.items() if each},
        runs={} if many else {name: each for name, each in by_type.items() if len(each) > 1},
        levels={name: runs[0].level(name) for name in names} if runs else {},
        counts={name: [round(sum(mine.values()), 1), len(mine)] for name in (*names, ALL) if (mine := found.get(name))},
        chances={name: mean for name in names if (mean := _mean_chance([run.chances(name) for run in runs]))},
        incidents=incidents,
        alarms=runs[0].contents.alarms if runs else {},
    )


def _mean_chance(chances: list[list[int | None]]) -> list[float]:
    if not chances or not all(chances):
        return []
    return [round(fmean(each or 0 for each in at)) for at in zip(*chances, strict=True)]
