"""Every detector that can be chosen by name, with its settings."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

import conf
from bench.commands.explain_settings import settings_below
from bench.config.lookup import found
from from_code.markdown_tables import prose
from from_code.settings import configuration, rows
from reports.wording import LEVELS

REFERENCES = ("random", "supervised")
TABLES = ".Tabular"
FOLDER = Path(conf.__path__[0]) / "detector"


def markdown(of: str) -> str:
    """Return a section for each detector of a kind: of a level, `tables` or `reference`."""
    names = [path.stem for path in sorted(FOLDER.glob("*.yaml")) if kind_of(path.stem) == of]
    return "\n".join(line for name in names for line in _section(name))


@cache
def kind_of(name: str) -> str:
    """Return under which heading a detector stands."""
    target = _target(name)
    if target.startswith("bench.") or name in REFERENCES:
        return "reference"
    return "tables" if target.endswith(TABLES) or name == "ensemble" else str(_class(target).level)


def _target(name: str) -> str:
    leaf: Any = OmegaConf.load(FOLDER / f"{name}.yaml")
    return str(leaf.get("detector", leaf).get("_target_", "bench."))


def _class(target: str) -> Any:
    return found(target).imported


def _section(name: str) -> Iterator[str]:
    """Yield what there is to say of a detector."""
    comment = [line[2:] for line in (FOLDER / f"{name}.yaml").read_text().splitlines() if line.startswith("# ")]
    comment = [line for line in comment if not line.startswith("@package")]
    target = _target(name)
    yield from (f"### {name}", "", " ".join(comment), "")
    if not target.startswith("bench.") and not target.endswith(TABLES):
        kind = _class(target)
        causal = "a score uses nothing later than its record" if kind.causal else "a score may use what comes later"
        level = LEVELS.get(str(getattr(kind, "level", "")), "what `level` says")
        yield from (f"Scores {level}; {causal}.", "", prose(kind), "")
    config = configuration("config", f"detector={name}")
    settings = list(settings_below(config.detector, "detector"))
    if settings:
        yield from rows(settings, of="detector.")
    if target != "bench.":
        yield from (f"Class: `{target}`", "")
