"""Parses fields into texts, numbers and lengths; an unreadable field is reported with file, row and value."""

from math import isfinite
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bench.faults import UserError
from generators.own_records.file_settings import CdrFileSettings
from generators.own_records.files import Piece

NUMBER = r"^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$"
CLOCK = {
    "h:mm:ss": r"^(?P<h>\d{1,5}):(?P<m>[0-5]?\d):(?P<s>[0-5]?\d(?:\.\d+)?)$",
    "m:ss": r"^(?P<m>\d{1,7}):(?P<s>[0-5]?\d(?:\.\d+)?)$",
}
UNIT_S = {"s": 1.0, "ms": 0.001, "min": 60.0}
SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0}
TEXT_KINDS = (
    pa.types.is_string,
    pa.types.is_large_string,
    pa.types.is_binary,
    pa.types.is_large_binary,
    pa.types.is_integer,
    pa.types.is_boolean,
    pa.types.is_null,
    pa.types.is_decimal,
)


def texts(piece: Piece) -> pa.StringArray:
    """Return a column's texts without surrounding blanks, empty where there is no value.

    Raises
    ------
    UserError
        When the column is neither text nor whole numbers.
    """
    kind = piece.values.type
    if not any(is_kind(kind) for is_kind in TEXT_KINDS):
        raise UserError(f"{piece.file}, column {piece.column}: must be text or whole numbers, got {kind}")
    try:
        found = pc.cast(piece.values, pa.string())
    except pa.ArrowInvalid as error:
        raise UserError(f"{piece.file}, column {piece.column}: must be text in UTF-8, got other bytes") from error
    return pc.utf8_trim_whitespace(pc.fill_null(found, ""))


def is_word(fields: pa.StringArray, words: list[str]) -> Any:
    """Return which fields are one of some words, in upper or lower case; shape (fields,), bool."""
    return pc.is_in(pc.utf8_lower(fields), pa.array([word.lower() for word in words], pa.string()))


def absent(piece: Piece, words: list[str]) -> Any:
    """Return which fields are empty or one of the words for a missing value; shape (rows,), bool."""
    kind = piece.values.type
    if pa.types.is_floating(kind) or pa.types.is_integer(kind):
        values = pc.cast(piece.values, pa.float64())
        said = pa.array([float(word) for word in words if _is_number(word)], pa.float64())
        nothing = pc.or_kleene(pc.is_null(values, nan_is_null=True), pc.is_in(values, said))
        return np.asarray(pc.fill_null(nothing, True))
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        fields = texts(piece)
        return np.asarray(pc.or_(pc.equal(fields, ""), is_word(fields, words)))
    return np.asarray(pc.is_null(piece.values))


def numbers(piece: Piece, rule: str, settings: CdrFileSettings) -> Any:
    """Return a column as numbers, shape (rows,), float64; `rule` says what each must be."""
    kind = piece.values.type
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        found = np.asarray(pc.cast(piece.values, pa.float64()).to_numpy(zero_copy_only=False))
        piece.refuse(~np.isfinite(found), rule)
        return found
    fields = _plainly_written(piece, rule, settings)
    piece.refuse(pc.invert(pc.match_substring_regex(fields, NUMBER)), rule)
    found = np.asarray(pc.cast(pc.utf8_ltrim(fields, characters="+"), pa.float64()))
    piece.refuse(~np.isfinite(found), rule)
    return found


def lengths(piece: Piece, settings: CdrFileSettings) -> Any:
    """Return the lengths of calls [s], shape (rows,), float64."""
    kind, unit = piece.values.type, settings.duration_unit
    if pa.types.is_duration(kind):
        piece.refuse(pc.is_null(piece.values), "be a length")
        found = pc.cast(pc.cast(piece.values, pa.duration("us"), safe=False), pa.int64())
        return np.asarray(found) / 1e6
    if unit in CLOCK:
        parts = pc.extract_regex(texts(piece), CLOCK[unit])
        piece.refuse(pc.is_null(parts), f"be a length of the form {unit} (generator.duration_unit)")
        names = [name for name in SECONDS if f"<{name}>" in CLOCK[unit]]
        found = [SECONDS[name] * np.asarray(pc.cast(pc.struct_field(parts, name), pa.float64())) for name in names]
        return np.sum(found, axis=0)
    rule = "be a number (generator.duration_unit, decimal and thousands say how lengths are written)"
    return numbers(piece, rule, settings) * UNIT_S[unit]


def _plainly_written(piece: Piece, rule: str, settings: CdrFileSettings) -> pa.StringArray:
    """Return texts of numbers with a decimal point and without thousands separators."""
    fields, mark, sign = texts(piece), settings.thousands, settings.decimal
    if mark:
        grouped = rf"^[-+]?(\d+|\d{{1,3}}([{mark}]\d{{3}})+)([{sign}]\d*)?$"
        piece.refuse(pc.invert(pc.match_substring_regex(fields, grouped)), rule)
        fields = pc.replace_substring(fields, mark, "")
    elif sign == ",":
        piece.refuse(pc.match_substring(fields, "."), rule)
    return pc.replace_substring(fields, ",", ".") if sign == "," else fields


def _is_number(word: str) -> bool:
    try:
        return isfinite(float(word))
    except ValueError:
        return False
