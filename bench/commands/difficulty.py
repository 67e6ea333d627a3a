"""Measure whether types get harder: `cdrbench difficulty anomaly=[...] [difficulties=[0,0.5,1]]`."""

from omegaconf import DictConfig

from bench.config.composition import launch, refuse, settings_of
from bench.faults import UserError


def main() -> None:
    """Try the difficulties that the command line asks for."""
    launch("difficulty", difficulty)


def difficulty(config: DictConfig) -> None:
    """Tell of each type how well the best single feature finds it at each difficulty; code 1 when one does not fall."""
    from bench.audit import dial_report  # noqa: PLC0415 - heavy, and not needed for --help or for a typo

    try:
        fell = dial_report.told(settings_of(config))
    except UserError as error:
        refuse(str(error))
    if not fell:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
