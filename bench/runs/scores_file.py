"""Evaluate scores from a file like those of a detector: of calls, days of users or quarter hours of cells."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from bench.arrays import FloatArray
from bench.dataset import Dataset
from bench.detector import Level, Scores
from bench.faults import UserError
from bench.host.read_json import UnreadableError, json_of, member, object_in
from bench.host.sheets import column_from_sheet
from bench.levels import Grid
from bench.run_tables import SCORE_FACTS, SCORES
from bench.schema import UNREADABLE
from bench.truth import Truth

KINDS = (".csv", ".parquet")
NOUNS = {Level.CALL: "call", Level.USER_DAY: "user's day", Level.CELL_QUARTER: "cell's quarter hour"}


@dataclass(frozen=True)
class ScoresFile:
    """Scores from a file with columns `call_id` and `score`; higher means more anomalous. Others are ignored.

    Scores of users' days have `user_id` and `begins` instead of `call_id`, those of cells' quarter hours `cell_id` and
    `begins`. It must contain every record of the window, in any order; it may also contain calls of the history. The
    `scores.parquet` of a run is such a file, and its metadata has the fingerprint of the world and the other values
    below.
    """

    path: str
    """CSV (with a header) or Parquet, by its extension; relative to the working directory."""
    causal: bool | None = None
    """Whether each score uses only the past of its record, so that delays are reported. If not given: as recorded in
    the file, else false."""
    threshold: float | None = None
    """The detector's own threshold, for `threshold=detector`: scores at or above it are alerts."""
    fingerprint: str | None = None
    """Fingerprint of the scored world, as in the `manifest.json` beside its exported calls. If not given: as recorded
    in the file or in such a manifest beside it; without one, only the ids are checked."""

    def scores(self, dataset: Dataset, truth: Truth) -> Scores:
        """Return the scores of the records of the window.

        Raises
        ------
        UserError
            Names the file, the row and the value that is wrong.
        """
        table = self._table()
        facts = self._facts(table)
        self._check_world(dataset.folder.parent.name, facts.get("fingerprint"))
        level = _level(table.column_names)
        keys, low, high = _keys(level, dataset)
        ids = pa.array(_joined(table, level))
        values = _numbers(table["score"], self.path)
        rows = pc.index_in(ids, keys)
        named = " and ".join(column.name for column in SCORES[level].columns)
        self._refuse(pc.is_null(rows), ids, f"{named} must be that of a {NOUNS[level]} of this world")
        places = rows.to_numpy()
        order = np.argsort(places, kind="stable")
        again = np.zeros(places.size, np.bool_)
        again[order[1:]] = np.diff(places[order]) == 0
        self._refuse(pa.array(again), ids, f"{named} must not come twice")
        found = np.full(len(keys), np.nan)
        found[places] = values
        missing = low + np.flatnonzero(np.isnan(found[low:high]))
        if missing.size:
            every = f"all {high - low} {NOUNS[level]}s of the scored part"
            left = f"{missing.size} are not there, the first of them {keys[int(missing[0])]}"
            raise UserError(f"{self.path} must have {every}: {left}")
        causal = bool(facts.get("causal")) if self.causal is None else self.causal
        threshold = facts.get("threshold") if self.threshold is None else self.threshold
        return Scores(level, found[low:high], threshold, causal)

    def _facts(self, table: pa.Table) -> dict[str, Any]:
        """Return the metadata of a run's file; nothing for any other file."""
        try:
            facts = json_of((table.schema.metadata or {}).get(SCORE_FACTS, b"{}").decode())
            if not isinstance(facts, dict):
                raise ValueError("they are no JSON object")
            for name, kinds in (("fingerprint", (str,)), ("causal", (bool,)), ("threshold", (int, float))):
                member({name: None} | facts, name, *kinds, type(None))
        except ValueError as error:
            raise UserError(f"{self.path} must have metadata that a run wrote, or none ({error})") from error
        return facts

    def _check_world(self, fingerprint: str, own: str | None) -> None:
        """Refuse scores of another world, whose calls may have the same ids."""
        beside = Path(self.path).with_name("manifest.json")
        stated, source = self.fingerprint, "detector.fingerprint"
        if stated is None and own:
            stated, source = own, f"the fingerprint in {self.path}"
        if stated is None and beside.exists():
            try:
                stated, source = member(object_in(beside), "fingerprint", str), str(beside)
            except (UnreadableError, ValueError) as error:
                raise UserError(f"{beside} must be the manifest of a world, and cannot be read ({error})") from error
        if stated not in (None, fingerprint):
            raise UserError(
                f"{source} must be that of this world, {fingerprint}, got {stated}: the scores are of another"
            )

    def _table(self) -> pa.Table:
        path = Path(self.path)
        if path.suffix not in KINDS:
            raise UserError(f"detector.path must end with {' or '.join(KINDS)}, got {self.path}")
        try:
            table = _csv(path) if path.suffix == ".csv" else pq.read_table(path, partitioning=None)
        except UNREADABLE as error:
            raise UserError(f"detector.path must be a file that can be read, got {self.path} ({error})") from error
        wanted = [*(column.name for column in SCORES[_level(table.column_names)].columns), "score"]
        lacking = [name for name in wanted if name not in table.column_names]
        if lacking:
            raise UserError(f"{self.path} must have a column {lacking[0]}, got {', '.join(table.column_names)}")
        return self._cast(table.select(wanted), sheet=path.suffix == ".csv")

    def _cast(self, table: pa.Table, *, sheet: bool) -> pa.Table:
        """Return identifiers as texts and times, and scores as numbers (as texts where the file has texts)."""
        columns = {}
        try:
            for name in table.column_names:
                kind = table[name].type
                if name == "begins":
                    columns[name] = table[name].cast(pa.timestamp("ms", tz="UTC"))
                elif name == "score":
                    numbers = pa.types.is_floating(kind) or pa.types.is_integer(kind)
                    columns[name] = table[name].cast(pa.float64() if numbers else pa.string())
                else:
                    columns[name] = table[name].cast(pa.string())
        except UNREADABLE as error:
            names = ", ".join(name for name in table.column_names if name not in ("score", "begins"))
            raise UserError(f"{self.path} must have a text as {names} and a number as score ({error})") from error
        columns = {name: column.combine_chunks() for name, column in columns.items()}
        if sheet:
            columns |= {name: column_from_sheet(column) for name, column in columns.items() if name.endswith("_id")}
        return pa.table(columns, metadata=table.schema.metadata)

    def _refuse(self, wrong: pa.Array, values: pa.Array, rule: str) -> None:
        refuse_row(self.path, wrong, values, rule)


def _level(columns: list[str]) -> Level:
    """Return the level that the columns of a file belong to; calls by default."""
    known = {level: [column.name for column in table.columns] for level, table in SCORES.items()}
    return next((level for level, names in known.items() if set(names) <= set(columns)), Level.CALL)


def _keys(level: Level, dataset: Dataset) -> tuple[pa.Array, int, int]:
    """Return the key of each record that a file may contain, and the range of those of the window."""
    if level is Level.CALL:
        known = dataset.table("calls", ["call_id"])["call_id"].combine_chunks()
        return known, *dataset.call_range(dataset.window)
    grid = Grid(level, dataset)
    named = grid.named(np.arange(grid.size))
    return _joined(pa.table(named), level), 0, grid.size


def _joined(table: pa.Table, level: Level) -> pa.Array:
    """Return one text for each record: its id and, if it has one, its start."""
    first, *rest = (column.name for column in SCORES[level].columns)
    ids = table[first].combine_chunks()
    if not rest:
        return ids
    return pc.binary_join_element_wise(ids, table["begins"].combine_chunks().cast(pa.string()), " ")


def _csv(path: Path) -> pa.Table:
    """Read all columns as text, so that a wrong value can be shown."""
    types = {"call_id": pa.string(), "user_id": pa.string(), "cell_id": pa.string(), "score": pa.string()}
    return pa_csv.read_csv(path, convert_options=pa_csv.ConvertOptions(column_types=types, strings_can_be_null=False))


def _numbers(column: pa.Array, path: str) -> FloatArray:
    """Return scores as numbers; all must be finite."""
    texts = column.cast(pa.string())
    number = r"^\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*$"
    is_text = pa.types.is_string(column.type)
    if is_text:
        wrong = pc.invert(pc.match_substring_regex(texts, number))
        refuse_row(path, pc.fill_null(wrong, True), texts, "score must be a finite number")
        column = pc.utf8_trim_whitespace(column).cast(pa.float64())
    refuse_row(path, pc.fill_null(pc.invert(pc.is_finite(column)), True), texts, "score must be a finite number")
    return np.asarray(column)


def refuse_row(path: str, wrong: pa.Array, values: pa.Array, rule: str) -> None:
    """Raise `UserError` for the first wrong row, if any; rows are counted from 1, without the header."""
    row = pc.index(wrong, True).as_py()
    if row >= 0:
        raise UserError(f"{path}, row {row + 1}: {rule}, got {values[row].as_py()!r}")
