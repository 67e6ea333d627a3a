"""The figure of an incident that makes or changes calls: who called whom when, and the normal calls of its callers."""

from pathlib import Path

import numpy as np
import polars as pl
from matplotlib.axes import Axes

from reports.style import COLOURS, FAINT, INK, NORMAL_COLOUR

MANY = 3
"""Number of callers above which a row is a caller instead of a contact."""
NAMED = 24
"""The most rows with their names beside them."""
ACCENT = COLOURS[1]


def labelled_calls(world: Path) -> pl.DataFrame:
    """Return the calls of a world with the incident that each is a direct part of, in `incident_id`."""
    texts = pl.col(pl.Categorical).cast(pl.String)
    calls = pl.read_parquet(world / "data" / "calls.parquet").with_columns(texts).with_row_index("row")
    truth = pl.read_parquet(world / "truth" / "truth.parquet").with_columns(texts).filter(cause="direct")
    return calls.cast({"row": pl.Int64}).join(truth.select("row", "incident_id", "anomaly_type"), "row", how="left")


def around(calls: pl.DataFrame, incident: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the calls of an incident, and all calls of its callers around it, with `x` in hours from its first."""
    hits = calls.filter(incident_id=incident)
    begin, end = hits["call_start_ts"].min(), hits["call_start_ts"].max()
    hours = (end - begin).total_seconds() / 3600  # type: ignore[operator,union-attr]
    margin = pl.duration(seconds=max(0.3 * hours, 9.0) * 3600)
    near = calls.filter(
        pl.col("caller_id").is_in(hits["caller_id"].unique().implode()),
        pl.col("call_start_ts").is_between(begin - margin, end + margin),
    )
    theirs = pl.col("incident_id").eq_missing(incident)
    return hits, near.with_columns(theirs=theirs, x=(pl.col("call_start_ts") - begin).dt.total_seconds() / 3600)


def along_time(axes: Axes, hits: pl.DataFrame, near: pl.DataFrame, named: bool = False) -> None:
    """Draw an incident over time: a row per contact or, with many callers, per caller, in order of appearance."""
    many = hits["caller_id"].n_unique() > MANY
    row = "caller_id" if many else "callee_id"
    place = {text: i for i, text in enumerate(near[row].unique(maintain_order=True))}
    near = near.with_columns(y=pl.col(row).replace_strict(place))
    for theirs, colour, size in ((False, NORMAL_COLOUR, 8), (True, ACCENT, 12)):
        part, name = near.filter(theirs=theirs), "calls of the incident" if theirs else "other calls of its callers"
        axes.hlines(part["y"], part["x"], part["x"] + part["call_duration"] / 3600, colour, linewidth=2.0)
        axes.scatter(part["x"], part["y"], size, colour, linewidths=0, label=name)
    axes.set_ylabel("a row: a caller" if many else "a row: a contact", fontsize=7.5, color=FAINT)
    axes.set_ylim(-1, max(place.values()) + 1)
    axes.tick_params(labelsize=7, colors=FAINT)
    axes.spines[["top", "right", "left"]].set_visible(False)
    if named and len(place) <= NAMED:
        axes.set_yticks(list(place.values()), list(place))
    else:
        axes.set_yticks([])


def as_graph(axes: Axes, hits: pl.DataFrame, near: pl.DataFrame) -> None:
    """Draw who called whom: the callers of an incident in the centre, their callees around them."""
    callers = _in_turn(hits)
    others = [text for text in near["callee_id"].unique(maintain_order=True) if text not in callers]
    turn = 2 * np.pi / len(callers)
    inner = 0.5 if len(callers) > 1 else 0.0
    spots = {text: inner * np.exp(1j * turn * i) for i, text in enumerate(callers)}
    spots |= {text: np.exp(2j * np.pi * i / len(others)) for i, text in enumerate(others)}
    for theirs, colour, width in ((False, NORMAL_COLOUR, 0.7), (True, ACCENT, 1.6)):
        for pair in near.filter(theirs=theirs).select("caller_id", "callee_id").unique(maintain_order=True).iter_rows():
            ends = [spots[text] for text in pair]
            arrow = {"arrowstyle": "-|>" if theirs else "-", "color": colour, "linewidth": width}
            axes.annotate("", (ends[1].real, ends[1].imag), (ends[0].real, ends[0].imag), arrowprops=arrow)
    called = set(near.filter("theirs")["callee_id"])
    for text, spot in spots.items():
        mark = INK if text in callers else ACCENT if text in called else NORMAL_COLOUR
        axes.scatter(spot.real, spot.imag, 34 if text in callers else 14, mark, zorder=3, linewidths=0)
    axes.set_aspect("equal")
    axes.set(xlim=(-1.15, 1.15), ylim=(-1.15, 1.15))
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)


def _in_turn(hits: pl.DataFrame) -> list[str]:
    """Return the callers of an incident, each followed by one whom it calls and who is not listed yet, if any."""
    left = list(hits["caller_id"].unique(maintain_order=True))
    out = [left.pop(0)]
    while left:
        called = [text for text in hits.filter(caller_id=out[-1])["callee_id"] if text in left]
        out.append(left.pop(left.index(called[0]) if called else 0))
    return out
