"""Scores that the harness provides, and the files that others bring."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest
from toy_world import ToySettings, ToyWorld

from bench.dataset import Dataset
from bench.evaluation.evaluate import Evaluator, evaluate
from bench.faults import UserError
from bench.generator import silent
from bench.result import Status
from bench.runs.references import Constant, Oracle
from bench.runs.scores_file import ScoresFile
from bench.settings import ProtocolSettings
from bench.threshold_policies import Budget, TruePrevalence
from bench.truth import Truth
from bench.worlds.protocol import applied
from bench.worlds.store import StoredWorld, find_or_make


@pytest.fixture
def world(workplace: Path) -> StoredWorld:
    return find_or_make(ToyWorld(ToySettings(calls=300), {}), Path("worlds"), 1, silent)


@pytest.fixture
def dataset(world: StoredWorld) -> Dataset:
    return applied(Dataset.open(world.folder / "data"), ProtocolSettings())


@pytest.fixture
def truth(world: StoredWorld) -> Truth:
    return Truth(world.folder / "truth")


def test_the_oracle_is_perfect_and_a_constant_worth_its_prevalence(dataset: Dataset, truth: Truth) -> None:
    oracle = evaluate(dataset, truth, Oracle().scores(dataset, truth), TruePrevalence())
    perfect = [oracle.values[f"{name}/all"] for name in ("average_precision", "roc_auc", "f1")]
    assert perfect == pytest.approx([1.0, 1.0, 1.0])
    scores = Constant(0.3).scores(dataset, truth)
    same = Evaluator.of(dataset, truth).evaluation(scores, Budget(), constant=True)
    assert same.status is Status.OK
    assert same.values["average_precision/all"] == pytest.approx(same.values["prevalence/all"])
    assert same.values["roc_auc/all"] == pytest.approx(0.5)
    assert evaluate(dataset, truth, scores, Budget()).status is Status.DEGENERATE


@pytest.mark.parametrize("name", ["Oracle", "Constant"])
@pytest.mark.parametrize("role", ["detector", "supervised"])
def test_the_oracle_under_another_name_is_no_detector(workplace: Path, name: str, role: str) -> None:
    path = f"bench.runs.references.{name}"
    Path("mine/detector").mkdir(parents=True)
    Path("mine/detector/best.yaml").write_text(f"_target_: {path}\n")
    command = [sys.executable, "-m", "bench.run", "--config-dir", "mine", "detector=best", f"role={role}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    rule = f"be reference for {path}, which never ranks (role=reference, or `role: reference` in its file)"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"role must {rule}, got '{role}'\n")


def calls_of(dataset: Dataset) -> tuple[list[str], list[float]]:
    table = dataset.table("calls", ["call_id", "call_duration"])
    return table["call_id"].to_pylist(), [float(each) for each in table["call_duration"].to_pylist()]


@pytest.mark.parametrize("name", ["scores.csv", "scores.parquet"])
@pytest.mark.parametrize("only_window", [True, False])
def test_scores_of_a_file_are_those_of_the_calls_in_any_order(
    dataset: Dataset, truth: Truth, name: str, only_window: bool
) -> None:
    ids, values = calls_of(dataset)
    low, high = dataset.call_range(dataset.window)
    places = np.random.default_rng(1).permutation(np.arange(low, high) if only_window else np.arange(len(ids)))
    table = pa.table({"note": ["x"] * len(places), "score": [values[i] for i in places],
                      "call_id": [ids[i] for i in places]})  # fmt: skip
    (pa_csv.write_csv if name.endswith("csv") else pq.write_table)(table, name)
    scores = ScoresFile(name, causal=True, threshold=2.0).scores(dataset, truth)
    assert scores.values.tolist() == values[low:high]
    assert (scores.causal, scores.threshold) == (True, 2.0)


def test_scores_of_another_world_are_refused(dataset: Dataset, truth: Truth) -> None:
    ids, values = calls_of(dataset)
    own = dataset.folder.parent.name
    pq.write_table(pa.table({"call_id": ids, "score": values}), "mine.parquet")
    with pytest.raises(UserError, match=f"^detector.fingerprint must be that of this world, {own}, got 0123"):
        ScoresFile("mine.parquet", fingerprint="0123").scores(dataset, truth)
    for text, message in (('{"fingerprint": "0123"}', "that of this world"), ("[]", "the manifest of a world, and")):
        Path("manifest.json").write_text(text)
        with pytest.raises(UserError, match=rf"^manifest\.json must be {message}"):
            ScoresFile("mine.parquet").scores(dataset, truth)
    shutil.copyfile(dataset.folder.parent / "manifest.json", "manifest.json")
    assert ScoresFile("mine.parquet").scores(dataset, truth) is not None
    assert ScoresFile("mine.parquet", fingerprint=own).scores(dataset, truth) is not None


FAULTS = {
    "two": (lambda rows: [*rows, rows[3]], "{path}, row 301: call_id must not come twice, got 'call_0000003'"),
    "unknown": (
        lambda rows: [*rows[:5], ("call_x", 1.0), *rows[6:]],
        "{path}, row 6: call_id must be that of a call of this world, got 'call_x'",
    ),
    "nan": (
        lambda rows: [*rows[:7], (rows[7][0], float("nan")), *rows[8:]],
        "{path}, row 8: score must be a finite number, got 'nan'",
    ),
    "empty": (
        lambda rows: [*rows[:7], (rows[7][0], None), *rows[8:]],
        "{path}, row 8: score must be a finite number, got ",
    ),
    "short": (lambda rows: rows[:-2], "are not there, the first of them call_0000298"),
}


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_names_file_row_and_value(dataset: Dataset, truth: Truth, fault: str, suffix: str) -> None:
    change, message = FAULTS[fault]
    rows = change(list(zip(*calls_of(dataset), strict=True)))
    table = pa.table({"call_id": [row[0] for row in rows], "score": pa.array([row[1] for row in rows], pa.float64())})
    path = f"mine.{suffix}"
    (pa_csv.write_csv if suffix == "csv" else pq.write_table)(table, path)
    with pytest.raises(UserError) as error:
        ScoresFile(path).scores(dataset, truth)
    assert message.format(path=path) in str(error.value)
    assert len(str(error.value).splitlines()) == 1


def test_a_word_among_the_scores_is_shown(dataset: Dataset, truth: Truth) -> None:
    ids, _ = calls_of(dataset)
    text = [f"{name},{'high' if i == 9 else '1e-3'}" for i, name in enumerate(ids)]
    Path("mine.csv").write_text("\n".join(["call_id,score", *text]) + "\n")
    with pytest.raises(UserError, match=r"^mine\.csv, row 10: score must be a finite number, got 'high'$"):
        ScoresFile("mine.csv").scores(dataset, truth)


@pytest.mark.parametrize(
    ("path", "text", "message"),
    [
        ("mine.txt", "", "detector.path must end with .csv or .parquet, got mine.txt"),
        ("none.csv", None, "detector.path must be a file that can be read, got none.csv"),
        ("mine.parquet", "no parquet", "detector.path must be a file that can be read, got mine.parquet"),
        ("mine.csv", "id,score\n1,2\n", "mine.csv must have a column call_id, got id, score"),
        ("mine.csv", "call_id,value\n1,2\n", "mine.csv must have a column score, got call_id, value"),
    ],
)
def test_a_file_that_is_none_of_scores_is_reported(
    dataset: Dataset, truth: Truth, path: str, text: str | None, message: str
) -> None:
    if text is not None:
        Path(path).write_text(text)
    with pytest.raises(UserError) as error:
        ScoresFile(path).scores(dataset, truth)
    assert str(error.value).startswith(message)
