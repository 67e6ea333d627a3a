"""Run the rest of an interrupted sweep: `cdrbench resume folder=FOLDER [failed=true]`.

What is recorded is not run again. What failed is, when asked for. Start it where the sweep was started.
"""

import re
import sys
from pathlib import Path

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from bench import run
from bench.config.composition import launch, refuse, settings_of
from bench.faults import UserError
from bench.runs.run_folder import PLAN
from bench.sweeps.sweep import config_dir
from bench.sweeps.sweep_folder import N_JOBS, Plan, SweepFolder

SETTING = re.compile(r"[A-Za-z_][A-Za-z0-9_./@-]*")
PLACES = ("store.runs", "store.worlds", "tracking.uri", "generator.key_file")
"""Settings that say where a run writes."""


def main() -> None:
    """Do what the command line asks for."""
    commands: list[list[str]] = []
    launch("resume", lambda config: commands.append(resumed(config)))
    for command in commands:
        sys.argv[1:] = command
        run.main()


def resumed(config: DictConfig) -> list[str]:
    """Return the command line that does the rest of a sweep."""
    settings = settings_of(config)
    folder = SweepFolder(Path(settings.folder))
    try:
        plan = folder.plan()
        _require_harmless(plan, folder.path, config_dir(HydraConfig.get()))
    except UserError as error:
        refuse(str(error))
    if settings.failed:
        folder.drop_failed()
    place = str(folder.path).replace("'", "\\'")
    mine = [] if plan.config_dir is None else ["--config-dir", plan.config_dir]
    return ["--multirun", *mine, *plan.settings, *plan.launcher, f"hydra.sweep.dir='{place}'"]


def _require_harmless(plan: Plan, folder: Path, given: str | None) -> None:
    """Refuse a plan, which may be a stranger's, that is more than settings, or that would write elsewhere."""
    begin = f"the sweep in {folder} is begun again by its own command, with hydra.sweep.dir={folder}, not by its plan"
    for each in plan.settings:
        key, _, value = each.lstrip("+~").partition("=")
        if not SETTING.fullmatch(key) or key.split(".")[0].split("/")[0] == "hydra":
            raise UserError(f"{begin}: {each!r} is no setting of a run")
        if key in PLACES and not _within(value):
            raise UserError(f"{begin}: {key} must lie in the working folder, got {value}")
    for each in plan.launcher:
        if not re.fullmatch(re.escape(N_JOBS) + r"-?[0-9]{1,4}", each):
            raise UserError(f"{begin}: {each!r} is not how many jobs go on at a time")
    if plan.config_dir is not None and plan.config_dir != given and not _within(plan.config_dir):
        raise UserError(
            f"--config-dir {plan.config_dir} must be given here: {folder / PLAN} names it, and it lies elsewhere"
        )


def _within(place: str) -> bool:
    """Whether a folder, a file or the file of an SQLite store lies in the working folder; what has no place does."""
    place = place.strip("'\"").removeprefix("sqlite:///")
    return "://" not in place and (Path.cwd() / place).resolve().is_relative_to(Path.cwd().resolve())


if __name__ == "__main__":
    main()
