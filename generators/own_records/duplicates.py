"""Finds repeated records and legs of one call, and leaves them out if the settings say so."""

from typing import Any

import numpy as np
import polars as pl

from bench.faults import UserError
from generators.own_records.reading import Records

MIXERS = {"start_ms": 0x9E3779B97F4A7C15, "seconds": 0xC2B2AE3D27D4EB4F, "caller_id": 0x165667B19E3779F9,
          "callee_id": 0x27D4EB2F165667C5}  # fmt: skip
"""Odd multipliers of the hash of a record; records with equal hashes are compared."""


def without_duplicates(records: Records, order: Any) -> tuple[Any, dict[str, int]]:
    """Return the order of the records that are kept, and the numbers of repeated and left out ones.

    Parameters
    ----------
    records
        All rows.
    order
        Shape (records,): numbers of the records in order of their start.

    Raises
    ------
    UserError
        When records are repeated and `generator.repeats` is refuse.
    """
    counts = {}
    if records.settings.legs == "fold" and "call_id" in records.columns:
        kept = folded(records, order)
        counts["legs"] = int(order.size - kept.size)
        order = kept
    again = repeated(records, order)
    counts["repeats"] = int(again.sum())
    if records.settings.repeats == "refuse" and again.any():
        place = records.place(int(order[np.argmax(again)]))
        rule = "generator.repeats must be keep or drop where records repeat the caller, callee, start and length of one"
        raise UserError(f"{rule} before, got {counts['repeats']:,} of them (first {place})")
    return (order[~again] if records.settings.repeats == "drop" else order), counts


def repeated(records: Records, order: Any) -> Any:
    """Return which records have the same caller, callee, start and length as an earlier one; shape (n,), bool."""
    columns = {name: records.whole(name)[order] for name in MIXERS}
    mixed = np.zeros(order.size, np.uint64)
    for name, mixer in MIXERS.items():
        mixed = (mixed ^ columns[name].astype(np.uint64)) * np.uint64(mixer)
        mixed ^= mixed >> np.uint64(29)
    found = pl.Series(mixed).is_duplicated().to_numpy().copy()
    rows = np.flatnonzero(found)
    if rows.size:
        alike = pl.DataFrame({name: column[rows] for name, column in columns.items()})
        found[rows] = ~alike.select(pl.struct(pl.all()).is_first_distinct()).to_series().to_numpy()
    return found


def folded(records: Records, order: Any) -> Any:
    """Return the order of the records without the legs of a call that another leg represents.

    Records of one `call_id`, or of which one names the other as its other leg, are one call. The answered one of them
    stays; of several the one that begins first, and of these the longest.
    """
    ids = pl.Series(records.whole("call_id")).gather(order)
    frame = pl.DataFrame({"call": ids, "row": order, "start": records.whole("start_ms")[order]})
    if "other_leg_id" in records.columns:
        other = pl.Series(records.whole("other_leg_id")).gather(order)
        frame = frame.with_columns(call=pl.when(other == "").then(ids).otherwise(pl.min_horizontal(ids, other)))
    answered = np.array([text == "answered" for text in records.vocabularies["outcome"].texts])
    frame = frame.with_columns(
        answered=pl.Series(answered[records.whole("outcome")[order]]), seconds=records.whole("seconds")[order]
    )
    best = frame.sort(["answered", "start", "seconds"], descending=[True, False, True], maintain_order=True)
    kept = best.unique("call", keep="first", maintain_order=True)["row"].to_numpy()
    return order[np.isin(order, kept)]
