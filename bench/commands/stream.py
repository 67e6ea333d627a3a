"""Play a world, or your own records, as a stream of messages in event time: `cdrbench stream [setting=value ...]`."""

from omegaconf import DictConfig

from bench.commands.realism import with_data
from bench.config.composition import launch, settings_of
from bench.faults import UserError
from bench.host.interruption import end_on_closed_pipe


def main() -> None:
    """Run the command."""
    launch("stream", stream)


def stream(config: DictConfig) -> None:
    """Stream a world, a folder of tables, the user's files, or an existing stream."""
    from bench.stream.stream_job import run  # noqa: PLC0415 - heavy, and not needed for --help or for a typo

    try:
        run(settings_of(_with_source(config)))
    except BrokenPipeError:  # Hydra would report it
        end_on_closed_pipe()


def _with_source(config: DictConfig) -> DictConfig:
    """Leave out the generator where none is needed."""
    if config.stream.source is not None and config.data is not None:
        raise UserError(f"data must be left out where stream.source is given, got {config.data!r}")
    if config.stream.source is not None or config.stream.sink == "schema":
        config.generator, config.anomaly = {}, {}
        return config
    try:
        return with_data(config)
    except UserError as error:
        if config.data is None:
            raise
        rule = "be a folder that cdrbench generate has written, or be read by generator=cdr_file"
        raise UserError(f"data must {rule}, got {config.data!r}") from error


if __name__ == "__main__":
    main()
