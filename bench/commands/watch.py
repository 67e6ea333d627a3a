"""Replay a world on a map in the browser: `cdrbench watch [setting=value ...]`."""

from omegaconf import DictConfig

from bench.config.composition import launch, settings_of


def main() -> None:
    """Run the command."""
    launch("watch", watch)


def watch(config: DictConfig) -> None:
    """Serve the page until the program is interrupted."""
    settings = settings_of(config)

    from bench.watch import watch_job  # noqa: PLC0415 - heavy, and not needed for --help or for a typo

    watch_job.watch(config, settings)


if __name__ == "__main__":
    main()
