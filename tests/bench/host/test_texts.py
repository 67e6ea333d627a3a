"""Texts of others: harmless where people read them, the same again where they come back.

Covers `bench.host.texts` and `bench.host.sheets` rule by rule and over random texts. Who writes through them is
covered beside each writer: alerts (`tests/bench/runs/test_write_tables.py`), exports
(`tests/generators/own_records/test_cdr_file.py`), pages (`tests/reports`), and messages (`test_composition.py`).
"""

import ast
import csv
import io
import re
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import csv as arrow_csv

from bench.host.sheets import column_from_sheet, from_sheet, in_sheet, quoted_in_sheet, table_in_sheet
from bench.host.texts import markdown, printable

FORMULAE = set("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
TEXTS = st.text(
    alphabet=st.one_of(st.sampled_from("'=+-@\\xu0a1\t\r\n\x1b\x9b\u202e\uff1d"), st.characters()), max_size=12
)
DANGERS = ["=1+1", "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", '=HYPERLINK("http://x")', "\uff1d1+1", "'=1", "-", "+"]


@given(text=TEXTS)
def test_what_stands_in_a_cell_is_no_formula_and_comes_back(text: str) -> None:
    cell = in_sheet(text)
    assert from_sheet(cell) == text
    assert cell[:1] not in FORMULAE or re.fullmatch(r"[+-][0-9]+(\.[0-9]*)?([eE][+-]?[0-9]+)?", cell)
    assert printable(cell) == cell


@pytest.mark.parametrize("text", DANGERS)
def test_formulae_are_texts(text: str) -> None:
    assert in_sheet(text)[0] in "'\\"


@pytest.mark.parametrize(
    "text", ["+49301234567", "-3.5", "1067", "2.5e-3", "anna", "'tis", "a=b", "C:\\dir", "Zoë", ""]
)
def test_numbers_and_plain_texts_stay_as_they_are(text: str) -> None:
    assert in_sheet(text) == text == from_sheet(text)


@pytest.mark.parametrize("text", ["\x1b[31mred", "\x9b2J", "a\x00b", "a\rb", "\u202egnp.exe", "\ud800"])
def test_control_characters_are_escaped_for_the_terminal(text: str) -> None:
    assert all(sign.isprintable() for sign in printable(text))
    assert printable("two\nlines\tand a tab") == "two\nlines\tand a tab"


@given(texts=st.lists(TEXTS, min_size=1, max_size=6))
def test_a_column_of_a_csv_file_comes_back(texts: list[str]) -> None:
    """As texts and as a dictionary, written and read by Arrow, and read by the standard library."""
    texts = [text.encode("utf-8", "ignore").decode() for text in texts]
    plain = pa.array(texts, pa.string())
    table = pa.table({"text": plain, "coded": plain.dictionary_encode(), "number": [-1.5] * len(texts)})
    sink = pa.BufferOutputStream()
    arrow_csv.write_csv(table_in_sheet(table), sink)
    written = sink.getvalue().to_pybytes()
    rows = list(csv.reader(io.StringIO(written.decode(), newline="")))[1:]
    assert [[from_sheet(cell) for cell in row[:2]] for row in rows] == [[text, text] for text in texts]
    assert {row[2] for row in rows} == {"-1.5"}
    options = arrow_csv.ConvertOptions(column_types={"text": pa.string()}, strings_can_be_null=False)
    read = arrow_csv.read_csv(io.BytesIO(written), convert_options=options)
    assert column_from_sheet(read["text"]).to_pylist() == texts
    quoted = pl.DataFrame(quoted_in_sheet(table)).write_csv(include_header=False, quote_style="never")
    assert written.decode() == '"text","coded","number"\n' + quoted


def test_markdown_is_one_line_without_signs() -> None:
    assert markdown("a|b\n[x](y) <i>\x1b[0m") == r"a\|b \[x\](y) \<i\>\\x1b\[0m"


def test_whatever_writes_csv_writes_texts_through_here() -> None:
    root, writers = Path(__file__).parents[3], []
    for path in [
        path for room in ("bench", "detectors", "generators", "reports") for path in (root / room).rglob("*.py")
    ]:
        text = path.read_text()
        calls = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Attribute)]
        if {node.attr for node in calls} & {"write_csv", "CSVWriter", "writerow", "writerows", "to_csv", "sink_csv"}:
            writers.append(path.name)
            assert "in_sheet(" in text or "table_in_sheet(" in text, path
    assert sorted(writers) == ["export.py", "reveal.py", "scorecard_job.py", "write_tables.py"]
