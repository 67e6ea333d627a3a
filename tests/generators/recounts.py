"""What `calls`, `tower_status` and `user_status` must say, worked out once more from `events`: plain loops, no kernels.

The clocks of phones must be right (`generator.network.arrival.clock_skew_ms=0`).
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import groupby
from typing import Any

import numpy as np
import polars as pl

Row = dict[str, Any]
QUARTER_MS = 900_000
PLAIN = ("sessions", "live_sessions", "hellos", "fails", "timeouts", "drops")
PLAIN += ("handovers_in", "handovers_out", "setup_attempts")
"""Columns of `tower_status` that are counts as they are."""


def sessions(events: pl.DataFrame) -> Iterator[list[Row]]:
    """Yield the events of each session in turn, moments in ms."""
    moments = pl.col("time_stamp", "call_start").dt.epoch("ms")
    rows = events.with_columns(moments).iter_rows(named=True)
    return (list(of_call) for _, of_call in groupby(rows, key=lambda row: row["session_id"]))


def is_over(event: Row) -> bool:
    """Return whether a connection ends with this event, and the call with it."""
    return bool(event["state"] == "END" or event["cause"] == "drop")


def fold(events: list[Row]) -> Row:
    """Return what the record of a call must say; a cell that its events do not name is None."""
    serving, moves, first, connected = None, 0, None, None
    for event in events:
        if event["state"] == "CONNECT":
            connected, first = event["time_stamp"], event["cell_id"]
        if event["state"] in ("CONNECT", "RECONNECT"):
            moves += serving is not None and event["cell_id"] != serving
            serving = event["cell_id"]
    asked = next((event["cell_id"] for event in events if event["cell_id"] is not None), None)
    pressed, over = events[0]["call_start"], events[-1]["time_stamp"]
    duration = events[-1]["duration"] or 0
    return {
        "call_id": events[0]["session_id"],
        "caller_id": events[0]["caller_id"],
        "call_start_ts": pressed // 1000,
        "call_end_ts": max(over // 1000, pressed // 1000 + duration),
        "call_duration": duration,
        "first_cell_id": asked if first is None else first,
        "last_cell_id": asked if serving is None else serving,
        "failed": connected is None,
        "held_ms": 0 if connected is None else over - connected,
        "handovers": moves,
    }


def faults_within(events: list[Row]) -> Iterator[str]:
    """Yield what the events of a session say that does not go together."""
    over, since, live = events[-1], 0, False
    if len({(event["call_start"], event["caller_id"]) for event in events}) > 1:
        yield "one call has two beginnings"
    for event in events:
        cause, state = event["cause"], event["state"]
        held = event["previous_connection_duration"]
        if (state == "FAIL") != bool(cause) or event["time_stamp"] < event["call_start"]:
            yield f"{state} of cause {cause!r}"
        if (cause == "no_coverage") != (event["cell_id"] is None):
            yield f"{cause!r} in cell {event['cell_id']}"
        if (state == "RECONNECT" or is_over(event)) != (held is not None):
            yield f"{state} {cause} after a connection of {held}"
        if held is not None and held != np.float32((event["time_stamp"] - since) / 1000):
            yield f"a connection of {held} s that began at {since}"
        if is_over(event) != (event["duration"] is not None) or (is_over(event) and event is not over):
            yield f"{state} {cause} with a talk time of {event['duration']}"
        if (state == "CONNECT") == live and state in ("CONNECT", "RECONNECT"):
            yield f"{state}, and live: {live}"
        if state in ("CONNECT", "RECONNECT"):
            since, live = event["time_stamp"], True
    if live != is_over(over) or (live and 1000 * over["duration"] > max(fold(events)["held_ms"], 1000)):
        yield f"ends with {over['state']} {over['cause']}, {over['duration']}"


def tower_counts(events: pl.DataFrame, begin_ms: int) -> dict[tuple[str, int], Counter[str]]:
    """Return what happened in each cell and quarter of an hour: the counts behind `tower_status`."""
    found: dict[tuple[str, int], Counter[str]] = defaultdict(Counter)

    def quarter(moment: int) -> int:
        return (moment - begin_ms) // QUARTER_MS

    def hold(cell: str, begin: int, end: int) -> None:
        found[cell, quarter(end)].update(ended=1, held_ms=end - begin)
        for number in range(quarter(begin), quarter(end) + 1):
            low = begin_ms + number * QUARTER_MS
            live_ms = min(end, low + QUARTER_MS) - max(begin, low)
            found[cell, number].update(traffic_ms=live_ms, live_sessions=int(number < quarter(end)))

    for of_call in sessions(events):
        first = of_call[0]
        asked = (first["cell_id"], quarter(first["time_stamp"]))
        if first["cell_id"] is not None:
            connects = any(event["state"] == "CONNECT" for event in of_call)
            found[asked].update(setup_attempts=1, setups=int(connects))
        serving, since, asking = "", 0, False
        for event in of_call:
            cell, now, cause, state = event["cell_id"], event["time_stamp"], event["cause"], event["state"]
            if cell is None:
                continue
            here = found[cell, quarter(now)]
            here.update(hellos=int(not is_over(event)), timeouts=int(cause == "timeout"), drops=int(cause == "drop"))
            here.update(fails=int(cause in ("setup", "blocked")), stranded=int(cause == "drop" and asking))
            asking = state == "FAIL"
            if is_over(event) or state == "RECONNECT":
                hold(serving, since, now)
            if state == "RECONNECT" and cell != serving:
                here.update(handovers_in=1)
                found[serving, quarter(now)].update(handovers_out=1)
            if state in ("CONNECT", "RECONNECT"):
                here.update(sessions=1)
                serving, since = cell, now
    return found


def tower_row(count: Counter[str]) -> Row:
    """Return the columns of `tower_status` that follow from the counts of a cell and quarter."""
    failed, tried = count["fails"] + count["timeouts"], count["handovers_out"] + count["stranded"]
    share = failed / count["hellos"] if count["hellos"] else None
    steps = (("GREEN", 0.1), ("ORANGE", 0.6), ("RED", 0.9), ("BLACK", 2.0))
    state = "NO_DATA" if share is None else next(name for name, above in steps if share < above)
    return {
        **{name: count[name] for name in PLAIN},
        "state": state,
        "failure_share": share,
        "mean_session_s": count["held_ms"] / count["ended"] / 1000 if count["ended"] else None,
        "handover_success": count["handovers_out"] / tried if tried else None,
        "setup_success": count["setups"] / count["setup_attempts"] if count["setup_attempts"] else None,
        "traffic_erlang": count["traffic_ms"] / QUARTER_MS,
    }


def live_at(events: pl.DataFrame, moments_ms: list[int]) -> list[set[str]]:
    """Return who is connected in a call that it makes, at each of some moments."""
    found: list[set[str]] = [set() for _ in moments_ms]
    for of_call in sessions(events):
        connected = next((event["time_stamp"] for event in of_call if event["state"] == "CONNECT"), None)
        for moment, live in zip(moments_ms, found, strict=True):
            if connected is not None and connected <= moment < of_call[-1]["time_stamp"]:
                live.add(of_call[0]["caller_id"])
    return found
