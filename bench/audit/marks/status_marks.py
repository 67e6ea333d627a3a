"""Marks of a user's day or a cell's quarter hour, and their agreement with calls and events."""

from typing import Any

import numpy as np
import polars as pl

from bench.arrays import BoolArray, FloatArray, IntArray
from bench.audit.marks.coverage_map import CoverageMap
from bench.audit.marks.forms import Normal, column_forms, digits, plain
from bench.audit.slices import milliseconds
from bench.dataset import Dataset
from bench.spans import DAY_MS

SHARES = ((0.9, "BLACK"), (0.6, "RED"), (0.1, "ORANGE"), (0.0, "GREEN"))
TOLERANCE = 1e-6


def day_marks(dataset: Dataset, days: pl.DataFrame, normal: Normal, rng: np.random.Generator) -> dict[str, FloatArray]:
    """Return forms and agreements of some rows of `user_status`, shape (rows,) each."""
    clock = dataset.clock
    names = ["caller_id", "call_start_ts", "call_end_ts", "outcome"]
    calls = pl.DataFrame(dataset.table("calls", names)).with_columns(pl.col("caller_id").cast(pl.String))
    calls = calls.filter(pl.col("caller_id").is_in(days["user_id"].unique().implode()))
    start = calls["call_start_ts"].to_physical()
    calls = calls.with_columns(day=(start - clock.start_ms) // DAY_MS, failed=pl.col("outcome") == "failed")
    rows = days.with_columns(day=(pl.col("window_start").to_physical() - clock.start_ms) // DAY_MS)
    made = calls.group_by(pl.col("caller_id").alias("user_id"), "day").agg(
        made=pl.len(), failed=pl.col("failed").sum(), until=pl.col("call_end_ts").max()
    )
    both = rows.join(made, on=["user_id", "day"], how="left", maintain_order="left")
    outside, cell, power = CoverageMap(dataset).at(days["x"].to_numpy(), days["y"].to_numpy())
    end = pl.col("window_start") + pl.duration(milliseconds=DAY_MS)
    late = (pl.col("until") - end).dt.total_milliseconds().fill_null(-DAY_MS)
    live = pl.col("state") == "LIVE"
    wrong = both.select(
        calls_of_day=pl.col("calls") - pl.col("made").fill_null(0).cast(pl.Int64),
        failures_of_day=pl.col("failures") - pl.col("failed").fill_null(0).cast(pl.Int64),
        live_when_calling=(live & (late < -2000)) | (~live & (late > 2000)),
        day_begins_at_midnight=(pl.col("window_start").to_physical() - clock.start_ms) % DAY_MS,
    )
    apart = days["power_dbm"].cast(pl.Float64).fill_null(np.nan).to_numpy() - power
    marks: dict[str, Any] = {name: wrong[name].to_numpy() for name in wrong.columns}
    marks |= {
        "day_place_on_map": outside,
        "day_cell_and_map": (days["cell_id"].fill_null("") != cell).to_numpy(),
        "day_power_and_map": np.nan_to_num(np.rint(apart)),
    }
    forms = column_forms("user_status", days, normal, days["user_id"], rng)
    return forms | {name: np.asarray(values, np.float64) for name, values in marks.items()}


class EventCounts:
    """Number of messages of each kind, cell and window; events are read one part at a time."""

    KINDS = (
        "connect",
        "reconnect",
        "refused",
        "timeout",
        "drop",
        "handed_on",
        "taken_over",
        "first_asked",
        "held_ms",
        "ended",
    )

    def __init__(self, dataset: Dataset) -> None:
        first_ms, width_ms, windows = windows_of(dataset)
        self.cells = plain(dataset.table("cells", ["cell_id"]))["cell_id"]
        self.counts = {kind: np.zeros(len(self.cells) * windows, np.int64) for kind in self.KINDS}
        self.windows, self.first_ms, self.step_ms = windows, first_ms, width_ms
        file, last = dataset.open_table("events"), pl.DataFrame()
        names = ["session_id", "time_stamp", "state", "cause", "cell_id", "previous_connection_duration"]
        for group in range(file.num_row_groups):
            part = plain(file.read_row_group(group, names))
            self._add(pl.concat([last, part]) if last.height else part, last.height)
            last = part.tail(1)

    def _add(self, events: pl.DataFrame, skip: int) -> None:
        """Count events; the first `skip` rows have been counted already."""
        codes = pl.DataFrame({"cell_id": self.cells}).with_row_index("code")
        code = events.select("cell_id").join(codes, on="cell_id", how="left", maintain_order="left")["code"]
        cell = code.cast(pl.Int64).fill_null(-1).to_numpy()
        window = (events["time_stamp"].to_physical().to_numpy() - self.first_ms) // self.step_ms
        here = (cell >= 0) & (window >= 0) & (window < self.windows)
        here[:skip] = False
        place = np.where(here, cell * self.windows + window, 0)
        state, cause = events["state"], events["cause"].fill_null("")
        same = (events["session_id"] == events["session_id"].shift()).fill_null(False).to_numpy()
        refused = ((state == "FAIL") & (cause != "drop")).to_numpy()
        previous = _before(cell, same, refused)
        reconnect = (state == "RECONNECT").to_numpy()
        held = (events["previous_connection_duration"].cast(pl.Float64).fill_null(0.0) * 1000).round().cast(pl.Int64)
        served = held.to_numpy() * (((state == "END") | (cause == "drop")).to_numpy())
        kinds = {
            "connect": state == "CONNECT", "reconnect": reconnect, "refused": cause.is_in(["setup", "blocked"]),
            "timeout": cause == "timeout", "drop": cause == "drop", "first_asked": ~same & (cell >= 0),
            "ended": (state == "END") | (cause == "drop"),
        }  # fmt: skip
        for kind, chosen in kinds.items():
            np.add.at(self.counts[kind], place[here & np.asarray(chosen)], 1)
        np.add.at(self.counts["held_ms"], place[here], served[here])
        on = here & reconnect & same & (previous >= 0) & (previous != cell)
        np.add.at(self.counts["taken_over"], place[on], 1)
        np.add.at(self.counts["handed_on"], (previous * self.windows + window)[on], 1)

    def live(self, cell: IntArray, window: IntArray) -> Any:
        """Return the number of sessions that cells serve at the end of windows."""
        more = self.counts["connect"] + self.counts["taken_over"] - self.counts["handed_on"] - self.counts["ended"]
        return more.reshape(-1, self.windows).cumsum(axis=1)[cell, window] if more.size else more

    def of(self, kind: str, cell: IntArray, window: IntArray) -> Any:
        """Return the counts of one kind at some positions of the grid."""
        return self.counts[kind][cell * self.windows + window]


def _before(cell: IntArray, same: BoolArray, refused: BoolArray) -> IntArray:
    """Return the cell that served before each event of its call, ignoring failed Hellos; -1 where there was none."""
    kept = np.flatnonzero(~refused)
    last = np.searchsorted(kept, np.arange(cell.size)) - 1
    begins = np.maximum.accumulate(np.where(same, 0, np.arange(cell.size)))
    place = kept[np.maximum(last, 0)] if kept.size else np.zeros(cell.size, np.int64)
    return np.where((last >= 0) & (place >= begins), cell[place], -1) if kept.size else np.full(cell.size, -1)


def quarter_marks(
    dataset: Dataset, quarters: pl.DataFrame, counts: EventCounts, at: tuple[IntArray, IntArray],
    normal: Normal, rng: np.random.Generator,
) -> dict[str, FloatArray]:  # fmt: skip
    """Return forms and agreements of some rows of `tower_status`, shape (rows,) each.

    Parameters
    ----------
    quarters
        The rows.
    counts, at
        Counts of the events, and the cell and window of each row.
    normal
        Normal rows.
    """
    seen = {kind: counts.of(kind, *at) for kind in EventCounts.KINDS}
    said = {
        name: quarters[name].cast(pl.Float64).fill_null(np.nan).to_numpy()
        for name in quarters.columns
        if quarters[name].dtype.is_numeric()
    }
    towers = plain(dataset.table("cells", ["cell_id", "tower_id"]).rename_columns(["cell_id", "its_tower"]))
    tower = quarters.select("cell_id", "tower_id").join(towers, on="cell_id", how="left", maintain_order="left")
    hellos, share = said["hellos"], said["failure_share"]
    asked = np.where(hellos > 0, (said["fails"] + said["timeouts"]) / np.maximum(hellos, 1), np.nan)
    setups = said["setup_success"] * said["setup_attempts"]
    traffic_ms = said["traffic_erlang"] * counts.step_ms
    handed = said["handovers_out"] + np.where(
        said["handover_success"] > 0, said["handovers_out"] * (1 / np.maximum(said["handover_success"], 1e-9) - 1), 0
    )
    # calls that are not answered last 0 s
    lasted = np.where(said["mean_session_s"] > 0, said["mean_session_s"], np.nan)
    ended = digits(np.rint(lasted * 1000), 1000, "ms")["zeros"]
    marks: dict[str, Any] = {
        "tower_of_quarter": (tower["tower_id"] != tower["its_tower"]).fill_null(True).to_numpy(),
        "quarter_on_the_clock": (quarters["window_start"].to_physical().to_numpy() - counts.first_ms) % counts.step_ms,
        "sessions_and_events": said["sessions"] - seen["connect"] - seen["reconnect"],
        "hellos_and_events": hellos - seen["connect"] - seen["reconnect"] - seen["refused"] - seen["timeout"],
        "fails_and_events": said["fails"] - seen["refused"],
        "timeouts_and_events": said["timeouts"] - seen["timeout"],
        "drops_and_events": said["drops"] - seen["drop"],
        "handovers_and_reconnects": said["handovers_in"] - seen["taken_over"],
        "handed_on_to_others": said["handovers_out"] - seen["handed_on"],
        "attempts_and_events": said["setup_attempts"] - seen["first_asked"],
        "state_and_share": (quarters["state"] != _state_of(share)).to_numpy(),
        "share_of_hellos": _apart(share, asked),
        "whole_setups": np.nan_to_num(np.abs(setups - np.rint(setups)) > TOLERANCE),
        "share_of_handovers": np.nan_to_num(np.abs(handed - np.rint(handed)) > 1e-3),
        "traffic_in_milliseconds": _milliseconds(traffic_ms, counts.step_ms),
        "live_sessions_and_events": said["live_sessions"] - counts.live(*at),
        "traffic_and_live_sessions": (said["live_sessions"] > 0) & (traffic_ms == 0),
        "ended_sessions": np.where((seen["ended"] > 0) & np.isnan(said["mean_session_s"]), -1, ended),
    }
    for name in ("traffic_in_milliseconds", "ended_sessions"):  # whether a call began or ended is content, not form
        known = marks[name][np.isfinite(marks[name])]
        drawn = known[rng.integers(0, max(known.size, 1), quarters.height)] if known.size else np.nan
        marks[name] = np.where(np.isfinite(marks[name]), marks[name], drawn)
    forms = column_forms("tower_status", quarters, normal, quarters["cell_id"], rng)
    return forms | {name: np.asarray(values, np.float64) for name, values in marks.items()}


def _milliseconds(traffic_ms: FloatArray, step_ms: int) -> FloatArray:
    """Return the number of zeros at the end of the total connected time [ms]; -1 if it is not in whole milliseconds.

    NaN if every call lasts for the whole window, or there is none: then the zeros follow from the number of calls.
    """
    whole = np.rint(traffic_ms)
    zeros = digits(np.where(whole % step_ms > 0, whole, np.nan), 1000, "ms")["zeros"]
    return np.where(np.abs(traffic_ms - whole) > 1e-3, -1.0, zeros)


def _state_of(share: FloatArray) -> pl.Series:
    """Return the state that corresponds to a share of failures."""
    out = np.full(share.size, "NO_DATA", dtype=object)
    for least, state in reversed(SHARES):
        out[share >= least] = state
    return pl.Series(out.tolist(), dtype=pl.String)


def _apart(one: FloatArray, other: FloatArray) -> Any:
    """Return whether two numbers differ, or one of them is missing."""
    both = np.isfinite(one) & np.isfinite(other)
    return np.where(both, np.abs(one - other) > TOLERANCE, np.isfinite(one) != np.isfinite(other))


def windows_of(dataset: Dataset) -> tuple[int, int, int]:
    """Return the first start, the step [ms] and the number of the windows of `tower_status`; zeros without any."""
    file = dataset.open_table("tower_status")
    if not file.metadata.num_rows:
        return 0, 0, 0
    starts = np.unique(
        np.concatenate(
            [
                milliseconds(file.read_row_group(group, ["window_start"])["window_start"])
                for group in range(file.num_row_groups)
            ]
        )
    )
    step = int(starts[1] - starts[0]) if starts.size > 1 else dataset.clock.end_ms - int(starts[0])
    return int(starts[0]), step, starts.size
