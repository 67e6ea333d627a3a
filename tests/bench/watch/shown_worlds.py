"""Small worlds that are shown, and the settings of `cdrbench watch`."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from bench.config.composition import composed, register, settings_of
from bench.config.hydra_patches import initialised
from bench.program_settings import WatchSettings
from bench.watch.replay import Replay
from bench.watch.tables import WorldTables

DEMO = ("generator=demo_2016", "generator.num_users=16")
LABELLED = ("generator.num_users=250", "generator.days=2", "generator.num_towers=6", "anomaly=[long_call]")


@cache
def settings(*overrides: str) -> WatchSettings:
    """Compose the settings of `cdrbench watch`."""
    register()
    with initialised():
        found: WatchSettings = settings_of(composed("watch", overrides))
    return found


class Shown(NamedTuple):
    """A world that is shown, and its tables as data frames."""

    replay: Replay
    folder: Path
    settings: WatchSettings

    @property
    def tables(self) -> WorldTables:
        return self.replay.world.tables

    def frame(self, name: str) -> pl.DataFrame:
        """Return a table with plain texts."""
        part = "truth" if name in ("truth", "incidents") else "data"
        return pl.read_parquet(self.folder / part / f"{name}.parquet").with_columns(
            pl.col(pl.Categorical).cast(pl.String)
        )

    def after(self, time: Any) -> Any:
        """Return times of a table as ms since the start of the world."""
        return time.dt.epoch("ms") - self.tables.clock.start_ms


Show = Callable[..., Shown]
