"""Search for the best settings of a detector: `cdrbench search detector=iforest 'search.space=[...]'`.

Optuna compares settings on the worlds of the tuning seeds. The best settings are then run, as a sweep, on the worlds of
the reporting seeds; no seed is in both lists. Needs `pip install cdrbench[search]`.
"""

import sys

from omegaconf import DictConfig

from bench import run
from bench.config.composition import launch, refuse, settings_of


def main() -> None:
    """Run the command."""
    commands: list[list[str]] = []
    launch("search", lambda config: commands.append(searched(config)))
    for command in commands:
        sys.argv[1:] = command
        run.main()


def searched(config: DictConfig) -> list[str]:
    """Search for the best settings; return the command line of the sweep that reports them."""
    from hydra.core.hydra_config import HydraConfig  # noqa: PLC0415

    try:
        from bench.sweeps.trials import best_overrides  # noqa: PLC0415 - heavy, and Optuna is an extra

        search = settings_of(config).search
        mine = [each for each in HydraConfig.get().overrides.task if not each.lstrip("+").startswith("search.")]
        best = best_overrides(mine, search)
    except ImportError as error:
        refuse(f"bench.commands.search needs Optuna: pip install 'cdrbench[search]' ({error})")
    print("the best: " + " ".join(best), flush=True)
    seeds = ",".join(str(seed) for seed in search.reporting_seeds)
    flags = [each for each in sys.argv[1:3] if sys.argv[1] == "--config-dir"]
    return ["--multirun", *flags, *mine, *best, f"generator.seed={seeds}"]


if __name__ == "__main__":
    main()
