"""Find or make the world of the settings, run the detector if one is chosen, and serve the page."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from bench.faults import Fault, SettingsError, UserError
from bench.host.console import progress_bars
from bench.host.processors import usable
from bench.host.read_json import json_of
from bench.program_settings import WatchSettings
from bench.result import Status
from bench.runs.request import Request
from bench.runs.rows import row_in
from bench.runs.run_record import ROW
from bench.runs.steps import attempted, begun, judged, measured, prepared
from bench.runs.write_tables import explainer, write_tables
from bench.watch.alerts import alerts_of, no_alerts
from bench.watch.replay import Replay, opened
from bench.watch.server import application, bound, serve
from bench.watch.tables import WorldTables
from bench.worlds.store import find_or_make, world_of


def watch(config: DictConfig, settings: WatchSettings) -> None:
    """Serve the page of a world until the program is interrupted.

    Raises
    ------
    UserError
        When the port is taken, or the world or the run cannot be read.
    """
    with bound(settings.port) as on:
        app = application(replay_of(config, settings, str(HydraConfig.get().runtime.choices.get("generator"))))
        with suppress(KeyboardInterrupt):
            on.listen()  # from now on a browser is not refused
            print(f"http://{on.getsockname()[0]}:{on.getsockname()[1]}/ (Ctrl-C ends it)", flush=True)
            serve(app, on)


def replay_of(config: DictConfig, settings: WatchSettings, name: str) -> Replay:
    """Return the world that the settings ask for, with the alerts of the run or detector.

    Parameters
    ----------
    config, settings
        The settings, as Hydra has them and as objects.
    name
        What the world of `generator` is called.
    """
    with _run(config, settings) as run:
        folder, title = _world(settings, name)
        tables = WorldTables.of(folder)
        world = opened(tables, settings.generator)
        if run is not None:
            _require_same_world(run, tables)
        alerts = no_alerts() if run is None else alerts_of(run, tables, world.names)
        return Replay(world, alerts, title)


@contextmanager
def _run(config: DictConfig, settings: WatchSettings) -> Iterator[Path | None]:
    """Yield the folder of the run whose alerts are shown; a detector that is chosen is run in a temporary one."""
    if settings.run:
        yield Path(settings.run)
    elif settings.detector is None:
        yield None
    else:
        with tempfile.TemporaryDirectory() as folder:
            _carry_out(replace(Request.of(config), folder=Path(folder)))
            yield Path(folder)


def _carry_out(request: Request) -> None:
    """Fit and score the detector, and write its row and its tables."""
    with begun(request) as process:
        prepared_world = prepared(request, process)
        trial = attempted(request, prepared_world, process)
    outcome = judged(request, prepared_world, trial, measured(request, prepared_world))
    if outcome.result.status is not Status.OK:
        row = outcome.result.row()
        raise UserError(f"detector={row['detector']} ended as {row['status']}: {row['reason']}")
    write_tables(outcome, explainer(request.settings.report.reasons, request.resolved["detector"]), request.folder)
    outcome.result.write(request.folder / ROW)


def _world(settings: WatchSettings, name: str) -> tuple[Path, str]:
    """Return the folder of the world to show, and what it is called."""
    if settings.world:
        return Path(settings.world), Path(settings.world).resolve().name
    if settings.run:
        row = _row(Path(settings.run))
        return _world_of_run(row), str(row.get("generator") or row["fingerprint"])
    return _made(settings), _file(settings.generator) or name


def _require_same_world(run: Path, tables: WorldTables) -> None:
    """Refuse a run on another world than the one that is shown."""
    asked, there = _row(run).get("fingerprint"), tables.manifest.get("fingerprint")
    if asked != there:
        rule = (
            f"be a run on the world that is shown, whose fingerprint is {there}; without world= the run's own is shown"
        )
        raise SettingsError([Fault("run", rule, f"a run on {asked}")])


def _made(settings: WatchSettings) -> Path:
    world = world_of(settings.generator, settings.anomaly)
    with progress_bars() as progress:
        found = find_or_make(world, Path(settings.store.worlds), settings.workers or usable(), progress)
    return found.folder


def _file(generator: Any) -> str:
    """Return the name of the file that a world is read from; "" for a simulated one."""
    return Path(str(getattr(generator, "path", None) or "")).name


def _row(run: Path) -> dict[str, Any]:
    if not (run / ROW).is_file():
        raise SettingsError([Fault("run", "be the folder of a run", str(run))])
    return dict(row_in(run / ROW))


def _world_of_run(row: dict[str, Any]) -> Path:
    """Return the folder of the world of a run."""
    settings = json_of(str(row.get("settings") or "{}"))
    store = settings.get("store") if isinstance(settings, dict) else None
    worlds = str((store or {}).get("worlds") or "worlds")
    folder = Path(worlds, Path(str(row["fingerprint"])).name)
    if not (folder / "manifest.json").is_file():
        raise UserError(f"the world of the run must be there, and {folder} is not: run it again, which makes it anew")
    return folder
