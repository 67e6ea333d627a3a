"""Identifiers in files: those that name nobody, or that a spreadsheet has spoilt, count as missing."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from generators.own_records.fields import is_word, texts
from generators.own_records.files import Piece

ROUNDED = r"^[0-9]([.,][0-9]+)?[eE]\+[0-9]{2,}$"
"""How a spreadsheet shows a long number, such as 9.20E+11: many different ones look the same."""
AS_FLOAT = r"^([0-9]+)\.0+$"
"""How a table of floating-point numbers shows a whole one."""
LARGEST_EXACT = 2.0**53


def identifiers(piece: Piece, missing: list[str]) -> pa.StringArray:
    """Return a column's identifiers, empty where a field names nobody; 1067.0 is 1067.

    Parameters
    ----------
    piece
        Text or numbers.
    missing
        Words that stand for no identifier.

    Raises
    ------
    UserError
        About the first that is rounded, or no whole number.
    """
    if pa.types.is_floating(piece.values.type):
        return _whole(piece)
    fields = texts(piece)
    rule = "be an identifier in full, not rounded as spreadsheets do (export the column as text)"
    piece.refuse(pc.match_substring_regex(fields, ROUNDED), rule)
    fields = pc.replace_substring_regex(fields, AS_FLOAT, r"\1")
    return pc.if_else(is_word(fields, missing), "", fields)


def alike(names: list[str]) -> list[tuple[str, str]]:
    """Return pairs of identifiers that differ in leading zeros or a plus sign only, such as 01067 and 1067."""
    by_digits: dict[str, str] = {}
    pairs = []
    for name in names:
        digits = name.removeprefix("+").lstrip("0")
        if not (digits.isascii() and digits.isdigit()):
            continue
        other = by_digits.setdefault(digits, name)
        if other != name:
            pairs.append((other, name))
    return pairs


def _whole(piece: Piece) -> pa.StringArray:
    """Return floating-point numbers that are whole as texts; empty for none."""
    found: Any = np.asarray(pc.cast(piece.values, pa.float64()).to_numpy(zero_copy_only=False))
    none = np.isnan(found)
    wrong = ~none & ((found != np.floor(found)) | (np.abs(found) > LARGEST_EXACT))
    piece.refuse(wrong, "be a whole number that a floating-point number holds exactly (export the column as text)")
    whole = pc.cast(pa.array(np.where(none, 0, found).astype(np.int64)), pa.string())
    return pc.if_else(pa.array(none), "", whole)
