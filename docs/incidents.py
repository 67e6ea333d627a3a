"""One incident of each type that affects calls and users: `python docs/incidents.py [OUT.png]`.

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

import polars as pl
from hydra import compose, initialize_config_module
from matplotlib.axes import Axes
from omegaconf import OmegaConf

from bench.config.composition import register
from bench.generator import silent
from generators.world import World
from reports.incident.calls_figure import along_time, around, as_graph, labelled_calls
from reports.style import FAINT, INK, new_figure, save, small_figure

CAPTIONS = {
    "short_call": "one call, cut to seconds",
    "long_call": "one call that lasts over an hour",
    "off_hour_call": "a call and its redials, in the caller's night",
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
DIFFICULTY, COLUMNS = 0.2, 4
GRAPHS = ("community_break", "ring")
WORLD = (
    "anomaly=[seed_four,fraud]",
    "generator/network=none",
    *(f"anomaly.{name}.difficulty={DIFFICULTY}" for name in CAPTIONS),
)


def made(folder: Path) -> pl.DataFrame:
    """Make a world and return its calls, with the incident of each."""
    register()
    with initialize_config_module("conf", version_base="1.3"):
        config = compose("config", overrides=list(WORLD))
    settings: Any = OmegaConf.to_object(config.generator)
    anomalies: Any = {name: OmegaConf.to_object(leaf) for name, leaf in config.anomaly.items()}
    World(settings, anomalies).make(folder, 1, silent)
    return labelled_calls(folder)


def largest(calls: pl.DataFrame, name: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the calls of the largest incident of a type, and all that its callers make around it."""
    sizes = calls.filter(anomaly_type=name).group_by("incident_id").len().sort("len", "incident_id")
    return around(calls, sizes["incident_id"][-1])


def panel(axes: Axes, calls: pl.DataFrame, name: str) -> None:
    """Draw the largest incident of a type along time."""
    hits, near = largest(calls, name)
    along_time(axes, hits, near)
    headed(axes, f"{name}: {hits.height} call{'s' * (hits.height > 1)}", CAPTIONS[name])


def graph(axes: Axes, calls: pl.DataFrame, name: str) -> None:
    """Draw who called whom around the largest incident of a type."""
    as_graph(axes, *largest(calls, name))
    headed(axes, f"{name}, as a graph", "black: the callers; lines: who called whom")


def headed(axes: Axes, title: str, caption: str) -> None:
    """Put a title over a panel, and what there is to see."""
    axes.set_title(f"{title}\n", loc="left", fontsize=9.5, color=INK, fontweight="bold")
    axes.text(0, 1.03, caption, transform=axes.transAxes, fontsize=8, color=FAINT)


def main() -> None:
    """Make the picture."""
    out = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent / "images" / "incidents.png")
    with tempfile.TemporaryDirectory() as folder:
        calls = made(Path(folder) / "world")
    note = f"10,000 users, difficulty {DIFFICULTY}. Across: hours from the first call. Grey: what its callers do anyway"
    figure = new_figure(13.0, 14.0, "One incident of each type", note)
    panels = [*((panel, name) for name in CAPTIONS), *((graph, name) for name in GRAPHS)]
    grid = figure.subplots(-(-len(panels) // COLUMNS), COLUMNS, squeeze=False)
    for axes, (draw, name) in zip(chain(*grid), panels, strict=False):
        draw(axes, calls, name)
    for axes in list(chain(*grid))[len(panels) :]:
        axes.set_axis_off()
    save(figure, out)
    print(out)
    for name in CAPTIONS:
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
