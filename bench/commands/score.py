"""Score new records with the detector of an earlier run: `cdrbench score run=RUN generator.path=tomorrow.csv`."""

from pathlib import Path

from omegaconf import DictConfig

from bench.config.composition import launch, refuse, settings_of
from bench.host.temporary import temporary
from bench.host.texts import printable
from bench.program_settings import ScoreSettings


def main() -> None:
    """Run the command."""
    launch("score", score)


def score(config: DictConfig) -> None:
    """Fit the detector again on its own data, score the new records, and write the alerts."""
    from bench.runs.score_records import scored  # noqa: PLC0415 - heavy, and not needed for --help or for a typo

    settings: ScoreSettings = settings_of(config)
    out = Path(settings.out)
    try:
        out.mkdir(parents=True, exist_ok=True)
        with temporary(".staging-", out) as staging:
            failure = scored(settings, out, staging)
    except OSError as error:
        refuse(f"out must be a folder that can be written, got {out} ({error})")
    if failure:
        print(printable(failure))
        raise SystemExit(1)


if __name__ == "__main__":
    main()
