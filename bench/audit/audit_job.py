"""Audit a world by settings, and print and write the results."""

from pathlib import Path

from hydra.utils import get_method

from bench.audit.auditing import audited, requested_anomalies
from bench.audit.verdict import Light
from bench.faults import UserError
from bench.host.console import progress_bars
from bench.host.processors import usable
from bench.program_settings import AuditRunSettings
from bench.worlds.store import find_or_make, world_of


def is_red(settings: AuditRunSettings) -> bool:
    """Find or make the world, audit it, print the verdict and write the report; return whether the verdict is red.

    Raises
    ------
    UserError
        When the records have no labels, or `out` cannot be written.
    """
    world = world_of(settings.generator, settings.anomaly)
    with progress_bars() as progress:
        stored = find_or_make(world, Path(settings.store.worlds), settings.workers or usable(), progress)
        if not stored.manifest["counts"].get("labelled", True):
            raise UserError("records without labels cannot be audited: nobody knows what is anomalous")
        asked = requested_anomalies(settings.generator, settings.anomaly)
        verdict = audited(stored, world, asked, (settings.audit, settings.protocol), progress)
    for check in verdict.checks:
        for number, line in enumerate(check.lines):
            print(f"{'' if number else check.name:12} {'' if number else check.light:9} {line}")
    print(f"{'verdict':12} {verdict.summary}")
    out = Path(settings.out)
    try:
        out.mkdir(parents=True, exist_ok=True)
        for path in get_method(settings.report.audit)(verdict, out):
            print(path)
    except OSError as error:
        raise UserError(f"out must be a folder that can be written, got {out} ({error})") from error
    return verdict.light is Light.RED
