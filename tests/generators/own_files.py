"""Files of call records, written and read as a user would."""

from datetime import datetime
from pathlib import Path
from shutil import rmtree
from typing import Any

from omegaconf import OmegaConf
from small_worlds import table

from bench.faults import UserError, faults_of
from generators.own_records.cdr_file import CdrFile
from generators.own_records.file_settings import CdrFileSettings

HEADER = "caller_id,callee_id,call_start_ts,call_duration"
SAMPLE = Path(__file__).parents[2] / "docs" / "own-data-sample.csv"
GOOD = "a,b,2024-01-01T00:00:00Z,1"


def read(folder: Path, text: str, name: str = "cdr.csv", **changes: Any) -> tuple[Path, dict[str, Any]]:
    """Read a file with this text, plainly unless told otherwise; return the world's folder and its counts."""
    path = folder / name
    path.write_text(text)
    rmtree(folder / "world", ignore_errors=True)
    return make(folder / "world", path=str(path), **changes)


def make(folder: Path, **changes: Any) -> tuple[Path, dict[str, Any]]:
    settings = configured(**changes)
    messages = [str(fault) for fault in faults_of(settings, "generator")]
    if messages:
        raise UserError("\n".join(messages))
    counts = CdrFile(settings, {}).make(folder, 1, lambda *_: None)
    return folder, counts


def configured(**changes: Any) -> CdrFileSettings:
    """Return settings as the configuration makes them."""
    chosen = OmegaConf.merge(OmegaConf.structured(CdrFileSettings), {"pseudonyms": False, **changes})
    settings: CdrFileSettings = OmegaConf.to_object(chosen)  # type: ignore[assignment]
    return settings


def starts(world: Path) -> list[datetime]:
    return table(world, "calls")["call_start_ts"].to_list()
