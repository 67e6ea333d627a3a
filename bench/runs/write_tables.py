"""Write the tables of a run to its folder: incidents, alerts, curves and scores (`bench.run_tables`)."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from hydra.utils import get_method
from pyarrow import csv

from bench.arrays import FloatArray, IntArray
from bench.dataset import Dataset
from bench.detector import Level, Scores
from bench.evaluation.alerts_table import alerts_at
from bench.evaluation.curves_table import curves
from bench.evaluation.incidents_table import incidents_of
from bench.evaluation.record_names import RecordNames
from bench.evaluation.run_outcome import Outcome
from bench.host.aside import partial
from bench.host.sheets import table_in_sheet
from bench.levels import Grid
from bench.run_tables import ALERTS, CURVES, INCIDENTS_FOUND, SCORE_FACTS, SCORES
from bench.schema import Table

Explain = Callable[[Dataset, Level, IntArray], Sequence[str]]
"""Function that returns an explanation for each of some records at the detector's own level."""
SHEETS = (INCIDENTS_FOUND, ALERTS)
"""Tables for people to open: also written as CSV."""


def explainer(path: str | None, detector: Mapping[str, Any]) -> Explain | None:
    """Return the function that explains records for a detector, given its dotted path; None for none."""
    reasons = None if path is None else get_method(path)
    return None if reasons is None else lambda dataset, level, rows: reasons(dataset, detector, level, rows)


def write_tables(outcome: Outcome, explain: Explain | None, folder: Path) -> list[Path]:
    """Write the tables of a run that has scores, and return their paths; with truth only if it is known.

    Parameters
    ----------
    outcome
        The run.
    explain
        Function that explains records; None: the reasons stay empty.
    folder
        Folder for the files.
    """
    if outcome.scores is None or not outcome.levels:
        return []
    names = RecordNames(outcome)
    drafts = [(ALERTS, [alerts_at(names, level) for level in outcome.levels])]
    if outcome.labelled:
        types = outcome.levels[outcome.scores.level].sample.types
        drafts.append((INCIDENTS_FOUND, [incidents_of(names, name) for name in types]))
    reasons = _Reasons(outcome, explain, [rows for _, parts in drafts for _, rows in parts])
    files: list[Path] = []
    for table, parts in drafts:
        whole = [_in_order(pa.table(columns | {"reasons": reasons.of(rows)}), table) for columns, rows in parts]
        content = pa.concat_tables([table.arrow.empty_table(), *whole])
        if table is INCIDENTS_FOUND:
            content = content.sort_by([("start_ts", "ascending"), ("incident_id", "ascending")])
        files += _written(table, content, folder)
    if outcome.labelled:
        files += _written(CURVES, curves(outcome), folder)
    fingerprint = str(outcome.result.asked.get("fingerprint", ""))
    return [*files, write_scores(outcome.dataset, outcome.scores, fingerprint, folder)]


class _Reasons:
    """The explanations of all records of the tables, computed together."""

    def __init__(self, outcome: Outcome, explain: Explain | None, rows: Sequence[IntArray]) -> None:
        every = np.unique(np.concatenate([np.zeros(0, np.int64), *rows]))
        self.rows = every[every >= 0]
        level = Level.CALL if outcome.scores is None else outcome.scores.level
        texts = [""] * self.rows.size if explain is None else explain(outcome.dataset, level, self.rows)
        self.texts = np.array([*texts, ""], dtype=object)

    def of(self, rows: IntArray) -> pa.Array:
        """Return the explanations of some records; an empty text for -1."""
        places = np.where(rows >= 0, np.searchsorted(self.rows, rows), self.rows.size)
        return pa.array(self.texts[places].tolist(), pa.string())


def _in_order(content: pa.Table, table: Table) -> pa.Table:
    return content.select([column.name for column in table.columns]).cast(table.arrow)


def _written(table: Table, content: pa.Table, folder: Path) -> Iterator[Path]:
    path = folder / f"{table.name}.parquet"
    with partial(path) as aside:
        pq.write_table(content, aside, compression="zstd")
    yield path
    if table in SHEETS:
        path = path.with_suffix(".csv")
        with partial(path) as aside:
            csv.write_csv(table_in_sheet(content), aside)
        yield path


def write_scores(dataset: Dataset, scores: Scores, fingerprint: str, folder: Path) -> Path:
    """Write `scores.parquet`, which `detector=scores_file` reads back, and return its path."""
    if scores.level is Level.CALL:
        columns = {"call_id": dataset.calls(dataset.window, ["call_id"])["call_id"]}
    else:
        grid = Grid(scores.level, dataset)
        columns = grid.named(np.arange(grid.size))
    facts = {"fingerprint": fingerprint, "causal": scores.causal, "threshold": scores.threshold}
    table = pa.table({**{c.name: columns[c.name] for c in SCORES[scores.level].columns}, "score": scores.values})
    path = folder / "scores.parquet"
    encodings = {"call_id": "DELTA_BYTE_ARRAY"} if "call_id" in columns else {}
    encodings |= {"score": "BYTE_STREAM_SPLIT"} if _mostly_distinct(scores.values) else {}
    with partial(path) as aside:
        pq.write_table(
            table.replace_schema_metadata({SCORE_FACTS: json.dumps(facts).encode()}),
            aside,
            compression="zstd",
            use_dictionary=[name for name in table.column_names if name not in encodings],
            column_encoding=encodings,
        )
    return path


def _mostly_distinct(values: FloatArray) -> bool:
    """Whether hardly any value is repeated, so that a dictionary would need more space than the values."""
    return np.unique(values).size > values.size / 8
