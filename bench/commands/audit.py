"""Audit one world: `cdrbench audit [out=audit] [setting=value ...]`; exit code 1 when the verdict is red."""

from omegaconf import DictConfig

from bench.config.composition import launch, settings_of


def main() -> None:
    """Run the command."""
    launch("audit", audit)


def audit(config: DictConfig) -> None:
    """Audit one world, print the verdict and write the report."""
    from bench.audit import audit_job  # noqa: PLC0415 - heavy, and not needed for --help or for a typo

    if audit_job.is_red(settings_of(config)):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
