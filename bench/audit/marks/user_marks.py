"""Marks of a user in the inventory: order, digits, agreement between tables."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from bench.arrays import FloatArray, IntArray
from bench.audit.marks.forms import Normal, column_forms, plain, shown, stand_ins
from bench.audit.marks.record_marks import PLACES, identifier_numbers
from bench.dataset import Dataset

IDENTIFIERS = ("user_id", "phone_number", "imei", "imsi")


def user_marks(dataset: Dataset, normal: Normal, rng: np.random.Generator) -> dict[str, FloatArray]:
    """Return forms and agreements of every user, by name, in the order of the table of users; shape (users,) each.

    The position of a user in the dictionaries of the calls counts too, since it is visible in the file.

    Parameters
    ----------
    dataset
        Users, subscriptions, and the first rows of calls and user status.
    normal
        Normal rows.
    rng
        Generator of the digits that replace repeated ones: an identifier that many users share counts once.
    """
    users = plain(dataset.table("users"))
    marks: dict[str, Any] = {"row_of_user": np.arange(users.height)}
    sources = {name: stand_ins(users[name], users[name], rng) for name in IDENTIFIERS}
    marks |= identifier_numbers(users, sources)
    marks |= {f"{name}_mod_{place}": marks[f"{name}_number"] % place for name in IDENTIFIERS for place in PLACES}
    marks["unique_identifiers"] = sum(users[name].is_duplicated().to_numpy() for name in IDENTIFIERS)
    cells = pl.Series(dataset.table("cells", ["cell_id"])["cell_id"].cast(pa.string()))
    marks["home_cell_known"] = ~users["home_cell_id"].is_in(cells.implode()).fill_null(True).to_numpy()
    marks |= {name: shown(place, sources[key]) for name, key, place in _places(dataset, users)}
    held = plain(dataset.table("subscriptions")).sort("user_id", "valid_from", maintain_order=True)
    marks |= _agreements(dataset, users, held)
    first = users.select("user_id").join(
        held.unique("user_id", keep="last", maintain_order=True), on="user_id", how="left", maintain_order="left"
    )
    forms = column_forms("users", users, normal, users["user_id"], rng, sources)
    if not held.height:  # where the table of users is made from the calls, the date is that of the first call
        forms = {name: values for name, values in forms.items() if not name.startswith("users.creation_date.")}
    forms |= column_forms("subscriptions", first, normal, users["user_id"], rng, _also_of(first, sources, rng))
    return forms | {name: np.asarray(values, np.float64) for name, values in marks.items()}


def _also_of(held: pl.DataFrame, sources: Mapping[str, IntArray], rng: np.random.Generator) -> dict[str, IntArray]:
    """Return the rows shown for subscriptions: those shown for users, and others where a value occurs twice."""
    rows = np.arange(held.height)
    own = {name: stand_ins(held[name], held[name], rng) for name in sources}
    return {name: np.where(source == rows, own[name], source) for name, source in sources.items()}


def _places(dataset: Dataset, users: pl.DataFrame) -> Iterator[tuple[str, str, FloatArray]]:
    """Yield where each user first occurs in the files of calls and status, by name and identifier; NaN: nowhere."""
    first = dataset.open_table("calls").read_row_group(0, ["caller_id", "caller_imei", "caller_imsi"])
    for name, key in (("caller_id", "user_id"), ("caller_imei", "imei"), ("caller_imsi", "imsi")):
        yield f"place_among_{name}", key, _place_among(users[key], first[name].chunk(0).dictionary.cast(pa.string()))
    file = dataset.open_table("user_status")
    if file.num_row_groups:
        status = file.read_row_group(0, ["user_id"])["user_id"].cast(pa.string())
        yield "row_in_user_status", "user_id", _place_among(users["user_id"], status)


def _place_among(texts: pl.Series, among: pa.Array | pa.ChunkedArray) -> FloatArray:
    place = pc.index_in(texts.to_arrow().cast(pa.string()), among)
    return np.asarray(pc.fill_null(place.cast(pa.float64()), np.nan))


def _agreements(dataset: Dataset, users: pl.DataFrame, held: pl.DataFrame) -> dict[str, Any]:
    """Return whether a user's row differs from its first period, and whether the periods are out of order."""
    days = pl.col("valid_from").dt.offset_by(f"{dataset.clock.utc_offset_s}s").dt.date()
    each = held.group_by("user_id", maintain_order=True).agg(
        pl.col("phone_number").first().alias("first_number"), pl.col("imsi").first().alias("first_imsi"),
        pl.col("imei").first().alias("first_imei"), days.first().alias("first_day"),
        backwards=(pl.col("valid_to") <= pl.col("valid_from")).fill_null(False).sum(),
    )  # fmt: skip
    both = users.join(each, on="user_id", how="left", maintain_order="left")
    pairs = {
        "number_of_user": ("phone_number", "first_number"), "imsi_of_user": ("imsi", "first_imsi"),
        "imei_of_user": ("imei", "first_imei"),
    }  # fmt: skip
    found: dict[str, Any] = {name: (both[a] != both[b]).fill_null(True).to_numpy() for name, (a, b) in pairs.items()}
    apart = (both["creation_date"] - both["first_day"]).dt.total_days()
    return found | {
        "created_when_valid": apart.cast(pl.Float64).fill_null(np.nan).to_numpy(),
        "periods_in_order": both["backwards"].fill_null(0).to_numpy(),
    }
