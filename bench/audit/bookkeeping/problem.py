"""The input of one test of the audit: rows in sets, some of them positive, with their marks."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bench.arrays import BoolArray, FloatArray, IntArray
from bench.audit.audited_world import AuditedWorld
from bench.audit.bookkeeping.sampling import Chosen
from bench.audit.marks.forms import alike
from bench.audit.marks.marks_list import BY_NAME, Kind


@dataclass(frozen=True)
class Problem:
    """Rows in sets, some of them positive, with their marks; under the null hypothesis any row could be positive."""

    name: str
    """calls | incidents | callers | callees | days | quarters."""
    types: tuple[str, ...]
    marks: Mapping[str, FloatArray]
    """Values of each mark, by name, shape (rows,)."""
    positive: BoolArray
    type_code: IntArray
    """Shape (rows,): type for which a row is positive, or for whose positives it is a control."""
    entity: IntArray
    """Shape (rows,): user or cell of a row; rows of one entity are never in both training and test data."""
    group: IntArray
    """Shape (rows,): number of the row's set."""
    touched: Mapping[str, FloatArray] = field(default_factory=dict)
    """Agreements that some type declares to break, by name, shape (rows,); NaN in the rows of other types."""

    def varying(self, rng: np.random.Generator) -> "Problem":
        """Return the problem with only the marks that vary, and with missing values filled in.

        A missing form (such as the digits of a connection that never existed) follows from what the call is; whether a
        field is empty is a mark of its own. So a missing value is replaced by that of another row of the same type,
        drawn at random. Forms that are present in the same rows are taken from the same row: an impossible pair would
        show that there was a gap.
        """
        kept = {}
        sources: dict[bytes, IntArray] = {}
        for name, values in self.marks.items():
            known = np.isfinite(values)
            if alike(values):
                continue
            pattern = np.packbits(known).tobytes()
            if pattern not in sources:
                sources[pattern] = _others(known, self.type_code, rng)
            kept[name] = values[sources[pattern]]
        return replace(self, marks=kept)

    def planted(self, share: float, rng: np.random.Generator) -> "Problem":
        """Return the problem with a leak planted in a share of the positives: a unique value in one mark.

        Trees only need a value beyond all others of the column; how far beyond makes no difference.
        """
        rows = np.flatnonzero(self.positive)
        name = next(iter(self.marks))
        column = self.marks[name].copy()
        column[rng.choice(rows, max(1, round(share * rows.size)), replace=False)] = np.nanmax(column) + 1
        return replace(self, marks={**self.marks, name: column})


def _others(known: BoolArray, type_code: IntArray, rng: np.random.Generator) -> IntArray:
    """Return, for each row, itself where its value is known, else a row of the same type with a known value, if any."""
    source = np.arange(known.size)
    for code in np.unique(type_code[known]):
        gaps = np.flatnonzero((type_code == code) & ~known)
        source[gaps] = rng.choice(np.flatnonzero((type_code == code) & known), gaps.size)
    return source


def problem_of(
    subject: AuditedWorld,
    name: str,
    types: tuple[str, ...],
    chosen: Chosen,
    entity: IntArray,
    marks: Mapping[str, FloatArray],
) -> Problem:
    """Build a problem; marks that a type declares in `touches` are left empty in its rows."""
    said = subject.asked.touches
    own, touched = {}, {}
    for mark, values in marks.items():
        blind = np.array([BY_NAME[mark].touched(said.get(each)) for each in types])[chosen.type_code]
        own[mark] = np.where(blind, np.nan, values) if blind.any() else values
        if blind.any() and BY_NAME[mark].kind is Kind.AGREEMENT:
            touched[mark] = np.where(blind, values, np.nan)
    parts = (chosen.positive, chosen.type_code, entity[chosen.row], chosen.group)
    return Problem(name, types, own, *parts, touched)


def places(texts: pa.ChunkedArray, among: pa.ChunkedArray | pa.Array) -> IntArray:
    """Return the position of each text in a list of texts; -1 where it is not in the list."""
    if not pa.types.is_dictionary(texts.type):
        return np.asarray(pc.fill_null(pc.index_in(texts, among), -1)).astype(np.int64)
    coded = texts.unify_dictionaries().combine_chunks()
    place = np.asarray(pc.fill_null(pc.index_in(coded.dictionary, among), -1)).astype(np.int64)
    index = np.asarray(pc.fill_null(coded.indices, -1)).astype(np.int64)
    return np.where(index < 0, -1, place[index]) if place.size else np.full(index.size, -1)
