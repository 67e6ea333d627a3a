"""Files in many dialects, damaged in many ways: read or refused in a line, and no record is lost in silence."""

import bz2
import gzip
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from own_files import make
from test_cdr_file_words import EDITS, damage

from bench.faults import UserError
from generators.own_records.inspection.command import inspected

PACKED = {"plain": bytes, "gzip": gzip.compress, "bzip2": bz2.compress}
RECORD = ("call", "text", "nobody", "again", "comment", "blank")
NAMES = ["who", "whom", "begin", "lasts", "kind"]

DIALECTS = st.fixed_dictionaries(
    {
        "delimiter": st.sampled_from([",", ";", "|", "tab"]),
        "encoding": st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "latin-1"]),
        "header": st.booleans(),
        "quote": st.sampled_from(['"', "'"]),
        "skip_rows": st.integers(0, 2),
        "skip_last": st.integers(0, 2),
    }
)
KINDS = st.lists(st.sampled_from(RECORD), min_size=1, max_size=30)


def lines_of(kinds: list[str], dialect: dict[str, str]) -> list[str]:
    """Return lines of records, comments and nothing; each call begins a minute later."""
    joint, quote = {"tab": "\t"}.get(dialect["delimiter"], dialect["delimiter"]), dialect["quote"]
    lines, last = [], ""
    for number, kind in enumerate(kinds):
        if kind in ("comment", "blank"):
            lines.append("# nothing, to see" if kind == "comment" else "")
            continue
        who = "" if kind == "nobody" else f"{quote}ä{joint}{number % 5}{quote}"
        fields = [who, f"b{number % 3}", f"2024-01-01 {number // 60:02d}:{number % 60:02d}:00", "7"]
        row = joint.join([*fields, "text" if kind == "text" else "call"])
        last = row if kind != "again" or not last else last
        lines.append(last)
    return lines


def content_of(kinds: list[str], dialect: dict[str, str], packed: str) -> bytes:
    joint = {"tab": "\t"}.get(dialect["delimiter"], dialect["delimiter"])
    before = ["exported"] * int(dialect["skip_rows"]) + ([joint.join(NAMES)] if dialect["header"] else [])
    lines = [*before, *lines_of(kinds, dialect), *["total: many"] * int(dialect["skip_last"])]
    return bytes(PACKED[packed](("\n".join(lines) + "\n").encode(dialect["encoding"])))


def read(folder: Path, dialect: dict[str, str]) -> dict[str, int]:
    columns = {"caller_id": "who", "callee_id": "whom", "call_start_ts": "begin", "call_duration": "lasts"}
    own = {"names": [] if dialect["header"] else NAMES, "skip_lines": ["#"], "keep": {"kind": ["call"]}}
    more = {"missing_parties": "drop", "repeats": "drop"}
    return make(folder / "world", path=str(folder / "cdr"), columns=columns, **dialect, **own, **more)[1]  # type: ignore[arg-type]


@settings(max_examples=40, deadline=None)
@given(dialect=DIALECTS, kinds=KINDS, packed=st.sampled_from(list(PACKED)))
def test_rows_in_are_rows_read_and_rows_named(
    tmp_path_factory: pytest.TempPathFactory, dialect: dict[str, str], kinds: list[str], packed: str
) -> None:
    folder = tmp_path_factory.mktemp("fuzz")
    (folder / "cdr").write_bytes(content_of(kinds, dialect, packed))
    records = [line for line in lines_of(kinds, dialect) if line and not line.startswith("#")]
    calls = {line for line in records if line.endswith("call") and line[0] == dialect["quote"]}
    if not calls:
        with pytest.raises(UserError):
            read(folder, dialect)
        return
    counts = read(folder, dialect)
    assert counts["calls"] == len(calls)
    assert counts["calls"] + counts["dropped"] == len(records)


@settings(max_examples=40, deadline=None)
@given(dialect=DIALECTS, kinds=KINDS, packed=st.sampled_from(list(PACKED)), edits=EDITS)
def test_a_damaged_file_is_read_or_refused_and_can_be_looked_at(
    tmp_path_factory: pytest.TempPathFactory,
    dialect: dict[str, str],
    kinds: list[str],
    packed: str,
    edits: list[tuple[float, bytes, int]],
) -> None:
    folder = tmp_path_factory.mktemp("fuzz")
    (folder / "cdr").write_bytes(damage(content_of(kinds, dialect, packed), edits))
    (folder / "copies").mkdir()
    for attempt in (
        lambda: read(folder, dialect),
        lambda: inspected([str(folder / "cdr")], {"out": str(folder / "mine")}, folder / "copies"),
    ):
        with suppress(UserError):
            attempt()
