"""Planted leaks that test the audit: for each column, a defect in the rows of anomalous calls.

A plant turns a world into one in which every anomalous call, or a share of them, or those of some types, gives itself
away in one column, as an injector might by mistake. `benchmarks/audit.py power` prints which are found at which share.
"""

import shutil
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from bench.audit.marks.forms import plain
from bench.dataset import Dataset
from bench.schema import DATA_TABLES
from bench.spans import DAY_MS, QUARTER_MS
from bench.truth import Truth

Edit = Callable[[pl.Expr], pl.Expr]
FAR_OFF = pl.datetime(2030, 1, 1, time_unit="ms", time_zone="UTC")
COUNTED = (
    "sessions", "live_sessions", "hellos", "fails", "timeouts", "drops", "handovers_in", "handovers_out",
    "setup_attempts",
)  # fmt: skip


@dataclass(frozen=True)
class Plant:
    """One planted leak: the change of a column of a table."""

    table: str
    column: str
    what: str
    edit: Edit
    """Function that changes the column in the affected rows."""

    @property
    def name(self) -> str:
        """Return the name of the change."""
        return f"{self.table}.{self.column}: {self.what}"


def _digit_more(column: pl.Expr) -> pl.Expr:
    return column + "7"


def _wrong_check(column: pl.Expr) -> pl.Expr:
    last = (column.str.tail(1).cast(pl.Int64) + 1) % 10
    return column.str.slice(0, column.str.len_chars() - 1) + last.cast(pl.String)


def _scrambled(column: pl.Expr) -> pl.Expr:
    """Replace the values of each row by those of the row one third of the table further on."""
    return column.gather((pl.int_range(pl.len()) + pl.len() // 3) % pl.len())


def _constant(column: pl.Expr) -> pl.Expr:
    return column.drop_nulls().first()


def _rounded(step: float) -> Edit:
    return lambda column: (column / step).round() * step


def _plus(number: float) -> Edit:
    return lambda column: column + number


def _every(unit: str) -> Edit:
    return lambda column: column.dt.truncate(unit)


def _later(seconds: float) -> Edit:
    return lambda column: column + pl.duration(milliseconds=round(1000 * seconds))


def _even(column: pl.Expr) -> pl.Expr:
    return column - column % 2


def _text(word: str) -> Edit:
    return lambda column: pl.lit(word)


def _instead(wanted: str, word: str) -> Edit:
    return lambda column: pl.when(column == wanted).then(pl.lit(word)).otherwise(column)


PLANTS = tuple(
    Plant(name.partition(".")[0], name.partition(".")[2], what, edit)
    for name, what, edit in (
        ("calls.call_id", "an extra digit", _digit_more),
        ("calls.caller_id", "somebody else's", _scrambled),
        ("calls.callee_id", "somebody else's", _scrambled),
        ("calls.call_start_ts", "whole minutes", _every("1m")),
        ("calls.call_end_ts", "a second later", _later(1)),
        ("calls.call_duration", "even", _even),
        ("calls.first_cell_id", "always the same", _constant),
        ("calls.last_cell_id", "always the same", _constant),
        ("calls.caller_imei", "wrong check digit", _wrong_check),
        ("calls.caller_imsi", "scrambled", _scrambled),
        ("calls.callee_imsi", "scrambled", _scrambled),
        ("calls.callee_number", "an extra digit", _digit_more),
        ("calls.callee_type", "always the same", _text("unlisted")),
        ("calls.outcome", "always the same", _text("missed")),
        ("calls.handovers", "7 more", _plus(7)),
        ("events.session_id", "reversed", lambda column: column),
        ("events.caller_id", "somebody else's", _scrambled),
        ("events.time_stamp", "whole seconds", _every("1s")),
        ("events.received_at", "always 100 ms later", lambda _: _later(0.1)(pl.col("time_stamp"))),
        ("events.state", "another word", _instead("END", "STOP")),
        ("events.x", "rounded to 100 m", _rounded(100)),
        ("events.y", "rounded to 100 m", _rounded(100)),
        ("events.tower_id", "always the same", _constant),
        ("events.cell_id", "always the same", _constant),
        ("events.power_dbm", "rounded to 1 dB", _rounded(1)),
        ("events.cause", "false text", _text("drop")),
        ("events.call_start", "whole seconds", _every("1s")),
        ("events.duration", "1 s more", _plus(1)),
        ("events.previous_tower_id", "where none belongs", _text("tower_000")),
        ("events.previous_connection_duration", "rounded to 1 s", _rounded(1)),
        ("users.user_id", "an extra digit", _digit_more),
        ("users.phone_number", "an extra digit", _digit_more),
        ("users.imei", "wrong check digit", _wrong_check),
        ("users.imsi", "scrambled", _scrambled),
        ("users.home_cell_id", "an unknown one", _text("cell_999")),
        ("users.user_type", "another word", _text("vip")),
        ("users.creation_date", "a day later", _later(86_400)),
        ("users.call_pattern", "another word", _text("odd")),
        ("subscriptions.user_id", "an extra digit", _digit_more),
        ("subscriptions.phone_number", "an extra digit", _digit_more),
        ("subscriptions.imsi", "scrambled", _scrambled),
        ("subscriptions.imei", "wrong check digit", _wrong_check),
        ("subscriptions.valid_from", "7 ms later", lambda c: c + pl.duration(milliseconds=7)),
        ("subscriptions.valid_to", "an end", lambda column: column.fill_null(FAR_OFF)),
        ("user_status.user_id", "an extra digit", _digit_more),
        ("user_status.window_start", "an hour later", _later(3600)),
        ("user_status.state", "always the same", _text("LIVE")),
        ("user_status.x", "rounded to 100 m", _rounded(100)),
        ("user_status.y", "rounded to 100 m", _rounded(100)),
        ("user_status.cell_id", "always the same", _constant),
        ("user_status.power_dbm", "rounded to 1 dB", _rounded(1)),
        ("user_status.calls", "1 more", _plus(1)),
        ("user_status.failures", "1 more", _plus(1)),
        ("tower_status.cell_id", "always the same", _constant),
        ("tower_status.tower_id", "always the same", _constant),
        ("tower_status.window_start", "a minute later", _later(60)),
        ("tower_status.state", "always the same", _text("ORANGE")),
        *((f"tower_status.{name}", "1 more", _plus(1)) for name in COUNTED),
        ("tower_status.failure_share", "0.05 more", _plus(0.05)),
        ("tower_status.mean_session_s", "rounded to 1 s", _rounded(1)),
        ("tower_status.handover_success", "0.03 less", _plus(-0.03)),
        ("tower_status.setup_success", "0.03 less", _plus(-0.03)),
        ("tower_status.traffic_erlang", "rounded to 0.01", _rounded(0.01)),
        ("coverage.x", "1 m off", _plus(1)),
        ("coverage.y", "1 m off", _plus(1)),
        ("coverage.cell_id", "always the same", _constant),
        ("coverage.power_dbm", "rounded to 1 dB", _rounded(1)),
        ("coverage.cells_heard", "1 more", _plus(1)),
        ("cells.cell_id", "an extra digit", _digit_more),
        ("cells.latitude", "rounded", _rounded(0.01)),
        ("cells.longitude", "rounded", _rounded(0.01)),
        ("cells.area_type", "another word", _text("forest")),
        ("cells.tower_type", "another word", _text("mast")),
        ("cells.tower_id", "an extra digit", _digit_more),
        ("cells.cgi", "an extra digit", _digit_more),
    )
)  # fmt: skip
"""One planted leak for each column of the schema."""


def planted(
    world: Path, folder: Path, plant: Plant, share: float = 1.0, types: Collection[str] = (), seed: int = 0
) -> Path:
    """Copy a world, with the table of a plant changed in the rows of a share of the anomalous calls.

    Parameters
    ----------
    world, folder
        Source and destination, folders with `data` and `truth`; files that do not change are linked.
    plant
        The change to make.
    share
        Share of the anomalous calls to change.
    types
        Types whose calls are changed; all when empty.
    seed
        Seed of the random choice of those calls.
    """
    shutil.copytree(world, folder, copy_function=lambda one, other: Path(other).symlink_to(Path(one).resolve()))
    path = folder / "data" / f"{plant.table}.parquet"
    table = plain(pq.read_table(path))
    hit = _hit(world, plant.table, table, share, types, seed)
    if plant.what == "reversed":
        order = pl.int_range(pl.len())
        table = table.with_columns(hit=pl.Series(hit), at=order)
        back = (pl.col("at").max() + pl.col("at").min() - pl.col("at")).over("session_id")
        table = table.sort(pl.when("hit").then(back).otherwise("at"), maintain_order=True).drop("hit", "at")
    else:
        column = pl.col(plant.column)
        kind = table[plant.column].dtype
        new = pl.when(pl.Series(hit)).then(plant.edit(column).cast(kind)).otherwise(column)
        table = table.with_columns(new.alias(plant.column))
    path.unlink()
    pq.write_table(_as_written(plant.table, table), path)
    return folder


def _hit(world: Path, name: str, table: pl.DataFrame, share: float, types: Collection[str], seed: int) -> np.ndarray:
    """Return which rows of a table belong to the chosen calls."""
    dataset, truth = Dataset.open(world / "data"), Truth(world / "truth")
    calls = plain(dataset.table("calls"))
    labels = truth.call_labels(0, calls.height)
    wanted = [code for code, each in enumerate(labels.types) if not types or each in types]
    rows = np.flatnonzero(np.isin(labels.type_code, wanted))
    rng = np.random.default_rng(seed)
    meant = calls[np.sort(rng.choice(rows, max(1, round(share * rows.size)), replace=False))]
    start = meant["call_start_ts"].to_physical()
    if name == "calls":
        return np.asarray(calls["call_id"].is_in(meant["call_id"].implode()).to_numpy())
    if name == "events":
        return np.asarray(table["session_id"].is_in(meant["call_id"].implode()).to_numpy())
    if name in ("users", "subscriptions"):
        return np.asarray(table["user_id"].is_in(meant["caller_id"].implode()).to_numpy())
    if name in ("cells", "coverage"):
        return np.asarray(table["cell_id"].is_in(meant["first_cell_id"].implode()).fill_null(False).to_numpy())
    who, step = ("user_id", DAY_MS) if name == "user_status" else ("cell_id", QUARTER_MS)
    whose = meant["caller_id" if name == "user_status" else "first_cell_id"]
    windows = pl.DataFrame({who: whose, "at": (start - dataset.clock.start_ms) // step}).unique()
    at = (table["window_start"].to_physical() - dataset.clock.start_ms) // step
    both = table.select(who, at=at).with_row_index("row").join(windows, on=[who, "at"], how="semi")
    hit = np.zeros(table.height, np.bool_)
    hit[both["row"].to_numpy()] = True
    return hit


def _as_written(name: str, table: pl.DataFrame) -> pa.Table:
    """Convert a frame to a table of the schema, with each dictionary in alphabetical order."""
    columns = []
    for column in DATA_TABLES[name].columns:
        values = table[column.name].to_arrow()
        if pa.types.is_dictionary(column.type):
            words = pl.Series(table[column.name].drop_nulls().unique().sort())
            place = table[column.name].replace_strict(
                words, pl.int_range(len(words), eager=True), default=None, return_dtype=pl.Int32
            )
            values = pa.DictionaryArray.from_arrays(place.to_arrow(), words.to_arrow().cast(pa.string()))
        columns.append(values.cast(column.type))
    return pa.table(columns, schema=DATA_TABLES[name].arrow)
