"""Check that a `_target_` or a function's dotted path names something that is allowed in its place.

A configuration may come from somebody else, so four rules hold for what it names: it is public (no part of the path
begins with `_`); it is in a package that may be named there; it is *defined* in such a package, not merely imported by
it (as many import `shutil`); and it is a class with the methods, or a function with the number of arguments, that its
place requires. A new place needs an `Interface` or a number of arguments here, and lines in
`tests/bench/config/test_targets.py` with names that it must refuse.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from typing import Any

from bench.config.lookup import Symbol, found, missing
from bench.config.modules import NEVER, STARTERS, NotRunError, names_in, sources_only
from bench.config.plug_ins import plugged_packages
from bench.faults import Fault, SettingsError

ROOMS = ("bench", "generators", "detectors", "reports")
TRUSTED = (*ROOMS, "pyod", "sklearn")
"""Packages whose classes a configuration may always name."""
OPTIONAL = ("torch",)
"""Packages that are installed only by an extra of the same name."""
HYDRA_KEYS = ("_target_", "_convert_", "_recursive_", "_partial_", "_args_")
MAKERS = ("sklearn.pipeline.make_pipeline", "sklearn.pipeline.make_union")
"""Functions that build a model from models, and may stand where a model is expected."""
INNER = ("tests", "test", "externals", "conftest")
"""Internal parts of libraries, which may not be named."""
STORES = ("memory",)
"""Parameters of scikit-learn's models that name a folder from which results are unpickled."""


@dataclass(frozen=True)
class Interface:
    """Requirements of a setting on the class that it names."""

    description: str
    every: tuple[str, ...]
    """Attributes that the objects must have."""
    one_of: tuple[str, ...] = ()
    """Attributes of which the objects must have at least one."""

    def kept_by(self, definite: Symbol) -> bool:
        """Whether objects of a class have the required methods."""
        if not definite.is_class or not definite.has(self.every):
            return False
        return not self.one_of or any(definite.has((name,)) for name in self.one_of)


DETECTOR = Interface("a class of detectors, with level, causal, fit and score", ("level", "causal", "fit", "score"))
REFERENCE = Interface("a class of bench.runs.references or bench.runs.scores_file, with scores", ("scores",))
USES = ("score", "decision_function", "score_samples", "predict_proba", "predict", "fit_predict", "transform")
MODEL = Interface(f"a class of models or detectors, with fit and one of {', '.join(USES)}", ("fit",), USES)
FEATURES = Interface("a class of lists of features, with version, names and columns", ("version", "names", "columns"))
WORLD = Interface("a class of worlds, with recipe, make and twin", ("recipe", "make", "twin"))
FUNCTIONS = {
    "report.run_figures": 2, "report.terminal": 1, "report.dataset_figure": 3, "report.network_figure": 2,
    "report.comparison": 2, "report.audit": 2, "report.difficulty": 2, "report.reasons": 4, "report.sweep": 1,
    "report.incident": 4, "report.table": 3,
    "report.figure": 3, "report.findings": 2, "export": 4,
}  # fmt: skip
"""Settings that name a function, with its number of arguments; the function must be in a plug-in package of this
project or in a package of the user's, not in a library."""


def faults_of_targets(raw: Any) -> Iterator[Fault]:
    """Yield what is wrong with everything that a configuration, as plain values, would call."""
    trusted = [str(each) for each in raw.get("trusted_packages") or ()]
    named = {f"report.{name}": path for name, path in (raw.get("report") or {}).items()}
    for key, path in {**named, "export": raw.get("export")}.items():
        if path is not None:
            yield from function_faults(str(path), key, trusted)
    world = (raw.get("generator") or {}).get("_target_")
    if world is not None:
        yield from class_faults(str(world), "generator._target_", trusted, WORLD)
    yield from detector_faults(raw.get("detector"), trusted)
    yield from target_faults((raw.get("audit") or {}).get("features"), "audit.features", trusted, FEATURES)
    yield from target_faults(raw.get("cell_features"), "cell_features", trusted, FEATURES)


def detector_faults(node: object, trusted: Sequence[str]) -> list[Fault]:
    """Return what is wrong with the configuration of a detector, without running any code of the detector.

    What source code cannot show is checked in the detector's own process (`require_sound`).
    """
    faults: list[Fault] = []
    with suppress(NotRunError), sources_only():
        faults.extend(target_faults(node, "detector", trusted))
    return faults


def is_checked_by_source(node: object, trusted: Sequence[str]) -> bool:
    """Whether `detector_faults` can check everything without importing."""
    try:
        with sources_only():
            list(target_faults(node, "detector", trusted))
    except NotRunError:
        return False
    return True


def require_sound(node: object, trusted: Sequence[str]) -> None:
    """Raise `SettingsError` if the configuration of a detector is wrong; its modules may be imported for that.

    To be called in the detector's own process.
    """
    if faults := list(target_faults(node, "detector", trusted)):
        raise SettingsError(faults)


def target_faults(
    node: object, key: str, trusted: Sequence[str], asked: Interface | None = None, depth: int = 0
) -> Iterator[Fault]:
    """Check each `_target_` in plain mappings and lists, with its keyword arguments; yield what is wrong.

    Parameters
    ----------
    node, key
        The value to check, and its dotted key.
    trusted
        Packages of the user's own.
    asked
        The interface of the outermost `_target_`; None: a detector, or scores that the harness itself provides.
    depth
        Number of `_target_`s around the value.
    """
    if isinstance(node, str) and "${" in node:
        yield Fault(key, "be a value, with nothing in it to be filled in later (${...})", node)
    if isinstance(node, list):
        for index, item in enumerate(node):
            yield from target_faults(item, f"{key}[{index}]", trusted, asked, depth)
    if not isinstance(node, Mapping):
        return
    inner = depth
    if "_target_" in node:
        inner += 1
        yield from _constructor_faults(node, key, trusted, MODEL if depth else asked)
    for name, item in node.items():
        yield from target_faults(item, f"{key}.{name}" if key else str(name), trusted, asked, inner)


def class_faults(path: str, key: str, trusted: Sequence[str], asked: Interface | None) -> Iterator[Fault]:
    """Yield why a dotted path cannot be the class that a place requires (see `target_faults`)."""
    wrong = list(_path_faults(path, key, (*TRUSTED, *plugged_packages(), *trusted)))
    yield from wrong
    if wrong or (asked is MODEL and path in MAKERS):
        return
    definite = found(path)
    if asked is None:
        asked = REFERENCE if _root(path) == "bench" else DETECTOR
    if not asked.kept_by(definite):
        yield Fault(key, f"be {asked.description}", path)


def function_faults(path: str, key: str, trusted: Sequence[str]) -> Iterator[Fault]:
    """Yield why a dotted path cannot be the function that the setting `key` names."""
    wrong = list(_path_faults(path, key, (*ROOMS[1:], *plugged_packages(), *trusted)))
    yield from wrong
    if wrong:
        return
    definite, count = found(path), FUNCTIONS[key]
    names = definite.parameters()
    if not definite.is_function or (names is not None and len(names) < count):
        yield Fault(key, f"be a function that takes {count} argument{'s' * (count > 1)}", path)


@cache
def parameters(path: str) -> tuple[str, ...] | None:
    """Return the names of a function's or class's parameters; None if any keyword is accepted.

    Raises
    ------
    ImportError, AttributeError
        When the path names nothing.
    """
    return found(path).parameters()


def may_be_named(path: str) -> bool:
    """Whether a dotted path is public, in a package that may be named, and defined in one."""
    return not any(_path_faults(path, "", (*TRUSTED, *plugged_packages())))


def nearest_path(path: str) -> str:
    """Return the importable dotted path most similar to this one, or ""."""
    module, _, name = path.rpartition(".")
    if not module:
        return ""
    try:
        near = get_close_matches(name, names_in(module), 1)
    except ImportError:
        return ""
    return f"{module}.{near[0]}" if near else ""


def _root(path: str) -> str:
    return path.split(".", maxsplit=1)[0]


def _path_faults(path: str, key: str, packages: Sequence[str]) -> Iterator[Fault]:
    """Yield what is wrong with a dotted path, whatever kind of object is expected."""
    packages = [each for each in packages if each not in NEVER]  # for example `trusted_packages=[subprocess]`
    if _root(path) not in packages:
        yield Fault(key, f"be in one of the packages {', '.join(packages)} (or in trusted_packages)", path)
        return
    if any(part.startswith("_") or (part in INNER and index) for index, part in enumerate(path.split("."))):
        yield Fault(key, f"be a public name, without a part that begins with _ or is one of {', '.join(INNER)}", path)
        return
    for package in missing(path, OPTIONAL):
        yield Fault(key, f"have {package}, which is not installed (pip install 'cdrbench[{package}]')", path)
        return
    try:
        definite = found(path)
        home, above = definite.home, [each for each in definite.ancestry() if _root(each) in STARTERS]
    except (ImportError, AttributeError) as error:
        yield Fault(key, f"be something that can be imported ({error})", path, nearest_path(path))
        return
    if _root(home) not in packages:
        yield Fault(key, f"be defined in one of the packages {', '.join(packages)}, not passed on from {home}", path)
    elif above:
        yield Fault(key, f"not be built on {above[0]}, whatever is trusted", path)


def _constructor_faults(
    node: Mapping[Any, Any], key: str, trusted: Sequence[str], asked: Interface | None
) -> Iterator[Fault]:
    path = str(node["_target_"])
    broken = list(class_faults(path, f"{key}._target_", trusted, asked))
    yield from broken
    if _root(path) == "sklearn":
        for name in STORES:
            if node.get(name) is not None:
                yield Fault(f"{key}.{name}", "be null: what is kept there would be unpickled", node[name])
    names = None if broken else parameters(path)
    if names is None:
        return
    for name in node:
        if name not in names and name not in HYDRA_KEYS:
            near = get_close_matches(str(name), names, 1)
            yield Fault(f"{key}.{name}", f"be a parameter of {path}", node[name], near[0] if near else "")
