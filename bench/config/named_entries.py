"""Settings that map names to entries of one type, such as calendar events, and help on adding an entry.

OmegaConf accepts no plain mapping for a typed entry, but merges one into the mapping around it.
"""

from dataclasses import fields, is_dataclass
from difflib import get_close_matches
from typing import Any

from omegaconf import DictConfig, OmegaConf

from bench.config.hydra_patches import element_type


def how_to_add(key: str, config: DictConfig) -> str:
    """Return how to add an entry that is missing; "" for other keys, and for a misspelt entry."""
    parts = key.split(".")
    for depth in range(1, len(parts)):
        above, name = ".".join(parts[:depth]), parts[depth]
        node = OmegaConf.select(config, above)
        if _kind(node) is not None and name not in node and not get_close_matches(name, list(node), 1):
            return f"{above}.{name} is not there yet; to add it: '+{above}={form_of_members(above, config, name)}'"
    return ""


def form_of_members(key: str, config: DictConfig, name: str = "NAME") -> str:
    """Return the form of an entry on the command line; "" for anything but a mapping of entries of one type."""
    kind = _kind(OmegaConf.select(config, key))
    return "" if kind is None else f"{{{name}: {{{', '.join(f'{each.name}: ...' for each in fields(kind))}}}}}"


def _kind(node: Any) -> Any:
    kind = element_type(node)
    return kind if is_dataclass(kind) else None
