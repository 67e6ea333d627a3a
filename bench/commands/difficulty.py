"""Measure whether types get harder: `cdrbench difficulty anomaly=[...] [difficulties=[0,0.5,1]]`."""

from omegaconf import DictConfig

from bench.config.composition import launch, settings_of


def main() -> None:
    """Run the command."""
    launch("difficulty", difficulty)


def difficulty(config: DictConfig) -> None:
    """Measure how well single features find each type at each difficulty; exit code 1 unless all types get harder."""
    from bench.audit.difficulty import difficulty_report  # noqa: PLC0415 - heavy, and not needed for --help or a typo

    if not difficulty_report.all_types_get_harder(settings_of(config)):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
