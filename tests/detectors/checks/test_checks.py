"""The contract suite: every detector that ships keeps it, and each way of breaking it is reported."""

import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hydra.utils import instantiate
from omegaconf import OmegaConf
from threadpoolctl import threadpool_info

import conf
from bench.detector import Detector, Level, Scores
from detectors.checks import CHECKS, BrokenContract, Check, Subject, contract
from detectors.checks.__main__ import settings_of

ALL = sorted(Path(conf.__path__[0]).glob("detector/*.yaml"))
LEAVES = [leaf for leaf in ALL if str(OmegaConf.load(leaf).get("_target_")).startswith("detectors.")]
MODELS = {"pyod": "pyod.models.hbos.HBOS", "sklearn": "sklearn.ensemble.IsolationForest"}
"""For the leaves that leave the model open."""


TORCH = find_spec("torch") is not None
DEEP = ("auto_encoder", "deep_svdd")
TABULAR = [leaf for leaf in LEAVES if leaf.stem in ("iforest", "hbos", "pca", "ecod", "knn", "lof", "gmm", "ocsvm")]
"""Leaves of tables whose checks are also run on days of users and quarters of cells."""


def detector_of(leaf: Path, **parameters: str) -> Detector:
    settings = OmegaConf.create({"seed": 7, "detector": OmegaConf.load(leaf)})
    if leaf.stem in MODELS:
        settings.detector.model._target_ = MODELS[leaf.stem]
    made: Detector = instantiate(OmegaConf.merge(settings, {"detector": parameters}), _convert_="all")["detector"]
    return made


@pytest.fixture(scope="module", params=LEAVES, ids=lambda leaf: leaf.stem)
def subject(request: pytest.FixtureRequest) -> Subject:
    if not TORCH and request.param.stem in DEEP:
        pytest.skip("needs the extra torch")
    return Subject(lambda: detector_of(request.param))


@pytest.fixture(scope="module", params=[Level.USER_DAY, Level.CELL_QUARTER])
def level(request: pytest.FixtureRequest) -> Level:
    found: Level = request.param
    return found


@pytest.fixture(scope="module", params=TABULAR, ids=lambda leaf: leaf.stem)
def aggregated(request: pytest.FixtureRequest, level: Level) -> Subject:
    return Subject(lambda: detector_of(request.param, level=level.value))


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_every_leaf_keeps_the_contract(subject: Subject, check: Check) -> None:
    check(subject)


@pytest.mark.slow
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_every_leaf_of_tables_keeps_it_above_calls(aggregated: Subject, level: Level, check: Check) -> None:
    check(aggregated)
    assert aggregated.scores().level is level


class Longest:
    """Keeps the contract; the classes below each break it in one way."""

    level = Level.CALL
    causal = True

    def fit(self, dataset):
        return self

    def values(self, dataset):
        return dataset.calls(dataset.window, ["call_duration"])["call_duration"].to_numpy().astype(float)

    def score(self, dataset):
        return Scores(self.level, self.values(dataset))


class Unlevel(Longest):
    level = "calls"


class Forgetful(Longest):
    def fit(self, dataset):
        pass


class Short(Longest):
    def values(self, dataset):
        return super().values(dataset)[1:]


class Column(Longest):
    def values(self, dataset):
        return super().values(dataset)[:, None]


class Constant(Longest):
    def values(self, dataset):
        return np.ones(super().values(dataset).size)


class Infinite(Longest):
    def values(self, dataset):
        with np.errstate(divide="ignore"):
            return np.log(super().values(dataset))


class Inverted(Longest):
    def values(self, dataset):
        return -np.abs(np.log1p(super().values(dataset)) - 4)


class Chancy(Longest):
    def values(self, dataset):
        return np.random.default_rng().random(super().values(dataset).size)


class Reader(Longest):
    def values(self, dataset):
        calls = dataset.calls(dataset.window)
        return calls["is_anomaly"].to_numpy() * 1.0 if "is_anomaly" in calls.column_names else super().values(dataset)


class Peeper(Longest):
    def values(self, dataset):
        truth = dataset.folder / "truth.parquet"
        low, high = dataset.call_range(dataset.window)
        return (
            pq.read_table(truth)["is_anomaly"].to_numpy()[low:high] * 1.0 if truth.exists() else np.arange(high - low)
        )


class Writer(Longest):
    def fit(self, dataset):
        (dataset.folder / "model.txt").write_text("learnt")
        return self


class Prophet(Longest):
    def values(self, dataset):
        return super().values(dataset) / dataset.table("calls", ["call_id"]).num_rows


class Crowded(Longest):
    def values(self, dataset):
        values = super().values(dataset)
        return (values - values.mean()) / values.std(ddof=1)


class Acquainted(Longest):
    def values(self, dataset):
        return super().values(dataset) / dataset.table("users", ["user_id"]).num_rows


class Various(Longest):
    def values(self, dataset):
        everything = dataset.table("calls", ["call_duration"])["call_duration"].to_numpy()
        return super().values(dataset) / everything.std()


class Rowwise(Longest):
    def values(self, dataset):
        values = super().values(dataset)
        return values + np.arange(values.size)


class Namer(Longest):
    def values(self, dataset):
        caller = dataset.calls(dataset.window, ["caller_id"])["caller_id"].to_pylist()
        return super().values(dataset) + [sum(name.encode()) for name in caller]


class Londoner(Longest):
    def values(self, dataset):
        starts = dataset.calls(dataset.window, ["call_start_ts"])["call_start_ts"]
        return super().values(dataset) * np.asarray(pc.hour(starts))


class Threaded(Longest):
    def values(self, dataset):
        return super().values(dataset) * max(each["num_threads"] for each in threadpool_info())


class Dusty(Longest):
    def values(self, dataset):
        values = super().values(dataset)
        return values + 1 + 1e-13 * np.arange(values.size)


BROKEN = {
    Unlevel: "it_is_a_detector",
    Forgetful: "it_is_a_detector",
    Short: "it_gives_a_score_to_each_entity",
    Column: "it_gives_a_score_to_each_entity",
    Constant: "it_gives_a_score_to_each_entity",
    Infinite: "its_scores_are_finite",
    Inverted: "higher_means_more_anomalous",
    Chancy: "the_same_seed_gives_the_same_scores",
    Reader: "labels_do_not_matter",
    Peeper: "labels_do_not_matter",
    Writer: "the_data_stay_as_they_are",
    Rowwise: "the_order_of_rows_does_not_matter",
    Namer: "names_do_not_matter",
    Londoner: "the_date_and_the_time_zone_do_not_matter",
    Threaded: "threads_do_not_matter",
    Prophet: "a_causal_score_knows_no_future",
    Crowded: "one_call_and_none_have_their_scores",
    Acquainted: "empty_tables_are_no_fault",
    Dusty: "rounding_makes_no_differences",
    Various: "calls_that_are_all_alike_are_no_fault",
}


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("kind", BROKEN, ids=lambda kind: kind.__name__)
def test_what_breaks_the_contract_is_found(kind: type[Longest]) -> None:
    with pytest.raises((BrokenContract, AttributeError)) as error:
        getattr(contract, BROKEN[kind])(Subject(kind))
    assert str(error.value)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_what_keeps_the_contract_passes(check: Check) -> None:
    check(Subject(Longest))


def test_every_check_can_fail() -> None:
    assert set(BROKEN.values()) == {check.__name__ for check in CHECKS}


def test_a_score_that_knows_the_future_is_no_fault_of_one_that_says_so() -> None:
    class Honest(Prophet):
        causal = False

    contract.a_causal_score_knows_no_future(Subject(Honest))


def checked(*arguments: str) -> tuple[int, str, str]:
    command = [sys.executable, "-m", "detectors.checks", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def test_the_command_line(toys: Path) -> None:
    code, out, _ = checked("detectors.reference.one_feature:OneFeature", "feature=duration")
    assert (code, out.splitlines()[-1]) == (0, "16 of 16 checks passed")
    code, _, err = checked("detectors.reference.one_feature:OneFeature", "feature=duratoin")
    assert (code, err) == (2, "'duratoin' is not a feature of calls; did you mean duration?\n")
    code, _, err = checked("detectors.reference.one_feature:OneFeature", "featur=duration")
    assert code == 2
    assert re.fullmatch(r"detector\.featur must be a parameter of .*; did you mean feature\?\n", err)
    code, _, err = checked("detectors.reference.one_feature:OneFeatur")
    assert (code, err.rstrip()[-50:]) == (
        2,
        "OneFeatur'; did you mean detectors.reference.one_feature.OneFeature?"[-50:],
    )
    assert checked() == (2, "", "usage: python -m detectors.checks my.module:MyDetector [parameter=value ...]\n")
    assert settings_of("a.b:C", ["model._target_=x.Y"]) == {"_target_": "a.b.C", "model": {"_target_": "x.Y"}}


def test_a_broken_promise_ends_with_code_1(toys: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(toys))
    code, out, _ = checked("toy_detectors:Constant")
    assert code == 1
    assert re.search(r"^BROKEN  it gives a score to each entity: all \d+ scores are 1\.0$", out, re.MULTILINE)
