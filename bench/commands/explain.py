"""Draw and explain one incident of a run: `cdrbench explain run=RUN incident=17 [out=FILE]`."""

import re
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import pyarrow as pa
from hydra.utils import get_method
from omegaconf import DictConfig

from bench.config.composition import launch, refuse, settings_of
from bench.faults import Fault, SettingsError, UserError
from bench.host.read_json import json_of
from bench.program_settings import ExplainSettings
from bench.run_tables import INCIDENTS_FOUND, read
from bench.runs.rows import row_in
from bench.runs.run_record import ROW

KINDS = (".png", ".svg")


def main() -> None:
    """Run the command."""
    launch("explain", explain)


def explain(config: DictConfig) -> None:
    """Draw the incident, and print what happened and whether it was found."""
    settings: ExplainSettings = settings_of(config)
    folder = Path(settings.run)
    if not (folder / ROW).is_file():
        raise SettingsError([Fault("run", "be the folder of a run", settings.run)])
    row = row_in(folder / ROW)
    if not (folder / f"{INCIDENTS_FOUND.name}.parquet").exists():
        rule = "be a run that ended well on records whose truth is known: it has no incidents.parquet"
        raise SettingsError([Fault("run", rule, settings.run)])
    found = chosen(read(folder, INCIDENTS_FOUND), settings.incident)
    out = Path(settings.out or picture_of(found["incident_id"]))
    if out.suffix not in KINDS:
        raise SettingsError([Fault("out", f"end with {' or '.join(KINDS)}", settings.out)])
    try:
        print(get_method(settings.report.incident)(found, _world(row), row, out))
    except OSError as error:
        refuse(f"out must be a file that can be written, got {out} ({error})")


def chosen(incidents: pa.Table, wanted: str) -> dict[str, Any]:
    """Return the row of an incident by its name, its number, or its type (then the first incident of the type).

    Raises
    ------
    UserError
        When there is no such incident in the scored part; the message names the nearest one.
    """
    names: list[str] = incidents["incident_id"].to_pylist()
    types: list[str] = incidents["anomaly_type"].to_pylist()
    numbers = [_number(name) for name in names]
    if wanted in names:
        place = names.index(wanted)
    elif wanted in types:
        place = types.index(wanted)
    elif wanted.isdecimal() and int(wanted) in numbers:
        place = numbers.index(int(wanted))
    elif not names:
        raise UserError("run must have an incident in its scored part, got none")
    else:
        rule = f"be one of the {len(names)} incidents that the scored part has (see incidents.csv), or a type"
        raise SettingsError([Fault("incident", rule, wanted, _nearest(wanted, names, numbers, types))])
    row: dict[str, Any] = incidents.slice(place, 1).to_pylist()[0]
    return row


def picture_of(name: str) -> str:
    """Return the name of an incident's picture: a stranger's run could name its incident as a file of the user's."""
    plain = re.sub(r"[^\w-]+", "_", name.removeprefix("incident_")).strip("_")
    return f"incident_{plain}.png"


def _nearest(wanted: str, names: list[str], numbers: list[int | None], types: list[str]) -> str:
    number = _number(wanted)
    known = [(abs(each - number), name) for each, name in zip(numbers, names, strict=True)
             if each is not None and number is not None]  # fmt: skip
    if known:
        return min(known)[1]
    return next(iter(get_close_matches(wanted, [*sorted(set(types)), *names], 1)), "")


def _number(name: str) -> int | None:
    digits = name[len(name.rstrip("0123456789")) :]
    return int(digits) if digits and digits.isascii() else None


def _world(row: dict[str, Any]) -> Path:
    """Return the folder of the world of a run."""
    settings = json_of(str(row.get("settings") or "{}"))
    store = settings.get("store") if isinstance(settings, dict) else None
    worlds = str((store or {}).get("worlds") or "worlds")
    folder = Path(worlds, Path(str(row["fingerprint"])).name)
    if not (folder / "truth" / "incidents.parquet").is_file():
        raise UserError(f"the world of the run must be there, and {folder} is not: run it again, which makes it anew")
    return folder


if __name__ == "__main__":
    main()
