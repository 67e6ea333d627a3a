"""Configurations of a sweep's jobs: composed once per choice of files, then changed to each job's values."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import hydra
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from omegaconf import DictConfig, OmegaConf

from bench.config.hydra_patches import is_group

Family = tuple[str, ...]


class Variants:
    """Compose one job after another, while Hydra is initialised; a configuration is valid until the next one.

    Composing takes a fifth of a second, and most jobs of a sweep only differ in a seed or a ratio.
    """

    def __init__(self, config_name: str) -> None:
        self.config_name = config_name
        self.composed: dict[Family, DictConfig] = {}

    def of(self, job: Sequence[str]) -> DictConfig:
        """Return the configuration of the job with these overrides; raise Hydra's error if it refuses one."""
        values = {line: _value(line) for line in job}
        family = tuple(line if value is None else value[0] for line, value in values.items())
        if family not in self.composed:
            self.composed[family] = hydra.compose(self.config_name, list(job))
        config = self.composed[family]
        for key, value in filter(None, values.values()):
            OmegaConf.update(config, key, value)
        return config


@cache
def _value(line: str) -> tuple[str, Any] | None:
    """Return the key and the plain value that an override sets; None if it does anything else."""
    loader = GlobalHydra.instance().config_loader()
    (override,) = OverridesParser.create(config_loader=loader).parse_overrides([line])
    key, value = override.key_or_group, override.value()
    plain = isinstance(value, str | int | float) and not _is_special(override, loader)
    return (key, value) if plain else None


def _is_special(override: Override, loader: Any) -> bool:
    """Whether an override chooses a file, adds or removes keys, or concerns Hydra itself."""
    changes = override.is_add() or override.is_force_add() or override.is_delete()
    return changes or override.is_hydra_override() or is_group(loader, override.key_or_group)
