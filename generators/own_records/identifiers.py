"""Identifiers in files: words for a missing one, and values that a spreadsheet has damaged."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from generators.own_records.fields import is_word, texts
from generators.own_records.files import Piece

ROUNDED = r"^[0-9]+([.,][0-9]+)?[eE]\+?[0-9]+$"
"""Pattern of long numbers as a spreadsheet rounds them, such as 9.20E+11 or 9E11: many different ones look the same."""
HEXADECIMAL = r"(?i)^[0-9a-f]*([0-9][0-9a-f]*[a-df]|[a-df][0-9a-f]*[0-9])[0-9a-f]*$"
"""Pattern of hexadecimal identifiers: digits and letters, with at least one letter other than e."""
PLAIN_ROUNDED = r"^[0-9]+[eE][0-9]+$"
"""Pattern of rounded numbers that may be hexadecimal as well."""
DAMAGED = r"^(#[A-Z]+(/[A-Z0-9]+)?[!?]|#N/A|##+|[-+]?(?i:inf|infinity))$"
"""Error values of spreadsheets, and values that are not numbers."""
AS_FLOAT = r"^([0-9]+)\.0+$"
"""Pattern of whole numbers written as floating-point numbers."""
FRACTION = r"^[-+]?[0-9]+[.,][0-9]+$"
LARGEST_EXACT = 2.0**53
IN_QUOTES = "'\""


def identifiers(piece: Piece, missing: list[str], *, fractions: bool = False) -> pa.StringArray:
    """Return a column's identifiers, empty where they are missing; 1067.0 becomes 1067.

    Parameters
    ----------
    piece
        Text or numbers.
    missing
        Words that stand for no identifier, also in quotes.
    fractions
        Whether identifiers such as 12.5 may be.

    Raises
    ------
    UserError
        About the first that is damaged, rounded or no whole number.
    """
    if pa.types.is_floating(piece.values.type):
        return _whole(piece)
    coded = texts(piece).dictionary_encode()
    fields = pc.replace_substring_regex(coded.dictionary, AS_FLOAT, r"\1")
    nobody = pc.or_(is_word(fields, missing), is_word(pc.utf8_trim(fields, IN_QUOTES), missing))
    for wrong, rule in _damages(fields, fractions):
        bad = pc.and_(wrong, pc.invert(nobody))
        if pc.any(bad).as_py():
            piece.refuse(pc.take(bad, coded.indices), rule)
    return pc.take(pc.if_else(nobody, "", fields), coded.indices)


def _damages(fields: pa.StringArray, fractions: bool) -> Iterator[tuple[pa.BooleanArray, str]]:
    """Yield masks of damaged identifiers, and the rule that each breaks."""
    yield (
        pc.match_substring_regex(fields, DAMAGED),
        "be an identifier, not a fault of a spreadsheet (export the column as text; generator.missing_words lists what "
        "stands for nobody)",
    )
    rounded = pc.match_substring_regex(fields, ROUNDED)
    if pc.any(rounded).as_py() and pc.any(pc.match_substring_regex(fields, HEXADECIMAL)).as_py():
        rounded = pc.and_not(rounded, pc.match_substring_regex(fields, PLAIN_ROUNDED))
    yield rounded, "be an identifier in full, not rounded as spreadsheets do (export the column as text)"
    if not fractions:
        yield (
            pc.match_substring_regex(fields, FRACTION),
            "be an identifier, not a number with a fraction (export the column as text)",
        )


def alike(names: list[str]) -> list[tuple[str, str]]:
    """Return pairs of identifiers that differ only in leading zeros or a plus sign, such as 01067 and 1067."""
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
