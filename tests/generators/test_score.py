"""A detector of one run scores tomorrow's records as it would have, had they been there."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from bench import run
from bench.commands import save, score

SAMPLE = Path(__file__).parents[2] / "docs" / "own-data-sample.csv"
READ_AS = (
    "generator=cdr_file",
    "generator.columns={caller_id: A_NUMBER, callee_id: B_NUMBER, call_start_ts: START, call_duration: DURATION, "
    "first_cell_id: CELL, outcome: RESULT}",
    "generator.outcomes={answered: [ANS], missed: [NOANS], busy: [BUSY], failed: [FAIL]}",
    "generator.delimiter=';'",
    "generator.time_format='%d/%m/%Y %H:%M:%S'",
    "generator.time_zone=Asia/Kolkata",
)
KNOWN_DAYS, FIT_DAYS = 6, 3
Start = Callable[..., None]


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Start:
    def begin(program: Callable[[], None], *overrides: str) -> None:
        monkeypatch.setenv("HYDRA_FULL_ERROR", "0")
        monkeypatch.setattr("sys.argv", ["cdrbench", *overrides])
        program()

    return begin


def write_days(folder: Path) -> None:
    """Write known.csv (the first days), tomorrow.csv (the next one) and all.csv."""
    calls = pl.read_csv(SAMPLE, separator=";", infer_schema=False)
    dates = calls["START"].str.slice(0, 10).str.to_date("%d/%m/%Y")
    border = dates.unique().sort()[KNOWN_DAYS]
    for name, rows in {"all": dates <= border, "known": dates < border, "tomorrow": dates == border}.items():
        calls.filter(rows).write_csv(folder / f"{name}.csv", separator=";")


def run_on(start: Start, name: str, detector: str, fit_share: float) -> Path:
    start(run.main, *READ_AS, f"generator.path={name}.csv", f"detector={detector}", "tracking=none",
          f"protocol.fit_share={fit_share}", f"store.runs=runs/{name}", "seed=5")  # fmt: skip
    (row,) = Path("runs", name).rglob("result.json")
    return row.parent


def scores(folder: Path, fingerprint: str, *by: str) -> pl.DataFrame:
    table = pl.read_parquet(folder / "scores.parquet")
    if "call_id" in table.columns:  # numbered anew in each data set: known by the call itself
        table = table.join(pl.read_parquet(Path("worlds", fingerprint, "data", "calls.parquet")), "call_id")
    texts = pl.col(pl.Categorical).cast(pl.String)
    return table.with_columns(texts).select(*by, "score").sort(by)


@pytest.mark.slow
@pytest.mark.parametrize("detector", ["iforest", "graph_days"])
def test_scores_of_a_saved_detector_are_those_of_the_live_one(
    detector: str, start: Start, workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_days(workplace)
    live = run_on(start, "all", detector, FIT_DAYS / (KNOWN_DAYS + 1))
    by = ("user_id", "begins") if detector == "graph_days" else ("call_start_ts", "caller_id", "callee_id")
    expected = scores(live, json.loads((live / "result.json").read_text())["fingerprint"], *by)
    known = run_on(start, "known", detector, FIT_DAYS / KNOWN_DAYS)
    start(save.main, f"run={known}", "out=kept")
    shutil.rmtree("worlds")
    start(score.main, "run=kept", *READ_AS, "generator.path=tomorrow.csv")
    (tomorrow,) = Path("worlds").glob("*/data")
    found = scores(Path("scored"), tomorrow.parent.name, *by)
    assert 0 < len(found) < len(expected)
    again = found.select(by).join(expected, on=by, how="left", maintain_order="left")
    assert again["score"].to_list() == found["score"].to_list()
    facts = json.loads(Path("scored/score.json").read_text())
    assert facts["detector"] == detector
    text = b"".join(path.read_bytes() for path in [*Path("scored").iterdir(), *Path("kept").rglob("*.json")])
    assert not [n for n in pl.read_csv(SAMPLE, separator=";", infer_schema=False)["A_NUMBER"] if n.encode() in text]
    assert sorted(path.name for path in Path("scored").iterdir()) == [
        "alerts.csv",
        "alerts.parquet",
        "detector.log",
        "score.json",
        "scores.parquet",
    ]


@pytest.fixture(scope="module")
def saved_rules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files, a run of the rules and what was saved of it."""
    folder = tmp_path_factory.mktemp("saved")
    write_days(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr("sys.argv", [])
        known = run_on(lambda program, *overrides: (patch.setattr("sys.argv", ["cdrbench", *overrides]), program()),
                       "known", "rules", FIT_DAYS / KNOWN_DAYS)  # fmt: skip
        patch.setattr("sys.argv", ["save", f"run={known}", "out=kept"])
        save.main()
    return folder


@pytest.fixture
def kept(saved_rules: Path, workplace: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    shutil.copytree(saved_rules, workplace, dirs_exist_ok=True)
    capsys.readouterr()
    return Path("kept")


def test_tomorrows_calls_are_ranked_with_what_is_rare_in_them(kept: Path, start: Start) -> None:
    start(score.main, "run=kept", *READ_AS, "generator.path=tomorrow.csv", "threshold.alerts_per_day=7")
    found = pl.read_csv("scored/alerts.csv")
    assert len(pl.read_parquet("scored/scores.parquet")) == len(pl.read_csv("tomorrow.csv", separator=";"))
    found = found.filter(level="call")
    assert found["rank"].to_list() == list(range(1, len(found) + 1))
    assert found["score"].is_sorted(descending=True)
    assert 0 < len(found) <= 7
    assert found["reasons"].str.contains("z ").all()


def edited(path: Path, **facts: object) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **facts}))


RULES = {"_target_": "detectors.calls.rules.FourRules"}


def damage_data(kept: Path) -> None:
    with (kept / "data" / "calls.parquet").open("ab") as file:
        file.write(b"x")


@pytest.mark.parametrize(
    ("spoil", "overrides", "line"),
    [
        (damage_data, (), "kept/data/calls.parquet has changed since it was saved"),
        (lambda k: edited(k / "detector.json", detector={"_target_": "os.system", "command": "touch hacked"}), (),
         "detector._target_ must be in one of the packages bench"),
        (lambda k: edited(k / "detector.json", detector={"_target_": "sklearn.datasets.load_iris"}), (),
         "detector._target_ must be a class of detectors, with level, causal, fit and score, got 'sklearn"),
        (lambda k: edited(k / "detector.json", detector={**RULES, "shrt_s": 3}), (),
         "detector.shrt_s must be a parameter of detectors.calls.rules.FourRules, got 3; did you mean short_s?"),
        (lambda k: edited(k / "detector.json", versions={"version/numpy": "1.0"}), (),
         "the detector of kept was fitted with numpy 1.0 (here "),
        (lambda k: edited(k / "detector.json", key="another"), (),
         "the records must have the pseudonyms that the detector knows, key another, got key "),
        (lambda k: (k / "detector.json").write_text("{"), (), "kept/detector.json cannot be read (Expecting"),
        (lambda k: None, ("generator.path=known.csv",), "the records must begin on a day after those that"),
        (lambda k: None, ("generator.time_zone=UTC",), "the records must be in the local time of those that"),
        (lambda k: None, ("threshold=oracle",), "threshold.policy must not need the truth where nobody knows it"),
        (lambda k: None, ("run=nowhere",), "run must be the folder of a run or of a saved detector, got nowhere"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_refused(
    spoil: Callable[[Path], object], overrides: tuple[str, ...], line: str, kept: Path, start: Start,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    spoil(kept)
    with pytest.raises(SystemExit) as ended:
        start(score.main, "run=kept", *READ_AS, "generator.path=tomorrow.csv", *overrides)
    assert ended.value.code == 2
    assert capsys.readouterr().err.splitlines()[-1].startswith(line)
    assert not Path("hacked").exists()
    assert not [path.name for path in Path("scored").glob("*")] or Path("scored/detector.log").exists()


def test_nothing_is_saved_over_what_is_there(kept: Path, start: Start, capsys: pytest.CaptureFixture[str]) -> None:
    (row,) = Path("runs").rglob("result.json")
    with pytest.raises(SystemExit) as ended:
        start(save.main, f"run={row.parent}", "out=kept")
    assert ended.value.code == 2
    assert capsys.readouterr().err == "out must be a new folder, got kept\n"


@pytest.mark.slow
@pytest.mark.parametrize("detector", ["iforest", "fan_out", "graph_days"])
def test_day_after_day_ends_with_the_scores_of_one_run_over_all(
    detector: str, start: Start, workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each day is scored with all days before it as the past, by the detector that was fitted on the first ones."""
    calls = pl.read_csv(SAMPLE, separator=";", infer_schema=False)
    dates = calls["START"].str.slice(0, 10).str.to_date("%d/%m/%Y")
    days = dates.unique().sort()
    calls.write_csv("all.csv", separator=";")
    calls.filter(dates < days[4]).write_csv("first.csv", separator=";")
    by = ("user_id", "begins") if detector == "graph_days" else ("call_start_ts", "caller_id", "callee_id")
    live = run_on(start, "all", detector, 2 / len(days))
    expected = scores(live, json.loads((live / "result.json").read_text())["fingerprint"], *by)
    known = run_on(start, "first", detector, 2 / 4)
    worlds = set(Path("worlds").iterdir())
    parts = [scores(known, json.loads((known / "result.json").read_text())["fingerprint"], *by)]
    for number, day in enumerate(days[4:]):
        calls.filter(dates == day).write_csv("today.csv", separator=";")
        start(score.main, f"run={known}", *READ_AS, "generator.path=today.csv", f"keep=known/{number}", "out=scored")
        (world,) = {path for path in Path("worlds").iterdir() if (path / "data").exists()} - worlds
        worlds.add(world)
        parts.append(scores(Path("scored"), world.name, *by))
        known = Path("known", str(number))
    found = pl.concat(parts).sort(by)
    assert found.select(by).equals(expected.select(by))
    assert found["score"].to_list() == expected["score"].to_list()


def test_what_is_kept_needs_a_new_folder(kept: Path, start: Start, capsys: pytest.CaptureFixture[str]) -> None:
    Path("there").mkdir()
    with pytest.raises(SystemExit) as ended:
        start(score.main, "run=kept", *READ_AS, "generator.path=tomorrow.csv", "keep=there")
    assert ended.value.code == 2
    assert "keep must be a new folder, got 'there'" in capsys.readouterr().err
