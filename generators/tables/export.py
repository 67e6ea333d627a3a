"""Exports a world: labelled call records, the other tables, features of users, and a data card."""

import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from bench.dataset import Clock, Dataset
from bench.generator import Progress
from bench.host.read_json import object_in
from bench.host.sheets import quoted_in_sheet
from bench.schema import (
    CALLS,
    DATA_TABLES,
    LABELS,
    OPTIONAL_TABLES,
    SEED_CALL_COLUMNS,
    SOCIETY_TABLES,
    USER_FEATURES,
    exported,
)
from bench.truth import NORMAL, CallLabels, Truth
from generators.tables.columns import ROW_GROUP, ParquetRows, coded, write_parquet
from generators.tables.data_card import data_card

CALL_FILE = exported("calls")
FILES = {name: exported(name) for name in DATA_TABLES if name != "calls"}
"""File names of the exported tables."""
SOCIETY_FILES = {name: exported(name) for name in (*SOCIETY_TABLES, *OPTIONAL_TABLES)}
"""File names of the tables of a simulated society, and of those that a world has if its settings ask for them."""
TIMES = "%Y-%m-%d %H:%M:%S%.3fZ"
"""Format of times in CSV files: UTC, with milliseconds."""
NIGHT_ENDS_H, SHORT_S, SATURDAY = 5, 10, 6


def write(world: Path, out: Path, csv: bool, progress: Progress) -> None:
    """Write every data product of the world in folder `world` to the folder `out`, as Parquet and perhaps as CSV."""
    dataset, truth = Dataset.open(world / "data"), Truth(world / "truth")
    labels = truth.call_labels(*dataset.call_range(dataset.window))
    _write_calls(world, out, labels, csv, progress)
    for table, name in FILES.items():
        shutil.copyfile(world / "data" / f"{table}.parquet", out / f"{name}.parquet")
    society = {table: name for table, name in SOCIETY_FILES.items() if (world / "truth" / f"{table}.parquet").exists()}
    for table, name in {**society, "incidents": "incidents", "truth": "truth"}.items():
        shutil.copyfile(world / "truth" / f"{table}.parquet", out / f"{name}.parquet")
    write_parquet(out / "user_features.parquet", user_features(dataset, labels))
    shutil.copyfile(world / "manifest.json", out / "manifest.json")
    shutil.copyfile(world / "data" / "clock.json", out / "clock.json")
    manifest = object_in(world / "manifest.json")
    (out / "README.md").write_text(data_card(manifest, dataset.clock))
    if csv:
        for name in (*FILES.values(), *society.values(), "incidents", "truth", "user_features"):
            _write_csv(out / f"{name}.csv", map(_without_lists, _parts(out / f"{name}.parquet")))


def labelled_schema() -> pa.Schema:
    """Return the columns of the exported call records: those of the published generator, then ours."""
    columns = [*CALLS.columns[:SEED_CALL_COLUMNS], *LABELS, *CALLS.columns[SEED_CALL_COLUMNS:]]
    return pa.schema([pa.field(c.name, c.type, nullable=False) for c in columns])


def _local(clock: Clock) -> pl.Expr:
    """Return starts in local time."""
    utc = pl.col("call_start_ts")
    found = utc + pl.duration(seconds=clock.utc_offset_s)
    for moment, offset_s in clock.changes:
        found = pl.when(utc.to_physical() < moment).then(found).otherwise(utc + pl.duration(seconds=offset_s))
    return found


def user_features(dataset: Dataset, labels: CallLabels) -> pa.Table:
    """Return aggregates of each user's calls; `bench.schema.USER_FEATURES` defines the columns."""
    calls = pl.scan_parquet(dataset.folder / "calls.parquet")
    texts = [pl.col(name).cast(pl.String) for name in ("caller_id", "callee_id", "outcome")]
    calls = calls.with_columns(*texts, local=_local(dataset.clock))
    anomalous = pl.LazyFrame({"is_anomaly": labels.anomalous})
    made = pl.concat([calls, anomalous], how="horizontal").group_by("caller_id").agg(*_of_calls_made())
    received = calls.group_by("callee_id").agg(incoming_calls=pl.len())
    users = pl.scan_parquet(dataset.folder / "users.parquet").select("user_id")
    joined = users.join(made, left_on="user_id", right_on="caller_id", how="left").join(
        received, left_on="user_id", right_on="callee_id", how="left"
    )
    filled = joined.with_columns(pl.all().exclude("user_id", "is_anomalous_user").fill_null(0)).with_columns(
        total_calls=pl.col("outgoing_calls") + pl.col("incoming_calls"),
        is_anomalous_user=pl.col("is_anomalous_user").fill_null(value=False),
    )
    table = filled.select(USER_FEATURES.arrow.names).sort("user_id").collect(engine="streaming").to_arrow()
    return table.cast(USER_FEATURES.arrow)


def _of_calls_made() -> list[pl.Expr]:
    answered = pl.col("outcome") == "answered"
    duration = pl.col("call_duration")
    return [
        pl.len().alias("outgoing_calls"),
        duration.filter(answered).mean().fill_null(0.0).alias("mean_duration"),
        duration.max().alias("longest_duration"),
        pl.col("callee_id").n_unique().alias("distinct_contacts"),
        (pl.col("local").dt.hour() < NIGHT_ENDS_H).mean().alias("night_share"),
        (pl.col("local").dt.weekday() >= SATURDAY).mean().alias("weekend_share"),
        (duration.filter(answered) < SHORT_S).mean().fill_null(0.0).alias("short_share"),
        pl.col("is_anomaly").any().alias("is_anomalous_user"),
    ]


def _write_calls(world: Path, out: Path, labels: CallLabels, csv: bool, progress: Progress) -> None:
    """Write the labelled calls, row group by row group."""
    schema = labelled_schema()
    file = ParquetRows(out / f"{CALL_FILE}.parquet", schema)

    def parts() -> Iterator[pa.Table]:
        for table in _labelled(world / "data" / "calls.parquet", labels, schema, progress):
            file.write(table)
            yield table

    if csv:
        _write_csv(out / f"{CALL_FILE}.csv", parts())
    else:
        for _ in parts():
            pass
    file.close()


def _labelled(path: Path, labels: CallLabels, schema: pa.Schema, progress: Progress) -> Iterator[pa.Table]:
    kinds = pa.array([*labels.types, NORMAL])
    normal = np.int32(len(labels.types))
    with pq.ParquetFile(path) as calls:
        total = calls.metadata.num_rows
        for number in range(calls.num_row_groups):
            table = calls.read_row_group(number)
            low = number * ROW_GROUP
            codes = labels.type_code[low : low + table.num_rows].astype(np.int32)
            table = table.append_column("is_anomaly", pa.array(codes >= 0))
            kind = coded(np.where(codes < 0, normal, codes), kinds)
            table = table.append_column("anomaly_type", kind)
            progress("writing the calls", low + table.num_rows, total)
            yield pa.Table.from_arrays([table[name] for name in schema.names], schema=schema)


def _write_csv(path: Path, tables: Iterable[pa.Table]) -> None:
    """Write tables one after the other, times as ISO 8601 in UTC, texts as no spreadsheet calculates them."""
    with path.open("wb") as file:
        for number, table in enumerate(tables):
            if not number:
                file.write((",".join(f'"{name}"' for name in table.column_names) + "\n").encode())
            frame = pl.DataFrame(quoted_in_sheet(table))
            frame.write_csv(file, include_header=False, quote_style="never", datetime_format=TIMES)


def _parts(path: Path) -> Iterator[pa.Table]:
    """Read a table one row group at a time, which bounds the memory; an empty table as a whole."""
    with pq.ParquetFile(path) as file:
        yield file.schema_arrow.empty_table()
        for number in range(file.num_row_groups):
            yield file.read_row_group(number)


def _without_lists(table: pa.Table) -> pa.Table:
    """Return a table in which lists of texts are texts joined by blanks."""
    for number, field in enumerate(table.schema):
        if pa.types.is_list(field.type):
            joined = pa.array([" ".join(texts) for texts in table[field.name].to_pylist()])
            table = table.set_column(number, field.name, joined)
    return table
