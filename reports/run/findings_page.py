"""The page of a run on recorded calls: whom to look at first, what would be found, and at how many alerts a day."""

from pathlib import Path
from shlex import join

from omegaconf import OmegaConf

from bench.evaluation.run_outcome import Outcome
from bench.host.aside import write_whole
from bench.host.texts import printable
from bench.result import Status
from reports.run.findings import BUDGETS, findings_of
from reports.templates import environment_of

PAGE = "findings.html"
REPLACED = ("anomaly=", "generator.anomaly_ratio=", "hydra.run.dir=", "hydra.sweep.dir=")
"""Settings of a run that a proposed command replaces, or cannot share."""


def write(outcome: Outcome, folder: Path) -> Path | None:
    """Write `findings.html` and return where it is; None for a run that failed, or in a simulated world.

    Parameters
    ----------
    outcome
        The run.
    folder
        That of the run, with its tables.
    """
    if outcome.result.status is not Status.OK or not outcome.is_recorded:
        return None
    environment = environment_of(__file__)
    environment.filters["printable"] = printable
    found = findings_of(outcome, folder)
    text = environment.get_template(PAGE).render(found=found, budgets=BUDGETS, command=_command(folder))
    return write_whole(folder / PAGE, text)


def _command(folder: Path) -> str:
    """Return the command of a sweep with the settings of the run, without those that are replaced."""
    notes = folder / ".hydra" / "overrides.yaml"
    given = [str(each) for each in OmegaConf.load(notes)] if notes.exists() else []
    kept = [each for each in given if not each.startswith(REPLACED)]
    return join(["cdrbench", "run", "--multirun", *kept])
