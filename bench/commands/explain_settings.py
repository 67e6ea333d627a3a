"""Explain settings: `cdrbench settings [setting=value ...] [KEY]`.

Type, default, rule and purpose are read from the dataclass behind the setting, or from the docstring of the class that
a `_target_` names, so what is printed is what the program uses.
"""

import sys
from collections.abc import Iterator, Sequence
from difflib import get_close_matches

from hydra.core.global_hydra import GlobalHydra
from omegaconf import DictConfig, OmegaConf

from bench.commands.setting_page import Setting, described
from bench.config.composition import composed, refuse, register
from bench.config.hydra_patches import initialised
from bench.faults import UserError

PROGRAM = "config"
MOST = 40
"""Groups of up to this many settings are listed setting by setting; larger groups by their parts."""
FEW = 20
"""In groups of up to this many files, each file is searched for one that provides a setting."""


def main() -> None:
    """Explain the settings that the command line names."""
    choices = [each for each in sys.argv[1:] if "=" in each]
    keys = [each for each in sys.argv[1:] if "=" not in each]
    register()
    with initialised():
        try:
            config = composed(PROGRAM, choices)
        except UserError as error:
            refuse(str(error))
        for key in keys or [""]:
            print("\n".join(page(config, key, choices)), flush=True)


def page(config: DictConfig, key: str, choices: Sequence[str] = ()) -> list[str]:
    """Return the explanation of a setting, or the list of a group of settings.

    Parameters
    ----------
    config
        The settings.
    key
        The key to explain.
    choices
        Choices of the command line; a setting that exists only with another choice is explained with that choice.
    """
    every = {setting.key: setting for setting in settings_below(config)}
    if key in every:
        return described(every[key])
    inside = [setting for setting in every.values() if not key or setting.key.startswith(f"{key}.")]
    if not inside:
        for choice in _bringing(key):
            other = composed(PROGRAM, [*choices, choice])
            if any(setting.key == key or setting.key.startswith(f"{key}.") for setting in settings_below(other)):
                return [f"with {choice}:", "", *page(other, key)]
        near = get_close_matches(key, [*every, *groups(every)], n=3)
        refuse(f"{key} is not a setting" + (f"; did you mean {', '.join(near)}?" if near else ""))
    return [*_choices(key), *_listed(inside, key)]


def groups(keys: dict[str, Setting]) -> set[str]:
    """Return the keys of all groups of settings."""
    return {".".join(parts[:end]) for parts in (key.split(".") for key in keys) for end in range(1, len(parts))}


def settings_below(node: DictConfig, key: str = "") -> Iterator[Setting]:
    """Yield every setting of a configuration, with the class of which it is a field or a parameter."""
    kind = OmegaConf.get_type(node)
    target = node.get("_target_") if "_target_" in node else None
    values = OmegaConf.to_container(node, resolve=False)
    assert isinstance(values, dict)
    for name, value in ((str(name), value) for name, value in values.items()):
        full = f"{key}.{name}" if key else name
        unresolved = OmegaConf.is_missing(node, name) or OmegaConf.is_interpolation(node, name)
        below = None if unresolved else node[name]
        if isinstance(below, DictConfig) and len(below):
            yield from settings_below(below, full)
        elif name != "_target_":
            yield Setting(full, name, value, kind, target)


def _bringing(key: str) -> list[str]:
    """Return the choices that might provide a setting: the file of its name, or each file of a small group."""
    group, _, rest = key.partition(".")
    options = _options(group) if rest else []
    named = [name for name in options if name == rest.split(".")[0]]
    return [f"{group}={name}" for name in named or (options if len(options) <= FEW else [])]


def _options(group: str) -> list[str]:
    """Return the files that can be chosen for a group; none if there is no such group."""
    hydra = GlobalHydra.instance().hydra
    return hydra.config_loader.get_group_options(group.replace(".", "/")) if hydra and group else []


def _choices(key: str) -> Iterator[str]:
    """Yield the files that can be chosen for a group."""
    options = _options(key)
    if options:
        yield f"{key}=NAME, one of: {', '.join(options)}"
        yield ""


def _listed(inside: list[Setting], key: str) -> Iterator[str]:
    """Yield a line for each setting of a small group, or for each part of a large one."""
    depth = len(key.split(".")) + 1 if key else 1
    if len(inside) <= MOST:
        width = max(len(each.assigned) for each in inside)
        yield from (f"{each.assigned:{width}}  {each.purpose_line}".rstrip() for each in inside)
        return
    parts: dict[str, list[Setting]] = {}
    for each in inside:
        parts.setdefault(".".join(each.key.split(".")[:depth]), []).append(each)
    width = max(map(len, parts))
    for name, own in parts.items():
        alone = len(own) == 1 and own[0].key == name
        yield f"{name:{width}}  {own[0].purpose_line if alone else f'{len(own)} settings'}".rstrip()
    yield ""
    yield f"{len(inside)} settings; `cdrbench settings KEY` explains one, or a group"


if __name__ == "__main__":
    main()
