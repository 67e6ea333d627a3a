"""Tell from a command line whether it is a run or a sweep, without composing everything twice."""

from typing import Any

from hydra._internal.hydra import Hydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import OmegaConf


def find_quickly() -> None:
    """Let Hydra look for `hydra.mode` on the command line and in the files that it names, such as a suite.

    Hydra itself composes the whole configuration for that, and then once more for the run: a third of a second.
    """
    Hydra.get_mode = _mode  # type: ignore[method-assign,assignment]


def _mode(hydra: Hydra, config_name: str | None, overrides: list[str]) -> RunMode | None:
    """Return the mode that is asked for; None when there is none, or when something is wrong, which is told later."""
    try:
        parsed = OverridesParser.create(config_loader=hydra.config_loader).parse_overrides(list(overrides))
        found = [mode for mode in (_mode_in(hydra, each) for each in parsed) if mode is not None]
        return RunMode[str(found[-1]).rpartition(".")[2]] if found else None
    except (HydraException, KeyError):
        return None


def _mode_in(hydra: Hydra, override: Override) -> Any:
    """Return the mode that one override brings."""
    key, value = override.key_or_group, override.value()
    if key == "hydra.mode":
        return value
    repository = hydra.config_loader.repository  # type: ignore[attr-defined]
    if not isinstance(value, str) or "." in key or not repository.group_exists(key):
        return None
    file = repository.load_config(f"{key}/{value}")
    return None if file is None else OmegaConf.select(file.config, "hydra.mode")
