"""Compare call records with published values: `cdrbench realism data=DIR-or-CSV [setting=value ...]`."""

from pathlib import Path

from omegaconf import DictConfig, OmegaConf, open_dict

from bench.config.composition import launch, refuse, settings_of
from bench.faults import UserError


def main() -> None:
    """Run the command."""
    launch("realism", realism)


def realism(config: DictConfig) -> None:
    """Measure call records from a folder of tables, from a file, or of a simulated world."""
    from bench.realism.scorecard_job import run  # noqa: PLC0415 - heavy, and not needed for --help or for a typo
    from bench.runs.request import plain_values  # noqa: PLC0415 - the same

    try:
        run(settings_of(with_data(config)), plain_values(config))
    except UserError as error:
        message = str(error)
        refuse(message.replace("generator.path must", "data must") if config.data is not None else message)


def with_data(config: DictConfig) -> DictConfig:
    """Put `data` where it belongs: a folder of this program needs no generator; files use `generator=cdr_file`."""
    from bench.worlds.places import Place  # noqa: PLC0415 - heavy

    with open_dict(config):
        if config.data is not None and Place.of(Path(config.data)):
            config.generator = {}
        elif config.data is not None and "path" not in config.generator.keys():  # noqa: SIM118 - a key without a value is not `in` it
            raise UserError(f"data must be left out where generator is a simulated world, got {config.data!r}")
        elif config.data is not None:
            config.generator.path = config.data
        elif OmegaConf.is_missing(config.generator, "path"):
            raise UserError("data must be given: data=DIR-or-CSV (or generator=default, a simulated world)")
    return config


if __name__ == "__main__":
    main()
