"""Features of what happens before and after a call: of its caller, callee, pair, device and cell."""

import numpy as np
import pyarrow as pa
from encoded import Columns, numbers

from bench.arrays import IntArray
from bench.audit.marks.record_marks import codes
from bench.dataset import Dataset
from bench.spans import HOUR_MS
from detectors.features.sequence.timeline import Timeline

HOURS = (0.25, 1, 24, 24 * 7)


def around(dataset: Dataset, rows: IntArray) -> Columns:
    """Return, of some calls, how many others there are within some hours before or after, and how long these are.

    `made_by.caller` are the calls that the caller makes, `got_by.caller` those that it gets, and so on.
    """
    names = ["call_start_ts", "call_duration", "caller_imei", "first_cell_id", "outcome", "callee_type"]
    table = dataset.table("calls", names)
    parties, caller, callee = Timeline(dataset).parties
    start = np.asarray(table["call_start_ts"].cast(pa.int64()))
    facts = {
        "duration": np.log1p(numbers(table["call_duration"])),
        "answered": (codes(table["outcome"]) == _code(table["outcome"], "answered")) * 1.0,
        "subscriber": (codes(table["callee_type"]) == _code(table["callee_type"], "subscriber")) * 1.0,
    }
    device, cell = codes(table["caller_imei"]), codes(table["first_cell_id"])
    pair, back = caller * parties + callee, callee * parties + caller
    asked = {
        "made_by.caller": (caller, caller), "got_by.caller": (callee, caller), "made_by.callee": (caller, callee),
        "got_by.callee": (callee, callee), "pair": (pair, pair), "called_back": (pair, back),
        "device": (device, device), "cell": (cell, cell),
    }  # fmt: skip
    found: Columns = {}
    for name, (key, whose) in asked.items():
        found |= {f"around.{name}.{what}": v for what, v in _near(start, key, whose[rows], start[rows], facts).items()}
    return found


def _near(start: IntArray, key: IntArray, whose: IntArray, when: IntArray, facts: Columns) -> Columns:
    """Return what calls with the same key are around some moments: how many, how long, and the gaps either side."""
    margin = int(HOURS[-1] * HOUR_MS) + 1
    step = int(start.max()) - int(start.min()) + 4 * margin
    order = np.lexsort((start, key))
    packed = (key * step + (start - start.min() + margin))[order]
    asked = whose * step + (when - start.min() + margin)
    sums = {name: np.append(0.0, np.cumsum(values[order])) for name, values in facts.items()}
    out: Columns = {}
    for hours in HOURS:
        low, high = (np.searchsorted(packed, asked + sign * int(hours * HOUR_MS)) for sign in (-1, 1))
        out[f"calls_{hours:g}h"] = (high - low).astype(np.float64)
        for name, total in sums.items():
            out[f"{name}_{hours:g}h"] = (total[high] - total[low]) / np.maximum(high - low, 1)
    before, after = np.searchsorted(packed, asked) - 1, np.searchsorted(packed, asked, side="right")
    for name, place in (("since", before), ("until", after)):
        inside = np.clip(place, 0, packed.size - 1)
        gap = np.abs(packed[inside] - asked) / HOUR_MS
        out[name] = np.where((inside == place) & (gap * HOUR_MS < step - 2 * margin), gap, np.nan)
    return out


def _code(column: pa.ChunkedArray, word: str) -> int:
    words = column.unify_dictionaries().combine_chunks().dictionary.to_pylist()
    return int(words.index(word)) if word in words else -1
