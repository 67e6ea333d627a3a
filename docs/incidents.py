"""One incident of each type that befalls calls and users: `python docs/incidents.py [OUT.png]`.

Writes docs/images/incidents.png, and each panel once more into docs/images/types/, for the page of the catalogue.
Each panel shows the calls around an incident: grey what its callers do anyway,
coloured what the incident does. Where the callers are few a row is a contact, in order of first appearance; where they
are many, a caller. Two types are drawn once more as graphs, since only a graph shows them.
"""

import sys
import tempfile
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from hydra import compose, initialize_config_module
from matplotlib.axes import Axes
from omegaconf import OmegaConf

from bench.config.composition import register
from bench.generator import silent
from generators.world import World
from reports.style import COLOURS, FAINT, INK, NORMAL_COLOUR, new_figure, save, small_figure

TOLD = {
    "short_call": "one call, cut to seconds",
    "long_call": "one call that lasts over an hour",
    "off_hour_call": "one call, in the caller's night",
    "burst_call": "many short calls within an hour",
    "wangiri": "one ring at each of many; few call back",
    "sim_box": "some SIMs, on the air all day",
    "irsf": "long calls abroad, several at a time",
    "pbx_hack": "calls to premium numbers, at night too",
    "robocall": "a machine that calls on and on",
    "subscription_fraud": "new subscriptions, much used",
    "sim_swap": "from 0 on the number is another's",
    "cloned_sim": "a copy that calls strangers, beside the owner",
    "stolen_phone": "the thief calls strangers, one by one",
    "call_forwarding": "many legs to one number abroad",
    "tdos": "many callers, one callee, at one time",
    "community_break": "each contact gives way to another",
    "ring": "five strangers who call on in a circle",
}
DIFFICULTY, COLUMNS, MANY = 0.2, 4, 3
GRAPHS = ("community_break", "ring")
WORLD = (
    "anomaly=[seed_four,fraud]",
    "generator/network=none",
    *(f"anomaly.{name}.difficulty={DIFFICULTY}" for name in TOLD),
)
ACCENT = COLOURS[1]


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


def around(calls: pl.DataFrame, name: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the calls of the largest incident of a type, and all that its callers make around it."""
    sizes = calls.filter(anomaly_type=name).group_by("incident_id").len().sort("len", "incident_id")
    hits = calls.filter(incident_id=sizes["incident_id"][-1])
    begin, end = hits["call_start_ts"].min(), hits["call_start_ts"].max()
    hours = (end - begin).total_seconds() / 3600  # type: ignore[operator,union-attr]
    margin = pl.duration(seconds=max(0.3 * hours, 9.0) * 3600)
    near = calls.filter(
        pl.col("caller_id").is_in(hits["caller_id"].unique().implode()),
        pl.col("call_start_ts").is_between(begin - margin, end + margin),
    )
    theirs = pl.col("incident_id").eq_missing(hits["incident_id"][0])
    return hits, near.with_columns(theirs=theirs, x=(pl.col("call_start_ts") - begin).dt.total_seconds() / 3600)


def panel(axes: Axes, calls: pl.DataFrame, name: str) -> None:
    """Draw the largest incident of a type along time."""
    hits, near = around(calls, name)
    many = hits["caller_id"].n_unique() > MANY
    row = "caller_id" if many else "callee_id"
    place = {text: i for i, text in enumerate(near[row].unique(maintain_order=True))}
    near = near.with_columns(y=pl.col(row).replace_strict(place))
    for theirs, colour, size in ((False, NORMAL_COLOUR, 8), (True, ACCENT, 12)):
        part = near.filter(theirs=theirs)
        axes.hlines(part["y"], part["x"], part["x"] + part["call_duration"] / 3600, colour, linewidth=2.0)
        axes.scatter(part["x"], part["y"], size, colour, linewidths=0)
    axes.set_ylabel("a row: a caller" if many else "a row: a contact", fontsize=7.5, color=FAINT)
    axes.set_ylim(-1, max(place.values()) + 1)
    axes.tick_params(labelsize=7, colors=FAINT)
    axes.spines[["top", "right", "left"]].set_visible(False)
    headed(axes, f"{name}: {hits.height} call{'s' * (hits.height > 1)}", TOLD[name])


def graph(axes: Axes, calls: pl.DataFrame, name: str) -> None:
    """Draw who called whom around the largest incident of a type: its callers within, whom they called around them."""
    hits, near = around(calls, name)
    callers = in_turn(hits)
    others = [text for text in near["callee_id"].unique(maintain_order=True) if text not in callers]
    turn = 2 * np.pi / len(callers)
    inner = 0.5 if len(callers) > 1 else 0.0
    spots = {text: inner * np.exp(1j * turn * i) for i, text in enumerate(callers)}
    spots |= {text: np.exp(2j * np.pi * i / len(others)) for i, text in enumerate(others)}
    for theirs, colour, width in ((False, NORMAL_COLOUR, 0.7), (True, ACCENT, 1.6)):
        for pair in near.filter(theirs=theirs).select("caller_id", "callee_id").unique(maintain_order=True).iter_rows():
            ends = [spots[text] for text in pair]
            axes.annotate(
                "",
                (ends[1].real, ends[1].imag),
                (ends[0].real, ends[0].imag),
                arrowprops={"arrowstyle": "-|>" if theirs else "-", "color": colour, "linewidth": width},
            )
    called = set(near.filter("theirs")["callee_id"])
    for text, spot in spots.items():
        mark = INK if text in callers else ACCENT if text in called else NORMAL_COLOUR
        axes.scatter(spot.real, spot.imag, 34 if text in callers else 14, mark, zorder=3, linewidths=0)
    axes.set_aspect("equal")
    axes.set(xlim=(-1.15, 1.15), ylim=(-1.15, 1.15))
    axes.set_xticks([])
    axes.spines[:].set_visible(False)
    headed(axes, f"{name}, as a graph", "black: the callers; lines: who called whom")


def in_turn(hits: pl.DataFrame) -> list[str]:
    """Return the callers of an incident, each followed by one that it calls, where there is one left."""
    left = list(hits["caller_id"].unique(maintain_order=True))
    out = [left.pop(0)]
    while left:
        called = [text for text in hits.filter(caller_id=out[-1])["callee_id"] if text in left]
        out.append(left.pop(left.index(called[0]) if called else 0))
    return out


def headed(axes: Axes, title: str, told: str) -> None:
    """Put a title over a panel, and what there is to see."""
    axes.set_yticks([])
    axes.set_title(f"{title}\n", loc="left", fontsize=9.5, color=INK, fontweight="bold")
    axes.text(0, 1.03, told, transform=axes.transAxes, fontsize=8, color=FAINT)


def main() -> None:
    """Make the picture."""
    out = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent / "images" / "incidents.png")
    with tempfile.TemporaryDirectory() as folder:
        calls = made(Path(folder) / "world")
    note = f"10,000 users, difficulty {DIFFICULTY}. Across: hours from the first call. Grey: what its callers do anyway"
    figure = new_figure(13.0, 14.0, "One incident of each type", note)
    panels = [*((panel, name) for name in TOLD), *((graph, name) for name in GRAPHS)]
    grid = figure.subplots(-(-len(panels) // COLUMNS), COLUMNS, squeeze=False)
    for axes, (draw, name) in zip(chain(*grid), panels, strict=False):
        draw(axes, calls, name)
    for axes in list(chain(*grid))[len(panels) :]:
        axes.set_axis_off()
    save(figure, out)
    print(out)
    for name in TOLD:
        print(alone(calls, name, out.parent / "types"))


def alone(calls: pl.DataFrame, name: str, folder: Path) -> Path:
    """Draw a type by itself, as a graph too where only a graph shows it, and return the picture's path."""
    draws = [draw for draw in (panel, graph) if draw is panel or name in GRAPHS]
    figure = small_figure(4.6 * len(draws))
    for axes, draw in zip(figure.subplots(1, len(draws), squeeze=False)[0], draws, strict=True):
        draw(axes, calls, name)
    return save(figure, folder / f"{name}.png")


if __name__ == "__main__":
    main()
