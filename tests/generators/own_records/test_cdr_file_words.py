"""What is not understood is never taken for a value: labels, words for nobody, identifiers that a program spoilt.

Covers the columns of words (`is_anomaly`, `anomaly_type`, `outcome`, `callee_type`), those of identifiers (parties,
SIMs, devices, cells), and files that are not what their name says, as CSV and Parquet, damaged at random.
"""

import gzip
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from own_files import GOOD, HEADER, configured, make, read
from small_worlds import table

from bench.faults import UserError, faults_of

CALLS = 12


def labelled(column: str, normal: str, anomalous: str) -> str:
    """Return a file of twelve calls of which two bear the word for an anomaly."""
    rows = [f"a{row},b,2024-01-01T00:{row:02d}:00Z,9,{anomalous if row < 2 else normal}" for row in range(CALLS)]
    return "\n".join([f"{HEADER},{column}", *rows])


@pytest.mark.parametrize("word", ["None", "NaN", "0", "BENIGN", "Genuine", "no fraud", "N"])
@pytest.mark.parametrize("column", ["anomaly_type", "is_anomaly"])
def test_an_unexplained_word_is_never_a_label(tmp_path: Path, column: str, word: str) -> None:
    kind = "long_call" if column == "anomaly_type" else "1"
    text = labelled(column, word, kind)
    if not (column == "is_anomaly" and word in ("0", "N")):
        with pytest.raises(UserError) as error:
            read(tmp_path, text)
        message = str(error.value)
        assert f"column {column}: generator.labels must say what these words mean" in message
        assert message.endswith(f"got {word!r} (10 rows, first {tmp_path}/cdr.csv, row 3)")
        assert len(message.splitlines()) == 1
    assert read(tmp_path, text, labels={"normal": [word]})[1]["anomalous_calls"] == 2


@pytest.mark.parametrize("word", ["normal", "Normal", "NORMAL", ""])
def test_normal_is_understood_whatever_its_case(tmp_path: Path, word: str) -> None:
    assert read(tmp_path, labelled("anomaly_type", word, "SHORT_CALL"))[1]["calls_by_type"] == {"short_call": 2}


def test_words_name_types(tmp_path: Path) -> None:
    words = {"normal": ["legit"], "sim_box": ["SIM Box"], "half_day_call": []}
    for anomalous, kind in (("SIM Box", "sim_box"), ("half_day_call", "half_day_call")):
        for column in ("anomaly_type", "is_anomaly"):
            _, counts = read(tmp_path, labelled(column, "legit", anomalous), labels=words)
            assert counts["calls_by_type"] == {kind: 2}


def test_numbers_say_yes_and_no_and_may_be_turned_round(tmp_path: Path) -> None:
    assert read(tmp_path, labelled("is_anomaly", "0.0", "1.0"))[1]["anomalous_calls"] == 2
    turned = labelled("is_anomaly", "1", "-1")
    with pytest.raises(UserError, match="got '-1'"):
        read(tmp_path, turned)
    labels = {"normal": ["1"], "anomaly": ["-1"]}
    assert read(tmp_path, turned, labels=labels)[1]["calls_by_type"] == {"anomaly": 2}


def test_more_anomalies_than_normal_calls_have_to_be_meant(tmp_path: Path) -> None:
    text = labelled("is_anomaly", "1", "0")
    with pytest.raises(UserError, match=r"generator.mostly_anomalous must be true .* \(10 of 12 are"):
        read(tmp_path, text)
    assert read(tmp_path, text, mostly_anomalous=True)[1]["anomalous_calls"] == 10


def test_all_unexplained_words_are_told_at_once(tmp_path: Path) -> None:
    rows = [f"{GOOD},{word},{label}" for word, label in [("16", "odd"), ("17", ""), ("17", "odd"), ("18", "")]]
    with pytest.raises(UserError) as error:
        read(tmp_path, "\n".join([f"{HEADER},outcome,anomaly_type", *rows]), outcomes={"answered": ["16"]})
    about_outcomes, about_labels = str(error.value).splitlines()
    assert about_outcomes.endswith(
        f"got '17' (2 rows, first {tmp_path}/cdr.csv, row 2), '18' (1 rows, first {tmp_path}/cdr.csv, row 4)"
    )
    assert "'odd' (2 rows" in about_labels


def test_what_labels_may_say() -> None:
    path = str(Path(__file__).parents[3] / "docs" / "own-data-sample.csv")
    for labels, message in [
        (3, "generator.labels must give a list of words"),
        ({"a/b": ["x"]}, "generator.labels.a/b must be a type's name"),
        ({"normal": ["x"], "ring": ["X"]}, "generator.labels.ring must not have what means normal already"),
    ]:
        faults = [str(fault) for fault in faults_of(configured(path=path, labels=labels), "generator")]
        assert any(fault.startswith(message) for fault in faults)


def test_advice_names_every_label_column(tmp_path: Path) -> None:
    (tmp_path / "cdr.csv").write_text(f"{HEADER},is_anomaly,anomaly_type\n")
    faults = list(faults_of(configured(path=str(tmp_path / "cdr.csv"), anomaly_ratio=0.1), "generator"))
    assert "(generator.columns.is_anomaly=null generator.columns.anomaly_type=null leaves them out)" in str(faults[0])
    followed = configured(
        path=str(tmp_path / "cdr.csv"), anomaly_ratio=0.1, columns={"is_anomaly": None, "anomaly_type": None}
    )
    assert not list(faults_of(followed, "generator"))


MISSING = [
    "NULL",
    "null",
    "-",
    "unknown",
    "Anonymous",
    "\\N",
    "-1",
    "None",
    "NaN",
    "withheld",
    "",
    "sip:anonymous@anonymous.invalid",
    "Anonymous@anonymous.invalid",
    "nil",
    "<null>",
    "Private number",
    "CLIR",
    "+",
]


@pytest.mark.parametrize("word", MISSING)
@pytest.mark.parametrize("place", ["caller_id", "callee_id"])
def test_a_missing_party_is_nobody(tmp_path: Path, word: str, place: str) -> None:
    parties = f"{word},b" if place == "caller_id" else f"a,{word}"
    text = "\n".join([HEADER, GOOD, *[f"{parties},2024-01-01T00:00:00Z,1"] * 3])
    with pytest.raises(UserError, match=rf"row 2, column {place}: must name a party \(generator.missing_parties=drop"):
        read(tmp_path, text)
    world, counts = read(tmp_path, text, missing_parties="drop")
    assert (counts["calls"], counts["dropped"]) == (1, 3)
    (tmp_path / "separate").mkdir()
    world, counts = read(tmp_path / "separate", text, missing_parties="separate")
    assert counts["calls"] == 4
    assert table(world, "calls")[place].cast(str).n_unique() == 4


def test_a_word_for_nobody_may_be_somebody(tmp_path: Path) -> None:
    world, _ = read(tmp_path, f"{HEADER}\n-1,b,2024-01-01T00:00:00Z,1\n", missing_words=["?"])
    assert table(world, "calls")["caller_id"].to_list() == ["-1"]


def test_missing_devices_and_cells_are_filled(tmp_path: Path) -> None:
    rows = [f"{GOOD},{device},{cell}" for device, cell in [("NULL", "-"), ("1", "x")]]
    _, counts = read(tmp_path, "\n".join([f"{HEADER},caller_imei,first_cell_id", *rows]))
    assert counts["filled"]["caller_imei"] == 1
    assert counts["filled"]["first_cell_id"] == 1


def test_a_call_that_is_left_out_does_not_shift_the_places_of_others(tmp_path: Path) -> None:
    rows = ["-,b,2024-01-01T00:00:00Z,1,x", f"{GOOD},y", f"{GOOD},z", f"{GOOD},y"]
    with pytest.raises(UserError, match=r"row 4: must not come twice, got 'y' as in .*row 2"):
        read(tmp_path, "\n".join([f"{HEADER},call_id", *rows]), missing_parties="drop")


def test_rounded_identifiers_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"row 2, column callee_id: must be an identifier in full.*got '9.20E\+11'"):
        read(tmp_path, f"{HEADER}\n{GOOD}\na,9.20E+11,2024-01-01T00:00:00Z,1\n")


def test_numbers_as_floating_point_are_the_whole_numbers(tmp_path: Path) -> None:
    world, _ = read(tmp_path, f"{HEADER}\n1067.0,1063.0,2024-01-01T00:00:00Z,1\n")
    assert table(world, "calls")["caller_id"].to_list() == ["1067"]
    columns = {"caller_id": [1067.0], "callee_id": [1063.0], "call_start_ts": ["2024-01-01T00:00:00Z"]}
    pq.write_table(pa.table({**columns, "call_duration": [1]}), tmp_path / "cdr.parquet")
    world, _ = make(tmp_path / "again", path=str(tmp_path / "cdr.parquet"))
    assert table(world, "calls")["callee_id"].to_list() == ["1063"]
    pq.write_table(pa.table({**columns, "caller_id": [0.5], "call_duration": [1]}), tmp_path / "cdr.parquet")
    with pytest.raises(UserError, match="must be a whole number"):
        make(tmp_path / "third", path=str(tmp_path / "cdr.parquet"))


def test_parties_that_look_like_one_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = ["01067,b,2024-01-01T00:00:00Z,1", "1067,+91,2024-01-01T00:00:00Z,1", "0091,b,2024-01-01T00:00:00Z,1"]
    read(tmp_path, "\n".join([HEADER, *rows]))
    assert "2 pairs of numbers differ in leading zeros or + only, such as 01067 and 1067" in capsys.readouterr().out


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32", "latin-1"])
def test_another_encoding_is_named(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "cdr.csv").write_bytes(f"{HEADER}\n{GOOD}\nä,b,2024-01-01T00:00:00Z,1\n".encode(encoding))
    with pytest.raises(UserError) as error:
        make(tmp_path / "world", path=str(tmp_path / "cdr.csv"))
    if encoding != "utf-16-le":  # without its mark it reads as a header of one strange column
        assert "generator.encoding must be its encoding" in str(error.value)


def damage(content: bytes, edits: list[tuple[float, bytes, int]]) -> bytes:
    """Return a file's bytes with some overwritten, put in or cut out, at parts of its length."""
    for part, put, cut in edits:
        at = int(part * len(content))
        content = content[:at] + put + content[at + cut :]
    return content


EDITS = st.lists(st.tuples(st.floats(0, 1), st.binary(max_size=6), st.integers(0, 40)), min_size=1, max_size=4)
TEXT = "\n".join([f"{HEADER},outcome,anomaly_type", *[f"{GOOD},answered,normal"] * 30]).encode()


def _parquet() -> bytes:
    sink = pa.BufferOutputStream()
    columns: dict[str, Any] = {"caller_id": ["a"] * 30, "callee_id": ["b"] * 30, "call_duration": [1] * 30}
    pq.write_table(pa.table({**columns, "call_start_ts": ["2024-01-01T00:00:00Z"] * 30}), sink)
    return bytes(sink.getvalue())


KINDS = {".csv": lambda: TEXT, ".csv.gz": lambda: gzip.compress(TEXT), ".parquet": _parquet}


@pytest.mark.parametrize("ending", list(KINDS))
@settings(max_examples=60, deadline=None)
@given(edits=EDITS)
def test_a_damaged_file_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, ending: str, edits: list[tuple[float, bytes, int]]
) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    (folder / f"cdr{ending}").write_bytes(damage(KINDS[ending](), edits))
    try:
        _, counts = make(folder / "world", path=str(folder / f"cdr{ending}"))
    except UserError:
        return
    assert 1 <= counts["calls"] <= 30 + 4 * 6
