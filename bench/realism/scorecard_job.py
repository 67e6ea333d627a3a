"""One scorecard, from settings to table, picture and record."""

import csv
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from hydra.utils import get_method

from bench.faults import UserError
from bench.generator import Progress
from bench.host.aside import partial
from bench.host.console import progress_bars
from bench.host.processors import usable
from bench.host.sheets import in_sheet
from bench.host.versions import versions
from bench.realism.read_records import records_at
from bench.realism.realism_settings import RealismSettings
from bench.realism.scorecard import Agreement, Row, scorecard
from bench.result import Result, Scalar, Status
from bench.runs.run_record import SOURCE, Record
from bench.worlds.places import Place
from bench.worlds.store import find_or_make, world_of

TABLE, PICTURE = "scorecard.csv", "scorecard.png"
COLUMNS = ("key", "group", "quantity", "unit", "low", "high", "source", "counted by the source", "counted here", "note",
           "value", "distance", "verdict")  # fmt: skip


@dataclass(frozen=True)
class Scorecard:
    """The measured values, with their data."""

    title: str
    calls: int
    rows: list[Row]
    data: Path
    """Folder of the tables."""
    fingerprint: str
    """Fingerprint of the world of the tables."""


def run(settings: RealismSettings, config: dict[str, Any]) -> None:
    """Measure, print, draw, write and record; `config` is the composed configuration.

    Raises
    ------
    UserError
        When the data cannot be read, `out` cannot be written, or the tracking store cannot be used.
    """
    began = time.time()
    with progress_bars() as progress:
        card = measured(settings, progress)
    seconds = time.time() - began
    if settings.report.table is not None:
        get_method(settings.report.table)(card.title, card.calls, card.rows)
    files = _written(card, settings)
    for path in files:
        print(path)
    if settings.tracking.uri is not None:
        tracker = import_module("bench.runs.tracking").Tracker(settings.tracking.uri, settings.tracking)
        tracker.record(_record(card, config, files, began, seconds))
        print(f"in MLflow    {tracker.link}")


def measured(settings: RealismSettings, progress: Progress) -> Scorecard:
    """Measure the given data; for the user's files, or a simulated world, the world is made first."""
    place = None if settings.data is None else Place.of(Path(settings.data))
    if place is None:
        world = world_of(settings.generator, settings.anomaly)
        stored = find_or_make(world, Path(settings.store.worlds), usable(), progress)
        place = Place.stored(stored.folder)
    records, manifest = records_at(place)
    rows = scorecard(records, progress)
    fingerprint = str(manifest["fingerprint"])
    return Scorecard(settings.data or f"world {fingerprint}", records.caller.size, rows, place.data, fingerprint)


def _written(card: Scorecard, settings: RealismSettings) -> list[Path]:
    """Write the table and the picture."""
    out = Path(settings.out)
    try:
        out.mkdir(parents=True, exist_ok=True)
        with partial(out / TABLE) as aside, aside.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(COLUMNS)
            writer.writerows(_cells(row) for row in card.rows)
        files = [out / TABLE]
        if settings.report.figure is not None:
            files.append(get_method(settings.report.figure)(card.title, card.rows, out / PICTURE))
    except OSError as error:
        raise UserError(f"out must be a folder that can be written, got {out} ({error})") from error
    return files


def _cells(row: Row) -> tuple[object, ...]:
    of = row.quantity
    note = "; ".join(text for text in (of.note, row.reason) if text)
    counted = (str(of.published or of.definition) if of.is_published else "", str(of.definition))
    known = (of.key, of.group, of.what, of.unit, of.low, of.high, of.source, *counted, note)
    return (*(in_sheet(each) if isinstance(each, str) else each for each in known), row.value, row.distance,
            str(row.verdict))  # fmt: skip


def _flat(node: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Scalar]]:
    """Yield the configuration as one value per dotted key, lists as JSON."""
    for name, value in node.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", json.dumps(value) if isinstance(value, list | Mapping) else value


def _record(card: Scorecard, config: dict[str, Any], files: list[Path], began: float, seconds: float) -> Record:
    """Return what MLflow records: `realism/...` and `distance/...` of each quantity, and how many passed."""
    values: dict[str, float | None] = {f"realism/{row.quantity.key}": row.value for row in card.rows}
    values |= {f"distance/{row.quantity.key}": row.distance for row in card.rows}
    verdicts = [row.verdict for row in card.rows]
    values |= {f"quantities/{str(verdict).replace(' ', '_')}": verdicts.count(verdict) for verdict in Agreement}
    asked = {"name": f"realism {card.title}", "generator": card.title, "fingerprint": card.fingerprint}
    result = Result(
        asked=dict(asked),
        status=Status.OK,
        reason="",
        values=values,
        cost={"realism_seconds": seconds},
        versions=versions(),
    )
    tags = {**SOURCE, "mlflow.source.name": "bench.realism", "fingerprint": card.fingerprint, **result.versions}
    return Record(
        result=result,
        started_ms=int(1000 * began),
        data=card.data,
        metrics={name: float(value) for name, value in {**values, **result.cost}.items() if value is not None},
        parameters=dict(_flat(config)),
        tags=tags,
        artifacts=files,
    )
