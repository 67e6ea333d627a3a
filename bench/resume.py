"""The rest of a sweep that was cut short: `python -m bench.resume folder=FOLDER [failed=true]`.

What is recorded is not run again. What failed is, when asked for. Start it where the sweep was started.
"""

import sys
from pathlib import Path

from omegaconf import DictConfig

from bench import run
from bench.composition import launch, refuse, settings_of
from bench.faults import UserError
from bench.sweep_folder import SweepFolder


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
        command: list[str] = folder.plan()["command"]
    except UserError as error:
        refuse(str(error))
    if settings.failed:
        folder.drop_failed()
    place = str(folder.path).replace("'", "\\'")
    return [*command, f"hydra.sweep.dir='{place}'"]


if __name__ == "__main__":
    main()
