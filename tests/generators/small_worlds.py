"""Worlds composed from the shipped configuration, as a user would."""

from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
from hydra import compose, initialize_config_module
from omegaconf import OmegaConf

from bench.config.composition import register
from bench.schema import OPTIONAL_TABLES, SOCIETY_TABLES
from generators.anomalies import schemas
from generators.world import World

WITHOUT_NETWORK = "anomaly=[seed_four,fraud]"
"""All types that need no network."""
TYPES = sorted(name.removeprefix("anomaly/") for name in schemas())
SMALL = ("generator.num_users=300", "generator.days=7", "generator.num_towers=7")


def make_settings(*overrides: str) -> tuple[Any, dict[str, Any]]:
    """Compose generator and anomaly settings; the same are composed once, since that takes half a second."""
    return deepcopy(_composed(overrides))


@cache
def _composed(overrides: tuple[str, ...]) -> tuple[Any, dict[str, Any]]:
    register()
    with initialize_config_module("conf", version_base="1.3"):
        config = compose("config", overrides=list(overrides))
    return OmegaConf.to_object(config.generator), {k: OmegaConf.to_object(v) for k, v in config.anomaly.items()}


def all_at(difficulty: float, types: list[str] = TYPES) -> list[str]:
    """Return the overrides that set the difficulty of those types that need no network."""
    return [f"anomaly.{name}.difficulty={difficulty}" for name in make_settings(WITHOUT_NETWORK)[1] if name in types]


def make_world(folder: Path, *overrides: str, workers: int = 2) -> dict[str, Any]:
    """Make a world in `folder` and return its counts."""
    world = World(*make_settings(*overrides))
    return world.make(folder, workers, lambda *_: None)


def table(world: Path, name: str) -> pl.DataFrame:
    """Read a table of a world's `data` or `truth`, with plain texts."""
    part = "truth" if name in ("truth", "incidents", *SOCIETY_TABLES, *OPTIONAL_TABLES) else "data"
    return pl.read_parquet(world / part / f"{name}.parquet").with_columns(pl.col(pl.Categorical).cast(pl.String))


def check_two_worlds(dirty: Path, clean: Path) -> None:
    """Hold the two-world law: without the rows that truth names, a world is its twin without those that it changed."""
    calls, normal, truth = table(dirty, "calls"), table(clean, "calls"), table(dirty, "truth").filter(level="call")
    named = truth.filter(pl.col("change") != "removed")
    untouched = calls.with_row_index("row").filter(~pl.col("row").is_in(named["row"].implode())).drop("row", "call_id")
    kept = normal.drop("call_id").join(untouched, on=untouched.columns, how="semi", maintain_order="left")
    assert kept.equals(untouched)
    assert normal.height - (truth["change"] != "added").sum() == untouched.height
    assert named["row"].is_unique().all()
    assert calls.height == normal.height + (truth["change"] == "added").sum() - (truth["change"] == "removed").sum()
