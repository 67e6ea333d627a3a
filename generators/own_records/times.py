"""Parses fields into times: ISO 8601, counts of seconds, or a pattern."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from bench.faults import UserError
from generators.own_records.fields import numbers, texts
from generators.own_records.file_settings import CdrFileSettings
from generators.own_records.files import Piece

ISO = r"^\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}(:?\d{2})?)?$"
ZONED = r"(Z|[+-]\d{2}(:?\d{2})?)$"
WORDS_FOR_UTC = r" ?(UTC|GMT|utc|gmt)$"
BLANK_BEFORE_ZONE = r" ([+-]\d{2}(:?\d{2})?)$"
EARLIEST_MS, LATEST_MS = 31_536_000_000, 7_258_118_400_000
"""The years 1971 to 2199."""
SAYS = "generator.time_format"
YEARS = "lie in the years 1971 to 2199"
PER_MS = {"s": 0.001, "ms": 1, "us": 1e3, "ns": 1e6}
LONGEST_PLAIN = len("2024-01-31T18:00:00")


def times(piece: Piece, settings: CdrFileSettings) -> tuple[Any, bool]:
    """Return times in ms since the epoch, shape (rows,), int64, and whether they are local: without a zone."""
    if pa.types.is_timestamp(piece.values.type):
        piece.refuse(pc.is_null(piece.values), "be a time")
        ticks, per_ms = np.asarray(pc.cast(piece.values, pa.int64())), PER_MS[piece.values.type.unit]
        piece.refuse((ticks < EARLIEST_MS * per_ms) | (ticks >= LATEST_MS * per_ms), YEARS)
        whole = pc.cast(piece.values, pa.timestamp("ms", piece.values.type.tz), safe=False)
        found, local = pc.cast(whole, pa.int64()), piece.values.type.tz is None
    elif settings.time_format in ("epoch_s", "epoch_ms"):
        factor = 1000 if settings.time_format == "epoch_s" else 1
        origin_ms, local = origin(settings)
        rule = f"be a number ({SAYS}={settings.time_format})"
        found = np.rint(numbers(piece, rule, settings) * factor) + origin_ms
    elif settings.time_format == "iso":
        found, local = _iso(piece)
    else:
        found, local = _patterned(piece, settings)
    ms = np.asarray(found)
    advice = "; generator.time_origin says from when they count" if settings.time_format.startswith("epoch") else ""
    piece.refuse((ms < EARLIEST_MS) | (ms >= LATEST_MS), f"{YEARS} ({SAYS}{advice})")
    return ms.astype(np.int64), local


def origin(settings: CdrFileSettings) -> tuple[int, bool]:
    """Return the moment from which times are counted, in ms since 1970, and whether it is local time.

    Raises
    ------
    UserError
        When the origin is not a time that exists.
    """
    if settings.time_origin is None:
        return 0, False
    try:
        moment = datetime.fromisoformat(settings.time_origin)
    except ValueError as error:
        raise UserError(f"generator.time_origin must be a time that exists, got {settings.time_origin!r}") from error
    local = moment.tzinfo is None
    return round((moment.replace(tzinfo=UTC) if local else moment).timestamp() * 1000), local


def _iso(piece: Piece) -> tuple[Any, bool]:
    fields = texts(piece)
    if (pc.max(pc.binary_length(fields)).as_py() or 0) > LONGEST_PLAIN:  # else no zone is there to be spelt anew
        fields = pc.replace_substring_regex(fields, WORDS_FOR_UTC, "Z")
        fields = pc.replace_substring_regex(fields, BLANK_BEFORE_ZONE, r"\1")
    rule = f"be a time such as 2024-01-31T18:00:00Z (ISO 8601; {SAYS} takes others)"
    piece.refuse(pc.invert(pc.match_substring_regex(fields, ISO)), rule)
    zoned = np.asarray(pc.match_substring_regex(pc.utf8_slice_codeunits(fields, 16), ZONED))
    local = not zoned[:1].all()
    piece.refuse(zoned == local, "have a zone, or none, like the rows before")
    kind = pa.timestamp("ns", None if local else "UTC")
    moments = _converted(piece, fields, lambda part: pc.cast(part, kind))
    return np.asarray(pc.cast(pc.cast(moments, pa.timestamp("ms", kind.tz), safe=False), pa.int64())), local


def _converted(piece: Piece, fields: pa.Array, convert: Callable[[pa.Array], pa.Array]) -> pa.Array:
    """Convert texts; find the first wrong one if there is any."""
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
        raise UserError(f"{SAYS} must be a pattern of a time, got {settings.time_format!r}") from error
    piece.refuse(moments.is_null().to_numpy(), f"be a time of the form {settings.time_format} ({SAYS})")
    return moments.dt.timestamp("ms").to_numpy(), moments.dtype.time_zone is None
