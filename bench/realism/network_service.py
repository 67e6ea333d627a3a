"""Measures of a radio network in use: handovers, distances to the serving site, traffic of cells, times to connect."""

import numpy as np
import polars as pl
from scipy.spatial import cKDTree

from bench.arrays import FloatArray
from bench.realism.record_arrays import Plane, Records

Found = dict[str, float]
PING_PONG_MS = 1000
"""Shortest stay in a cell that is no ping-pong, if the call goes back to the cell before (3GPP TR 36.839, 5.6)."""
UNKNOWN = (np.nan, np.nan)
SAME_M = 1.0
"""Positions in the events are rounded to metres."""
HOUR_S, HOUR_MS, QUARTER_MS = 3600, 3_600_000, 900_000


def handovers(records: Records) -> Found:
    """Measure how often connected calls move and change cell, and how such changes end."""
    at = {name: pl.col(name) for name in ("session_id", "cell_id", "tower_id", "time_stamp", "x", "y")}
    same = at["session_id"] == at["session_id"].shift(1)
    changed = (pl.col("state") == "RECONNECT") & same & (at["cell_id"] != at["cell_id"].shift(1))
    returned = changed & changed.shift(1) & (at["cell_id"] == at["cell_id"].shift(2))
    stay_ms = (at["time_stamp"] - at["time_stamp"].shift(1)).dt.total_milliseconds()
    moved = same & ((at["x"] != at["x"].shift(1)) | (at["y"] != at["y"].shift(1)))
    counts = records.scanned_events().select(
        calls=(pl.col("state") == "CONNECT").sum(),
        moved=at["session_id"].filter(moved).n_unique(),
        changed=changed.sum(),
        intra=(changed & (at["tower_id"] == at["tower_id"].shift(1))).sum(),
        returned=(returned & (stay_ms < PING_PONG_MS)).sum(),
        lost=((pl.col("state") == "FAIL") & (pl.col("cause") == "drop")).sum(),
    )  # fmt: skip
    row = counts.collect().row(0, named=True)
    if not row["calls"]:
        return {}
    found = {"handovers": row["changed"] / row["calls"], "moving": row["moved"] / row["calls"]}
    if not row["changed"]:
        return found
    return found | {
        "handover_success": row["changed"] / (row["changed"] + row["lost"]),
        "handover_intra_site": row["intra"] / row["changed"],
        "ping_pong": row["returned"] / row["changed"],
    }


def connecting(records: Records) -> Found:
    """Measure the time from dialling to the connection, and from there to the end of calls without talk."""
    ends = (pl.col("state") == "END") & (pl.col("duration") == 0)
    connected = pl.col("time_stamp").filter(pl.col("state") == "CONNECT").first()
    spans = (
        records.scanned_events()
        .group_by("session_id")
        .agg(setup=connected - pl.col("call_start").first(), rang=pl.col("time_stamp").filter(ends).first() - connected)
    )
    table = spans.select(pl.col("setup", "rang").dt.total_milliseconds() / 1000).collect()
    setup, rang = (table[name].drop_nulls().to_numpy() for name in ("setup", "rang"))
    found = {"setup_mean": setup.mean(), "setup_p95": np.quantile(setup, 0.95)} if setup.size else {}
    if rang.size:
        found |= {"no_talk_median": np.median(rang), "no_talk_at_once": np.mean(rang == 0)}
    return {name: float(value) for name, value in found.items()}


def serving(records: Records) -> Found:
    """Measure the distance from phones to the site that they connect to, and whether it is the nearest one."""
    assert records.plane is not None
    plane = records.plane
    table = records.scanned_events().filter(pl.col("state") == "CONNECT").select("x", "y", "cell_id").collect()
    site_m = np.array([plane.site_m.get(name, UNKNOWN) for name in table["cell_id"]]).reshape(-1, 2)
    known = np.isfinite(site_m).all(axis=1)
    at = table.select("x", "y").to_numpy().astype(np.float64)[known]
    if not at.size:
        return {}
    away = _distances(at, site_m[known], plane.wrap_m)
    nearest = _nearest(at, plane)
    median, far = np.quantile(away, [0.5, 0.95]) / 1000
    return {
        "serving_km": float(median),
        "serving_km_p95": float(far),
        "nearest_site": float(np.mean(away <= nearest + SAME_M)),
    }


def traffic(records: Records) -> Found:
    """Measure the talk time of the calls that begin in a cell within an hour, and the quarter hours without a call."""
    known = records.cell >= 0
    cell, start, seconds = records.cell[known], records.local_ms[known], records.seconds[known]
    if not cell.size:
        return {}
    cells = len(records.cell_km)
    hour, quarter = (start // span_ms - start.min() // span_ms for span_ms in (HOUR_MS, QUARTER_MS))
    talk_s = np.bincount(hour, seconds)
    of_cell_s = np.bincount(np.unique(hour * cells + cell, return_inverse=True)[1], seconds)
    used = np.unique(quarter * cells + cell).size
    return {
        "erlang_busy_hour": float(talk_s.max() / cells / HOUR_S),
        "erlang_busiest": float(of_cell_s.max() / HOUR_S),
        "quarters_without_call": 1 - used / (cells * (int(quarter.max()) + 1)),
    }


def _distances(at: FloatArray, to: FloatArray, wrap_m: tuple[float, float] | None) -> FloatArray:
    apart = at - to
    if wrap_m is not None:
        apart -= np.round(apart / wrap_m) * wrap_m
    return np.asarray(np.hypot(*apart.T))


def _nearest(at: FloatArray, plane: Plane) -> FloatArray:
    """Return the distance of each position to the nearest site [m]."""
    sites = np.array(sorted(set(plane.site_m.values())))
    if plane.wrap_m is None:
        return np.asarray(cKDTree(sites).query(at)[0])
    tree = cKDTree(np.mod(sites, plane.wrap_m), boxsize=plane.wrap_m)
    return np.asarray(tree.query(np.mod(at, plane.wrap_m))[0])
