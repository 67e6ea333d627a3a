"""What a run leaves in MLflow."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from bench.faults import UserError
from bench.host.identity import own_identity
from bench.result import Result, Status
from bench.runs.run_record import Record
from bench.runs.tracking import Tracker
from bench.settings import TrackingSettings

# MLflow's own, about a loader strategy of SQLAlchemy 2.1.
pytestmark = pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy:DeprecationWarning")
ASKED = {"name": "a run", "generator": "default", "fingerprint": "0123456789abcdef"}


@pytest.fixture
def uri(tracked_workplace: Path) -> str:
    """An empty store; its whole path, since MLflow keeps connections by their address."""
    return f"sqlite:///{tracked_workplace}/mlflow.db"


def record(result: Result) -> Record:
    picture, row = Path("scores.png"), Path("result.json")
    picture.write_bytes(b"png")
    result.write(row)
    parameters = {"generator.days": 28, "generator.note": "x" * 7000, "odd*name": None}
    tags = {"detector": "d", "run_id": "r1"}
    metrics = {name: value for name, value in {**result.values, **result.cost}.items() if value is not None}
    table = '{"columns": ["anomaly_type"], "data": [["all"]]}'
    return Record(result, 1_704_067_200_000, Path("worlds/w/data"), metrics, parameters, tags, [row, picture], table)


def test_a_run_leaves_parameters_metrics_tags_the_data_set_and_files(uri: str) -> None:
    values = {"recall/short_call": 0.5, "precision/short_call": None, **{f"metric/{i}": float(i) for i in range(250)}}
    tracker = Tracker(uri, TrackingSettings())
    run_id = tracker.record(record(Result(ASKED, Status.OK, "", values, {"fit_seconds": 1.5})))
    run = MlflowClient(uri).get_run(run_id)
    assert run.info.status == "FINISHED"
    assert run.info.run_name == "a run"
    assert run.info.end_time - run.info.start_time == 1500  # not until now: it may be written long after
    assert run.data.metrics == {k: v for k, v in values.items() if v is not None} | {"fit_seconds": 1.5}
    assert run.data.params == {"generator.days": "28", "generator.note": "x" * 6000, "odd_name": "None"}
    assert run.data.tags["detector"] == "d"
    data = run.inputs.dataset_inputs[0].dataset
    assert data.digest == ASKED["fingerprint"]
    assert json.loads(data.source)["uri"].endswith("/worlds/w/data")
    assert json.loads(data.profile) == {"num_rows": 0}
    client = MlflowClient(uri)
    kept = {item.path for item in [*client.list_artifacts(run_id), *client.list_artifacts(run_id, "figures")]}
    assert kept == {"result.json", "evaluation.json", "figures", "figures/scores.png"}
    assert json.loads(run.data.tags["mlflow.loggedArtifacts"]) == [{"path": "evaluation.json", "type": "table"}]
    place = f"#/experiments/{run.info.experiment_id}/runs?viewStateShareKey"
    assert tracker.link.endswith(f"{place}=recall-by-type&workflowType=machine_learning")
    assert tracker.cost_link.endswith(f"{place}=cost-against-average-precision&workflowType=machine_learning"
                                      "&compareRunsMode=CHART")  # fmt: skip
    assert tracker.command == f"mlflow ui --backend-store-uri {uri}"


def test_a_failed_run_is_marked_so(uri: str) -> None:
    run_id = Tracker(uri, TrackingSettings()).record(record(Result(ASKED, Status.TIMEOUT, "too slow")))
    assert MlflowClient(uri).get_run(run_id).info.status == "FAILED"


@pytest.mark.parametrize("error", [MlflowException("database is locked"), OSError(28, "full"), SystemExit(143)])
def test_a_record_that_fails_half_way_is_no_run_that_goes_on(
    uri: str, error: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    tracker = Tracker(uri, TrackingSettings())

    def failing(*_: object) -> None:
        raise error

    monkeypatch.setattr(tracker.client, "log_artifact", failing)
    with pytest.raises((UserError, SystemExit)):
        tracker.record(record(Result(ASKED, Status.OK)))
    assert list(MlflowClient(uri).search_runs([tracker.experiment_id])) == []


@pytest.mark.parametrize("shared", ["log_inputs", "set_experiment_tag"])
def test_another_run_that_writes_the_same_at_the_same_moment_does_no_harm(
    uri: str, shared: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Covers what runs of an experiment share: their data set, and the views in its tags."""
    tracker = Tracker(uri, TrackingSettings())
    write, called = getattr(tracker.client, shared), []

    def too_late(*arguments: object) -> None:
        called.append(arguments)
        if len(called) == 1:
            raise MlflowException("UNIQUE constraint failed")
        write(*arguments)

    monkeypatch.setattr(tracker.client, shared, too_late)
    tracker.record(record(Result(ASKED, Status.OK, values={"prevalence/all": 0.1, "prevalence/ring": 0.1})))
    (run,) = MlflowClient(uri).search_runs([tracker.experiment_id])
    assert (run.info.status, len(run.inputs.dataset_inputs)) == ("FINISHED", 1)
    assert called[0] == called[1]


def test_what_was_begun_to_be_written_can_be_removed(uri: str) -> None:
    tracker = Tracker(uri, TrackingSettings())
    tracker.record(record(Result(ASKED, Status.OK)))
    tracker.forget("another")
    assert len(MlflowClient(uri).search_runs([tracker.experiment_id])) == 1
    tracker.forget("r1")
    assert MlflowClient(uri).search_runs([tracker.experiment_id]) == []


def test_the_links_open_views_with_the_types_of_the_latest_run(uri: str) -> None:
    tracker = Tracker(uri, TrackingSettings())
    for types in (["ring"], ["ring", "tdos"]):
        values = {f"prevalence/{name}": 0.1 for name in ["all", *types]}
        tracker.record(record(Result(ASKED, Status.OK, "", values)))
        tags = MlflowClient(uri).get_experiment(tracker.experiment_id).tags
        table = json.loads(tags["mlflow.sharedViewState.recall-by-type"])
        assert [name for name in table["selectedColumns"] if "recall" in name] == [
            f"metrics.`recall/{name}`" for name in ["all", *types]
        ]
        charts = json.loads(tags["mlflow.sharedViewState.cost-against-average-precision"])["compareRunCharts"]
        assert [chart["yaxis"]["key"] for chart in charts] == [f"average_precision/{name}" for name in ["all", *types]]


def test_the_run_of_a_sweep_says_what_came_of_it(uri: str, workplace: Path) -> None:
    tracker, client = Tracker(uri, TrackingSettings()), MlflowClient(uri)
    parent = tracker.start_parent("a sweep", {}, own_identity())
    Path("report.html").write_text("<p>")
    tracker.finish_sweep(parent, {"best/ring": "closed_ring 0.412"}, Path("report.html"))
    assert client.get_run(parent).data.tags["best/ring"] == "closed_ring 0.412"
    assert [item.path for item in client.list_artifacts(parent, "report")] == ["report/report.html"]


def test_runs_of_a_sweep_lie_below_their_parent(uri: str) -> None:
    tracker = Tracker(uri, TrackingSettings())
    parent = tracker.start_parent("a sweep", {"jobs": "2"}, own_identity())
    assert MlflowClient(uri).get_run(parent).info.status == "RUNNING"
    tracker.finish(parent, True)
    assert MlflowClient(uri).get_run(parent).info.status == "FINISHED"


def test_a_run_whose_process_was_killed_is_ended_and_may_be_taken_up(uri: str) -> None:
    """Nobody else's: neither one whose process goes on, nor one of another machine."""
    tracker, client = Tracker(uri, TrackingSettings()), MlflowClient(uri)
    line = "from bench.host.identity import own_identity; print(own_identity(), flush=True); input()"
    gone = subprocess.Popen([sys.executable, "-c", line], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert gone.stdout is not None
    owner, (machine, _, _) = gone.stdout.readline().strip(), own_identity().rpartition("|")
    owners = {
        "goes on": own_identity(),
        "elsewhere": f"elsewhere|{owner}",
        "killed": owner,
        "number again": f"{machine}|1@0",
    }
    parents = {name: tracker.start_parent(name, {}, identity) for name, identity in owners.items()}

    def states() -> dict[str, str]:
        return {name: client.get_run(run_id).info.status for name, run_id in parents.items()}

    tracker.end_abandoned()
    assert states() == {**dict.fromkeys(owners, "RUNNING"), "number again": "KILLED"}
    gone.kill()
    gone.communicate()
    tracker.end_abandoned()
    assert states() == {"goes on": "RUNNING", "elsewhere": "RUNNING", "killed": "KILLED", "number again": "KILLED"}
    tracker.take_up(parents["killed"], own_identity())
    tracker.end_abandoned()
    assert states()["killed"] == "RUNNING"


def test_a_store_that_cannot_be_used_is_named(workplace: Path) -> None:
    Path("mlflow.db").write_text("no database, but more than a hundred bytes of text that is none\n" * 9)
    with pytest.raises(UserError, match=r"^tracking\.uri must be a store that can be used, got sqlite:"):
        Tracker(f"sqlite:///{workplace}/mlflow.db", TrackingSettings())


@pytest.mark.slow
def test_eight_processes_start_on_a_fresh_store(workplace: Path) -> None:
    code = (
        "from pathlib import Path; from bench.result import *; from bench.runs.tracking import *; "
        "from bench.settings import TrackingSettings\n"
        f"result = Result({ASKED}, Status.OK, '', {{'recall/all': 1.0}})\n"
        "Tracker('sqlite:///mlflow.db', TrackingSettings()).record(Record(result, 0, Path('.'), {}, {}, {}, []))\n"
    )
    started = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(8)]
    assert [process.wait() for process in started] == [0] * 8
    client = MlflowClient(f"sqlite:///{workplace}/mlflow.db")
    experiment = client.get_experiment_by_name("cdrbench")
    runs = client.search_runs([experiment.experiment_id])
    assert [run.info.status for run in runs] == ["FINISHED"] * 8
