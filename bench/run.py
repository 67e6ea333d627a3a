"""One benchmark run, or many: `python -m bench.run generator.anomaly_ratio=0.05 detector=iforest`."""

from omegaconf import DictConfig

from bench.composition import launch


def main() -> None:
    """Run what the command line asks for."""
    launch("config", run)


def run(config: DictConfig) -> None:
    """Run one job."""
    from bench import job  # noqa: PLC0415 - heavy, and not needed for --help or for a typo

    job.run(config)


if __name__ == "__main__":
    main()
