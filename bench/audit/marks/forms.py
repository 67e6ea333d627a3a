"""Marks of form: how the values of a column are written, regardless of their meaning."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from bench.arrays import BoolArray, FloatArray, IntArray
from bench.audit.marks.marks_list import form_name, forms_asked
from bench.schema import DATA_TABLES, Column

FEW_WORDS = 64
"""A text column without digits counts as a vocabulary, in which new words stand out, if it has at most so many
values.
"""
PSEUDONYM = "_[0-9a-f]{20}$"
"""End of a pseudonym of own records (`generators.own_records.pseudonyms`): hexadecimal digits of a hash."""
MOST_DECIMALS = 3
"""With more decimals, a 32-bit power cannot be distinguished from one that is not rounded."""


@dataclass(frozen=True)
class Normal:
    """Normal rows and texts, with which others are compared."""

    rows: BoolArray
    """Shape (rows,): whether no incident affects the row."""
    texts: Mapping[str, pl.Series]
    """Texts of all normal rows of the table, by column; for columns that are missing here, those of `rows` are used."""


def column_forms(
    table: str,
    frame: pl.DataFrame,
    normal: Normal,
    owner: pl.Series,
    rng: np.random.Generator,
    sources: Mapping[str, IntArray] | None = None,
) -> dict[str, FloatArray]:
    """Return the marks of form of all columns of some rows, by name, shape (rows,) each.

    Parameters
    ----------
    table
        A table of the schema; columns that `frame` lacks are left out.
    frame
        The rows; texts are strings, not dictionaries.
    normal
        Normal rows, whose shapes and words are the expected ones.
    owner
        Owner of each row, such as the caller. Repetitions are no new evidence, so each pair of an owner and a number
        counts in one row, drawn at random (somebody who stays at home has the same coordinates in all calls), and each
        text counts in one row (many calls go to one party), also its check digit, unless it is right in all normal
        rows. All other rows get the value of another owner instead.
    rng
        Generator of the random choices.
    sources
        For each column, the row whose value each row shows (`stand_ins`), if known already.
    """
    found: dict[str, FloatArray] = {}
    for column in DATA_TABLES[table].columns:
        if column.name not in frame.columns:
            continue
        values = frame[column.name]
        known = normal.texts.get(column.name)
        if known is None and values.dtype == pl.String:
            known = values.filter(pl.Series(normal.rows))
        source = (sources or {}).get(column.name)
        for what, form in _forms(table, column, values, known).items():
            name = form_name(table, column.name, what)
            of_each_row = what in ("shape", "word", "empty") or (what == "check_digit" and alike(form[normal.rows]))
            if of_each_row or alike(form):
                found[name] = form
                continue
            if source is None:
                source = stand_ins(values if values.dtype == pl.String else owner, values, rng)
            found[name] = shown(form, source)
    return found


def _forms(table: str, column: Column, values: pl.Series, known: pl.Series | None) -> dict[str, FloatArray]:
    asked = forms_asked(table, column)
    if known is not None:
        found = _of_texts(values, known)
    elif values.dtype == pl.Date:
        days = values.to_physical().to_numpy().astype(np.int64)
        found = {"weekday": (days % 7).astype(np.float64), "parity": (days % 2).astype(np.float64)}
    elif values.dtype.is_temporal():
        found = digits(_integers(values), 1000, "millisecond")
    elif values.dtype.is_float():
        found = _of_floats(values.to_numpy().astype(np.float64))
    else:
        found = digits(_integers(values), 10, "last_digit")
    return {what: found[what] for what in asked}


def digits(numbers: FloatArray, base: int, name: str) -> dict[str, FloatArray]:
    """Return the last digits of whole numbers, their parity, and the number of zeros at their end; NaN stays.

    >>> digits(np.array([120.0, 7.0]), 10, "last_digit")["zeros"].tolist()
    [1.0, 0.0]
    """
    zeros = np.zeros(numbers.size)
    for power in (10, 100, 1000):
        zeros += np.isfinite(numbers) & (numbers % power == 0)
    empty = np.isnan(numbers)
    return {name: numbers % base, "zeros": np.where(empty, np.nan, zeros), "parity": numbers % 2}


def decimals(numbers: FloatArray) -> FloatArray:
    """Return the number of decimals with which numbers are written, `MOST_DECIMALS` + 1 for more; NaN stays.

    >>> decimals(np.array([-104.5, -104.474335])).tolist()
    [1.0, 4.0]
    """
    out = np.full(numbers.size, MOST_DECIMALS + 1.0)
    for places in range(MOST_DECIMALS, -1, -1):
        scaled = numbers * 10.0**places
        rounding = (1e-6 + 1e-7 * np.abs(numbers)) * 10.0**places  # of a 32-bit number
        out[np.abs(scaled - np.rint(scaled)) < np.maximum(rounding, 1e-3)] = places
    return np.where(np.isnan(numbers), np.nan, out)


def stand_ins(owner: pl.Series, value: pl.Series, rng: np.random.Generator) -> IntArray:
    """Return the row whose values each row is compared with: one row, drawn at random, for each owner and value.

    Repeated rows show a row of another owner, drawn once for all forms of a value: if each form were drawn separately,
    an even number with an odd last digit would reveal that the row is a repeated one.
    """
    order, rows = rng.permutation(len(owner)), np.arange(len(owner))
    shuffled = pl.DataFrame({"owner": owner, "value": value})[order]
    first = np.zeros(rows.size, np.bool_)
    first[order] = shuffled.select(pl.struct("owner", "value").is_first_distinct()).to_series().to_numpy()
    there = value.is_not_null() & ((value != "") if value.dtype == pl.String else True)
    known = np.flatnonzero(first & there.to_numpy())
    return np.where(first, rows, known[rng.integers(0, known.size, rows.size)]) if known.size else rows


def shown(values: FloatArray, source: IntArray) -> FloatArray:
    """Return the values of the rows that are shown instead; NaN stays."""
    return np.where(np.isnan(values), values, values[source])


def alike(values: FloatArray) -> bool:
    """Return whether all values are the same, ignoring NaN.

    >>> alike(np.array([1.0, np.nan, 1.0])), alike(np.array([1.0, 0.0]))
    (True, False)
    """
    finite = values[np.isfinite(values)]
    return not finite.size or bool(np.ptp(finite) == 0)


def luhn(texts: pl.Series) -> FloatArray:
    """Return whether each text of digits ends with the right check digit (ISO/IEC 7812-1, annex B); -1 for other texts.

    >>> luhn(pl.Series(["79927398713", "79927398710", "anna"])).tolist()
    [1.0, 0.0, -1.0]
    """
    found = np.full(len(texts), -1.0)
    sizes = np.where(texts.str.contains("^[0-9]+$").to_numpy(), texts.str.len_bytes().to_numpy(), 0)
    for size in np.unique(sizes[sizes > 0]).tolist():
        rows = np.flatnonzero(sizes == size)
        written = np.frombuffer("".join(texts[rows].to_list()).encode(), np.uint8).reshape(-1, size)
        digit = written[:, ::-1].astype(np.int64) - ord("0")  # from the last digit on
        digit[:, 1::2] *= 2
        found[rows] = (digit - 9 * (digit > 9)).sum(axis=1) % 10 == 0
    return found


def shapes(texts: pl.Series) -> pl.Series:
    """Return each text with digits replaced by 9 and letters by a; the hash of a pseudonym counts as one sign.

    >>> shapes(pl.Series(["user_0042", "number_6be2124327fd9b4515e9"])).to_list()
    ['aaaa_9999', 'aaaaaa_#']
    """
    return texts.str.replace(PSEUDONYM, "_#").str.replace_all(r"\d", "9").str.replace_all(r"\p{L}", "a")


def _of_texts(values: pl.Series, known: pl.Series) -> dict[str, FloatArray]:
    """Return the forms of texts, computed once for each distinct text."""
    texts, seen = values.fill_null(""), known.fill_null("").unique()
    different = texts.unique()
    words = len(seen) <= FEW_WORDS and not seen.str.contains(r"\d").any()
    each = pl.DataFrame(
        {
            "text": different,
            "shape": ~shapes(different).is_in(shapes(seen).unique().implode()),
            "word": ~different.is_in(seen.implode()) & words,
            "digit": different.str.extract(r"(\d)$").cast(pl.Float64),
            "right": luhn(different),
        }
    )
    joined = pl.DataFrame({"text": texts}).join(each, on="text", how="left", maintain_order="left")
    return {
        "shape": joined["shape"].cast(pl.Float64).to_numpy(),
        "word": joined["word"].cast(pl.Float64).to_numpy(),
        "check_digit": joined["right"].to_numpy(),
        "last_digit": joined["digit"].fill_null(np.nan).to_numpy(),
        "empty": np.asarray((texts == "").to_numpy(), np.float64),
    }


def _of_floats(numbers: FloatArray) -> dict[str, FloatArray]:
    return {
        "fraction": numbers % 1.0,
        "decimals": decimals(numbers),
        "empty": np.isnan(numbers) * 1.0,
    }


def _integers(values: pl.Series) -> FloatArray:
    return np.asarray(values.to_physical().cast(pl.Float64).fill_null(np.nan).to_numpy(), np.float64)


def plain(frame: Any) -> pl.DataFrame:
    """Convert an Arrow table to a data frame whose texts are strings."""
    return pl.DataFrame(frame).with_columns(pl.col(pl.Categorical).cast(pl.String))
