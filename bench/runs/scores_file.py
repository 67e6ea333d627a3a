"""Evaluate scores from a file with one row per call, like a detector's."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from bench.arrays import FloatArray
from bench.dataset import Dataset
from bench.detector import Level, Scores
from bench.faults import UserError
from bench.host.read_json import UnreadableError, member, object_in
from bench.host.sheets import column_from_sheet
from bench.schema import UNREADABLE
from bench.truth import Truth

KINDS = (".csv", ".parquet")


@dataclass(frozen=True)
class ScoresFile:
    """A file with the columns `call_id` and `score`; higher means more anomalous. Further columns are left alone.

    It must have every call of the window, in any order; calls of the history may be there, too.
    """

    path: str
    """CSV (with a header) or Parquet, by its ending; relative to the working directory."""
    causal: bool = False
    """Whether each score uses only the past of its call: then delays are reported."""
    threshold: float | None = None
    """Its own, for `threshold=detector`: a score at or above it is an alert."""
    fingerprint: str | None = None
    """That of the world which was scored, as the `manifest.json` beside its exported calls has it. Without it, such a
    manifest is looked for beside the file; where there is none, the `call_id`s alone tell."""

    def scores(self, dataset: Dataset, truth: Truth) -> Scores:
        """Return the scores of the calls of the window.

        Raises
        ------
        UserError
            Naming the file, the row and the value that is wrong.
        """
        self._check_world(dataset.folder.parent.name)
        table = self._table()
        values = _numbers(table["score"], self.path)
        known = dataset.table("calls", ["call_id"])["call_id"].combine_chunks()
        rows = pc.index_in(table["call_id"], known)
        self._refuse(pc.is_null(rows), table["call_id"], "call_id must be that of a call of this world")
        places = rows.to_numpy()
        order = np.argsort(places, kind="stable")
        again = np.zeros(places.size, np.bool_)
        again[order[1:]] = np.diff(places[order]) == 0
        self._refuse(pa.array(again), table["call_id"], "call_id must not come twice")
        low, high = dataset.call_range(dataset.window)
        found = np.full(len(known), np.nan)
        found[places] = values
        missing = low + np.flatnonzero(np.isnan(found[low:high]))
        if missing.size:
            first = known[int(missing[0])]
            raise UserError(f"{self.path} must have all {high - low} calls of the scored part: {missing.size} are not "
                            f"there, the first of them {first}")  # fmt: skip
        return Scores(Level.CALL, found[low:high], self.threshold, self.causal)

    def _check_world(self, fingerprint: str) -> None:
        """Refuse scores of another world, whose calls may well bear the same ids."""
        beside = Path(self.path).with_name("manifest.json")
        stated, source = self.fingerprint, "detector.fingerprint"
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
        lacking = [name for name in ("call_id", "score") if name not in table.column_names]
        if lacking:
            raise UserError(f"{self.path} must have a column {lacking[0]}, got {', '.join(table.column_names)}")
        ids, score = table["call_id"], table["score"]
        try:
            ids = ids.cast(pa.string()).combine_chunks()
            numbers = pa.types.is_floating(score.type) or pa.types.is_integer(score.type)
            score = score.cast(pa.float64() if numbers else pa.string()).combine_chunks()
        except UNREADABLE as error:
            raise UserError(f"{self.path} must have a text as call_id and a number as score ({error})") from error
        return pa.table({"call_id": column_from_sheet(ids) if path.suffix == ".csv" else ids, "score": score})

    def _refuse(self, wrong: pa.Array, values: pa.Array, rule: str) -> None:
        refuse_row(self.path, wrong, values, rule)


def _csv(path: Path) -> pa.Table:
    """Read text as it stands, so that a wrong value can be shown."""
    types = {"call_id": pa.string(), "score": pa.string()}
    return pa_csv.read_csv(path, convert_options=pa_csv.ConvertOptions(column_types=types, strings_can_be_null=False))


def _numbers(column: pa.Array, path: str) -> FloatArray:
    """Return scores as numbers, all of them finite."""
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
    """Raise `UserError` about the first row that is wrong, counted from 1 without the header; if any is."""
    row = pc.index(wrong, True).as_py()
    if row >= 0:
        raise UserError(f"{path}, row {row + 1}: {rule}, got {values[row].as_py()!r}")
