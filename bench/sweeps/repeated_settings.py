"""Settings that must be repeated to resume a sweep, because its plan may come from somebody else.

These are all settings that decide which code runs, what a detector can access and where files are written. A new
setting of that kind is added here (`_is_harmless`), with a test in `tests/bench/runs/test_nothing_lost.py` that it is
refused.
"""

import re
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import ChoiceSweep, IntervalSweep, Override, QuotedString, RangeSweep
from hydra.errors import HydraException

from bench.config.plug_ins import plugged_packages
from bench.config.target_check import TRUSTED
from bench.faults import UserError

GUARDED = ("trusted_packages", "export", "store")
"""Settings that are not accepted from somebody else's plan, including everything below them."""
SETTING = re.compile(r"[+~]{0,2}[A-Za-z_][A-Za-z0-9_./@-]*(=|$)")
FILLED_IN = "${"
CHOICE = re.compile(r"[A-Za-z0-9_]*")
"""Valid name of a file of settings, which cannot be a path to another folder."""


def settings_to_repeat(settings: Sequence[str]) -> list[str]:
    """Return the settings of a plan that must be repeated.

    Raises
    ------
    UserError
        When one of them is not a setting of a run.
    """
    return [each for each in settings if not _all_harmless(each)]


def resuming(folder: Path, settings: Sequence[str], config_dir: str | None, more: Sequence[str] = ()) -> str:
    """Return the command that resumes a sweep, quoted for a shell."""
    mine = [] if config_dir is None else ["--config-dir", config_dir]
    return shlex.join(["cdrbench", "resume", *mine, f"folder={folder}", *more, *settings_to_repeat(settings)])


def parsed(setting: str) -> Override:
    """Parse a setting as Hydra does.

    Raises
    ------
    UserError
        When it is not a setting of a run.
    """
    if not SETTING.match(setting):  # for example an option of the command line
        raise UserError(f"{setting!r} is not a setting of a run")
    try:
        override: Override = OverridesParser.create().parse_override(setting)
    except HydraException as error:
        raise UserError(f"{setting!r} is not a setting of a run") from error
    if re.split("[./@]", override.key_or_group)[0] in ("hydra", ""):
        raise UserError(f"{setting!r} is not a setting of a run")
    return override


def _all_harmless(setting: str) -> bool:
    """Whether a setting is safe with each of its values, even in a plan from somebody else."""
    override = parsed(setting)
    if FILLED_IN in setting or override.package is not None or override.is_delete():
        return False
    return all(_is_harmless(key, value) for key, value in _leaves(override.key_or_group, override.value()))


def _is_harmless(key: str, value: object) -> bool:
    """Whether one value is safe in a plan from somebody else; for a group, the value is the chosen file's name."""
    rest = key.partition(".")[2]
    root = re.split(r"[./\[]", key)[0]
    if root in GUARDED:
        return False
    if root in ("report", "tracking") and rest:
        return value is None and root == "report"
    if key == "limits.confined":
        return value is True
    last = re.sub(r"(\[\d+\])+$", "", key).rpartition(".")[2]
    if last == "_target_":
        return str(value).partition(".")[0] in (*TRUSTED, *plugged_packages())
    if last == "key_file" or isinstance(value, ChoiceSweep | _Unknown):
        return False
    return bool(rest) or root == "name" or not isinstance(value, str) or bool(CHOICE.fullmatch(value))


class _Unknown:
    """A form of several values that this module does not know."""


def _leaves(key: str, value: object) -> Iterator[tuple[str, object]]:
    """Yield the single values that a setting contains, each with its dotted key."""
    if isinstance(value, ChoiceSweep):
        for each in value.list:
            yield from _leaves(key, each)
    elif isinstance(value, dict):
        for name, each in value.items():
            yield from _leaves(f"{key}.{_plain(name)}", each)
        if not value:
            yield key, None
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from _leaves(f"{key}[{index}]", each)
        if not value:
            yield key, None
    elif isinstance(value, RangeSweep | IntervalSweep):
        yield key, 0.0
    else:
        plain = _plain(value)
        known = plain is None or isinstance(plain, str | int | float)
        yield key, plain if known else _Unknown()


def _plain(value: object) -> object:
    return value.text if isinstance(value, QuotedString) else value
