"""Refuse a configuration in which Hydra itself would call foreign code: callbacks, launchers, log handlers.

Hydra calls these as soon as a configuration is composed, before any setting is checked. A file of settings may come
from somebody else, so they are checked during composition, and only this program's own are accepted.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

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
LOGGING = ("logging.StreamHandler", "logging.NullHandler", "logging.Formatter")
"""Classes of log handlers and formats; others open files or connections."""
TRUSTING = re.compile(r"\+{0,2}trusted_packages=")
LOGS = ("hydra.job_logging", "hydra.hydra_logging")


def require_own_hooks(config: DictConfig, overrides: Sequence[str]) -> None:
    """Refuse a configuration in which Hydra would call or open something that is not part of this project.

    Parameters
    ----------
    config
        The composed configuration.
    overrides
        The settings of the command line.

    Raises
    ------
    SettingsError
        Names each such setting.
    UserError
        When a configuration folder has a file whose name is taken.
    """
    hydra = config.get("hydra", {})
    faults = list(hook_faults(OmegaConf.to_container(hydra, resolve=False), "hydra"))
    if variables := hydra.get("job", {}).get("env_set"):
        rule = "be left out: set variables in the shell; some make every program run code"
        faults.append(Fault("hydra.job.env_set", rule, OmegaConf.to_container(variables, resolve=False)))
    if (trusted := config.get("trusted_packages")) and not any(TRUSTING.match(each) for each in overrides):
        rule = "be given on the command line: a file of settings may be somebody else's"
        faults.append(Fault("trusted_packages", rule, list(trusted)))
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
    if isinstance(node, str) and "${" in node and key.startswith(LOGS):
        yield Fault(key, "be a value, with nothing in it to be filled in later (${...})", node)
    for name, item in node.items() if isinstance(node, Mapping) else ():
        place = f"{key}.{name}"
        if name == "_target_" and item not in OURS:
            yield Fault(place, f"be one of {', '.join(OURS)}", item)
        elif name == "()" or (name == "class" and item not in LOGGING):
            yield Fault(place, f"be left out: a class is given as class, and is one of {', '.join(LOGGING)}", item)
        yield from hook_faults(item, place)
