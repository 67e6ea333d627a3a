"""Why Hydra refuses a configuration, in words: the key, the rule, the value and the nearest right name.

Hydra stops at the first fault and tells of its own innards. So each override is tried by itself, after the choices of
group that hold, and each one that is refused gets a line of its own.
"""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, get_type_hints

from hydra import compose, initialize_config_module
from hydra.core.config_loader import ConfigLoader
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException, OverrideParseException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException, ValidationError

REFUSALS = (HydraException, OmegaConfBaseException)
"""What composing raises."""
WORDS = {int: "a whole number", float: "a number", bool: "true or false", str: "text"}


def composer(config_dir: str | None = None) -> AbstractContextManager[Any]:
    """Return a context in which configurations can be composed: Hydra's own where it runs, else a new one."""
    if GlobalHydra.instance().is_initialized():
        return nullcontext()
    context: AbstractContextManager[Any] = initialize_config_module("conf", version_base="1.3")
    if config_dir is None:
        return context
    return _Searching(context, config_dir)


class _Searching(AbstractContextManager[Any]):
    """A composing context with a folder of the user's own in front."""

    def __init__(self, context: AbstractContextManager[Any], folder: str) -> None:
        self.context = context
        self.folder = folder

    def __enter__(self) -> Any:
        self.context.__enter__()
        loader: Any = _loader()
        loader.get_search_path().prepend("command-line", f"file://{Path(self.folder).resolve()}")

    def __exit__(self, *error: Any) -> None:
        self.context.__exit__(*error)


def diagnose(config_name: str, overrides: Sequence[str]) -> tuple[list[str], DictConfig | None]:
    """Try each override by itself.

    Parameters
    ----------
    config_name
        Name of the primary configuration.
    overrides
        As on the command line, without sweeps.

    Returns
    -------
    messages
        One for each override that is refused; empty when it is only the whole that is.
    config
        What the others compose to; None when even that is refused.
    """
    messages, parsed = _parsed(overrides)
    accepted: list[str] = []
    for override in sorted(parsed, key=lambda each: not _is_group(each)):
        line = str(override.input_line)
        try:
            compose(config_name, [*accepted, line])
        except REFUSALS as error:
            messages.append(_told(config_name, accepted, override, error))
        else:
            accepted.append(line)
    try:
        return messages, compose(config_name, accepted)
    except REFUSALS as error:
        return messages or [plain(error)], None


def plain(error: BaseException) -> str:
    """Return an error of Hydra's or OmegaConf's with its cause, without the lines about their innards."""
    told = [str(error)] + ([str(error.__cause__)] if error.__cause__ is not None else [])
    lines = [line.strip() for text in told for line in text.splitlines()]
    kept = [
        line for line in lines if line and not line.startswith(("full_key:", "object_type=", "See https:", "provider="))
    ]
    return "\n".join(kept)


def _parsed(overrides: Sequence[str]) -> tuple[list[str], list[Override]]:
    parser = OverridesParser.create(config_loader=_loader())
    messages: list[str] = []
    parsed: list[Override] = []
    for line in overrides:
        try:
            parsed += parser.parse_overrides([line])
        except OverrideParseException as error:
            reason = str(error).splitlines()[0]
            messages.append(f"{line!r} cannot be read as setting=value ({reason}); check its brackets and quotes")
    return messages, parsed


def _told(config_name: str, accepted: list[str], override: Override, error: Exception) -> str:
    key = override.key_or_group
    if _is_group(override):
        return _told_choice(key, override.value())
    base = compose(config_name, accepted)
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ValidationError):
        cause = cause.__cause__
    if cause is not None and _has(base, key):
        return f"{key} must be {_expected(base, key)}, got {override.get_value_string() or repr('')}"
    if _has(base, key):
        return f"{override.input_line}: {plain(error)}"
    return f"{key} is not a setting{_addable(config_name, accepted, override) or _meant(key, base)}"


def _told_choice(group: str, value: object) -> str:
    choices = [name for name in _loader().get_group_options(group) if not name.startswith("_")]
    wrong = [each for each in (value if isinstance(value, list) else [value]) if each not in choices]
    if not wrong:
        return f"{group}={value} cannot be composed"
    near = difflib.get_close_matches(str(wrong[0]), choices, 1, 0.5)
    hint = f"; did you mean {near[0]}?" if near else ""
    return f"{group} must be one of {', '.join(choices)}, got {wrong[0]!r}{hint}"


def _addable(config_name: str, accepted: list[str], override: Override) -> str:
    """Tell that a key of an open part, such as a model's parameter, can be added."""
    try:
        compose(config_name, [*accepted, f"+{override.input_line}"])
    except REFUSALS:
        return ""
    return f" of this configuration yet; add it with +{override.input_line}"


def _meant(key: str, base: DictConfig) -> str:
    keys = list(_keys(OmegaConf.to_container(base)))
    last = key.rsplit(".", 1)[-1]
    same_name = [each for each in keys if each.rsplit(".", 1)[-1] == last]
    near = difflib.get_close_matches(key, same_name, 1, 0.0) or difflib.get_close_matches(key, keys, 1)
    return f"; did you mean {near[0]}?" if near else "; `--cfg job` shows all"


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
    return WORDS.get(kind, str(kind))


def _split(config: DictConfig, key: str) -> tuple[Any, str]:
    above, _, name = key.rpartition(".")
    return (OmegaConf.select(config, above) if above else config), name


def _is_group(override: Override) -> bool:
    return "." not in override.key_or_group and override.key_or_group in _groups()


def _groups() -> list[str]:
    return list(_loader().list_groups(""))


def _loader() -> ConfigLoader:
    return GlobalHydra.instance().config_loader()
