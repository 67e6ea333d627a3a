"""The audit of one world: `cdrbench audit [out=audit] [setting=value ...]`; code 1 when its verdict is red."""

from omegaconf import DictConfig

from bench.config.composition import launch, refuse, settings_of
from bench.faults import UserError


def main() -> None:
    """Audit the world that the command line describes."""
    launch("audit", audit)


def audit(config: DictConfig) -> None:
    """Audit one world, print the verdict and write the report."""
    from bench.audit import report  # noqa: PLC0415 - heavy, and not needed for --help or for a typo

    try:
        red = report.told(settings_of(config))
    except UserError as error:
        refuse(str(error))
    if red:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
