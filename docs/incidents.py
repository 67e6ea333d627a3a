"""One incident of each type of fraud, drawn as docs/images/incidents.png by `python docs/incidents.py [OUT.png]`.

Each panel shows the calls around an incident: grey what its actors do anyway, coloured what the incident does. Where
the actors are few a row is a contact, in order of first appearance; where they are many, a caller.
"""

import sys
import tempfile
from pathlib import Path
from typing import Any

import polars as pl
from hydra import compose, initialize_config_module
from matplotlib.axes import Axes
from omegaconf import OmegaConf

from bench.composition import register
from bench.generator import silent
from generators.world import World
from reports.style import FAINT, INK, NORMAL_COLOUR, looks, new_figure

TYPES = (
    "wangiri", "sim_box", "irsf", "pbx_hack", "robocall", "subscription_fraud", "sim_swap", "cloned_sim",
    "stolen_phone", "call_forwarding", "tdos", "community_break", "ring",
)  # fmt: skip
DIFFICULTY, COLUMNS, MANY = 0.2, 4, 3
WORLD = ("anomaly=fraud", "generator/network=none", *(f"anomaly.{name}.difficulty={DIFFICULTY}" for name in TYPES))


def made(folder: Path) -> pl.DataFrame:
    """Make a world and return its calls, with the incident of each."""
    register()
    with initialize_config_module("conf", version_base="1.3"):
        config = compose("config", overrides=list(WORLD))
    settings: Any = OmegaConf.to_object(config.generator)
    anomalies: Any = {name: OmegaConf.to_object(leaf) for name, leaf in config.anomaly.items()}
    World(settings, anomalies).make(folder, 1, silent)
    texts = pl.col(pl.Categorical).cast(pl.String)
    calls = pl.read_parquet(folder / "data" / "calls.parquet").with_columns(texts).with_row_index("row")
    truth = pl.read_parquet(folder / "truth" / "truth.parquet").with_columns(texts).filter(cause="direct")
    return calls.cast({"row": pl.Int64}).join(truth.select("row", "incident_id", "anomaly_type"), "row", how="left")


def panel(axes: Axes, calls: pl.DataFrame, name: str) -> None:
    """Draw the largest incident of a type."""
    sizes = calls.filter(anomaly_type=name).group_by("incident_id").len().sort("len", "incident_id")
    largest = sizes["incident_id"][-1]
    hits = calls.filter(incident_id=largest)
    begin, end = hits["call_start_ts"].min(), hits["call_start_ts"].max()
    assert begin is not None
    assert end is not None
    hours = (end - begin).total_seconds() / 3600  # type: ignore[operator,union-attr]
    around = pl.duration(seconds=max(0.3 * hours, 6.0) * 3600)
    near = calls.filter(
        pl.col("caller_id").is_in(hits["caller_id"].unique().implode()),
        pl.col("call_start_ts").is_between(begin - around, end + around),
    )
    many = hits["caller_id"].n_unique() > MANY
    row = "caller_id" if many else "callee_id"
    near = near.with_columns(y=pl.col(row).rank("dense"), x=(pl.col("call_start_ts") - begin).dt.total_seconds() / 3600)
    if not many:
        place = {text: i for i, text in enumerate(near[row].unique(maintain_order=True))}
        near = near.with_columns(y=pl.col(row).replace_strict(place))
    theirs = pl.col("incident_id") == largest
    for part, colour, size in (
        (near.filter(~theirs.fill_null(False)), NORMAL_COLOUR, 7),
        (near.filter(theirs), looks([name])[name].colour, 9),
    ):
        axes.hlines(part["y"], part["x"], part["x"] + part["call_duration"] / 3600, colour, linewidth=1.6)
        axes.scatter(part["x"], part["y"], size, colour, linewidths=0)
    axes.set_title(f"{name}: {hits.height} calls", loc="left", fontsize=9, color=INK)
    axes.set_ylabel("caller" if many else "contact", fontsize=7.5, color=FAINT)
    axes.set_yticks([])
    axes.tick_params(labelsize=7, colors=FAINT)
    axes.spines[["top", "right", "left"]].set_visible(False)


def main() -> None:
    """Make the picture."""
    out = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent / "images" / "incidents.png")
    with tempfile.TemporaryDirectory() as folder:
        calls = made(Path(folder) / "world")
    note = f"Default world, difficulty {DIFFICULTY}. Hours from the first call; grey: what its callers do anyway"
    figure = new_figure(13.0, 10.5, "One incident of each type", note)
    grid = figure.subplots(-(-len(TYPES) // COLUMNS), COLUMNS, squeeze=False).ravel()
    for axes, name in zip(grid, TYPES, strict=False):
        panel(axes, calls, name)
    for axes in grid[len(TYPES) :]:
        axes.set_axis_off()
    figure.savefig(out)
    print(out)


if __name__ == "__main__":
    main()
