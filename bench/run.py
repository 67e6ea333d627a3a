"""One benchmark run, or many: `python -m bench.run generator.anomaly_ratio=0.05 detector=iforest`."""

import sys
from typing import TYPE_CHECKING

from bench.host.exit_codes import INTERRUPTED
from bench.isolation import prestarted

if TYPE_CHECKING:
    from omegaconf import DictConfig


def main() -> None:
    """Run the command."""
    prestarted.start_ahead(sys.argv[1:])
    try:
        from bench.config.composition import launch  # noqa: PLC0415 - takes a while, which the process has to itself

        launch("config", run)
    except KeyboardInterrupt:  # before anything is composed
        print("interrupted", file=sys.stderr)
        sys.exit(INTERRUPTED)
    finally:
        prestarted.end_ahead()


def run(config: "DictConfig") -> None:
    """Carry out one run."""
    from bench.runs import run_job  # noqa: PLC0415 - heavy, and not needed for --help or for a typo

    run_job.run(config)


if __name__ == "__main__":
    main()
