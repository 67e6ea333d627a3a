"""Every setting: its default, type and rule, and what it does, from the class that it belongs to.

The source is that of `cdrbench settings KEY`.
"""

from collections.abc import Iterable
from functools import cache

from omegaconf import DictConfig, OmegaConf

from bench.commands.explain_settings import settings_below
from bench.commands.setting_page import Setting
from bench.config.composition import composed, register
from bench.config.hydra_patches import initialised
from from_code.markdown_tables import code, table


def markdown(program: str, *parts: str) -> str:
    """Return the settings of a program (the name of its YAML) below some keys, a section for each group.

    Parameters
    ----------
    program
        `config` for a run; `audit`, `score` and so on for the other commands.
    parts
        Keys, such as `threshold`; `rest` for those that are in no group. Choices, such as `generator=seed_cdr`, count.
    """
    keys = [each for each in parts if "=" not in each]
    config = configuration(program, *(each for each in parts if "=" in each))
    groups: dict[str, dict[str, list[Setting]]] = {}
    for each in settings_below(config):
        head = each.key.rpartition(".")[0]
        if not keys or head.partition(".")[0] in keys or (not head and "rest" in keys):
            groups.setdefault(_pattern(config, head), {}).setdefault(head, []).append(each)
    return "\n".join(line for pattern, alike in groups.items() for line in _section(pattern, alike))


@cache
def configuration(program: str, *choices: str) -> DictConfig:
    """Compose the settings of a program."""
    register()
    with initialised():
        return composed(program, choices)


def rows(settings: Iterable[Setting], of: str = "") -> list[str]:
    """Return the table of some settings, without the begin of their keys that is `of`."""
    return table(
        ["setting", "default", "what it is"],
        ([f"`{each.key.removeprefix(of)}`", _shortened(each), _meaning(each)] for each in settings),
    )


def _pattern(config: DictConfig, key: str) -> str:
    """Return the key of a group, with NAME for the names of entries that users may add, as the types of users are."""
    node, out = config, list[str]()
    for part in key.split(".") if key else ():
        is_open = OmegaConf.get_type(node) is dict and node is not config
        out.append("NAME" if is_open else part)
        node = node[part]
    return ".".join(out)


def _section(pattern: str, alike: dict[str, list[Setting]]) -> list[str]:
    """Return the table of a group, or of the first of groups that are alike."""
    heads = list(alike)
    notes = []
    if len(heads) > 1:
        at = pattern.split(".").index("NAME")
        names = ", ".join(f"`{each.split('.')[at]}`" for each in heads)
        notes = [f"NAME is one of {names}; the defaults are those of the first.", ""]
    return [f"### {pattern or 'Of no group'}", "", *notes, *rows(alike[heads[0]], f"{heads[0]}." if heads[0] else "")]


def _meaning(setting: Setting) -> str:
    """Return what a setting does, then its type, unit and rule."""
    facts = ", ".join([setting.type_and_unit, *([setting.rule.removeprefix("be ")] if setting.rule else [])])
    purpose = setting.purpose.rstrip(".") + ". " if setting.purpose else ""
    return f"{purpose}*{facts}*"


def _shortened(setting: Setting, most: int = 60) -> str:
    """Return the default; of a long one its begin."""
    text = setting.written
    return code(text if len(text) <= most else text[:most] + " ...") if text else code("")
