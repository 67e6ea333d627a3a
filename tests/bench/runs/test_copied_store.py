"""A project that was copied, store and all: each of the two keeps its own files. By whole runs on a toy world."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import programs
import pytest

RUN = (*programs.TOY, "detector=toy_longest", "report.run_figures=null", "report.terminal=null")


def places() -> dict[str, str]:
    """Return where the store says that the files of each run are."""
    with closing(sqlite3.connect("mlflow.db")) as store:
        return dict(store.execute("SELECT run_uuid, artifact_uri FROM runs"))


@pytest.mark.slow
def test_a_copied_project_keeps_its_files_to_itself(
    tracked_workplace: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        assert programs.ended("run", *RUN)[::2] == (0, "")
    first, second = places()
    copy = tmp_path_factory.mktemp("elsewhere") / "a copy"
    shutil.copytree(tracked_workplace, copy)
    shutil.rmtree(copy / "mlruns/1" / second)
    before = {path: path.stat().st_mtime_ns for path in tracked_workplace.rglob("*")}
    monkeypatch.chdir(copy)
    code, _, errors = programs.ended("run", *RUN)
    assert (code, errors.splitlines()) == (
        0,
        [
            f"mlflow.db came from another folder: files of cdrbench are kept in {copy}/mlruns/1, no more in "
            f"{tracked_workplace}/mlruns/1"
        ],
    )
    (third,) = set(places()) - {first, second}
    assert places()[first] == f"{copy}/mlruns/1/{first}/artifacts"
    assert places()[second] == f"{tracked_workplace}/mlruns/1/{second}/artifacts"
    assert (copy / "mlruns/1" / third / "artifacts/result.json").exists()
    assert {path: path.stat().st_mtime_ns for path in tracked_workplace.rglob("*")} == before
    assert programs.ended("run", *RUN)[::2] == (0, "")
