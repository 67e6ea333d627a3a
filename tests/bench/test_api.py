"""The harness from Python: the same numbers as on the command line, for leaves and for objects.

Covers every function of `bench.api` on a small world without a network; the examples are run by tests/docs.
"""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import pandas
import polars
import pytest
from sklearn.metrics import average_precision_score, precision_recall_curve

from bench import api
from bench.dataset import Dataset
from bench.detector import Level, Scores
from bench.faults import UserError
from generators.anomalies.long_call import LongCall

SMALL = ("generator.num_users=300", "generator.days=14", "generator/network=none", "audit=none")


class Longest:
    level = Level.CALL
    causal = True

    def fit(self, dataset: Dataset) -> Self:
        return self

    def score(self, dataset: Dataset) -> Scores:
        calls = dataset.calls(dataset.window, ["call_duration"])
        return Scores(Level.CALL, calls["call_duration"].to_numpy().astype(np.float64))


class Broken(Longest):
    def score(self, dataset: Dataset) -> Scores:
        raise ValueError("nothing works")


@dataclass
class HalfDayCall(LongCall):
    shortest_s: int = 36_000
    longest_s: int = 43_200


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> api.World:
    return api.world(*SMALL, folder=tmp_path_factory.mktemp("worlds"))


@pytest.mark.slow
def test_tables_are_the_same_in_each_library(world: api.World) -> None:
    arrow, frame, table = world.arrow(), world.pandas(), world.polars()
    assert arrow.num_rows == len(frame) == table.height
    assert frame["call_duration"].sum() == table["call_duration"].sum()
    labelled = world.labelled_calls()
    direct = world.polars("truth").filter(level="call", cause="direct")["row"].to_numpy()
    assert np.array_equal(np.flatnonzero(labelled["is_anomaly"]), np.sort(direct))
    assert set(labelled.loc[~labelled["is_anomaly"], "anomaly_type"]) == {"normal"}
    assert "normal" not in set(labelled.loc[labelled["is_anomaly"], "anomaly_type"])
    graph = world.graph()
    assert sum(calls for *_, calls in graph.edges(data="calls")) == len(frame)
    assert graph.number_of_edges() == len(frame.groupby(["caller_id", "callee_id"], observed=True))


@pytest.mark.slow
def test_graphs_are_those_of_the_tables(world: api.World) -> None:
    """The call graph of a part, the same from a table of any library, and the planted ties."""
    dataset = world.dataset
    past = dataset.calls(dataset.history).to_pandas()
    edges = set(world.graph(dataset.history).edges(data="calls"))
    pairs = past.groupby([past["caller_id"].astype(str), past["callee_id"].astype(str)]).size()
    assert edges == {(caller, callee, count) for (caller, callee), count in pairs.items()}
    for calls in (past, polars.from_arrow(dataset.calls(dataset.history)), dataset.calls(dataset.history)):
        assert set(api.call_graph(calls).edges(data="calls")) == edges
    ties, known = world.tie_graph(), world.pandas("ties")
    assert ties.number_of_edges() == len(known.drop_duplicates(["user_a", "user_b"]))
    assert ties.size("weight") == pytest.approx(known["strength"].sum())
    assert set(ties) <= set(world.pandas("users")["user_id"].astype(str))
    assert world.arrow("communities").num_rows > 0


def test_a_call_graph_takes_any_file_of_calls(tmp_path: Path) -> None:
    """Self-calls and repeated pairs are edges like others, and seconds are summed."""
    file = tmp_path / "mine.csv"
    file.write_text("caller_id,callee_id,call_duration\n1,2,10\n1,2,5\n2,2,0\n")
    graph = api.call_graph(pandas.read_csv(file))
    assert sorted(graph.edges(data=True)) == [
        ("1", "2", {"calls": 2, "seconds": 15}),
        ("2", "2", {"calls": 1, "seconds": 0}),
    ]


@pytest.mark.slow
def test_a_leaf_gives_what_the_command_line_gives(world: api.World, workplace: Path) -> None:
    run = api.run("iforest", world, "detector.model.n_estimators=20")
    settings = [
        "detector=iforest",
        "detector.model.n_estimators=20",
        f"store.worlds={world.folder.parent}",
        "tracking=none",
    ]
    command = [sys.executable, "-m", "bench.run", *SMALL, *settings, "hydra.run.dir=run"]
    subprocess.run(command, check=True, capture_output=True)
    row = json.loads(Path("run/result.json").read_text())
    metrics = {name: value for name, value in row.items() if "/" in name}
    assert {name: run.row[name] for name in metrics} == metrics
    assert run.row["fingerprint"] == world.fingerprint == row["fingerprint"]


@pytest.mark.slow
def test_an_object_is_judged_like_a_leaf(world: api.World, tmp_path: Path) -> None:
    run, failed = api.run(Longest(), world), api.run(Broken(), world)
    positive, scores = run.outcome.type_sample("long_call")
    assert run.row["average_precision/long_call"] == pytest.approx(average_precision_score(positive, scores), abs=1e-12)
    precision, recall, thresholds = precision_recall_curve(positive, scores)
    curve = run.curve("long_call")[::-1]
    assert np.allclose(curve["precision"], precision[:-1])
    assert np.allclose(curve["recall"], recall[:-1])
    assert np.array_equal(curve["threshold"], thresholds)
    assert (failed.row["status"], failed.row["reason"]) == ("ERROR", "ValueError: nothing works")
    assert run.row["isolation"] == failed.row["isolation"] == "process only, the caller's"
    with pytest.raises(UserError, match="nothing works"):
        _ = failed.scores
    table = api.compare([failed, run, api.run("oracle", world)])
    assert list(table.index) == ["oracle", "Longest", "Broken"]
    assert table.loc["oracle", "all"] == 1
    assert np.isnan(table.loc["Broken", "all"])
    assert {path.name for path in api.report([run, failed], tmp_path / "pages")} >= {"report.md", "report.html"}


@pytest.mark.slow
def test_wrong_settings_are_raised_in_the_words_of_the_command_line(world: api.World, tmp_path: Path) -> None:
    for call, message in [
        (
            lambda: api.world("generator.num_usrs=3", folder=tmp_path),
            "generator.num_usrs is not a setting; did you mean",
        ),
        (lambda: api.world("generator.days=0", folder=tmp_path), "generator.days must be in"),
        (lambda: api.run("iforst", world), "did you mean iforest"),
    ]:
        with pytest.raises(UserError, match=message):
            call()


@pytest.mark.slow
def test_a_type_of_ones_own_is_injected_under_its_name(tmp_path: Path) -> None:
    """Before `api.anomaly_type`, only an installed package could bring a type."""
    assert api.anomaly_type(HalfDayCall) == "half_day_call"
    own = api.world(*SMALL, "anomaly=[half_day_call]", "anomaly.half_day_call.shortest_s=39600", folder=tmp_path)
    long = own.labelled_calls().query("is_anomaly")
    assert set(long["anomaly_type"]) == {"half_day_call"}
    assert long["call_duration"].between(39_600, 43_200).all()


@pytest.mark.parametrize("kind", [Longest, int])
def test_what_is_no_type_of_anomaly_is_refused(kind: type) -> None:
    with pytest.raises(UserError, match=f"must be a dataclass with a method plan, got {kind.__name__}"):
        api.anomaly_type(kind)
