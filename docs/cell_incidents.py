"""Draw docs/images/cell_incidents.png, one incident of each type that affects cells: `python docs/cell_incidents.py`.

Each panel once more into docs/images/types/, for the page of the catalogue. Each in a world of its own, beside the
same cells in its clean twin.
"""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
from hydra import compose, initialize_config_module
from matplotlib.axes import Axes
from omegaconf import OmegaConf

from bench.config.composition import register
from generators.world import World
from reports.style import COLOURS, INK, NORMAL_COLOUR, new_figure, save, small_figure, tidy

PANELS = {
    "tower_outage": "connections begun",
    "tower_degraded": "refused Hellos and lost calls",
    "sleeping_cell": "connections begun",
    "antenna_misaligned": "connections begun",
    "ping_pong": "handovers in",
    "flash_crowd": "connections begun",
}
SETTINGS = ("generator.num_users=6000", "generator.days=14")
RATIOS = {"ping_pong": 0.015}
"""Of the calls; 0.03 of those that are not named. More calls than that do not ping-pong in such a world."""


def make(folder: Path, *overrides: str) -> Path:
    """Make a world, and return its folder."""
    register()
    with initialize_config_module("conf", version_base="1.3"):
        config = compose("config", overrides=[*SETTINGS, *overrides])
    anomalies = {name: OmegaConf.to_object(value) for name, value in config.anomaly.items()}
    settings: Any = OmegaConf.to_object(config.generator)
    World(settings, anomalies).make(folder, 2, lambda *_: None)  # type: ignore[arg-type]
    return folder


def hourly(world: Path, incident: Any, name: str) -> pd.Series:
    """Return what the panel of a type shows, of the incident's cells, hour by hour around it."""
    table = pq.read_table(world / "data" / "tower_status.parquet").to_pandas()
    table = table[table["cell_id"].isin(incident["actors"])]
    columns = {"tower_degraded": ["fails", "timeouts", "drops"], "ping_pong": ["handovers_in"]}.get(name, ["sessions"])
    total = table.groupby("window_start", observed=True)[columns].sum().sum(axis=1).resample("1h").sum()
    lasts = incident["end_ts"] - incident["start_ts"]
    around = max(lasts, pd.Timedelta(hours=12))
    return total[incident["start_ts"] - around : incident["end_ts"] + around]


def panel(axes: Axes, name: str, world: Path, clean: Path) -> None:
    """Draw the incident of a type that touched most calls."""
    incidents = pq.read_table(world / "truth" / "incidents.parquet").to_pandas()
    incidents = incidents[incidents["anomaly_type"] == name]
    lasts = incidents["end_ts"] - incidents["start_ts"]
    touched = pq.read_table(world / "truth" / "truth.parquet").to_pandas()["incident_id"].value_counts()
    touched = touched.reindex(incidents["incident_id"]).to_numpy()
    incident = incidents.iloc[touched.argmax()]
    hours = (hourly(folder, incident, name) for folder in (clean, world))
    for values, colour, label in zip(
        hours, (NORMAL_COLOUR, COLOURS[1]), ("clean twin", "with the incident"), strict=True
    ):
        x = (values.index - incident["start_ts"]) / pd.Timedelta(hours=1)
        axes.step(x, values.to_numpy(), where="post", color=colour, linewidth=1.5, label=label)
    axes.axvspan(0, lasts[incident.name] / pd.Timedelta(hours=1), color=COLOURS[4], alpha=0.15, linewidth=0)
    many = len(incident["actors"])
    cells = f"{many} cell{'s' if many > 1 else ''}"
    tidy(axes, f"{name}: {cells}", x="hours since it began", y=f"{PANELS[name]}, per hour")
    axes.set_ylim(bottom=0)


def main() -> None:
    """Make the worlds and draw."""
    figure = new_figure(
        13, 6.6, "Incidents that befall cells", "what their cells did; shaded: while the incident lasted"
    )
    panels = figure.subplots(2, 3).ravel()
    images = Path(__file__).with_name("images")
    with TemporaryDirectory() as folder:
        clean = make(Path(folder) / "clean", "generator.anomaly_ratio=0")
        for here, name in zip(panels, PANELS, strict=True):
            world = make(Path(folder) / name, f"anomaly=[{name}]", f"generator.anomaly_ratio={RATIOS.get(name, 0.03)}")
            panel(here, name, world, clean)
            by_itself = small_figure(4.6)
            panel(axes := by_itself.add_subplot(), name, world, clean)
            axes.legend(fontsize=7.5, frameon=False, labelcolor=INK)
            save(by_itself, images / "types" / f"{name}.png")
    panels[0].legend(fontsize=8.5, frameon=False, labelcolor=INK)
    save(figure, images / "cell_incidents.png")


if __name__ == "__main__":
    main()
