"""All recorded runs side by side: `python -m bench.report [out=report] [runs=runs]`."""

import json
from pathlib import Path
from typing import Any

from hydra.utils import get_method
from omegaconf import DictConfig

from bench.composition import launch, refuse, settings_of
from bench.faults import UserError
from bench.settings import ReportPageSettings

NEEDED = ("name", "detector", "status", "fingerprint")


def main() -> None:
    """Write what the command line asks for."""
    launch("report", report)


def report(config: DictConfig) -> None:
    """Read every result below `runs`, and write the comparison."""
    settings: ReportPageSettings = settings_of(config)
    out = Path(settings.out)
    try:
        rows = rows_below(Path(settings.runs))
        out.mkdir(parents=True, exist_ok=True)
        pages = get_method(settings.report.comparison)(rows, out)
    except UserError as error:
        refuse(str(error))
    except OSError as error:
        refuse(f"out must be a folder that can be written, got {out} ({error})")
    for page in pages:
        print(page)


def rows_below(folder: Path) -> list[dict[str, Any]]:
    """Read every `result.json` below a folder, in the order of their paths; `folder` says where each lies.

    Raises
    ------
    UserError
        Naming each file that is not a result row.
    """
    rows, wrong = [], []
    for path in sorted(folder.rglob("result.json")):
        try:
            row = json.loads(path.read_text())
            rows.append({**{name: row[name] for name in NEEDED}, **row, "folder": str(path.parent)})
        except (OSError, ValueError, KeyError, TypeError) as error:
            wrong.append(f"{path} is not a result row ({type(error).__name__}: {error})")
    if wrong:
        raise UserError("\n".join(wrong))
    return rows


if __name__ == "__main__":
    main()
