"""Features of a call from other tables: events of its session, subscriptions and user records of both sides."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bench.arrays import FloatArray, IntArray
from bench.dataset import Dataset
from bench.spans import DAY_MS

SESSION = ("events", "failed", "moves", "weakest", "loudest", "mean_power", "begins_after", "ends_after", "spread_m")
INVENTORY = ("device_agrees", "sim_agrees", "age_days", "sims", "callee_sim_agrees", "callee_age_days", "callee_sims")
WORDS = {"calls": ("callee_type", "outcome"), "users": ("user_type", "call_pattern")}


def has_rows(dataset: Dataset, name: str) -> bool:
    """Return whether a table exists and has rows."""
    return (dataset.folder / f"{name}.parquet").exists() and dataset.open_table(name).metadata.num_rows > 0


def of_session(dataset: Dataset) -> FloatArray:
    """Compute features of the window's calls from their session events, shape (calls, `SESSION`); NaN without any."""
    calls = dataset.calls(dataset.window, ["call_id", "call_start_ts", "call_duration"])
    found = np.full((len(calls), len(SESSION)), np.nan)
    if not has_rows(dataset, "events") or not len(calls):
        return found
    events = dataset.table("events", ["session_id", "state", "time_stamp", "power_dbm", "x", "y"])
    call = _places(events["session_id"], calls["call_id"])
    kept, call = call >= 0, call[call >= 0]
    state = events["state"].cast(pa.string()).to_numpy()[kept]
    power, x, y = (_numbers(events[name])[kept] for name in ("power_dbm", "x", "y"))
    time_s = (_numbers(events["time_stamp"])[kept] - _numbers(calls["call_start_ts"])[call]) / 1000
    size = len(calls)
    counts = np.bincount(call, minlength=size)
    begun = np.where(state == "CONNECT", time_s, np.nan)
    columns = [
        counts,
        np.bincount(call[state == "FAIL"], minlength=size),
        np.bincount(call[state == "RECONNECT"], minlength=size),
        _extreme(np.fmin, call, power, size),
        _extreme(np.fmax, call, power, size),
        np.bincount(call, np.nan_to_num(power), size) / np.maximum(counts, 1),
        _extreme(np.fmin, call, begun, size),
        _extreme(np.fmax, call, time_s, size) - _numbers(calls["call_duration"]),
        np.hypot(*(_extreme(np.fmax, call, each, size) - _extreme(np.fmin, call, each, size) for each in (x, y))),
    ]
    return np.column_stack([np.asarray(column, np.float64) for column in columns])


def of_inventory(dataset: Dataset) -> FloatArray:
    """Compute features of the window's calls from the tables of subscriptions and users; NaN where they lack them."""
    names = ("caller_id", "callee_id", "caller_imei", "caller_imsi", "callee_imsi", "call_start_ts", "first_cell_id")
    calls = dataset.calls(dataset.window, [*names, *WORDS["calls"]])
    columns = [_word(calls[name]) for name in WORDS["calls"]]
    if has_rows(dataset, "subscriptions"):
        columns += _subscribed(dataset, calls)
    if has_rows(dataset, "users"):
        wanted = ["user_id", "home_cell_id", "creation_date", *WORDS["users"]]
        users = dataset.table("users", wanted)
        for end in ("caller_id", "callee_id"):
            row = _places(calls[end], users["user_id"])
            home = users["home_cell_id"].cast(pa.string()).to_numpy()[row] == _texts(calls["first_cell_id"])
            created = _numbers(users["creation_date"].cast(pa.int32()))[row]
            since = _numbers(calls["call_start_ts"]) / DAY_MS - created
            words = [_word(users[name])[row] for name in WORDS["users"]]
            columns += [np.where(row >= 0, each, np.nan) for each in (home, since, *words)]
    return np.column_stack([np.asarray(column, np.float64) for column in columns])


def _subscribed(dataset: Dataset, calls: pa.Table) -> list[FloatArray]:
    """Return the columns of `INVENTORY`, from each party's latest subscription that began before the call."""
    table = dataset.table("subscriptions", ["user_id", "imei", "imsi", "valid_from"])
    users = pc.unique(table["user_id"].cast(pa.string()).combine_chunks())
    user, begins = _places(table["user_id"], users), _numbers(table["valid_from"]).astype(np.int64)
    order = np.lexsort((begins, user))
    table, user, begins = table.take(pa.array(order)), user[order], begins[order]
    start_ms = _numbers(calls["call_start_ts"]).astype(np.int64)
    low = min(int(begins.min()), int(start_ms.min(initial=begins.min())))
    step = max(int(begins.max()), int(start_ms.max(initial=begins.max()))) - low + 1
    keys, first = user * step + (begins - low), np.searchsorted(user, np.arange(len(users)))
    columns: list[FloatArray] = []
    for end, names in (("caller", ("imei", "imsi")), ("callee", ("imsi",))):
        who = _places(calls[f"{end}_id"], users)
        row = np.searchsorted(keys, who * step + (start_ms - low), side="right") - 1
        known = (who >= 0) & (row >= first[np.maximum(who, 0)])
        row = np.maximum(row, 0)
        agrees = [_texts(calls[f"{end}_{name}"]) == _texts(table[name])[row] for name in names]
        rest = [(start_ms - begins[row]) / DAY_MS, row - first[np.maximum(who, 0)]]
        columns += [np.where(known, each, np.nan) for each in (*agrees, *rest)]
    return columns


def _extreme(which: Any, group: IntArray, values: FloatArray, groups: int) -> FloatArray:
    found = np.full(groups, np.nan)
    which.at(found, group, values)
    return found


def _places(texts: "pa.ChunkedArray | pa.Array", among: "pa.ChunkedArray | pa.Array") -> IntArray:
    """Return the position of each text among others, -1 where it is missing, shape of `texts`."""
    known = among.combine_chunks() if isinstance(among, pa.ChunkedArray) else among
    found = pc.index_in(texts.cast(pa.string()), known.cast(pa.string()))
    return np.asarray(pc.fill_null(found, -1)).astype(np.int64)


def _texts(column: pa.ChunkedArray) -> "np.ndarray[Any, Any]":
    return np.asarray(column.cast(pa.string()).to_numpy())


def _numbers(column: pa.ChunkedArray) -> FloatArray:
    values = pc.cast(column, pa.int64()) if pa.types.is_timestamp(column.type) else column
    return np.asarray(pc.cast(values, pa.float64()).to_numpy(), np.float64)


def _word(column: pa.ChunkedArray) -> FloatArray:
    """Return the alphabetical number of each word of a column."""
    texts = _texts(column).astype(str)
    return np.unique(texts, return_inverse=True)[1].astype(np.float64)
