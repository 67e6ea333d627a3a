"""A world's data products, written aside and then renamed."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hydra.utils import get_method

from bench.audit.auditing import verdict_on
from bench.audit.verdict import FILE as VERDICT
from bench.console import progress_bars
from bench.dataset import Dataset
from bench.faults import UserError
from bench.processors import usable
from bench.settings import GenerateSettings
from bench.store import find_or_make, world_of
from bench.truth import Truth

PICTURE = "cdr_dataset_analysis.png"
NETWORK_PICTURE = "cdr_network.png"


def write(settings: GenerateSettings) -> None:
    """Find or make the world, and write its data products into `out`.

    Raises
    ------
    UserError
        When `out` cannot be written, or holds something that this program did not write.
    """
    out = Path(settings.out)
    _check(out)
    world = world_of(settings.generator, settings.anomaly)
    with progress_bars() as progress:
        stored = find_or_make(world, Path(settings.store.worlds), settings.workers or usable(), progress)
        verdict = verdict_on(stored, world, settings, progress)
        with _replacing(out) as aside:
            for name in ("manifest.json", VERDICT):
                if (stored.folder / name).exists():
                    shutil.copyfile(stored.folder / name, aside / name)
            get_method(settings.export)(stored.folder, aside, settings.csv, progress)
            dataset, truth = Dataset.open(stored.folder / "data"), Truth(stored.folder / "truth")
            if settings.report.network_figure is not None:
                get_method(settings.report.network_figure)(dataset, aside / NETWORK_PICTURE)
            if settings.report.dataset_figure is not None:
                get_method(settings.report.dataset_figure)(dataset, truth, aside / PICTURE)
    for path in sorted(out.iterdir()):
        print(path)
    if verdict is not None:
        print(f"audit: {verdict.summary}")


def _check(out: Path) -> None:
    """Refuse a place that holds something of somebody else's."""
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    try:
        ours = "fingerprint" in json.loads((out / "manifest.json").read_text())
    except (OSError, ValueError, TypeError):
        ours = False
    if not ours:
        raise UserError(f"out must be a new folder, an empty one or one that this program wrote, got {out}")


@contextmanager
def _replacing(out: Path) -> Iterator[Path]:
    """Give a folder beside `out` to write to, and put it in the place of `out` when all is written."""
    out = out.absolute()
    aside, old = out.with_name(f".{out.name}.partial"), out.with_name(f".{out.name}.replaced")
    try:
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(parents=True)
        yield aside
        shutil.rmtree(old, ignore_errors=True)
        if out.exists():
            out.rename(old)
        aside.rename(out)
        shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        raise UserError(f"out must be a folder that can be written, got {out} ({error})") from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)
