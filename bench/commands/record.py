"""Send missing results to MLflow: `cdrbench record [runs=runs] [tracking.uri=...]`."""

from importlib import import_module
from pathlib import Path

from omegaconf import DictConfig

from bench.config.composition import launch, refuse, settings_of
from bench.host.console import report_omission
from bench.host.identity import own_identity
from bench.host.read_json import UnreadableError
from bench.program_settings import RecordSettings
from bench.runs.run_folder import PLAN
from bench.runs.run_record import ROW, SOURCE, note_recorded, recorded_ids, send
from bench.sweeps.sweep_folder import SweepFolder


def main() -> None:
    """Run the command."""
    launch("record", record)


def record(config: DictConfig) -> None:
    """Send every result below `runs` that is not marked as recorded in the store."""
    settings: RecordSettings = settings_of(config)
    uri = settings.tracking.uri
    if uri is None:
        refuse("tracking.uri must be a store, got None")
    if not Path(settings.runs).is_dir():
        refuse(f"runs must be a folder of runs or sweeps, got {settings.runs}")
    left = [path.parent for path in sorted(Path(settings.runs).rglob(ROW)) if uri not in recorded_ids(path.parent)]
    sent = 0
    tracker = import_module("bench.runs.tracking").Tracker(uri, settings.tracking)
    tracker.end_abandoned()
    for folder in left:
        try:
            if (folder.parent / PLAN).exists() and uri not in recorded_ids(folder.parent):
                name = " ".join(SweepFolder(folder.parent).plan().asked)
                note_recorded(folder.parent, uri, parent := tracker.start_parent(name, SOURCE, own_identity()))
                tracker.finish(parent, True)
            send(folder, tracker, again=True)
            sent += 1
        except UnreadableError as error:
            report_omission(str(error))
    print(f"{sent} results sent; {tracker.link}")


if __name__ == "__main__":
    main()
