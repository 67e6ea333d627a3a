"""`cdrbench audit`, and how its verdict travels: on toys."""

import json
import shutil
from pathlib import Path

import programs
import pytest

import bench
from bench.audit.auditing import PARTS
from bench.audit.verdict import FILE, Light, read_verdict
from bench.host.imports import reach, source

WORLD = (*(each for each in programs.TOY if not each.startswith("audit=")), "generator.calls=2000")


def ended(program: str, *arguments: str) -> tuple[int, str, str]:
    return programs.ended(program, *WORLD, *arguments)


def world_folder() -> Path:
    """Return the world that was audited: its clean twin lies beside it."""
    (path,) = Path("worlds").glob(f"*/{FILE}")
    return path.parent


def test_an_audit_is_reported_written_and_kept(workplace: Path) -> None:
    code, out, err = ended("audit")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert [line.split()[0] for line in lines if line[0] != " "][:6] == [
        "identity", "bookkeeping", "triviality", "amounts", "incidents", "verdict",
    ]  # fmt: skip
    assert lines[-3:] == ["audit/audit.json", "audit/audit.md", "audit/audit.png"]
    verdict = read_verdict(world_folder())
    assert verdict is not None
    assert verdict.light is Light.GREEN
    assert "trivial: long_call by duration (ROC-AUC 1.0000)" in out
    assert json.loads((world_folder() / "manifest.json").read_text())["audit"] == verdict.summary
    written = (world_folder() / FILE).stat().st_mtime_ns
    assert ended("audit")[:2] == (0, out)
    assert (world_folder() / FILE).stat().st_mtime_ns == written
    assert len(list(Path("worlds").glob("*/manifest.json"))) == 2  # the world and its clean twin


def test_a_verdict_of_other_code_is_made_anew(workplace: Path) -> None:
    """That of the checks and what they use, that of the features and what they use; else the kept one will do."""
    ours, code = Path(bench.__file__).parents[1], Path("code")
    for name in ("bench", "detectors"):
        shutil.copytree(ours / name, code / name, ignore=shutil.ignore_patterns("__pycache__"))
    when = []
    edits = (
        "bench/audit/bookkeeping/leak.py",
        "bench/evaluation/ranking.py",
        "detectors/features/tables/audited.py",
        "detectors/features/calls/time_features.py",
        None,
        "detectors/users/fan_out.py",
    )
    for edited in edits:
        assert programs.ended("audit", *WORLD, first=code.absolute())[0] == 0
        when.append((world_folder() / FILE).stat().st_mtime_ns)
        if edited is not None:
            with (code / edited).open("a") as file:
                file.write("# edited\n")
    assert programs.ended("audit", *WORLD, first=code.absolute())[0] == 0
    when.append((world_folder() / FILE).stat().st_mtime_ns)
    assert when[0] < when[1] < when[2] < when[3] < when[4] == when[5] == when[6]


def test_the_code_that_decides_a_verdict_is_all_digested() -> None:
    """Whatever module of `bench` the checks import, but those about the machine."""
    folder = Path(bench.__file__).parent
    digested = {path for part in PARTS for path in folder.glob(part)}
    needed = [name for name in reach("bench.audit.auditing") if not name.startswith("bench.host")]
    assert len(needed) > 30
    assert [name for name in needed if source(name) not in digested] == []


def test_a_red_verdict_ends_with_code_1_and_is_in_every_result(workplace: Path) -> None:
    red = "protocol.fewest_incidents=5000"
    code, out, err = ended("audit", red)
    assert (code, err) == (1, "")
    assert "red: incidents" in out.splitlines()[-4]
    quiet = ("detector=toy_longest", "tracking=none", "report.run_figures=null")
    code, out, err = ended("run", *quiet, red, "audit=none")
    assert (code, err) == (0, "")
    assert "The audit of this world is red: incidents" in out
    (row,) = programs.rows()
    assert row["audit"].startswith("red: incidents")
    assert row["trivial_types"] == "long_call"


def test_a_run_audits_the_world_that_it_makes(workplace: Path) -> None:
    code, _, err = ended("run", "detector=toy_longest", *programs.QUIET)
    assert (code, err) == (0, "")
    (row,) = programs.rows()
    assert row["audit"].startswith("green")
    assert programs.leavings() == []


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("audit.alpha=2", "audit.alpha must be in [1e-09, 0.5], got 2.0"),
        ("audit.features.version=9", "audit.features.version must be 1, got 9"),
        (
            "audit.features._target_=detectors.features.tables.audited.Auditted",
            "did you mean detectors.features.tables.audited.Audited?",
        ),
    ],
)
def test_a_fault_is_one_line(workplace: Path, override: str, message: str) -> None:
    code, _, err = ended("audit", override)
    assert code == 2
    assert len(err.splitlines()) == 1
    assert message in err
