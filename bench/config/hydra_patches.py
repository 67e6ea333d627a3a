"""Everything that relies on internals of Hydra 1.3 and OmegaConf 2.3; other modules use their public names only.

Each patch has two tests in `tests/bench/config/test_hydra_patches.py`: one fails when the patch has no effect any more,
the other when Hydra no longer needs it.
"""

import copy
import os
from argparse import Action, Namespace
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.config_repository import CachingConfigRepository, ConfigRepository
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra._internal.hydra import Hydra
from hydra._internal.utils import create_config_search_path, get_args_parser
from hydra.core.config_loader import ConfigLoader
from hydra.core.config_search_path import SearchPathQuery
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.types import Override
from hydra.core.plugins import Plugins
from hydra.plugins.config_source import ConfigResult
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.base import Box, Node

FULL_ERROR = "HYDRA_FULL_ERROR"
HYDRAS = ("hydra_plugins.", "hydra._internal.core_plugins.")
LAUNCHERS = "bench.host.launcher."
LAUNCHER, SWEEPER = (f"hydra._internal.core_plugins.basic_{kind}" for kind in ("launcher", "sweeper"))
OWN_HOOKS = (f"{LAUNCHER}.BasicLauncher", f"{SWEEPER}.BasicSweeper")
"""Hydra's own classes that its configuration may name."""

load_configuration, get_mode = ConfigLoaderImpl.load_configuration, Hydra.get_mode
split_arguments, validate_batch = BasicSweeper.split_arguments, BasicSweeper.validate_batch_is_legal
may_be_plugin = Plugins.is_in_toplevel_plugins_module
load_file, wrap_repository, set_parents = ConfigRepository.load_config, CachingConfigRepository.__init__, Box._re_parent

Mode = Callable[[ConfigLoader, Sequence[str]], RunMode | None]
Split = Callable[[list[Override], int | None], list[list[list[str]]]]


def share_config_store() -> None:
    """Prevent Hydra from copying all registered settings for each group that it lists.

    The copies take as long as everything else that `--help` does.
    """
    store = ConfigStore.instance()
    vars(store)["__deepcopy__"] = lambda _: store


class _Unbuilt:
    """A type of settings, from which Hydra's copy of them is built: of sixty, a run needs fifteen."""

    def __init__(self, kind: type) -> None:
        self.kind = kind

    def __deepcopy__(self, _: object) -> DictConfig:
        return OmegaConf.structured(self.kind)  # type: ignore[no-any-return]


def store_unbuilt(name: str, kind: type, group: str, package: str) -> None:
    """Register a type of settings that is built where it is read; Hydra builds, and then copies, what it is given."""
    store = ConfigStore.instance()
    store.store(name=name, node={}, group=group, package=package)
    store._load(f"{group}/{name}.yaml").node = _Unbuilt(kind)  # type: ignore[assignment]


class _ReadFiles(dict[tuple[str, ...], ConfigResult | None]):
    """Files of settings that were read while Hydra is initialised. Copies of what reads them share it."""

    def __deepcopy__(self, _: object) -> "_ReadFiles":
        return self


def read_files_once() -> None:
    """Let Hydra parse a file of settings once for all jobs of a sweep; a third of composing one is parsing.

    Hydra changes what it has read, so each composition gets a copy. What is read for the first time is not kept: a
    single run reads nothing twice.
    """

    def wrapped(self: CachingConfigRepository, delegate: Any) -> None:
        vars(delegate).setdefault("read_files", _ReadFiles())
        wrap_repository(self, delegate)

    def read(self: ConfigRepository, config_path: str) -> ConfigResult | None:
        known = vars(self).get("read_files")
        if known is None:
            return load_file(self, config_path)
        place = (config_path, *(source.path for source in self.sources))
        if known.get(place) is not None:
            return copy.deepcopy(known[place])  # type: ignore[no-any-return]
        found = load_file(self, config_path)
        known[place] = copy.deepcopy(found) if place in known else None
        return found

    CachingConfigRepository.__init__ = wrapped  # type: ignore[method-assign]
    ConfigRepository.load_config = read  # type: ignore[method-assign]


def set_parents_faster() -> None:
    """Let OmegaConf set the parent of each node in one loop: it does so after each of seventy merges."""

    def parents_set(self: Box) -> None:
        boxes = [self]
        while boxes:
            box = boxes.pop()
            content = vars(box)["_content"]
            if isinstance(content, dict):
                content = list(content.values())
            for node in content if isinstance(content, list) else [content]:
                if isinstance(node, Node):
                    vars(node).update(_parent=box, _flags_cache=None)
                if isinstance(node, Box):
                    boxes.append(node)

    Box._re_parent = parents_set  # type: ignore[method-assign]


def check_compositions(check: Callable[[DictConfig, list[str]], None]) -> None:
    """Call `check` with each configuration that Hydra composes, before it calls anything that is named there.

    It also gets the settings of the command line, as a file of settings cannot pretend to have given them.
    """

    def checked(
        self: ConfigLoaderImpl, config_name: str | None, overrides: list[str], *args: Any, **kwargs: Any
    ) -> DictConfig:
        config = load_configuration(self, config_name, list(overrides), *args, **kwargs)
        check(config, overrides)
        return config

    ConfigLoaderImpl.load_configuration = checked  # type: ignore[method-assign]


def find_mode_by(mode: Mode) -> None:
    """Let `mode` decide between a run and a sweep; Hydra would compose the whole configuration again for that."""

    def found(hydra: Hydra, config_name: str | None, overrides: list[str]) -> RunMode | None:
        return mode(hydra.config_loader, overrides)

    Hydra.get_mode = found  # type: ignore[method-assign,assignment]


def split_sweeps_by(split: Split) -> None:
    """Let `split` list the jobs of a sweep, and skip Hydra's validation of them: the harness has checked them all."""
    kind = sweeper()
    kind.split_arguments = staticmethod(split)  # type: ignore[assignment]
    kind.validate_batch_is_legal = lambda *_: None  # type: ignore[method-assign]


def sweeper() -> type[BasicSweeper]:
    """Return the class of Hydra's sweeper, which Hydra imports a second time when it looks for plug-ins."""
    Plugins.instance()
    return import_module(SWEEPER).BasicSweeper  # type: ignore[no-any-return]


def accept_own_launcher() -> None:
    """Let Hydra start a launcher of this project; it accepts only those in packages named `hydra_plugins`."""
    allowed = (*HYDRAS, LAUNCHERS)
    Plugins.is_in_toplevel_plugins_module = staticmethod(lambda name: name.startswith(allowed))  # type: ignore[assignment]


@contextmanager
def raised_errors() -> Iterator[None]:
    """Make Hydra raise errors instead of printing them; subprocesses still get the user's environment."""
    wish = os.environ.get(FULL_ERROR)
    os.environ[FULL_ERROR] = "1"
    try:
        yield
    finally:
        os.environ.pop(FULL_ERROR, None)
        os.environ.update({} if wish is None else {FULL_ERROR: wish})


@contextmanager
def initialised(config_dir: str | None = None) -> Iterator[None]:
    """Initialise Hydra for `compose` with any configuration folder; `hydra.initialize` accepts only the project's."""
    search_path = create_config_search_path("pkg://conf")
    if config_dir is not None:
        where = f"file://{Path(config_dir).resolve()}"
        search_path.prepend(provider="command-line", path=where, anchor=SearchPathQuery(provider="schema"))
    Hydra.create_main_hydra2(task_name="cdrbench", config_search_path=search_path)
    try:
        yield
    finally:
        GlobalHydra.instance().clear()


def options() -> dict[str, Action]:
    """Return Hydra's command-line options by name."""
    return {name: each for each in get_args_parser()._actions for name in each.option_strings}


def arguments(line: Sequence[str] | None = None) -> Namespace:
    """Parse a command line as Hydra does, by default that of this program."""
    return get_args_parser().parse_args(line)


def is_group(loader: ConfigLoader, key: str) -> bool:
    """Whether a key is a folder of configuration files, one of which an override can choose."""
    return bool(loader.repository.group_exists(key))  # type: ignore[attr-defined]


def file_in(loader: ConfigLoader, path: str) -> DictConfig | None:
    """Return the content of a configuration file, by its path without `.yaml`; None if there is none."""
    found = loader.repository.load_config(path)  # type: ignore[attr-defined]
    return None if found is None else found.config


def is_mapping(node: Any) -> bool:
    """Whether a node of a configuration is a mapping that has a value."""
    return isinstance(node, DictConfig) and not (node._is_none() or node._is_missing())


def node_below(node: DictConfig, name: Any) -> Any:
    """Return the node below a key of a mapping, without resolving it."""
    return node._get_node(name)


def element_type(node: Any) -> Any:
    """Return the value type of a typed mapping; None for anything else."""
    return node._metadata.element_type if isinstance(node, DictConfig) else None
