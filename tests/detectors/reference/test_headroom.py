"""The measure of what the supervised baseline misses: it runs on tiny worlds, and names what was planted there."""

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from bench.audit.bookkeeping.planting import PLANTS, planted
from bench.worlds.store import find_or_make

sys.path.insert(0, str(Path(__file__).parents[3] / "benchmarks"))
headroom: ModuleType = __import__("headroom")
mixed_world: ModuleType = __import__("mixed_world")
pytestmark = pytest.mark.slow
ASKED = ("mixes=seed_four", "difficulties=0.5", "training=101", "seeds=1", "users=250", "days=14", "normals=600")
PLANT = next(plant for plant in PLANTS if plant.name.startswith("calls.callee_number"))
"""Nothing that the baseline looks at."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("headroom")


@pytest.fixture
def output(place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    """What the program prints of worlds in which each anomalous call has a digit too many; the second time as kept."""

    def with_leak(world, worlds, workers, progress):
        stored = find_or_make(world, worlds, workers, progress)
        folder = worlds / f"planted-{stored.fingerprint}"
        return SimpleNamespace(folder=folder if folder.exists() else planted(stored.folder, folder, PLANT))

    monkeypatch.chdir(place)
    monkeypatch.setattr(mixed_world, "find_or_make", with_leak)
    headroom.main(*ASKED)
    return capsys.readouterr().out


def row_of(output: str, kind: str) -> list[str]:
    return next(line.strip("| ").split(" | ") for line in output.splitlines() if line.startswith(f"| `{kind}`"))


def test_a_planted_column_is_worth_much_to_the_strong_classifier_alone(output: str):
    _, level, difficulty, strong, baseline, gap, one, *_ = row_of(output, "short_call")
    assert (level, difficulty) == ("call", "0.5")
    assert float(strong) > 0.95
    assert float(baseline) < 0.5
    assert float(gap) == pytest.approx(float(strong) - float(baseline), abs=2e-3)
    assert 0 < float(one) < 0.5


def test_it_is_named(output: str):
    named = next(line for line in output.splitlines() if line.startswith("- `short_call`"))
    assert "callee_number" in named


def test_every_type_is_measured_at_its_home_beside_the_best_detector(output: str):
    assert row_of(output, "burst_call")[1] == "user_day"
    assert row_of(output, "long_call")[-2:-1] == ["`talk_time`"]
    assert all(row_of(output, kind) for kind in ("long_call", "off_hour_call"))


def test_what_was_measured_is_not_measured_again(output: str, place: Path):
    lines = (place / "worlds" / "headroom.jsonl").read_text().splitlines()
    assert len(lines) == len(set(lines))
    before = len(lines)
    headroom.main(*ASKED)
    assert len((place / "worlds" / "headroom.jsonl").read_text().splitlines()) == before


def test_worlds_to_learn_from_and_to_try_on_are_not_the_same():
    with pytest.raises(SystemExit, match="no world in common, got 3"):
        headroom.main("training=1,3", "seeds=3,4")
