"""Explain why Hydra refuses a configuration: key, rule, value and the nearest valid name.

Hydra stops at the first fault, and its messages refer to its internals. So each override is tried separately, after the
valid choices of groups, and each refused one gets a line of its own.
"""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, get_type_hints

from hydra import compose
from hydra.core.config_loader import ConfigLoader
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException, OverrideParseException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from bench.config.hydra_patches import is_mapping, node_below
from bench.config.named_entries import form_of_members, how_to_add

REFUSALS = (HydraException, OmegaConfBaseException)
"""Errors that composing may raise."""
WORDS = {int: "a whole number", float: "a number", bool: "true or false", str: "text"}
INNARDS = ("full_key:", "object_type=", "See https:", "provider=", "Config search path:")


def diagnose(config_name: str, overrides: Sequence[str]) -> tuple[list[str], DictConfig | None]:
    """Try each override separately; to be called while Hydra is initialised.

    Parameters
    ----------
    config_name
        Name of the primary configuration.
    overrides
        As on the command line, without sweeps.

    Returns
    -------
    messages
        One for each refused override.
    config
        The composition of the others; None if that is refused too.
    """
    messages, parsed = _parsed(overrides)
    for override in [each for each in parsed if _is_group(each) and not each.is_delete()]:
        key, value = override.key_or_group, override.value()
        # this check needs no composition
        if isinstance(value, str | list) and (message := _choice_message(key, value)):
            messages.append(message)
            parsed.remove(override)
    choices = [override for override in parsed if _is_group(override)]
    others = [override for override in parsed if not _is_group(override)]
    accepted = [_line(override) for override in choices]
    config, refusal = _composed(config_name, accepted)
    if config is None:
        accepted, others = [], [*choices, *others]
        config, refusal = _composed(config_name, accepted)
    for override in others:
        found, refusal = _composed(config_name, [*accepted, _line(override)])
        if found is None:
            messages.append(_override_message(config_name, accepted, config, override) or refusal)
        else:
            config = found
            accepted.append(_line(override))
    return messages or ([refusal] if config is None else []), config


def _composed(config_name: str, overrides: Sequence[str]) -> tuple[DictConfig | None, str]:
    """Return the composition, or None and the reason why there is none."""
    try:
        return compose(config_name, list(overrides)), ""
    except REFUSALS as error:
        return None, plain(error)


def plain(error: BaseException) -> str:
    """Return an error of Hydra or OmegaConf with its cause, without the lines about internals."""
    texts = [str(error), "" if error.__cause__ is None else str(error.__cause__)]
    lines = [line.strip() for text in texts for line in text.splitlines()]
    return " ".join(line for line in lines if line and not line.startswith(INNARDS))


def unknown_settings(node: Any, config: DictConfig, key: str = "") -> Iterator[str]:
    """Yield a message for each key, added with `+`, that a dataclass in the configuration does not have."""
    if not is_mapping(node):
        return
    kind = OmegaConf.get_type(node)
    known = {item.name for item in fields(kind)} if kind is not None and is_dataclass(kind) else None
    for name in node:
        full = f"{key}.{name!s}" if key else str(name)
        if known is not None and name not in known:
            yield _unknown(full, config)
        elif not OmegaConf.is_missing(node, name):
            yield from unknown_settings(node_below(node, name), config, full)


def _parsed(overrides: Sequence[str]) -> tuple[list[str], list[Override]]:
    parser = OverridesParser.create(config_loader=_loader())
    messages: list[str] = []
    parsed: list[Override] = []
    for line in overrides:
        try:
            parsed += parser.parse_overrides([line])
        except OverrideParseException as error:
            reason = str(error).splitlines()[0] if "=" in line else "no ="
            messages.append(f"{line!r} cannot be read as setting=value ({reason}); check its brackets and quotes")
    return messages, parsed


def _override_message(config_name: str, accepted: list[str], base: DictConfig | None, override: Override) -> str:
    """Return what is wrong with an override, given the composition `base` of those accepted so far."""
    key, value = override.key_or_group, override.value()
    if _is_group(override):
        suite = "" if base is None else base.get("suite", {}).get("name", "")
        fixed = f"{key} is fixed by suite={suite}: leave it out, or do without the suite" if suite else ""
        return _choice_message(key, value) or fixed
    if base is None or key.startswith("hydra."):
        return ""
    if not _has(base, key):
        message = _type_message(key, base) or how_to_add(key, base)
        return message or _addable(config_name, accepted, base, override) or _unknown(key, base)
    if override.is_add() and isinstance(value, Mapping) and (form := form_of_members(key, base)):
        return f"{key} must be of the form {form}, got {value}"
    return f"{key} must be {_expected(base, key)}, got {'null' if value is None else repr(value)}"


def _choice_message(group: str, value: Any) -> str:
    choices = _loader().get_group_options(group)
    wrong = [each for each in (value if isinstance(value, list) else [value]) if each not in choices]
    if not wrong:
        return ""
    near = difflib.get_close_matches(str(wrong[0]), choices, 1, 0.5)
    hint = f"; did you mean {near[0]}?" if near else ""
    return f"{group} must be one of {', '.join(choices)}, got {wrong[0]!r}{hint}"


def _type_message(key: str, base: DictConfig) -> str:
    """Explain that a setting belongs to a type of anomaly that was not chosen; "" if it belongs to none."""
    name = key.split(".")[1] if key.startswith("anomaly.") else ""
    if not name or name in base.anomaly:
        return ""
    choices = _loader().get_group_options("anomaly")
    if name in choices:
        return f"{key} is about a type that is not chosen; to choose it: anomaly=[{','.join([*base.anomaly, name])}]"
    near = difflib.get_close_matches(name, [*base.anomaly, *choices], 1, 0.5)
    return f"anomaly.{name} is not a setting; " + (f"did you mean anomaly.{near[0]}?" if near else "no such type")


def _addable(config_name: str, accepted: list[str], base: DictConfig, override: Override) -> str:
    """Explain that a key can be added to an open part, such as one more kind of user; "" if it cannot."""
    if is_dataclass(OmegaConf.get_type(_split(base, override.key_or_group)[0])):
        return ""
    config, _ = _composed(config_name, [*accepted, f"+{_line(override)}"])
    if config is None or any(unknown_settings(config, config)):
        return ""
    return f"{override.key_or_group} is not in this configuration yet; to add it: +{_line(override)}"


def _unknown(key: str, config: DictConfig) -> str:
    keys = [each for each in _keys(OmegaConf.to_container(config)) if not f"{key}.".startswith(f"{each}.")]
    last = key.rsplit(".", 1)[-1]
    same_name = [each for each in keys if each.rsplit(".", 1)[-1] == last]
    near = difflib.get_close_matches(key, same_name, 1, 0.0) or difflib.get_close_matches(key, keys, 1)
    return f"{key} is not a setting; " + (f"did you mean {near[0]}?" if near else "`--cfg job` shows all")


def _keys(node: Any, prefix: str = "") -> Iterator[str]:
    if isinstance(node, Mapping):
        for name, item in node.items():
            yield f"{prefix}{name}"
            yield from _keys(item, f"{prefix}{name}.")


def _has(config: DictConfig, key: str) -> bool:
    parent, name = _split(config, key)
    return OmegaConf.is_dict(parent) and name in {str(each) for each in parent}


def _expected(config: DictConfig, key: str) -> str:
    parent, name = _split(config, key)
    holder = OmegaConf.get_type(parent)
    hints: dict[str, Any] = get_type_hints(holder) if isinstance(holder, type) else {}
    kind: Any = hints.get(name, OmegaConf.get_type(parent, name))
    if is_dataclass(kind):
        path = key.replace(".", "/")
        return (
            f"chosen by {path}=..." if _is_a_group(path) else f"set part by part, as {key}.{fields(kind)[0].name}=..."
        )
    return WORDS.get(kind, str(kind))


def _split(config: DictConfig, key: str) -> tuple[Any, str]:
    above, _, name = key.rpartition(".")
    return (OmegaConf.select(config, above) if above else config), name


def _line(override: Override) -> str:
    return str(override.input_line)


def _is_group(override: Override) -> bool:
    return _is_a_group(override.key_or_group)


def _is_a_group(path: str) -> bool:
    above, _, name = path.rpartition("/")
    return name in _loader().list_groups(above)


def _loader() -> ConfigLoader:
    return GlobalHydra.instance().config_loader()
