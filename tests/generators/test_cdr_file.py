"""Call records of one's own: what is read, what is refused, and that nothing is lost on the way."""

import json
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hydra import compose, initialize_config_module
from hydra.utils import instantiate
from hypothesis import given, settings
from hypothesis import strategies as st
from omegaconf import OmegaConf
from small_worlds import SMALL, make_settings, make_world, table

from bench.composition import register
from bench.dataset import Dataset
from bench.evaluate import evaluate
from bench.faults import UserError, faults_of
from bench.protocol import applied
from bench.schema import CALLS, DATA_TABLES, LABELS
from bench.settings import ProtocolSettings, ThresholdSettings
from bench.store import fingerprint_of
from bench.truth import Truth
from generators import export
from generators.cdr_file.settings import CdrFileSettings, Columns
from generators.cdr_file.world import CdrFile

HEADER = "caller_id,callee_id,call_start_ts,call_duration"
SAMPLE = Path(__file__).parents[2] / "docs" / "own-data-sample.csv"


def read(folder: Path, text: str, name: str = "cdr.csv", **changes: Any) -> tuple[Path, dict[str, Any]]:
    """Read a file with this text, plainly unless told otherwise; return the world's folder and its counts."""
    path = folder / name
    path.write_text(text)
    return make(folder / "world", path=str(path), **changes)


def make(folder: Path, **changes: Any) -> tuple[Path, dict[str, Any]]:
    settings = configured(**changes)
    told = [str(fault) for fault in faults_of(settings, "generator")]
    if told:
        raise UserError("\n".join(told))
    counts = CdrFile(settings, {}).make(folder, 1, lambda *_: None)
    return folder, counts


def configured(**changes: Any) -> CdrFileSettings:
    """Return settings as the configuration makes them."""
    chosen = OmegaConf.merge(OmegaConf.structured(CdrFileSettings), {"pseudonyms": False, **changes})
    settings: CdrFileSettings = OmegaConf.to_object(chosen)  # type: ignore[assignment]
    return settings


def starts(world: Path) -> list[datetime]:
    return table(world, "calls")["call_start_ts"].to_list()


def test_our_names_are_the_schemas() -> None:
    assert set(Columns.__dataclass_fields__) == {c.name for c in (*CALLS.columns, *LABELS)} | {"incident_id"}


def test_every_table_is_whole_and_what_was_filled_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    world, counts = read(tmp_path, f"{HEADER}\nann,bob,2024-01-02T10:00:00Z,61\nbob,eve,2024-01-01T09:30:00.9Z,0\n")
    for name, known in DATA_TABLES.items():
        known.check(Dataset.open(world / "data").table(name), name)
    first, second = table(world, "calls").to_dicts()
    assert (first["caller_id"], first["outcome"], first["call_id"]) == ("bob", "missed", "call_000000")
    assert first["call_start_ts"] == datetime(2024, 1, 1, 9, 30, tzinfo=UTC)
    assert (second["outcome"], second["callee_type"], second["first_cell_id"]) == ("answered", "subscriber", "unknown")
    assert second["call_end_ts"] - second["call_start_ts"] == timedelta(seconds=61)
    assert table(world, "users")["user_id"].to_list() == ["ann", "bob"]
    assert table(world, "cells").is_empty()
    assert counts["filled"] == dict.fromkeys(
        ["call_id", "outcome", "callee_type", "first_cell_id", "last_cell_id", "caller_imei", "caller_imsi",
         "callee_imsi", "callee_number"], 2,
    )  # fmt: skip
    assert counts["labelled"] is False
    assert "2 calls without callee_type, filled with: subscriber" in capsys.readouterr().out


def test_columns_are_mapped_and_left_out(tmp_path: Path) -> None:
    text = "A;B;START;END;outcome;CELL\n1;2;01/02/2024 10:00:00;01/02/2024 10:00:31;16;x\n"
    columns = {"caller_id": "A", "callee_id": "B", "call_start_ts": "START", "call_end_ts": "END", "outcome": None}
    world, counts = read(
        tmp_path, text, delimiter=";", columns={**columns, "first_cell_id": "CELL"}, time_format="%d/%m/%Y %H:%M:%S"
    )
    (call,) = table(world, "calls").to_dicts()
    assert call["call_start_ts"] == datetime(2024, 2, 1, 10, tzinfo=UTC)
    assert (call["call_duration"], call["outcome"]) == (31, "answered")
    assert (call["first_cell_id"], call["last_cell_id"]) == ("x", "x")
    (cell,) = table(world, "cells").to_dicts()
    assert (cell["cell_id"], cell["latitude"]) == ("x", None)
    assert counts["filled"]["outcome"] == 1
    world, _ = read(
        tmp_path / "world", text, delimiter=";", columns={**columns, "outcome": "outcome"},
        time_format="%d/%m/%Y %H:%M:%S", outcomes={"busy": [16]},
    )  # fmt: skip
    assert table(world, "calls")["outcome"].to_list() == ["busy"]


@pytest.mark.parametrize(
    ("text", "changes"),
    [
        ("2024-07-01T04:30:00.250Z", {}),
        ("2024-07-01T10:00:00+05:30", {}),
        ("2024-07-01 10:00", {"time_zone": "Asia/Kolkata"}),
        ("1719808200", {"time_format": "epoch_s"}),
        ("1719808200.9", {"time_format": "epoch_s"}),
        ("1719808200999", {"time_format": "epoch_ms"}),
        ("01.07.2024 10:00:00", {"time_format": "%d.%m.%Y %H:%M:%S", "time_zone": "Asia/Kolkata"}),
        ("01.07.2024 10:00:00.75", {"time_format": "%d.%m.%Y %H:%M:%S.%f", "time_zone": "Asia/Kolkata"}),
        ("01.07.2024 10:00:00 +0530", {"time_format": "%d.%m.%Y %H:%M:%S %z"}),
    ],
)
def test_one_moment_in_many_forms(tmp_path: Path, text: str, changes: dict[str, str]) -> None:
    world, _ = read(tmp_path, f"{HEADER}\na,b,{text},1\n", **changes)
    assert starts(world) == [datetime(2024, 7, 1, 4, 30, tzinfo=UTC)]


@pytest.mark.parametrize(("unit", "text"), [("s", "89.5"), ("ms", "90400"), ("min", "1.5")])
def test_lengths_have_a_unit(tmp_path: Path, unit: str, text: str) -> None:
    world, _ = read(tmp_path, f"{HEADER}\na,b,2024-01-01T00:00Z,{text}\n", duration_unit=unit)
    assert table(world, "calls")["call_duration"].to_list() == [90]


def test_the_clock_is_of_whole_local_days(tmp_path: Path) -> None:
    text = f"{HEADER}\na,b,2024-07-01 00:10:00,1\na,b,2024-07-03 23:59:59,1\n"
    world, _ = read(tmp_path, text, time_zone="Europe/Berlin")
    clock = Dataset.open(world / "data").clock
    assert clock.utc_offset_s == 7200
    assert (clock.end_ms - clock.start_ms) / 86_400_000 == 3
    assert datetime.fromtimestamp(clock.start_ms / 1000, UTC) == datetime(2024, 6, 30, 22, tzinfo=UTC)


GOOD = "a,b,2024-01-01T00:00:00Z,1"
WRONG = [
    ("a,b,soon,1", "row 2, column call_start_ts: must be a time such as 2024-01-31T18:00:00Z (ISO 8601), got 'soon'"),
    ("a,b,2024-02-30T00:00Z,1", "row 2, column call_start_ts: must be a time that exists, got '2024-02-30T00:00Z'"),
    ("a,b,2024-01-01T00:00:00,1", "row 2, column call_start_ts: must have a zone, or none, like the rows before"),
    ("a,b,1024-01-01T00:00:00Z,1", "row 2, column call_start_ts: must be a time that exists"),
    ("a,b,1924-01-01T00:00:00Z,1", "row 2, column call_start_ts: must lie in the years 1971 to 2199"),
    (",b,2024-01-01T00:00:00Z,1", "row 2, column caller_id: must not be empty, got ''"),
    ("a,b,2024-01-01T00:00:00Z,one", "row 2, column call_duration: must be a number, got 'one'"),
    ("a,b,2024-01-01T00:00:00Z,-3", "row 2, column call_duration: must give a length of 0 to 31 days, got '-3'"),
    ("a,b,2024-01-01T00:00:00Z,", "row 2, column call_duration: must be a number, got ''"),
    ("a,b,2024-01-01T00:00:00Z", "row 2: must have 4 fields, got 3: a,b,2024-01-01T00:00:00Z"),
]  # fmt: skip


@pytest.mark.parametrize(("row", "told"), WRONG)
def test_a_wrong_row_is_named(tmp_path: Path, row: str, told: str) -> None:
    with pytest.raises(UserError) as error:
        read(tmp_path, f"{HEADER}\n{GOOD}\n{row}\n{GOOD}\n")
    assert str(error.value).startswith(f"{tmp_path}/cdr.csv, {told}")
    assert len(str(error.value).splitlines()) == 1


def test_a_wrong_row_far_down_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("generators.cdr_file.files.BLOCK_BYTES", 1000)
    text = "\n".join([HEADER, *[GOOD] * 500, "a,b,2024-13-01T00:00:00Z,1"])
    with pytest.raises(UserError, match=r"row 501, column call_start_ts: must be a time that exists"):
        read(tmp_path, text)


def test_words_that_nobody_explained_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"row 2, column outcome: .* \(other words: generator.outcomes\), got '17'"):
        read(tmp_path, f"{HEADER},outcome\n{GOOD},16\n{GOOD},17\n", outcomes={"answered": ["16"]})


def test_a_call_id_that_comes_twice_is_refused_with_both_places(tmp_path: Path) -> None:
    for name, text in (("1.csv", f"{GOOD},x\n{GOOD},y"), ("2.csv", f"{GOOD},z\n{GOOD},x")):
        (tmp_path / name).write_text(f"{HEADER},call_id\n{text}\n")
    with pytest.raises(UserError) as error:
        make(tmp_path / "world", path=str(tmp_path))
    assert str(error.value) == f"{tmp_path}/2.csv, row 2: must not come twice, got 'x' as in {tmp_path}/1.csv, row 1"


def test_a_zone_that_changes_its_clocks_is_refused(tmp_path: Path) -> None:
    rows = "a,b,2024-03-30 12:00,1\na,b,2024-04-02 12:00,1\n"
    with pytest.raises(
        UserError, match=r"generator.time_zone must keep one offset from UTC from 2024-03-30 to 2024-04"
    ):
        read(tmp_path, f"{HEADER}\n{rows}", time_zone="Europe/Berlin")


def test_faults_of_the_settings_are_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "cdr.csv").write_text("A_NUMBER,B_NUMBER,WHEN\n")
    wrong = configured(
        path=str(tmp_path / "cdr.csv"),
        columns={"caller_id": "A_NUMBR", "callee_id": "B_NUMBER", "incident_id": "WHEN"},
        time_zone="Mars/Olympus",
        time_format="sometimes",
        duration_unit="h",
    )
    wrong.duration_unit = "s"
    told = "\n".join(str(fault) for fault in faults_of(wrong, "generator"))
    assert "generator.time_zone must be a name of the IANA time zone database, got 'Mars/Olympus'" in told
    assert "generator.time_format must be one of iso, epoch_s, epoch_ms" in told
    assert "got 'A_NUMBR'; did you mean A_NUMBER?" in told
    assert "generator.columns.call_start_ts must name a column of" in told
    assert "generator.columns.call_duration (or call_end_ts) must name a column of" in told
    assert "generator.columns.incident_id must come with is_anomaly or anomaly_type" in told


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("none.csv", None, "there is no file"),
        ("empty.csv", b"", "cannot be read"),
        ("calls.xlsx", b"PK", "must end with .csv, .csv.gz, .parquet"),
        ("torn.parquet", b"PAR1 and no more", "cannot be read"),
        ("twice.csv", b"caller_id,caller_id\n", "has the column caller_id twice"),
    ],
)
def test_files_that_are_none_are_named(tmp_path: Path, name: str, content: bytes | None, told: str) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    (fault,) = faults_of(configured(path=str(tmp_path / name)), "generator")
    assert fault.key == "generator.path"
    assert told in str(fault)


def test_a_file_without_calls_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="must have at least one call"):
        read(tmp_path, f"{HEADER}\n")


@settings(max_examples=25, deadline=None)
@given(seconds=st.lists(st.integers(0, 300_000), min_size=1, max_size=30), cuts=st.integers(1, 3))
def test_order_and_cutting_of_files_do_not_matter(
    tmp_path_factory: pytest.TempPathFactory, seconds: list[int], cuts: int
) -> None:
    """Calls come out sorted by their start, and of those that start together, in the order of the files."""
    folder = tmp_path_factory.mktemp("cuts")
    rows = [f"user_{number},b,{1_700_000_000 + second},1" for number, second in enumerate(seconds)]
    for number in range(cuts):
        part = rows[len(rows) * number // cuts : len(rows) * (number + 1) // cuts]
        (folder / f"{number}.csv").write_text("\n".join([HEADER, *part]) + "\n")
    world, counts = make(folder / "world", path=f"{folder}/*.csv", time_format="epoch_s")
    expected = [number for _, number in sorted((second, number) for number, second in enumerate(seconds))]
    assert table(world, "calls")["caller_id"].to_list() == [f"user_{number}" for number in expected]
    assert counts["calls"] == len(rows)


def test_csv_and_parquet_give_the_same_tables(tmp_path: Path) -> None:
    frame = pl.read_csv(SAMPLE, separator=";", infer_schema=False)
    when = pl.col("START").str.to_datetime("%d/%m/%Y %H:%M:%S")
    frame.with_columns(when, pl.col("DURATION").cast(pl.Int32), pl.col("RESULT").cast(pl.Categorical)).write_parquet(
        tmp_path / "cdr.parquet"
    )
    frame.write_csv(tmp_path / "cdr.csv")
    worlds = [
        make(tmp_path / end, path=str(tmp_path / f"cdr.{end}"), **SAMPLE_SETTINGS)[0] for end in ("csv", "parquet")
    ]
    for name in DATA_TABLES:
        files = [(world / "data" / f"{name}.parquet").read_bytes() for world in worlds]
        assert files[0] == files[1]


SAMPLE_SETTINGS: dict[str, Any] = {
    "columns": {
        "caller_id": "A_NUMBER", "callee_id": "B_NUMBER", "call_start_ts": "START", "call_duration": "DURATION",
        "first_cell_id": "CELL", "outcome": "RESULT",
    },
    "time_format": "%d/%m/%Y %H:%M:%S",
    "time_zone": "Asia/Kolkata",
    "outcomes": {"answered": ["ANS"], "missed": ["NOANS"], "busy": ["BUSY"], "failed": ["FAIL"]},
}  # fmt: skip


def test_no_file_of_a_world_has_a_number_in_it(tmp_path: Path) -> None:
    key = tmp_path / "secret" / "own.key"
    world = CdrFile(
        configured(path=str(SAMPLE), delimiter=";", pseudonyms=True, key_file=str(key), **SAMPLE_SETTINGS), {}
    )
    world.make(tmp_path / "world", 1, lambda *_: None)
    plain = make(tmp_path / "plain", path=str(SAMPLE), delimiter=";", **SAMPLE_SETTINGS)[0]
    numbers = set(table(plain, "calls")["caller_id"]) | set(table(plain, "calls")["callee_id"])
    told = json.dumps(world.recipe())
    for name in DATA_TABLES:
        told += table(tmp_path / "world", name).write_json()
    assert not [number for number in numbers if number in told]
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert key.read_bytes().hex() not in told
    ours, theirs = table(tmp_path / "world", "calls"), table(plain, "calls")
    pairs = {(*pair,) for pair in zip(ours["caller_id"], theirs["caller_id"], strict=True)}
    pairs |= {(*pair,) for pair in zip(ours["callee_id"], theirs["callee_id"], strict=True)}
    assert len(pairs) == len({ours for ours, _ in pairs}) == len({theirs for _, theirs in pairs}) == len(numbers)


def test_a_key_is_one_s_own(tmp_path: Path) -> None:
    (tmp_path / "cdr.csv").write_text(f"{HEADER}\n{GOOD}\n")

    def callers(name: str) -> list[str]:
        changes = {"pseudonyms": True, "key_file": str(tmp_path / name), "path": str(tmp_path / "cdr.csv")}
        return table(make(tmp_path / f"world{len(list(tmp_path.iterdir()))}", **changes)[0], "calls")[
            "caller_id"
        ].to_list()

    assert callers("one.key") == callers("one.key") != callers("two.key")
    (tmp_path / "short.key").write_bytes(b"guess")
    (tmp_path / "short.key").chmod(0o600)
    with pytest.raises(UserError, match=r"generator.key_file must hold at least 16 bytes, got 5"):
        callers("short.key")
    (tmp_path / "one.key").chmod(0o644)
    with pytest.raises(UserError, match=r"generator.key_file must be for its owner alone"):
        callers("one.key")


def test_a_changed_file_is_a_new_world_and_a_moved_one_is_not(tmp_path: Path) -> None:
    def fingerprint(folder: str, text: str, **changes: Any) -> str:
        path = tmp_path / folder / "cdr.csv"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"{HEADER}\n{text}\n")
        return fingerprint_of(CdrFile(configured(path=str(path), **changes), {}))

    known = fingerprint("here", GOOD)
    assert fingerprint("there", GOOD) == known
    others = [fingerprint("here", f"{GOOD}0"), fingerprint("here", GOOD, time_zone="Asia/Kolkata")]
    assert len({known, *others}) == 3


def test_labels_become_incidents(tmp_path: Path) -> None:
    rows = [
        "a,b,2024-01-01T00:00Z,1,true,burst_call,i1",
        "a,c,2024-01-01T00:01Z,1,1,burst_call,i1",
        "b,c,2024-01-01T00:02Z,1,yes,long_call,",
        "b,c,2024-01-01T00:03Z,1,0,normal,",
        "b,c,2024-01-01T00:04Z,1,false,,",
    ]
    world, counts = read(tmp_path, "\n".join([f"{HEADER},is_anomaly,anomaly_type,incident_id", *rows]))
    labels = Truth(world / "truth").call_labels(0, 5)
    assert labels.types == ("burst_call", "long_call")
    assert labels.type_code.tolist() == [0, 0, 1, -1, -1]
    assert labels.incident_code.tolist() == [0, 0, 1, -1, -1]
    assert table(world, "incidents")["level"].to_list() == ["user", "call"]
    assert counts["labelled"]
    assert counts["calls_by_type"] == {"burst_call": 2, "long_call": 1}
    assert counts["incidents_by_type"] == {"burst_call": 1, "long_call": 1}


@pytest.mark.parametrize(
    ("header", "rows", "told"),
    [
        ("is_anomaly", ["perhaps"], "row 1, column is_anomaly: must be true or false, got 'perhaps'"),
        (
            "is_anomaly,anomaly_type",
            ["0,wangiri"],
            "row 1, column anomaly_type: must be a type where is_anomaly says so",
        ),
        ("anomaly_type", ["a/b"], "row 1, column anomaly_type: must be a name of letters, digits, _ - ."),
        ("anomaly_type", ["all"], "row 1, column anomaly_type: must be a name of letters, digits, _ - ."),
        (
            "anomaly_type,incident_id",
            ["x,1", "y,1"],
            "incident_id 1: all its calls must have one anomaly_type, got x and y",
        ),
    ],
)
def test_labels_that_contradict_are_refused(tmp_path: Path, header: str, rows: list[str], told: str) -> None:
    with pytest.raises(UserError) as error:
        read(tmp_path, "\n".join([f"{HEADER},{header}", *(f"{GOOD},{row}" for row in rows)]))
    assert told in str(error.value)


def test_anomalies_are_not_injected() -> None:
    with pytest.raises(UserError, match=r"anomaly must be \[\] for generator=cdr_file"):
        CdrFile(configured(path="any"), {"short_call": None})


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A simulated world, and what is exported of it."""
    folder = tmp_path_factory.mktemp("exported")
    counts = make_world(folder / "world", *SMALL, "generator.days=14")
    recipe = {"settings": {"num_users": 300, "num_towers": 7, "anomaly_ratio": 0.05, "seed": 42}}
    manifest = {"counts": counts, "recipe": recipe, "fingerprint": "0" * 16}
    (folder / "world" / "manifest.json").write_text(json.dumps(manifest))
    (folder / "out").mkdir()
    export.write(folder / "world", folder / "out", csv=True, progress=lambda *_: None)
    return folder / "world", folder / "out"


@pytest.mark.parametrize("detector", ["rules", "iforest"])
def test_a_world_that_is_exported_and_read_back_gives_the_same_numbers(
    exported: tuple[Path, Path], tmp_path: Path, detector: str
) -> None:
    simulated, out = exported
    again, counts = make(tmp_path / "world", path=str(out / "cdr_call_records.csv"), truth=str(out))
    assert counts["filled"] == {}
    expected, found = judged(simulated, detector), judged(again, detector)
    assert (expected[0] == found[0]).all()
    assert expected[1] == found[1]
    assert len([value for value in found[1].values() if value is not None]) > 300


def judged(world: Path, detector: str) -> tuple[Any, dict[str, float | None]]:
    """Return the scores and all metrics of a detector in a world."""
    register()
    with initialize_config_module("conf", version_base="1.3"):
        config = compose("config", overrides=[f"detector={detector}"])
    dataset = applied(Dataset.open(world / "data"), ProtocolSettings())
    scores = (
        instantiate(OmegaConf.to_container(config, resolve=True)["detector"], _convert_="all")
        .fit(dataset)
        .score(dataset)
    )
    return scores.values, evaluate(dataset, Truth(world / "truth"), scores, ThresholdSettings()).values


def test_a_truth_that_names_other_calls_is_refused(exported: tuple[Path, Path], tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"truth.parquet, row 1, column entity_id: must be a call_id of the files"):
        read(tmp_path, f"{HEADER},call_id\n{GOOD},mine\n", truth=str(exported[1]))


def test_shipped_configuration_is_whole() -> None:
    chosen, anomalies = make_settings("generator=cdr_file", f"generator.path={SAMPLE}", "generator.delimiter=';'")
    assert isinstance(chosen, CdrFileSettings)
    assert anomalies == {}
    assert {fault.key for fault in faults_of(chosen, "generator")} >= {"generator.columns.caller_id"}


def test_words_may_not_mean_two_things() -> None:
    for given_words in ({"answered": ["x"], "busy": ["x"]}, {"answered": ["busy"]}):
        faults = faults_of(configured(path=str(SAMPLE), delimiter=";", outcomes=given_words), "generator")
        assert any(fault.key.startswith("generator.outcomes") for fault in faults)
