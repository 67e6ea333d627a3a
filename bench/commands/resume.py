"""Run the rest of an interrupted sweep: `cdrbench resume folder=FOLDER [failed=true] [SETTING=VALUE ...]`.

A job whose folder has a result for the same settings is not run again: `bench.runs.run_job.run` decides that
(`_recorded` there), and clears the folder of any other job first. Failed jobs are run again with `failed=true`
(`SweepFolder.drop_failed`). Start it in the folder where the sweep was started. Settings that could be harmful in a
plan from somebody else have to be repeated on the command line (`bench.sweeps.repeated_settings`).
"""

import re
import sys
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from bench import run
from bench.config.composition import launch, settings_of
from bench.faults import UserError
from bench.settings import RunSettings
from bench.sweeps.repeated_settings import resuming, settings_to_repeat
from bench.sweeps.sweep import config_dir
from bench.sweeps.sweep_folder import N_JOBS, Plan, SweepFolder

OF_RUNS = tuple(each.name for each in fields(RunSettings))


def main() -> None:
    """Run the command."""
    commands: list[list[str]] = []
    again = [each for each in sys.argv[1:] if _is_of_a_run(each)]
    sys.argv[1:] = [each for each in sys.argv[1:] if each not in again]
    launch("resume", lambda config: commands.append(resumed(config, again)))
    for command in commands:
        sys.argv[1:] = command
        run.main()


def resumed(config: DictConfig, again: Sequence[str]) -> list[str]:
    """Return the command line that runs the rest of a sweep, with the settings that were repeated."""
    settings = settings_of(config)
    folder = SweepFolder(Path(settings.folder))
    plan = folder.plan()
    _require_agreed(plan, folder.path, again, config_dir(HydraConfig.get()))
    folder.require_own()
    if settings.failed:
        folder.drop_failed()
    place = str(folder.path).replace("'", "\\'")
    mine = [] if plan.config_dir is None else ["--config-dir", plan.config_dir]
    return ["--multirun", *mine, *plan.settings, *plan.launcher, f"hydra.sweep.dir='{place}'"]


def _require_agreed(plan: Plan, folder: Path, again: Sequence[str], given: str | None) -> None:
    """Refuse a plan with anything but settings, or with settings that the user has to repeat and did not."""
    for each in plan.launcher:
        if not re.fullmatch(re.escape(N_JOBS) + r"-?[0-9]{1,4}", each):
            raise UserError(f"{folder} cannot be resumed: {each!r} is not how many jobs go on at a time")
    try:
        guarded = settings_to_repeat(plan.settings)
        command = resuming(folder, plan.settings, plan.config_dir)
    except UserError as error:
        raise UserError(f"{folder} cannot be resumed: {error}") from error
    if other := [each for each in again if each not in plan.settings]:
        raise UserError(f"{other[0]!r} is not in the plan of {folder}, which stays as it is")
    missing = [each for each in guarded if each not in again]
    if plan.config_dir not in (None, given):
        missing.append(f"--config-dir {plan.config_dir}")
    if missing:
        needed = ", ".join(missing)
        raise UserError(f"{needed} must be given again, since the plan in {folder} may be somebody else's: {command}")


def _is_of_a_run(argument: str) -> bool:
    """Whether a command-line argument is a setting of a run, and not of this program."""
    key = re.split("[=.@/]", argument.lstrip("+~"))[0]
    return key in OF_RUNS and argument != key


if __name__ == "__main__":
    main()
