"""Skip repeated jobs of a suite: a detector without random numbers gives the same result with every seed."""

from collections.abc import Sequence
from functools import cache

from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf import OmegaConf

from bench.config.hydra_patches import file_in, split_arguments

SEED = "${seed}"
"""Text that the leaf of a random detector contains."""


def split(overrides: list[Override], size: int | None) -> list[list[list[str]]]:
    """Return the jobs of a sweep, as Hydra does; for a suite, without jobs that would only repeat a result.

    In a suite, a detector whose leaf does not contain `${seed}` runs with the first seed only.
    """
    return [worth_doing(batch) for batch in split_arguments(overrides, size)]


def worth_doing(jobs: Sequence[Sequence[str]]) -> list[list[str]]:
    """Return the jobs without those that differ from an earlier one only in a seed that their detector ignores."""
    kept: dict[tuple[str, ...], list[str]] = {}
    for job in jobs:
        values = dict(line.partition("=")[::2] for line in job)
        idle = "suite" in values and "detector" in values and not is_random(values["detector"])
        key = tuple(line for line in job if not (idle and line.startswith("seed=")))
        kept.setdefault(key, list(job))
    return list(kept.values())


@cache
def is_random(detector: str) -> bool:
    """Whether the leaf of a detector passes on the seed."""
    try:
        found = file_in(GlobalHydra.instance().config_loader(), f"detector/{detector}")
    except HydraException:
        return True
    return found is None or SEED in OmegaConf.to_yaml(found)
