"""JSON of others: whatever a file holds, one line says what is wrong with it, and the others are read.

Covers `bench.host.read_json` and `bench.runs.rows` over random and damaged files, and through the programs: results
(`bench.report`, `bench.commands.record`), plans, marks, manifests, verdicts, clocks, products; saved detectors are
covered in `tests/generators/test_score.py`. No other module reads JSON from a file.
"""

import ast
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from programs import QUIET, TOY, ended

from bench.audit.verdict import read_verdict
from bench.dataset import Dataset
from bench.faults import UserError
from bench.host.read_json import DEEPEST, MOST_BYTES, UnreadableError, json_in
from bench.report import rows_below
from bench.runs.rows import NEEDED, NUMBERS, SEEDS, TEXTS, read_result, row_in
from bench.runs.run_record import record_of, recorded_ids
from bench.sweeps.sweep_folder import SweepFolder
from reports.comparison.pages import write

# MLflow's own, about a loader strategy of SQLAlchemy 2.1.
pytestmark = pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy:DeprecationWarning")
SETTINGS = {"threshold": {"alerts_per_day": 100.0}, "protocol": {"training": "clean"}, "store": {"worlds": "w"}}
GOOD: dict[str, Any] = {
    "run_id": "1", "started_at": "2026-01-01T00:00:00.000+00:00", "name": "mine", "detector": "volume",
    "generator": "default", "anomalies": "ring", "home_levels": "ring:user_day", "protocol": "split",
    "threshold_policy": "budget", "seed": 0, "world_seed": 42, "anomaly_ratio": 0.05, "num_users": 9, "days": 28,
    "fingerprint": "0" * 16, "level": "call", "role": "detector", "suite": "", "settings": json.dumps(SETTINGS),
    "audit": "green", "trivial_types": "", "isolation": "process only", "left_out": "",
    "status": "OK", "reason": "", "prevalence/all": 0.1, "recall/all": 0.2,
    "average_precision/all": 0.3, "user_day/average_precision/ring": 0.2, "user_day/prevalence/ring": 0.1,
    "fit_seconds": 1.0, "version/numpy": "2",
}  # fmt: skip
PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
ANY = st.recursive(PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner))
LIKELY = st.sampled_from(
    ["OK", "call", "ring:x", "a:b:c", "{}", "[]", "null", '{"threshold": 3}', "2026", "x,y", "$a$"]
)
RANDOM = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


def saved(path: Path, content: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), errors="surrogatepass")
    return path


@RANDOM
@given(changes=st.dictionaries(st.sampled_from([*GOOD, "f1/all", "x", "\ud800"]), ANY | LIKELY, min_size=1, max_size=4))
def test_a_row_of_a_stranger_is_taken_as_it_should_be_or_left_out(tmp_path: Path, changes: dict[str, Any]) -> None:
    saved(tmp_path / "runs" / "a" / "result.json", GOOD)
    saved(tmp_path / "runs" / "b" / "result.json", {**GOOD, "run_id": "2", **changes})
    rows = rows_below(tmp_path / "runs")
    assert {name: value for name, value in rows[0].items() if name != "folder"} == GOOD
    assert all(path.exists() for path in write(rows, tmp_path / "report"))


def hollow(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(100 * 2**20)


DAMAGED: dict[str, tuple[Callable[[Path], object], str]] = {
    "deep": (lambda p: p.write_text("[" * 100_000 + "]" * 100_000), f"it has more than {DEEPEST} levels"),
    "deeper than ours": (lambda p: p.write_text("[" * 60 + "]" * 60), f"it has more than {DEEPEST} levels"),
    "list": (lambda p: saved(p, [GOOD]), "it is no JSON object"),
    "cut": (lambda p: p.write_text(json.dumps(GOOD)[:-9]), "Unterminated string"),
    "empty": (lambda p: p.write_text(""), "Expecting value"),
    "bytes": (lambda p: p.write_bytes(b"\xff\xfe{}"), "can't decode byte"),
    "half a character": (lambda p: p.write_text('{"name": "\\ud800"}'), "surrogates not allowed"),
    "nan": (lambda p: saved(p, GOOD | {"recall/all": float("nan")}), "NaN is no number"),
    "infinite": (lambda p: saved(p, GOOD | {"recall/all": float("inf")}), "Infinity is no number"),
    "beyond floats": (lambda p: p.write_text('{"recall/all": 1e999}'), "a number is beyond 1e+18: 1e999"),
    "many digits": (lambda p: p.write_text('{"seed": ' + "9" * 5000 + "}"), "a number is beyond 1e+18: 999"),
    "list as name": (lambda p: saved(p, GOOD | {"name": ["x"]}), "name must be a text, got ['x']"),
    "no name": (lambda p: saved(p, {**GOOD, "name": None}), "name must be a text, got None"),
    "text as metric": (lambda p: saved(p, GOOD | {"recall/all": "x"}), "recall/all must be a whole number or a number"),
    "object": (lambda p: saved(p, GOOD | {"more": {}}), "more must be a text or a whole number or"),
    "status": (lambda p: saved(p, GOOD | {"status": "GREAT"}), "'GREAT' is not a valid Status"),
    "level": (lambda p: saved(p, GOOD | {"home_levels": "ring:galaxy"}), "'galaxy' is not a valid Level"),
    "settings": (lambda p: saved(p, GOOD | {"settings": "{'a'}"}), "Expecting property name"),
    "figure": (
        lambda p: saved(p, GOOD | {"settings": '{"threshold": {"share": "x"}}'}),
        "share must be a whole number",
    ),
    "date": (lambda p: saved(p, GOOD | {"started_at": "yesterday"}), "Invalid isoformat string"),
    "folder": (lambda p: p.mkdir(), "it is no file"),
    "large": (hollow, f"it is larger than {MOST_BYTES // 2**20} MiB"),
}


@pytest.mark.parametrize("kind", DAMAGED)
def test_what_is_no_row_is_reported_in_one_line_and_the_others_are_read(
    tmp_path: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    spoil, reason = DAMAGED[kind]
    saved(tmp_path / "good" / "result.json", GOOD)
    path = tmp_path / "bad" / "result.json"
    path.parent.mkdir()
    spoil(path)
    (row,) = rows_below(tmp_path)
    assert row["folder"] == str(tmp_path / "good")
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"left out: {path} ")
    assert reason in line
    for read in (row_in, read_result):
        with pytest.raises(UnreadableError):
            read(path)
    with pytest.raises(UserError):
        record_of(path.parent)


def test_a_report_is_made_of_what_can_be_read(workplace: Path) -> None:
    saved(Path("runs/a/result.json"), GOOD)
    saved(Path("runs/b/result.json"), GOOD | {"detector": ["\x1b[2J"]})
    code, out, err = ended("report")
    assert code == 0
    assert len(out.splitlines()) == 3
    assert err == "left out: runs/b/result.json is not a result row (detector must be a text, got ['\\x1b[2J'])\n"
    shutil.rmtree("runs/a")
    code, _, err = ended("report")
    assert code == 2
    assert err.splitlines()[-1] == "there is no recorded run to compare; make one with: python -m bench.run"


def test_damaged_results_marks_and_locks_of_a_sweep_do_not_stop_it(tracked_workplace: Path) -> None:
    sweep = ("run", "--multirun", *TOY, *QUIET[1:], "detector=toy_longest", "seed=1,2,3", "hydra.sweep.dir=many")
    assert ended(*sweep)[0] == 0
    Path("many/0/result.json").write_text("{")
    Path("many/1/result.json").write_text('{"status": "OK"}')
    Path("many/2/mlflow.json").write_text("[]")
    assert SweepFolder(Path("many")).row(0)["status"] == "ERROR"
    code, _, err = ended("resume", "folder=many", TOY[-1])
    assert (code, err) == (0, "")
    assert {row_in(path)["status"] for path in Path("many").glob("*/result.json")} == {"OK"}
    assert [len(recorded_ids(Path("many", str(number)))) for number in range(3)] == [1, 1, 1]
    Path("many/1/result.json").write_text('{"status": "OK"}')
    Path("many/1/mlflow.json").unlink()
    code, out, err = ended("record", "runs=many")
    assert (code, len(err.splitlines())) == (0, 1)
    assert err.startswith("left out: many/1/result.json is not a result row (name is not there)")
    assert out.startswith("0 results sent")


@RANDOM
@given(content=ANY | st.dictionaries(st.sampled_from(["fingerprint", "asked", "checks", "start_ms", "files"]), ANY))
def test_verdicts_clocks_marks_and_plans_may_be_anything(tmp_path: Path, content: Any) -> None:
    for name in ("audit.json", "clock.json", "mlflow.json", "sweep.json"):
        saved(tmp_path / name, content)
    verdict = read_verdict(tmp_path)
    assert verdict is None or all(check.summary for check in [verdict])
    assert all(isinstance(run_id, str) for run_id in recorded_ids(tmp_path).values())
    with pytest.raises(UserError, match=r"clock\.json"):
        Dataset.open(tmp_path)
    with pytest.raises(UserError, match=r"must be that of a sweep|must have format"):
        SweepFolder(tmp_path).plan()


@pytest.mark.parametrize("spoilt", ["counts", "files", "recipe"])
def test_a_manifest_that_is_none_is_a_damaged_world(workplace: Path, spoilt: str) -> None:
    assert ended("run", *TOY, *QUIET, "detector=toy_longest")[0] == 0
    (path,) = Path("worlds").glob("*/manifest.json")
    saved(path, json.loads(path.read_text()) | {spoilt: [1]})
    code, _, err = ended("run", *TOY, *QUIET, "detector=toy_longest")
    assert (code, len(err.splitlines())) == (2, 1)
    assert f"{spoilt} must be an object, got [1]" in err
    assert ended("run", *TOY, *QUIET, "detector=toy_longest")[0] == 0


@pytest.mark.parametrize("column", [pa.array([[1.0]]), pa.array([{"a": 1}]), pa.array([b"\xff"]), pa.array([True])])
@pytest.mark.parametrize("name", ["score", "call_id"])
def test_scores_of_any_type_are_reported_in_one_line(workplace: Path, name: str, column: pa.Array) -> None:
    pq.write_table(pa.table({"call_id": ["c"], "score": [1.0]} | {name: column}), "mine.parquet")
    code, _, err = ended("run", *TOY, *QUIET, "detector=scores_file", "detector.path=mine.parquet")
    assert (code, len(err.splitlines())) == (2, 1)
    assert "mine.parquet" in err


def test_every_name_of_a_row_has_one_kind() -> None:
    assert set(NEEDED) <= set(TEXTS)
    assert not {*TEXTS} & {*NUMBERS, *SEEDS}
    assert set(GOOD) >= {*TEXTS, *SEEDS}


OWN = {"bench/host/read_json.py", "bench/isolation/worker.py"}
"""The one reader, and the process that is given its job, by a file that this program writes for it."""


def test_no_other_module_reads_json_from_a_file() -> None:
    root, others = Path(__file__).parents[3], set()
    for path in [
        path for room in ("bench", "detectors", "generators", "reports") for path in (root / room).rglob("*.py")
    ]:
        calls = [ast.unparse(node) for node in ast.walk(ast.parse(path.read_bytes())) if isinstance(node, ast.Call)]
        if any(call.startswith("json.load(") or (call.startswith("json.loads(") and "read_" in call) for call in calls):
            others.add(str(path.relative_to(root)))
    assert others <= OWN


def test_a_file_of_ours_is_read(tmp_path: Path) -> None:
    assert json_in(saved(tmp_path / "x.json", GOOD)) == GOOD
