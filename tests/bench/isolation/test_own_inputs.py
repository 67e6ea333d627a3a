"""A detector's process cannot read the user's own files of records, their truth and the key of their pseudonyms.

Covers the three settings of `generator=cdr_file` that name them, as a file, a folder and a pattern, where the files lie
in the package of a plug-in, whose folder is otherwise readable, and where a setting of the detector names them.
"""

from pathlib import Path

import pytest
from programs import QUIET, ended

from bench.isolation import landlock
from bench.isolation.reach import inputs_of
from generators.own_records.file_settings import CdrFileSettings

SPY = """
from pathlib import Path
import numpy as np
from bench.detector import Level, Scores

class Spy:
    level, causal = Level.CALL, False
    def __init__(self, file=""):
        self.file = file
    def fit(self, dataset):
        for place in (Path(__file__).parent, Path("HERE")):
            for name in ("days/one.csv", "pseudonyms.key", "notes.txt"):
                try:
                    print("opened" if (place / name).read_bytes() else "", name)
                except OSError:
                    print("closed", name)
        return self
    def score(self, dataset):
        low, high = dataset.call_range(dataset.window)
        return Scores(self.level, np.arange(high - low, dtype=float))
"""
LINES = [f"a{n % 9},b{n % 7},2030-01-{1 + n // 20:02d} 10:{n % 60:02d}:00,{n % 90},{n % 5 == 0}" for n in range(400)]
RUN = ("run", *QUIET, "--config-dir", "mine", "detector=spy", "trusted_packages=[spy]", "generator=cdr_file",
       "report.reasons=null", "generator.key_file=spy/pseudonyms.key", "hydra.run.dir=runs/a")  # fmt: skip


@pytest.fixture
def package(workplace: Path) -> Path:
    folder = workplace / "spy"
    (folder / "days").mkdir(parents=True)
    (folder / "__init__.py").write_text(SPY.replace("HERE", str(folder)))
    (folder / "notes.txt").write_text("notes")
    header = "caller_id,callee_id,call_start_ts,call_duration,is_anomaly"
    (folder / "days" / "one.csv").write_text("\n".join([header, *LINES]) + "\n")
    (workplace / "mine" / "detector").mkdir(parents=True)
    (workplace / "mine" / "detector" / "spy.yaml").write_text("_target_: spy.Spy\nfile: ''\n")
    return folder


@pytest.mark.skipif(not landlock.version(), reason="this kernel cannot keep files from a process")
@pytest.mark.parametrize("path", ["spy/days/one.csv", "spy/days", "spy/days/*.csv"])
def test_what_a_run_reads_is_kept_from_a_plug_in_that_it_lies_in(package: Path, path: str) -> None:
    code, _, err = ended(*RUN, f"generator.path={path}", first=package.parent)
    assert code == 0, err
    printed = Path("runs/a/detector.log").read_text().splitlines()
    assert printed == ["closed days/one.csv", "closed pseudonyms.key", "opened notes.txt"] * 2


def test_a_detector_whose_settings_name_it_is_refused(package: Path) -> None:
    code, _, err = ended(
        *RUN, "generator.path=spy/days/one.csv", f"detector.file={package / 'days' / 'one.csv'}", first=package.parent
    )
    assert code == 2
    assert err.startswith("detector.file must be what the detector is to read and nothing else: generator.path is ")


def test_the_settings_that_name_files_are_known(workplace: Path) -> None:
    Path("days").mkdir()
    for name in ("a.csv", "b.csv", "own.py"):
        Path("days", name).touch()
    found = inputs_of(CdrFileSettings(path="days", truth="days/a.csv"))
    assert found == {
        "generator.path (a.csv)": "days/a.csv",
        "generator.path (b.csv)": "days/b.csv",
        "generator.truth": "days/a.csv",
        "generator.key_file": "pseudonyms.key",
    }
