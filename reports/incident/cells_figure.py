"""The figure of an incident of cells: hourly counts of these cells, and their positions."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
from matplotlib.axes import Axes

from reports.style import COLOURS, NORMAL_COLOUR, explain_marks, tidy

QUANTITIES = {
    "tower_degraded": ("refused Hellos and lost calls", ("fails", "timeouts", "drops")),
    "ping_pong": ("handovers in", ("handovers_in",)),
}
USUAL = ("connections begun", ("sessions",))
"""Quantity counted for each type of incident, and the columns of `tower_status` that it adds up."""
MARGIN = timedelta(hours=12)


def counted(name: str) -> str:
    """Return the quantity counted for a type of incident."""
    return QUANTITIES.get(name, USUAL)[0]


def hourly(world: Path, name: str, cells: Sequence[str]) -> pl.DataFrame:
    """Return the counts of some cells for every hour of the world: `hour` and `value`."""
    table = pl.read_parquet(world / "data" / "tower_status.parquet").with_columns(pl.col("cell_id").cast(pl.String))
    start, value = "window_start", pl.sum_horizontal(QUANTITIES.get(name, USUAL)[1])
    if not table.height:  # without a network: the calls that begin in the cell
        table = pl.read_parquet(world / "data" / "calls.parquet", columns=["first_cell_id", "call_start_ts"])
        table = table.select(pl.col("first_cell_id").cast(pl.String).alias("cell_id"), "call_start_ts")
        start, value = "call_start_ts", pl.lit(1)
    here = table.filter(pl.col("cell_id").is_in(list(cells))).select(hour=pl.col(start).dt.truncate("1h"), value=value)
    if not here.height:
        return here
    return here.group_by("hour").agg(pl.col("value").sum()).sort("hour").upsample("hour", every="1h").fill_null(0)


def along_time(axes: Axes, series: pl.DataFrame, start: datetime, end: datetime, name: str) -> None:
    """Draw the counts of cells around an incident, beside the median of the same hour on the other days."""
    tidy(axes, x="hours since it began", y=f"{counted(name)}, per hour")
    if not series.height:  # the incident affects no cell, or nothing happened there
        return
    margin = max(end - start, MARGIN)
    usual = series.filter(~pl.col("hour").is_between(start - timedelta(hours=1), end))
    usual = usual.group_by(pl.col("hour").dt.hour().alias("of_day")).agg(pl.col("value").median().alias("usual"))
    near = series.filter(pl.col("hour").is_between(start - margin, end + margin))
    near = near.join(usual, left_on=pl.col("hour").dt.hour(), right_on="of_day", how="left").sort("hour")
    x = (near["hour"] - start).dt.total_seconds().to_numpy() / 3600
    axes.step(x, near["usual"], where="post", color=NORMAL_COLOUR, linewidth=1.5, label="usual at that hour")
    axes.step(x, near["value"], where="post", color=COLOURS[1], linewidth=1.5, label="these cells")
    axes.axvspan(
        0, (end - start).total_seconds() / 3600, color=COLOURS[4], alpha=0.15, linewidth=0, label="the incident"
    )
    axes.set_ylim(bottom=0)


def on_map(axes: Axes, world: Path, cells: Sequence[str]) -> bool:
    """Draw the positions of an incident's cells among all cells; return whether they are known."""
    table = pl.read_parquet(world / "data" / "cells.parquet", columns=["cell_id", "latitude", "longitude"])
    table = table.with_columns(pl.col("cell_id").cast(pl.String)).drop_nulls()
    if not table.height:
        return False
    theirs = table.filter(pl.col("cell_id").is_in(list(cells)))
    axes.scatter(table["longitude"], table["latitude"], 14, NORMAL_COLOUR, linewidths=0, label="other cells")
    axes.scatter(theirs["longitude"], theirs["latitude"], 40, COLOURS[1], linewidths=0, zorder=3, label="its cells")
    middle = float(np.radians(table["latitude"].to_numpy()).mean())
    axes.set_aspect(1 / np.cos(middle))
    explain_marks(axes)
    tidy(axes, "Where", x="longitude [deg]", y="latitude [deg]", grid="none")
    return True
