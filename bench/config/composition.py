"""Compose and check settings from the command line; any error is one clear message and exit code 2.

Hydra composes the configuration. `bench.config.diagnosis` explains what Hydra refuses. What it accepts is checked here,
all faults at once: against the ranges that are declared with the settings, and against the constructors that
`_target_`s name.
"""

import copy
import errno
import gc
import importlib
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import is_dataclass
from functools import wraps
from typing import Any, NoReturn

import hydra
from hydra import compose
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from bench.config import hydra_patches
from bench.config.diagnosis import REFUSALS, diagnose, plain, unknown_settings
from bench.config.help_pages import ASKING, help_page
from bench.config.hooks import require_own_hooks
from bench.config.hydra_patches import FULL_ERROR, initialised
from bench.config.plug_ins import plugged_schemas
from bench.config.repeated_jobs import split
from bench.config.run_or_sweep import mode_of
from bench.config.target_check import faults_of_targets
from bench.faults import SettingsError, UserError, faults_of
from bench.host import launcher
from bench.host.exit_codes import INTERRUPTED, UNUSABLE
from bench.host.interruption import end_on_closed_pipe, raise_if_interrupted, repeat_swallowed_interrupts
from bench.host.room import address_space_message, require_room
from bench.host.texts import printable
from bench.threshold_policies import POLICIES

SELDOM = 50_000
"""Garbage collection starts after this many new objects: Python's default of 700 slows down imports."""
TRACEBACKS = os.environ.get(FULL_ERROR) == "1"
"""Whether the user wants to see tracebacks (`HYDRA_FULL_ERROR=1`)."""


def launch(config_name: str, task: Callable[[DictConfig], None]) -> None:
    """Compose the settings of the command line and run `task` on them, once or (in a multirun) many times."""
    if ASKING & set(sys.argv[1:]):
        _print("run" if config_name == "config" else config_name)
        return
    gc.set_threshold(SELDOM)
    try:
        register()
    except UserError as error:
        refuse(str(error))
    hydra_patches.find_mode_by(mode_of)
    hydra_patches.check_compositions(require_own_hooks)
    repeat_swallowed_interrupts()
    sys.argv[1:] = options_first(sys.argv[1:])
    nameless = [each for each in sys.argv[1:] if each.lstrip("+~").startswith("=")]
    if nameless:  # Hydra takes it for a group
        refuse("\n".join(f"{each!r} cannot be read as setting=value: it names no setting" for each in nameless))
    try:
        with hydra_patches.raised_errors():
            hydra.main(config_path="pkg://conf", config_name=config_name, version_base="1.3")(_refusing(task))()
    except UserError as error:
        refuse(str(error))
    except REFUSALS as error:
        arguments = hydra_patches.arguments()
        with initialised(arguments.config_dir):
            refuse(explain(arguments.config_name or config_name, arguments.overrides, error))
    except BrokenPipeError:
        end_on_closed_pipe()
    except Exception as error:
        if isinstance(error, OSError):
            refuse_if_full(error)
        if message := address_space_message(error):
            refuse(message)
        raise
    except KeyboardInterrupt:
        _end_interrupted()
    finally:
        gc.freeze()  # the final collection need not look through what was imported, which takes a second


def _print(name: str) -> None:
    """Print the help of a command."""
    try:
        print(help_page(name), flush=True)
    except BrokenPipeError:
        end_on_closed_pipe()


def _refusing(task: Callable[[DictConfig], None]) -> Callable[[DictConfig], None]:
    """Return a task that ends the program itself on an error in the settings, which Hydra would report as well."""

    @wraps(task)
    def refusing(config: DictConfig) -> None:
        try:
            task(config)
        except UserError as error:
            refuse(str(error))
        except Exception:
            _end_if_interrupted()
            raise

    return refusing


def options_first(arguments: Sequence[str]) -> list[str]:
    """Move Hydra's options and their values to the front: Hydra does not read options between settings."""
    takers = {name: each for name, each in hydra_patches.options().items() if each.nargs != 0}
    options, settings, incomplete, left = list[str](), list[str](), list[str](), list(arguments)
    while left:
        first = left.pop(0)
        taker = takers.get(first)
        takes = taker is not None and bool(left) and (taker.nargs is None or left[0] in (taker.choices or ()))
        if takes:
            options += [first, left.pop(0)]
        elif taker is not None:
            incomplete.append(first)
        else:
            (options if first.startswith("-") else settings).append(first)
    return options + settings + incomplete  # an option without its value must not take a setting for it


def register() -> None:
    """Register the types of all settings with Hydra, as entries of the group `schema` (see the package `conf`)."""
    launcher.register()
    hydra_patches.accept_own_launcher()
    hydra_patches.share_config_store()
    hydra_patches.read_files_once()
    hydra_patches.set_parents_faster()
    for module in (*importlib.import_module("conf").SCHEMAS, *plugged_schemas()):
        for path, schema in importlib.import_module(module).schemas().items():
            group, _, name = f"schema/{path}".rpartition("/")
            hydra_patches.store_unbuilt(name, schema, group, path.replace("/", "."))
    for name, policy in POLICIES.items():
        hydra_patches.store_unbuilt(name, policy, "threshold", "threshold")


def add_choice(group: str, name: str, kind: type) -> None:
    """Make a dataclass available by name in a group of settings, in this process, like a YAML file in `conf`."""
    ConfigStore.instance().store(name=name, node=kind, group=group, package=f"{group}.{name}")


def refuse(message: str) -> NoReturn:
    """Print what is wrong and end the program with exit code 2; after an interruption, only that there was one."""
    _end_if_interrupted()
    if TRACEBACKS:
        traceback.print_exc()
    print(printable(message), file=sys.stderr)
    sys.exit(UNUSABLE)


def _end_if_interrupted() -> None:
    try:
        raise_if_interrupted()
    except KeyboardInterrupt:
        _end_interrupted()


def _end_interrupted() -> NoReturn:
    print("interrupted", file=sys.stderr)
    sys.exit(INTERRUPTED)


def refuse_if_full(error: OSError) -> None:
    """End the program with exit code 2 if an error was caused by a full disk."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        refuse(f"the disk is full ({error}); incomplete files were removed")


def settings_of(config: DictConfig) -> Any:
    """Return the settings as the dataclass that the configuration was composed from.

    Raises
    ------
    SettingsError
        With every fault of range, consistency and target at once.
    UserError
        When a value is missing, or refers to one that does not exist; or when `ulimit -v` leaves too little memory.
    """
    require_room()
    job = config
    if "hydra" in config:
        job = copy.deepcopy(config)
        OmegaConf.set_struct(job, False)
        job.pop("hydra")
    try:
        raw = OmegaConf.to_container(job, resolve=True, throw_on_missing=True)
        unknown = list(unknown_settings(job, job))
        if unknown:
            raise UserError("\n".join(unknown))
        settings = OmegaConf.to_object(job)
        added = [name for name, each in getattr(settings, "anomaly", {}).items() if not is_dataclass(each)]
        if added:
            raise UserError("\n".join(f"anomaly.{name} must be chosen: anomaly=[...,{name}]" for name in added))
    except OmegaConfBaseException as error:
        missing = sorted(OmegaConf.missing_keys(job))
        raise UserError("\n".join(f"{key} must be given: {key}=..." for key in missing) or plain(error)) from error
    faults = {str(fault): fault for fault in (*faults_of(settings, ""), *faults_of_targets(raw))}
    if faults:
        raise SettingsError(list(faults.values()))
    return settings


def explain(config_name: str, overrides: Sequence[str], error: Exception) -> str:
    """Return one line for each thing that is wrong with overrides that Hydra refused with `error`."""
    messages: dict[str, None] = {}
    jobs = combinations(overrides)
    for combination in jobs:
        lines, config = diagnose(config_name, combination)
        messages.update(dict.fromkeys(lines))
        messages.update(dict.fromkeys(fault_lines(config)))
    if not messages and len(jobs) > 1:
        return "several values for one setting need --multirun"
    return "\n".join(messages) or plain(error)


def combinations(overrides: Sequence[str]) -> list[list[str]]:
    """Return the overrides of each job of a sweep over these overrides."""
    parser = OverridesParser.create(config_loader=GlobalHydra.instance().config_loader())
    try:
        parsed = parser.parse_overrides(list(overrides))
        if not any(override.is_sweep_override() for override in parsed):
            return [list(overrides)]
        return split(parsed, None)[0]
    except REFUSALS:
        return [list(overrides)]


def composed(program: str, overrides: Sequence[str], hydra: bool = False) -> DictConfig:
    """Compose settings while Hydra is initialised, including Hydra's own if asked for.

    Raises
    ------
    UserError
        When Hydra refuses them; the message refers to the command line.
    """
    try:
        return compose(program, list(overrides), return_hydra_config=hydra)
    except REFUSALS as error:
        raise UserError(explain(program, list(overrides), error)) from error


def fault_lines(config: DictConfig | None) -> list[str]:
    """Return one line for each fault of a configuration."""
    if config is None:
        return []
    try:
        settings_of(config)
    except UserError as error:
        return str(error).splitlines()
    return []
