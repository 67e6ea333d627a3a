"""What relies on internals of Hydra and OmegaConf: that each patch takes effect, and that Hydra still needs it."""

import copy
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hydra import compose
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.config_repository import CachingConfigRepository, ConfigRepository
from hydra._internal.hydra import Hydra
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.core.plugins import Plugins
from hydra.types import HydraContext, RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.base import Box, Node

from bench.config import composition, hydra_patches
from bench.faults import SettingsError

HOOK = "+hydra.callbacks.mine={_target_: os.mkdir, name: hacked}"


@pytest.fixture
def as_it_is(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hydra]:
    """Hydra without any patch, initialised; afterwards the patches are as they were."""
    composition.register()
    sweeper = hydra_patches.sweeper()
    monkeypatch.setattr(ConfigLoaderImpl, "load_configuration", hydra_patches.load_configuration)
    monkeypatch.setattr(Hydra, "get_mode", hydra_patches.get_mode)
    monkeypatch.setattr(sweeper, "split_arguments", staticmethod(hydra_patches.split_arguments))
    monkeypatch.setattr(sweeper, "validate_batch_is_legal", hydra_patches.validate_batch)
    monkeypatch.setattr(Plugins, "is_in_toplevel_plugins_module", staticmethod(hydra_patches.may_be_plugin))
    monkeypatch.setattr(ConfigRepository, "load_config", hydra_patches.load_file)
    monkeypatch.setattr(CachingConfigRepository, "__init__", hydra_patches.wrap_repository)
    monkeypatch.setattr(Box, "_re_parent", hydra_patches.set_parents)
    with hydra_patches.initialised():
        hydra = GlobalHydra.instance().hydra
        assert hydra is not None
        yield hydra


def copies_of_the_store(monkeypatch: pytest.MonkeyPatch) -> int:
    """List a group; return how many times all registered settings are copied for it."""
    made = []
    monkeypatch.setattr(ConfigStore, "__deepcopy__", lambda self, _: made.append(1) or self, raising=False)
    hydra = GlobalHydra.instance().hydra
    assert hydra is not None
    hydra.config_loader.get_group_options("detector")
    compose("config")
    return len(made)


def test_settings_are_not_copied_for_each_group(as_it_is: Hydra, monkeypatch: pytest.MonkeyPatch) -> None:
    """Needed as long as Hydra copies the store of all settings."""
    store = ConfigStore.instance()
    shared = vars(store).pop("__deepcopy__")
    try:
        assert copies_of_the_store(monkeypatch) > 0
    finally:
        vars(store)["__deepcopy__"] = shared
    assert copies_of_the_store(monkeypatch) == 0
    assert copy.deepcopy(store) is store


@dataclass
class Part:
    """An entry of a mapping."""

    size: int = 1


def test_settings_are_built_where_they_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Needed as long as Hydra builds what it is given at once."""
    structured, built, store = OmegaConf.structured, [], ConfigStore.instance()
    monkeypatch.setattr(OmegaConf, "structured", lambda kind, *_: built.append(kind) or structured(kind))
    monkeypatch.setattr(store, "repo", {})
    store.store("at_once", Part, "part")
    assert built == [Part]
    hydra_patches.store_unbuilt("later", Part, "part", "whole.part")
    assert built[1:] == [{}]
    read, again = (store.load("part/later.yaml") for _ in range(2))
    assert built[2:] == [Part, Part]
    assert (read.package, read.node, OmegaConf.get_type(read.node)) == ("whole.part", {"size": 1}, Part)
    assert read.node is not again.node


LINES = (["detector=rules", "seed=3"], ["anomaly=fraud", "detector=supervised"], ["suite=smoke", "detector=hbos"])


def composed(hydra: Hydra, line: list[str]) -> str:
    """Return a composition as text."""
    return OmegaConf.to_yaml(hydra.compose_config("config", line, RunMode.RUN))


def test_files_of_settings_are_parsed_once_for_a_sweep(as_it_is: Hydra, monkeypatch: pytest.MonkeyPatch) -> None:
    """Needed as long as Hydra parses all files again for each job; what is composed stays the same."""
    parse, parsed = OmegaConf.load, []
    monkeypatch.setattr(OmegaConf, "load", lambda file: parsed.append(file) or parse(file))
    expected = [composed(as_it_is, line) for line in LINES * 2]
    many = len(parsed)
    hydra_patches.read_files_once()
    assert [composed(as_it_is, line) for line in LINES * 4] == expected * 2
    assert len(parsed) - many < many


def test_a_file_of_another_folder_is_not_taken_for_one_that_was_read(as_it_is: Hydra, tmp_path: Path) -> None:
    """A detector of the user's own, in two folders with one name."""
    hydra_patches.read_files_once()
    found = []
    for name in ("a", "b", "a", "b", "a"):
        (tmp_path / name / "detector").mkdir(parents=True, exist_ok=True)
        (tmp_path / name / "detector/mine.yaml").write_text(f"_target_: {name}.Mine\n")
        line = ["detector=mine", f"hydra.searchpath=[file://{tmp_path / name}]"]
        found.append(as_it_is.compose_config("config", line, RunMode.RUN).detector._target_)
    assert found == ["a.Mine", "b.Mine", "a.Mine", "b.Mine", "a.Mine"]


def test_parents_are_set_in_one_loop(as_it_is: Hydra, monkeypatch: pytest.MonkeyPatch) -> None:
    """Needed as long as OmegaConf visits every node of a configuration by three calls for each merge."""
    visited = []
    monkeypatch.setattr(Node, "_invalidate_flags_cache", lambda self: visited.append(self))  # noqa: PLW0108 - a method
    whole = OmegaConf.create({"a": {"b": [{"c": 1}, "${a.b}"], "d": None}, "e": "???"})
    whole.merge_with({"f": 1})
    assert len(visited) > 8
    monkeypatch.undo()
    expected = [composed(as_it_is, line) for line in LINES]
    hydra_patches.set_parents_faster()
    assert [composed(as_it_is, line) for line in LINES] == expected
    moved = OmegaConf.create({"a": {"b": [{"c": 1}, "${a.b}"], "d": None}, "e": "???"})
    for node in (moved.a, moved.a.b, moved.a.b[0], moved.a.b[0]._get_node("c")):
        node._set_parent(None)
    moved._re_parent()
    parents = [moved.a, moved.a.b, moved.a.b[0], moved.a.b[0]._get_node("c")]
    assert all(each._get_parent() is above for each, above in zip(parents, [moved, *parents], strict=False))
    moved._set_flag("readonly", True)
    assert moved.a.b[0]._get_flag("readonly")


def test_compositions_are_checked_before_anything_in_them_is_called(as_it_is: Hydra) -> None:
    """Needed as long as Hydra composes whatever callbacks are named, and calls them."""
    assert as_it_is.compose_config("config", [HOOK], RunMode.RUN).hydra.callbacks.mine._target_ == "os.mkdir"
    hydra_patches.check_compositions(composition.require_own_hooks)
    with pytest.raises(SettingsError, match=r"hydra\.callbacks\.mine\._target_ must be one of"):
        as_it_is.compose_config("config", [HOOK], RunMode.RUN)


def test_the_mode_is_found_without_composing(as_it_is: Hydra, monkeypatch: pytest.MonkeyPatch) -> None:
    """Needed as long as Hydra composes the whole configuration to find the mode."""
    composed = []
    monkeypatch.setattr(Hydra, "compose_config", lambda *_, **__: composed.append(1))
    as_it_is.get_mode("config", ["suite=smoke"])
    assert composed == [1]
    hydra_patches.find_mode_by(composition.mode_of)
    assert as_it_is.get_mode("config", ["suite=smoke"]) is RunMode.MULTIRUN
    assert composed == [1]


@dataclass
class Jobs:
    """A launcher that does nothing but remember its jobs."""

    done: list[list[str]] = field(default_factory=list)

    def launch(self, jobs: list[list[str]], initial_job_idx: int) -> list[object]:
        """Remember them."""
        self.done += jobs
        return []


def swept(hydra: Hydra, place: object, *overrides: str) -> list[list[str]]:
    """Return the jobs of a sweep, as Hydra hands them to its launcher."""
    sweeper, jobs = hydra_patches.sweeper()(None), Jobs()
    sweeper.config = OmegaConf.create({"hydra": {"sweep": {"dir": str(place)}}})
    sweeper.hydra_context = HydraContext(config_loader=hydra.config_loader, callbacks=None)  # type: ignore[arg-type]
    sweeper.launcher = jobs  # type: ignore[assignment]
    sweeper.sweep(list(overrides))
    return jobs.done


def test_jobs_of_a_sweep_are_listed_by_the_harness_and_composed_once(
    as_it_is: Hydra, tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Needed as long as Hydra composes all jobs ahead, and repeats those that cannot differ."""
    composed = []
    monkeypatch.setattr(ConfigLoaderImpl, "load_sweep_config", lambda *_, **__: composed.append(1))
    line = ("suite=smoke", "detector=rules,iforest", "seed=1,2")
    assert len(swept(as_it_is, tmp_path, *line)) == len(composed) == 4
    hydra_patches.split_sweeps_by(composition.split)
    assert len(swept(as_it_is, tmp_path, *line)) == 3  # rules draws nothing at random
    assert len(composed) == 4


def test_the_launcher_of_this_project_is_accepted(as_it_is: Hydra) -> None:
    """Needed as long as Hydra takes launchers only from packages that are named `hydra_plugins`."""
    config = as_it_is.compose_config("config", ["hydra/launcher=forking"], RunMode.MULTIRUN)
    context = HydraContext(config_loader=as_it_is.config_loader, callbacks=None)  # type: ignore[arg-type]
    given = {"hydra_context": context, "task_function": print, "config": config}
    with pytest.raises(RuntimeError, match="hydra_plugins"):
        Plugins.instance().instantiate_launcher(**given)
    hydra_patches.accept_own_launcher()
    assert type(Plugins.instance().instantiate_launcher(**given)).__module__ in hydra_patches.LAUNCHERS


def test_errors_are_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    """Inside, Hydra is to raise; outside, the environment is the user's."""
    for wish in (None, "0"):
        monkeypatch.delenv(hydra_patches.FULL_ERROR, raising=False)
        if wish is not None:
            monkeypatch.setenv(hydra_patches.FULL_ERROR, wish)
        with hydra_patches.raised_errors():
            assert os.environ[hydra_patches.FULL_ERROR] == "1"
        assert os.environ.get(hydra_patches.FULL_ERROR) == wish


def test_options_stand_anywhere_only_because_they_are_sorted(capsys: pytest.CaptureFixture[str]) -> None:
    """Needed as long as Hydra's parser takes no option between settings."""
    line = ["detector=rules", "--config-dir", "mine", "seed=1"]
    with pytest.raises(SystemExit):
        hydra_patches.arguments(line)
    read = hydra_patches.arguments(composition.options_first(line))
    assert (read.overrides, read.config_dir) == (["detector=rules", "seed=1"], "mine")


@dataclass
class Whole:
    """A configuration with a mapping of entries."""

    parts: dict[str, Part] = field(default_factory=dict)
    other: str = "???"


def test_internals_of_nodes() -> None:
    """OmegaConf has no public name for the type of a mapping's values, or for a node that is not resolved."""
    config = OmegaConf.structured(Whole)
    assert isinstance(config, DictConfig)
    assert hydra_patches.element_type(config.parts) is Part
    assert hydra_patches.element_type("text") is None
    assert hydra_patches.is_mapping(config.parts)
    assert not hydra_patches.is_mapping(OmegaConf.create({"a": "???"})._get_node("a"))
    assert hydra_patches.node_below(config, "other")._is_missing()


def test_files_and_groups_are_found(as_it_is: Hydra) -> None:
    """Hydra's loader has no public way to read one file of a group."""
    loader = as_it_is.config_loader
    assert (hydra_patches.is_group(loader, "detector"), hydra_patches.is_group(loader, "seed")) == (True, False)
    found = hydra_patches.file_in(loader, "detector/rules")
    assert found is not None
    assert found._target_ == "detectors.calls.rules.FourRules"
    assert hydra_patches.file_in(loader, "detector/no_such") is None


def test_nothing_else_uses_internals() -> None:
    """Only `bench.config.hydra_patches` names a private part of Hydra or OmegaConf."""
    root = hydra_patches.Path(__file__).parents[3]
    rooms = ("bench", "generators", "detectors", "reports")
    others = {path for room in rooms for path in (root / room).rglob("*.py") if path.name != "hydra_patches.py"}
    internal = re.compile(r"(hydra|omegaconf)\._|\._(get_node|metadata)\b")
    assert [path for path in others if internal.search(path.read_text())] == []
