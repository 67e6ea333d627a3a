"""Make only the data: `python -m bench.generate out=DIR [csv=true] [setting=value ...]`."""

from omegaconf import DictConfig

from bench.config.composition import launch, settings_of


def main() -> None:
    """Write what the command line asks for."""
    launch("generate", generate)


def generate(config: DictConfig) -> None:
    """Write the data products of one world."""
    from bench.runs import data_products  # noqa: PLC0415 - heavy, and not needed for --help or for a typo

    data_products.write(settings_of(config))


if __name__ == "__main__":
    main()
