"""Save a detector as its training data, settings and versions, in Parquet and JSON.

Nothing in it is code, and nothing is unpickled. The detector is fitted again where it is used, which gives the same
scores with the same libraries. The records are needed anyway, since features look back on them.
"""

import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from bench.config.target_check import detector_faults
from bench.dataset import Dataset, Window
from bench.faults import Fault, SettingsError, UserError
from bench.host.aside import written_aside
from bench.host.read_json import UnreadableError, json_of, member, object_in
from bench.host.versions import versions
from bench.runs.rows import read_result
from bench.runs.run_record import ROW
from bench.schema import DATA_TABLES
from bench.settings import ProtocolSettings
from bench.truth import Truth
from bench.worlds.protocol import applied, without_incidents
from bench.worlds.store import file_facts, is_within

FORMAT = 1
FACTS, DATA, CLEAN = "detector.json", "data", "clean"


@dataclass(frozen=True)
class SavedDetector:
    """A detector as it was fitted in a run."""

    name: str
    """Name chosen as `detector`."""
    config: dict[str, Any]
    """Its resolved configuration: `_target_` and parameters."""
    seed: int
    dataset: Dataset
    """The records that it knows; it is fitted on their `history`."""
    key: str | None
    """Digest of the key of the pseudonyms; None without pseudonyms."""
    versions: dict[str, str]
    """Versions of Python and of the libraries with which it was fitted."""

    def faults(self, trusted: Sequence[str]) -> list[Fault]:
        """Return what its configuration names that is not trusted, not installed, or not a class."""
        return detector_faults(self.config, trusted)

    def version_faults(self) -> Iterator[str]:
        """Yield each library whose version here differs from the one used for fitting."""
        here = versions()
        for name, version in self.versions.items():
            if here.get(name) != version:
                yield f"{name.removeprefix('version/')} {version} (here {here.get(name, 'none')})"

    def save(self, out: Path) -> None:
        """Write the detector to a new folder: its tables, and the rest as `detector.json`.

        Raises
        ------
        UserError
            When the folder exists already, or cannot be written.
        """
        if out.exists():
            raise UserError(f"out must be a new folder, got {out}")
        with written_aside(out) as aside:
            (aside / DATA).mkdir()
            for name in (*(f"{table}.parquet" for table in DATA_TABLES), "clock.json"):
                if (self.dataset.folder / name).exists():
                    shutil.copyfile(self.dataset.folder / name, aside / DATA / name)
            (aside / FACTS).write_text(json.dumps(self._facts(aside / DATA), indent=1) + "\n")

    def _facts(self, data: Path) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "name": self.name,
            "detector": self.config,
            "seed": self.seed,
            "history": asdict(self.dataset.history),
            "key": self.key,
            "versions": self.versions,
            "files": {path.name: file_facts(path) for path in sorted(data.iterdir())},
        }


def saved_in(folder: Path, staging: Path) -> SavedDetector:
    """Read the detector from a run's folder, or a saved detector.

    Parameters
    ----------
    folder
        Folder of a run, whose world must still be in its store, or a folder written by `SavedDetector.save`.
    staging
        Folder for the records without incidents, if the run was fitted on clean data.

    Raises
    ------
    UserError
        When the folder is neither, or a part of it is missing or damaged.
    """
    if (folder / FACTS).exists():
        return _read(folder)
    if (folder / ROW).exists():
        return _of_run(folder, staging)
    raise UserError(f"run must be the folder of a run or of a saved detector, got {folder}")


def _read(folder: Path) -> SavedDetector:
    try:
        facts = object_in(folder / FACTS)
        if facts.get("format") != FORMAT:
            raise UserError(f"{folder / FACTS} must have format {FORMAT}, got {facts.get('format')!r}")
        files = member(facts, "files", dict)
        there = [f"{table}.parquet" for table in DATA_TABLES if (folder / DATA / f"{table}.parquet").exists()]
        for name in {**files, **dict.fromkeys(there)}:
            if not is_within(folder, f"{DATA}/{name}") or file_facts(folder / DATA / name) != files.get(name):
                raise UserError(f"{folder / DATA / name} has changed since it was saved")
        span = member(facts, "history", dict)
        history = Window(member(span, "start_ms", int), member(span, "end_ms", int))
        dataset = replace(Dataset.open(folder / DATA), history=history)
        said = {_line(name): _line(version) for name, version in member(facts, "versions", dict).items()}
        config, key = member(facts, "detector", dict), member(facts, "key", str, type(None))
        return SavedDetector(
            name=member(facts, "name", str),
            config=config,
            seed=member(facts, "seed", int),
            dataset=dataset,
            key=key,
            versions=said,
        )
    except (OSError, ValueError) as error:
        raise UserError(f"{folder / FACTS} cannot be read ({error})") from error


def _line(text: object) -> str:
    """Return a text, which somebody else may have written, on one line."""
    return " ".join(str(text).split())


def _of_run(folder: Path, staging: Path) -> SavedDetector:
    result = read_result(folder / ROW)
    try:
        settings = json_of(str(result.asked["settings"]))
        world = Path(settings["store"]["worlds"], str(result.asked["fingerprint"]))
        protocol = ProtocolSettings(**settings["protocol"])
        key = member(object_in(world / "manifest.json"), "recipe", dict).get("key")
        config, seed = member(settings, "detector", dict), member(settings, "seed", int)
    except (UnreadableError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"the world of {folder} must be in its store ({type(error).__name__}: {error})") from error
    if str(result.asked.get("role")) == "supervised" or str(config.get("_target_")).startswith("bench."):
        rule = "be of a detector that learns without labels"
        raise SettingsError([Fault("run", rule, str(result.asked["detector"]))])
    dataset = applied(Dataset.open(world / DATA), protocol)
    if protocol.training == "clean":
        dataset = without_incidents(dataset, Truth(world / "truth"), staging / CLEAN)
    return SavedDetector(
        name=str(result.asked["detector"]), config=config, seed=seed, dataset=dataset, key=key, versions=result.versions
    )
