"""Refuse a configuration in which Hydra itself would call foreign code: callbacks, launchers, log handlers.

Hydra calls these as soon as a configuration is composed, before any setting is checked. A file of settings may come
from somebody else, so they are checked during composition, and only this program's own are accepted.
"""

from collections.abc import Iterator, Mapping

from omegaconf import DictConfig, OmegaConf

from bench.config.hydra_patches import OWN_HOOKS
from bench.config.plug_ins import require_all_read
from bench.faults import Fault, SettingsError

OURS = (
    "bench.sweeps.preflight.Preflight",
    "bench.sweeps.sweep.Sweep",
    "bench.host.launcher.Forking",
    *OWN_HOOKS,
)
STREAMS = ("ext://sys.stdout", "ext://sys.stderr")


def require_own_hooks(config: DictConfig) -> None:
    """Refuse a configuration in which Hydra would call or open something that is not part of this project.

    Raises
    ------
    SettingsError
        Names each such setting.
    UserError
        When a configuration folder has a file whose name is taken.
    """
    hydra = config.get("hydra", {})
    faults = list(hook_faults(OmegaConf.to_container(hydra, resolve=False), "hydra"))
    if faults:
        raise SettingsError(faults)
    require_all_read(tuple((str(each.schema), str(each.path)) for each in hydra.runtime.config_sources))


def hook_faults(node: object, key: str) -> Iterator[Fault]:
    """Yield each part of Hydra's own settings that would call or open something outside this program."""
    if isinstance(node, list):
        for index, item in enumerate(node):
            yield from hook_faults(item, f"{key}[{index}]")
    if isinstance(node, str) and node.startswith(("ext://", "cfg://")) and node not in STREAMS:
        yield Fault(key, f"be one of {', '.join(STREAMS)}", node)
    for name, item in node.items() if isinstance(node, Mapping) else ():
        place = f"{key}.{name}"
        if name == "_target_" and item not in OURS:
            yield Fault(place, f"be one of {', '.join(OURS)}", item)
        elif name == "()" or (name == "class" and not str(item).startswith("logging.")):
            yield Fault(place, "be a class of the package logging, given as class", item)
        yield from hook_faults(item, place)
