"""Save the detector of a run: `cdrbench save run=RUN out=DIR`."""

from pathlib import Path

from omegaconf import DictConfig

from bench.config.composition import launch, settings_of
from bench.host.temporary import temporary
from bench.program_settings import SaveSettings


def main() -> None:
    """Run the command."""
    launch("save", save)


def save(config: DictConfig) -> None:
    """Write the detector of a run to a folder of its own."""
    from bench.runs.saved_detector import saved_in  # noqa: PLC0415 - heavy, and not needed for --help or for a typo

    settings: SaveSettings = settings_of(config)
    with temporary("cdrbench-save-") as staging:
        saved_in(Path(settings.run), staging).save(Path(settings.out))
    print(settings.out)


if __name__ == "__main__":
    main()
