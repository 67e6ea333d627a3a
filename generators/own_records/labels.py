"""Ground truth of own records: from label columns, or from tables that this program exported."""

from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from bench.faults import UserError
from bench.schema import INCIDENTS, TRUTH
from bench.truth import Truth
from generators.own_records.calls import Calls
from generators.own_records.pseudonyms import Naming
from generators.tables.columns import conformed

Tables = dict[str, pa.Table]


def labels_of(calls: Calls) -> Tables:
    """Return `incidents` and `truth` from the label columns; empty if there are none.

    Records of one incident_id are one incident; a labelled record without one is an incident of its own.

    Raises
    ------
    UserError
        When the records of an incident are of several types.
    """
    direct = _direct_rows(calls)
    found = direct.group_by("incident_id", maintain_order=True).agg(
        pl.col("anomaly_type").unique(maintain_order=True),
        level=pl.when(pl.len() == 1).then(pl.lit("call")).when(pl.col("caller").n_unique() == 1).then(pl.lit("user"))
        .otherwise(pl.lit("group")),
        start_ts=pl.col("start_ts").min(),
        end_ts=pl.col("end_ts").max(),
        actors=pl.col("caller").unique().sort(),
        parameters=pl.lit("{}"),
    )  # fmt: skip
    for name, kinds in found.filter(pl.col("anomaly_type").list.len() > 1).select("incident_id", "anomaly_type").rows():
        raise UserError(f"incident_id {name}: all its calls must have one anomaly_type, got {' and '.join(kinds)}")
    incidents = found.with_columns(pl.col("anomaly_type").list.first())
    truth = direct.drop("start_ts", "end_ts").with_columns(
        *(pl.lit(None, pl.String).alias(name) for name in ("user_id", "cell_id")),
        *(pl.lit(None, pl.Datetime("ms", "UTC")).alias(name) for name in ("start_ts", "end_ts")),
        level=pl.lit("call"),
        change=pl.lit("added"),
        cause=pl.lit("direct"),
    )
    return {"incidents": _table(incidents, INCIDENTS.arrow), "truth": _table(truth, TRUTH.arrow)}


def labels_in(folder: Path, calls: Calls, naming: Naming) -> Tables:
    """Return `incidents` and `truth` from the files of a folder, matched with the calls by `call_id`.

    Raises
    ------
    UserError
        When a table cannot be read, or names a call that is not there.
    """
    source = Truth(folder)
    incidents, truth = source.table("incidents"), source.table("truth")
    ids = truth["entity_id"]
    kept = _is(truth, "level", "call") & ~_is(truth, "change", "removed")
    place = pc.index_in(ids, calls.call_id.combine_chunks())
    row = np.asarray(pc.fill_null(place, -1)).astype(np.int64)
    for lost in np.flatnonzero(kept & (row < 0)):
        where = f"{folder / 'truth.parquet'}, row {lost + 1}, column entity_id"
        raise UserError(f"{where}: must be a call_id of the files, got {ids[int(lost)].as_py()!r}")
    levels = incidents["level"].to_pylist()
    actors = [
        each if level == "cell" else naming.named("number", each).to_pylist()
        for each, level in zip(incidents["actors"].to_pylist(), levels, strict=True)
    ]
    users = _renamed(truth["user_id"].cast(pa.string()).combine_chunks(), naming)
    of_user = pa.array(_is(truth, "level", "user"))
    columns = {
        "row": pa.array(np.where(kept, row, -1)),
        "entity_id": pc.if_else(of_user, users, ids.combine_chunks()),
        "user_id": users,
    }
    return {
        "incidents": _replaced(incidents, {"actors": pa.array(actors, INCIDENTS.arrow.field("actors").type)}),
        "truth": _replaced(truth, columns),
    }


def _direct_rows(calls: Calls) -> pl.DataFrame:
    """Return the labelled calls, one row each, in order of time."""
    if "anomaly_type" not in calls.codes:
        rows = np.zeros(0, np.int64)
        kinds, incidents = pa.array([], pa.string()), pa.array([], pa.string())
    else:
        codes, texts = calls.codes["anomaly_type"], calls.texts["anomaly_type"]
        rows = np.flatnonzero(np.asarray(pc.not_equal(texts, ""))[codes])
        kinds = texts.take(pa.array(codes[rows]))
        incidents = pa.array([""] * rows.size, pa.string())
        if "incident_id" in calls.codes:
            incidents = calls.texts["incident"].take(pa.array(calls.codes["incident_id"][rows]))
    start_ms = calls.start_ms[rows]
    ids = calls.call_id.take(pa.array(rows)).combine_chunks()
    callers = calls.texts["number"].take(pa.array(calls.codes["caller_id"][rows]))
    facts = {
        "row": rows,
        "entity_id": pl.Series(ids, dtype=pl.String),
        "anomaly_type": pl.Series(kinds, dtype=pl.String),
        "incident_id": pl.Series(pc.if_else(pc.equal(incidents, ""), ids, incidents), dtype=pl.String),
        "caller": pl.Series(callers, dtype=pl.String),
        "start_ts": start_ms,
        "end_ts": start_ms + 1000 * (calls.seconds[rows].astype(np.int64) + calls.setup_s[rows]),
    }
    return pl.DataFrame(facts)


def _renamed(ids: pa.Array, naming: Naming) -> pa.Array:
    """Return users under the names that they have in the tables; empty where there is no user."""
    known = pc.is_valid(ids)
    return pc.replace_with_mask(ids, known, naming.named("number", ids.filter(known).to_pylist()))


def _is(table: pa.Table, column: str, text: str) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    return np.asarray(pc.equal(table[column].cast(pa.string()), text))


def _replaced(table: pa.Table, columns: dict[str, pa.Array]) -> pa.Table:
    whole = {name: columns.get(name, table[name]) for name in table.column_names}
    return conformed(pa.table(whole), table.schema)


def _table(frame: pl.DataFrame, schema: pa.Schema) -> pa.Table:
    """Return a frame as a table of the schema."""
    table = frame.select(schema.names).to_arrow()
    texts = {name: table[name].cast(pa.string()) for name in ("anomaly_type", "level") if name in table.column_names}
    return conformed(_plain(table, texts), schema)


def _plain(table: pa.Table, columns: dict[str, pa.Array]) -> pa.Table:
    return pa.table({name: columns.get(name, table[name]) for name in table.column_names})
