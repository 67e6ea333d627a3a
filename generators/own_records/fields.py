"""Parses fields into times, numbers and words; a field that cannot be read is reported with file, row and value."""

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from bench.faults import UserError
from generators.own_records.file_settings import CdrFileSettings
from generators.own_records.files import Piece

ISO = r"^\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}(:?\d{2})?)?$"
ZONED = r"(Z|[+-]\d{2}(:?\d{2})?)$"
NUMBER = r"^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$"
TEXT_KINDS = (
    pa.types.is_string,
    pa.types.is_large_string,
    pa.types.is_integer,
    pa.types.is_boolean,
    pa.types.is_null,
)
EARLIEST_MS, LATEST_MS = 31_536_000_000, 7_258_118_400_000
"""The years 1971 to 2199."""


def texts(piece: Piece) -> pa.StringArray:
    """Return a column's texts without blanks around them, empty where there is nothing.

    Raises
    ------
    UserError
        When the column is neither text nor whole numbers.
    """
    kind = piece.values.type
    if not any(is_kind(kind) for is_kind in TEXT_KINDS):
        raise UserError(f"{piece.file}, column {piece.column}: must be text or whole numbers, got {kind}")
    return pc.utf8_trim_whitespace(pc.fill_null(pc.cast(piece.values, pa.string()), ""))


def numbers(piece: Piece, rule: str) -> Any:
    """Return a column as numbers, shape (rows,), float64; `rule` says what each must be."""
    kind = piece.values.type
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        found = np.asarray(pc.cast(piece.values, pa.float64()).to_numpy(zero_copy_only=False))
        piece.refuse(~np.isfinite(found), rule)
        return found
    fields = texts(piece)
    piece.refuse(pc.invert(pc.match_substring_regex(fields, NUMBER)), rule)
    found = np.asarray(pc.cast(pc.utf8_ltrim(fields, characters="+"), pa.float64()))
    piece.refuse(~np.isfinite(found), rule)
    return found


def times(piece: Piece, settings: CdrFileSettings) -> tuple[Any, bool]:
    """Return times in ms since the epoch, shape (rows,), int64, and whether they are local: without a zone."""
    if pa.types.is_timestamp(piece.values.type):
        piece.refuse(pc.is_null(piece.values), "be a time")
        whole = pc.cast(piece.values, pa.timestamp("ms", piece.values.type.tz), safe=False)
        found, local = pc.cast(whole, pa.int64()), piece.values.type.tz is None
    elif settings.time_format in ("epoch_s", "epoch_ms"):
        factor = 1000 if settings.time_format == "epoch_s" else 1
        found, local = np.rint(numbers(piece, f"be a number ({settings.time_format})") * factor), False
    elif settings.time_format == "iso":
        found, local = _iso(piece)
    else:
        found, local = _patterned(piece, settings)
    ms = np.asarray(found)
    piece.refuse((ms < EARLIEST_MS) | (ms >= LATEST_MS), "lie in the years 1971 to 2199")
    return ms.astype(np.int64), local


def _iso(piece: Piece) -> tuple[Any, bool]:
    fields = texts(piece)
    piece.refuse(pc.invert(pc.match_substring_regex(fields, ISO)), "be a time such as 2024-01-31T18:00:00Z (ISO 8601)")
    zoned = np.asarray(pc.match_substring_regex(pc.utf8_slice_codeunits(fields, 16), ZONED))
    local = not zoned[:1].all()
    piece.refuse(zoned == local, "have a zone, or none, like the rows before")
    kind = pa.timestamp("ns", None if local else "UTC")
    moments = _converted(piece, fields, lambda part: pc.cast(part, kind))
    return np.asarray(pc.cast(pc.cast(moments, pa.timestamp("ms", kind.tz), safe=False), pa.int64())), local


def _converted(piece: Piece, fields: pa.Array, convert: Callable[[pa.Array], pa.Array]) -> pa.Array:
    """Convert texts; where one is wrong, find which."""
    try:
        return convert(fields)
    except pa.ArrowInvalid:
        low, high = 0, len(fields)
        while high - low > 1:
            middle = (low + high) // 2
            try:
                convert(fields[low:middle])
                low = middle
            except pa.ArrowInvalid:
                high = middle
        piece.refuse(np.arange(len(fields)) == low, "be a time that exists")
        raise


def _patterned(piece: Piece, settings: CdrFileSettings) -> tuple[Any, bool]:
    fields: Any = pl.from_arrow(texts(piece))
    try:
        moments = fields.str.to_datetime(settings.pattern, time_unit="ms", strict=False)
    except pl.exceptions.PolarsError as error:
        raise UserError(f"generator.time_format must be a pattern of a time, got {settings.time_format!r}") from error
    piece.refuse(moments.is_null().to_numpy(), f"be a time of the form {settings.time_format}")
    return moments.dt.timestamp("ms").to_numpy(), moments.dtype.time_zone is None
