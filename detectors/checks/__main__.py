"""Runs every check on a detector: `cdrbench check my.module:MyDetector [parameter=value ...]`."""

import sys
import traceback
from collections.abc import Sequence
from typing import Any

from hydra.errors import InstantiationException
from hydra.utils import instantiate
from omegaconf import OmegaConf

from bench.config.target_check import target_faults
from bench.detector import Detector
from bench.faults import UserError
from bench.host.exit_codes import UNUSABLE
from detectors.checks.contract import CHECKS, BrokenContract, Check
from detectors.checks.subject import Subject

USAGE = "usage: python -m detectors.checks my.module:MyDetector [parameter=value ...]"


def main() -> None:
    """Check the detector that the command line names; end with code 1 when it breaks the contract."""
    if set(sys.argv[1:]) & {"--help", "-h"}:
        print(USAGE)
        return
    if len(sys.argv) < 2 or not all("=" in each for each in sys.argv[2:]):
        _refuse(USAGE)
    settings = settings_of(sys.argv[1], sys.argv[2:])
    package = settings["_target_"].split(".", maxsplit=1)[0]
    faults = [str(fault) for fault in target_faults(settings, "detector", [package])]
    if faults:
        _refuse("\n".join(faults))

    def make() -> Detector:
        made: Detector = instantiate(settings, _convert_="all")
        return made

    try:
        make()
    except (InstantiationException, UserError) as error:
        _refuse(str(error.__cause__ or error))
    subject = Subject(make)
    outcomes = [_checked(check, subject) for check in CHECKS]
    print(f"{sum(outcomes)} of {len(outcomes)} checks passed")
    sys.exit(not all(outcomes))


def settings_of(target: str, parameters: Sequence[str]) -> dict[str, Any]:
    """Return what Hydra makes a detector from: its path, with a colon or a full stop last, and its parameters."""
    settings: Any = OmegaConf.to_container(OmegaConf.from_dotlist(list(parameters)))
    return {**settings, "_target_": target.replace(":", ".")}


def _checked(check: Check, subject: Subject) -> bool:
    name = check.__name__.replace("_", " ")
    try:
        check(subject)
    except BrokenContract as error:
        print(f"BROKEN  {name}: {error}", flush=True)
        return False
    except Exception as error:  # noqa: BLE001 - whatever a detector raises breaks the promise
        reason = traceback.format_exception_only(error)[-1].strip().splitlines()[0]
        print(f"BROKEN  {name}: it raised {reason}", flush=True)
        return False
    print(f"kept    {name}", flush=True)
    return True


def _refuse(message: str) -> None:
    print(message, file=sys.stderr)
    sys.exit(UNUSABLE)


if __name__ == "__main__":
    main()
