"""What incidents came to, counted once more: slowly, call by call, from the tables that are exported."""

from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

from small_worlds import table

DAY, HOUR = 86_400, 3600


def rows_of(world: Path) -> dict[str, list[dict[str, Any]]]:
    """Return of each incident the rows of the truth about calls, with what the table of calls says of each."""
    calls = table(world, "calls").to_dicts()
    found: dict[str, list[dict[str, Any]]] = {}
    for row in table(world, "truth").filter(level="call").to_dicts():
        call = calls[row["row"]] if row["row"] >= 0 else {}
        found.setdefault(row["incident_id"], []).append({**call, **{f"truth_{k}": v for k, v in row.items()}})
    return found


def own_calls(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the calls that are an incident's own deed, in order of start."""
    own = [row for row in rows if row["truth_cause"] == "direct" and row["truth_change"] != "removed"]
    return sorted(own, key=lambda row: row["call_start_ts"])


def end_of(call: dict[str, Any]) -> datetime:
    end: datetime = call["call_end_ts"]
    return end


def span_of(rows: list[dict[str, Any]]) -> tuple[datetime, datetime]:
    """Return when the first record that is an incident's own deed starts, and the last one ends."""
    own = [row for row in rows if row["truth_cause"] == "direct"] or rows
    gone = [row["truth_start_ts"] for row in own if row["truth_change"] == "removed"]
    there = [row for row in own if row["truth_change"] != "removed"]
    return (
        min([row["call_start_ts"] for row in there] + gone),
        max([end_of(row) for row in there] + gone),
    )


def figures(rows: list[dict[str, Any]], calls_a_day: float) -> dict[str, float]:
    """Return every figure of an incident."""
    own = own_calls(rows)
    starts = [call["call_start_ts"] for call in own]
    seconds = [(start - starts[0]).total_seconds() for start in starts]
    ends = [(end_of(call) - starts[0]).total_seconds() for call in own]
    talks = sorted(call["call_duration"] for call in own if call["outcome"] == "answered")
    hours = [(start - start.replace(hour=0, minute=0, second=0)).total_seconds() / HOUR for start in starts]
    callees, sims = {call["callee_id"] for call in own}, {call["caller_imsi"] for call in own}
    devices = {call["caller_imei"] for call in own}
    within = max(seconds[-1], 1)
    back = backs(rows)
    pairs = {(call["caller_imsi"], call["callee_id"]) for call in own}
    return {
        "calls": len(own),
        "callers": len({call["caller_id"] for call in own}),
        "callees": len(callees),
        "sims": len(sims),
        "devices": len(devices),
        "cells": len({call["first_cell_id"] for call in own}),
        "span_s": max(ends),
        "within_s": within,
        "calls_per_hour": (len(own) - 1) / within * HOUR,
        "callees_per_hour": (len(callees) - 1) / within * HOUR,
        "callees_per_day": len(pairs) / len(sims) / max(within / DAY, 1),
        "sims_per_device": len(sims) / len(devices),
        "in_10_min": most_within(seconds, 600),
        "in_1_h": most_within(seconds, 3600),
        "at_a_time": most_at_a_time(seconds, ends),
        "shortest_s": min(talks, default=0),
        "median_s": median(talks) if talks else 0,
        "longest_s": max(talks, default=0),
        "answered": len(talks) / len(own),
        "earliest_h": min(hours),
        "latest_h": max(hours),
        "calls_back": len(back),
        "reciprocity": len(back) / len(own),
        "times_usual": (len(own) - 1) / within * DAY / calls_a_day,
    }


def backs(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the calls of normal users to those who had called them."""
    callers = {call["caller_id"] for call in own_calls(rows)}
    new = [row for row in rows if row["truth_cause"] == "collateral" and row["truth_change"] == "added"]
    return [row for row in new if row["callee_id"] in callers]


def most_within(seconds: list[float], span: float) -> int:
    return max(sum(start <= other < start + span for other in seconds) for start in seconds)


def most_at_a_time(begins: list[float], ends: list[float]) -> int:
    return max(sum(b <= moment < e for b, e in zip(begins, ends, strict=True)) for moment in begins)
