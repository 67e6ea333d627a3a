"""Write a world's data products to a temporary folder, which is then renamed."""

import json
import shutil
from pathlib import Path

from hydra.utils import get_method

from bench.audit.auditing import verdict_on
from bench.audit.verdict import FILE as VERDICT
from bench.dataset import Dataset
from bench.faults import UserError
from bench.host.aside import complete_killed, written_aside
from bench.host.console import progress_bars
from bench.host.processors import usable
from bench.host.read_json import UnreadableError, member, object_in
from bench.program_settings import GenerateSettings
from bench.truth import Truth
from bench.worlds.store import find_or_make, world_of

MANIFEST = "manifest.json"
PICTURE = "cdr_dataset_analysis.png"
NETWORK_PICTURE = "cdr_network.png"


def write(settings: GenerateSettings) -> None:
    """Find or make the world, and write its data products into `out`.

    Raises
    ------
    UserError
        When `out` cannot be written, or contains files that this program did not write.
    """
    out = Path(settings.out)
    complete_killed(out.absolute())
    products = _products_in(out)
    world = world_of(settings.generator, settings.anomaly)
    with progress_bars() as progress:
        stored = find_or_make(world, Path(settings.store.worlds), settings.workers or usable(), progress)
        verdict = verdict_on(stored, world, settings, progress)
        with written_aside(out, products) as aside:
            for name in (MANIFEST, VERDICT):
                if (stored.folder / name).exists():
                    shutil.copyfile(stored.folder / name, aside / name)
            get_method(settings.export)(stored.folder, aside, settings.csv, progress)
            dataset, truth = Dataset.open(stored.folder / "data"), Truth(stored.folder / "truth")
            if settings.report.network_figure is not None:
                get_method(settings.report.network_figure)(dataset, aside / NETWORK_PICTURE)
            if settings.report.dataset_figure is not None:
                get_method(settings.report.dataset_figure)(dataset, truth, aside / PICTURE)
            _note_products(aside)
    for path in sorted(out.iterdir()):
        print(path)
    if verdict is not None:
        print(f"audit: {verdict.summary}")


def _products_in(out: Path) -> list[str]:
    """Return the names of the files that an earlier call wrote; refuse a folder with other files."""
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return []
    try:
        manifest = {"products": [], **object_in(out / MANIFEST)}
        ours = "fingerprint" in manifest
        names = [str(name) for name in member(manifest, "products", list)]
    except (UnreadableError, ValueError):
        ours, names = False, []
    if not ours:
        raise UserError(f"out must be a new folder, an empty one or one that this program wrote, got {out}")
    return names


def _note_products(out: Path) -> None:
    """Add the names of all products to their manifest, so that a later call knows which files it may replace."""
    manifest = object_in(out / MANIFEST)
    manifest["products"] = sorted(path.name for path in out.iterdir())
    (out / MANIFEST).write_text(json.dumps(manifest, indent=1, allow_nan=False) + "\n")
