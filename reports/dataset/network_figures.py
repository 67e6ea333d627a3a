"""The picture of a network: coverage, power, trajectories of phones, and load and failures of towers."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from bench.dataset import Dataset
from bench.spans import DAY_MS, HOUR_MS
from reports.style import COLOURS, new_figure, save, tidy
from reports.wording import count, percent, plural

TRAVELLERS = 6
MOST_DAYS = 14
NOWHERE = "#f3f4f6"


def draw(dataset: Dataset, path: Path) -> None:
    """Draw best servers, power, trajectories, load and failures by tower, as PNG; nothing without a network."""
    coverage = dataset.table("coverage").to_pandas()
    if not len(coverage):
        return
    status = dataset.table("tower_status")
    hellos = max(int(pc.sum(status["hellos"]).as_py()), 1)
    failed = pc.sum(status["fails"]).as_py() + pc.sum(status["timeouts"]).as_py()
    cells, towers = (len(dataset.table("cells")[name].unique()) for name in ("cell_id", "tower_id"))
    heard = coverage["cell_id"].notna().mean()
    title = f"{plural(cells, 'cell')} of {plural(towers, 'tower')}"
    attempts = f"{count(hellos)} connection attempts (Hellos), {percent(failed / hellos)} of them failed"
    note = f"{percent(heard)} of the area is covered; {attempts}"
    figure = new_figure(10, 12.2, title, note)
    grid = figure.add_gridspec(3, 2, height_ratios=[4.4, 4.4, 2.6])
    _best_server(figure.add_subplot(grid[0, 0]), coverage)
    _power(figure, figure.add_subplot(grid[0, 1]), coverage)
    _trajectories(figure.add_subplot(grid[1, 0]), dataset, coverage)
    _redundancy(figure, figure.add_subplot(grid[1, 1]), coverage)
    times, load, failures = _by_hour(status)
    _heat(figure, figure.add_subplot(grid[2, 0]), (times, load), "Load by tower", "Erlang")
    _heat(figure, figure.add_subplot(grid[2, 1]), (times, failures), "Failed Hellos by tower", "share")
    save(figure, path)


def _raster(coverage: Any, values: Any) -> tuple[Any, list[float]]:
    """Return values of pixels as rows from the south, and the extent of the map [km]."""
    xs, ys = np.unique(coverage["x"]), np.unique(coverage["y"])
    extent = [0.0, float(xs[-1] + xs[0]) / 1000, 0.0, float(ys[-1] + ys[0]) / 1000]
    return np.ma.masked_invalid(np.asarray(values, np.float64).reshape(len(ys), len(xs))), extent


def _map(axes: Axes, coverage: Any, values: Any, title: str, **options: Any) -> Any:
    image, extent = _raster(coverage, values)
    axes.set_facecolor(NOWHERE)
    shown = axes.imshow(image, origin="lower", extent=extent, interpolation="nearest", **options)  # type: ignore[arg-type]
    tidy(axes, title, x="east [km]", y="north [km]", grid="none")
    return shown


def _best_server(axes: Axes, coverage: Any) -> None:
    codes = coverage["cell_id"].cat.codes.to_numpy()
    colours = np.where(codes >= 0, (codes * 7) % 20, np.nan)
    _map(axes, coverage, colours, "Best server", cmap="tab20", vmin=0, vmax=19)


def _power(figure: Figure, axes: Axes, coverage: Any) -> None:
    shown = _map(axes, coverage, coverage["power_dbm"], "Power of the best server", cmap="viridis")
    figure.colorbar(shown, ax=axes, label="dBm", shrink=0.8)


def _redundancy(figure: Figure, axes: Axes, coverage: Any) -> None:
    heard = coverage["cells_heard"].to_numpy()
    shown = _map(axes, coverage, np.where(heard > 0, heard, np.nan), "Cells heard", cmap="cividis")
    figure.colorbar(shown, ax=axes, label="cells", shrink=0.8)


def _trajectories(axes: Axes, dataset: Dataset, coverage: Any) -> None:
    """Draw the calls of the users who moved most on the busiest day, each event in the colour of its cell."""
    columns = ["caller_id", "time_stamp", "x", "y", "cell_id"]
    events = dataset.table("events", columns).to_pandas()
    day = (events["time_stamp"].astype("int64") - dataset.clock.start_ms) // DAY_MS
    events = events[day == day.mode()[0]].sort_values("time_stamp")
    by_user = events.groupby("caller_id", observed=True)
    spread = (by_user["x"].agg(np.ptp) ** 2 + by_user["y"].agg(np.ptp) ** 2) ** 0.5
    _, extent = _raster(coverage, coverage["power_dbm"])
    for colour, user in zip(COLOURS, spread.nlargest(TRAVELLERS).index, strict=False):
        own = events[events["caller_id"] == user]
        own = own[own["cell_id"].notna()]
        places = own[["x", "y"]].to_numpy() / 1000
        leaps = (np.abs(np.diff(places, axis=0, prepend=places[:1])) > np.array([extent[1], extent[3]]) / 2).any(axis=1)
        line = np.where(leaps[:, None], np.nan, places)
        axes.plot(line[:, 0], line[:, 1], color=colour, linewidth=1, alpha=0.7, label=user)
        dots = own["cell_id"].cat.codes.to_numpy() * 7 % 20
        axes.scatter(places[:, 0], places[:, 1], c=dots, cmap="tab20", vmin=0, vmax=19, s=10, zorder=3)
    tidy(axes, "Where calls were served on the busiest day", x="east [km]", y="north [km]")
    axes.set(xlim=extent[:2], ylim=extent[2:], aspect="equal")
    axes.legend(fontsize=7.5, frameon=False, loc="upper left")


def _by_hour(status: pa.Table) -> tuple[Any, Any, Any]:
    """Return hours since the start, and load [Erlang] and share of failed Hellos of each tower in each hour."""
    table = status.select(["tower_id", "window_start", "hellos", "fails", "timeouts", "traffic_erlang"]).to_pandas()
    moment = table["window_start"].astype("int64")
    table["hour"] = (moment - moment.min()) // HOUR_MS
    table = table[table["hour"] < MOST_DAYS * 24]
    table["failed"] = table["fails"] + table["timeouts"]
    summed = table.groupby(["tower_id", "hour"], observed=True)[["hellos", "failed", "traffic_erlang"]].sum()
    load = summed["traffic_erlang"].unstack() / table.groupby("hour")["window_start"].nunique()
    share = (summed["failed"] / summed["hellos"].where(summed["hellos"] > 0)).unstack()
    return load.columns.to_numpy(), load.to_numpy(), share.to_numpy()


def _heat(figure: Figure, axes: Axes, values: tuple[Any, Any], title: str, unit: str) -> None:
    times, matrix = values
    axes.set_facecolor(NOWHERE)
    extent = (0.0, (times[-1] + 1) / 24, matrix.shape[0] - 0.5, -0.5)
    options: dict[str, Any] = {"cmap": "magma_r", "aspect": "auto", "interpolation": "nearest", "vmin": 0}
    if unit == "share":
        options |= {"vmax": 1}
    shown = axes.imshow(np.ma.masked_invalid(matrix), extent=extent, **options)
    tidy(axes, title, x="days since the start", y="tower", grid="none")
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    figure.colorbar(shown, ax=axes, label=unit)
