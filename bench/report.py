"""Compare all recorded runs on one page: `python -m bench.report [out=report] [runs=runs]`."""

from pathlib import Path
from typing import Any

from hydra.utils import get_method
from omegaconf import DictConfig

from bench.config.composition import launch, refuse, settings_of
from bench.host.console import report_omission
from bench.host.read_json import UnreadableError
from bench.program_settings import ReportPageSettings
from bench.runs.rows import row_in


def main() -> None:
    """Run the command."""
    launch("report", report)


def report(config: DictConfig) -> None:
    """Read every result below `runs`, and write the comparison."""
    settings: ReportPageSettings = settings_of(config)
    out, runs = Path(settings.out), Path(settings.runs)
    if not runs.is_dir():
        refuse(f"runs must be a folder of runs or sweeps, got {settings.runs}; make a run with: python -m bench.run")
    try:
        rows = rows_below(runs)
        out.mkdir(parents=True, exist_ok=True)
        pages = get_method(settings.report.comparison)(rows, out)
    except OSError as error:
        refuse(f"out must be a folder that can be written, got {out} ({error})")
    for page in pages:
        print(page)


def rows_below(folder: Path) -> list[dict[str, Any]]:
    """Read every `result.json` below a folder, in the order of their paths; `folder` is the folder of each.

    A file that is not a result row is left out, with a message of one line.
    """
    rows = []
    for path in sorted(folder.rglob("result.json")):
        try:
            rows.append({**row_in(path), "folder": str(path.parent)})
        except UnreadableError as error:
            report_omission(str(error))
    return rows


if __name__ == "__main__":
    main()
