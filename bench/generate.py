"""Generate only the data: `python -m bench.generate out=DIR [csv=true] [setting=value ...]`."""

from omegaconf import DictConfig

from bench.config.composition import launch, settings_of


def main() -> None:
    """Run the command."""
    launch("generate", generate)


def generate(config: DictConfig) -> None:
    """Write the tables of one world, and its truth."""
    from bench.runs import data_products  # noqa: PLC0415 - heavy, and not needed for --help or for a typo

    data_products.write(settings_of(config))


if __name__ == "__main__":
    main()
