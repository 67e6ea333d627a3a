"""The rows of `incidents` at the level of cells are what calls and events show, and within the range of their entry.

All six types, in the default world of `anomaly=network_faults` (3,000 users): every column of `incidents` and every
parameter is counted again, from the files.
"""

import json
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from recounts import is_over, sessions
from small_worlds import make_world, table

Row = dict[str, Any]
DEGREES, STAY_S, TIMES = (30, 120), (1.0, 5.0), (2, 10)
SUCCESS, DROPS = (0.6, 0.9), (0.05, 0.3)
HOURS = {
    "tower_outage": (1, 12),
    "tower_degraded": (6, 48),
    "sleeping_cell": (2, 48),
    "antenna_misaligned": (6, 96),
    "ping_pong": (12, 96),
}
"""The ranges of docs/reference/anomalies.md."""
SETTLED_MS = 5000


class Files:
    """A world with incidents and its clean twin, as a reader finds them."""

    def __init__(self, folder: Path, clean: Path) -> None:
        self.incidents = table(folder, "incidents")
        self.truth = table(folder, "truth")
        self.calls = table(folder, "calls").with_row_index("row").cast({"row": pl.Int64})
        self.sessions = {each[0]["session_id"]: each for each in sessions(table(folder, "events"))}
        self.events = [event for each in self.sessions.values() for event in each]
        self.clean = [each[0] for each in sessions(table(clean, "events"))]
        self.time = np.array([event["time_stamp"] for event in self.events])

    def of(self, kind: str) -> list[Row]:
        """Return the incidents of a type, times in ms and parameters as they are."""
        rows = self.incidents.filter(anomaly_type=kind).with_columns(pl.col("start_ts", "end_ts").dt.epoch("ms"))
        return [{**row, "parameters": json.loads(row["parameters"])} for row in rows.to_dicts()]

    def own(self, incident: Row, change: str | None = None) -> list[list[Row]]:
        """Return the events of each call that is an incident's own."""
        rows = self.truth.filter(pl.col("row") >= 0, level="call", cause="direct", incident_id=incident["incident_id"])
        rows = rows if change is None else rows.filter(change=change)
        return [self.sessions[call] for call in rows.sort("row")["entity_id"]]

    def answers(self, incident: Row) -> list[Row]:
        """Return what an incident's cells answered, once every answer is to a Hello that was sent during it."""
        during = (self.time >= incident["start_ts"] + SETTLED_MS) & (self.time < incident["end_ts"])
        return [self.events[i] for i in np.flatnonzero(during) if self.events[i]["cell_id"] in incident["actors"]]

    def answers_in_progress(self, incident: Row) -> tuple[list[Row], list[Row], list[Row]]:
        """Return the Hellos, the first Hellos of calls, and the ends of calls that were talked on."""
        here = self.answers(incident)
        hellos = [event for event in here if not is_over(event)]
        asked = [event for event in here if event is self.sessions[event["session_id"]][0]]
        return hellos, asked, [event for event in here if is_over(event) and event["duration"]]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    root = tmp_path_factory.mktemp("figures")
    make_world(root / "dirty", "anomaly=network_faults")
    make_world(root / "clean", "anomaly=network_faults", "generator.anomaly_ratio=0")
    return Files(root / "dirty", root / "clean")


def within(value: float, bounds: tuple[float, float]) -> bool:
    return bounds[0] <= value <= bounds[1]


def connects(events: list[Row]) -> bool:
    return any(event["state"] == "CONNECT" for event in events)


def check_figures(files: Files, incident: Row, expected: Row) -> None:
    """Hold the parameters to what was counted; what says where it is may stand beside it."""
    parameters = incident["parameters"]
    expected = {**expected, "calls": len(files.own(incident))}
    if incident["anomaly_type"] in HOURS:
        expected["hours"] = (incident["end_ts"] - incident["start_ts"]) / 3_600_000
        assert within(expected["hours"], HOURS[incident["anomaly_type"]])
    assert set(parameters) - set(expected) <= {"tower_id", "ramp", "turned_deg", "x", "y", "radius_m"}
    for name, value in expected.items():
        assert parameters[name] == pytest.approx(value, abs=1e-4), (incident["incident_id"], name)
    held = files.truth.filter(level="cell", incident_id=incident["incident_id"])
    assert sorted(held["cell_id"]) == incident["actors"]
    spans = held.select(pl.col("start_ts", "end_ts").dt.epoch("ms")).unique()
    assert spans.rows() == [(incident["start_ts"], incident["end_ts"])]


@pytest.mark.slow
def test_outages_refuse_everybody_for_as_long_as_they_say(files: Files) -> None:
    for incident in files.of("tower_outage"):
        hellos, *_ = files.answers_in_progress(incident)
        assert {event["cause"] for event in hellos} == {"setup"}
        check_figures(files, incident, {"hellos": len(hellos), "refused": 1.0})
        assert {event["tower_id"] for event in hellos} == {incident["parameters"]["tower_id"]}


@pytest.mark.slow
def test_sleeping_cells_answer_nobody_for_as_long_as_they_say(files: Files) -> None:
    for incident in files.of("sleeping_cell"):
        hellos, *_ = files.answers_in_progress(incident)
        assert {event["cause"] for event in hellos} == {"timeout"}
        check_figures(files, incident, {"hellos": len(hellos), "unanswered": 1.0})


@pytest.mark.slow
def test_degraded_sites_set_up_and_keep_as_many_calls_as_they_say(files: Files) -> None:
    for incident in files.of("tower_degraded"):
        _, asked, ended = files.answers_in_progress(incident)
        success = np.mean([connects(files.sessions[event["session_id"]]) for event in asked])
        dropped = np.mean([event["cause"] == "drop" for event in ended])
        figures = {"asked": len(asked), "carried": len(ended), "setup_success": success, "dropped": dropped}
        check_figures(files, incident, figures)
        assert within(success, SUCCESS)
        assert within(dropped, DROPS)


@pytest.mark.slow
def test_turned_antennas_serve_others_and_say_by_how_much_they_are_turned(files: Files) -> None:
    for incident in files.of("antenna_misaligned"):
        check_figures(files, incident, {})
        assert within(abs(incident["parameters"]["turned_deg"]), DEGREES)
        assert len(incident["actors"]) == 1


def stays(events: list[Row]) -> list[tuple[str, float]]:
    """Return the cells that served a call one after the other, and how long each did [s]."""
    served: list[tuple[str, int]] = []
    for event in events:
        if event["state"] in ("CONNECT", "RECONNECT") and (not served or event["cell_id"] != served[-1][0]):
            served.append((event["cell_id"], event["time_stamp"]))
    return [(cell, (after - since) / 1000) for (cell, since), (_, after) in pairwise(served)] + [(served[-1][0], 1e9)]


@pytest.mark.slow
def test_each_call_of_ping_pong_comes_back_three_times_within_seconds(files: Files) -> None:
    """A-B-A, a stay of 1 to 5 s in B, three times one after the other: six handovers."""
    for incident in files.of("ping_pong"):
        returns, short = [], []
        assert len(incident["actors"]) == 2
        for events in files.own(incident):
            served = stays(events)
            found, i = 0, 0
            while i + 2 < len(served):
                back = served[i][0] == served[i + 2][0] and within(served[i + 1][1], STAY_S)
                found, i = found + back, i + (2 if back else 1)
            assert found >= 3
            returns.append(found)
            short += [stay for _, stay in served if within(stay, STAY_S)]
        assert within(incident["parameters"]["returns"], (3, np.inf))
        assert incident["parameters"]["returns"] == pytest.approx(np.mean(returns), rel=0.02)
        assert incident["parameters"]["stay_s"] == pytest.approx(np.mean(short), rel=0.05)
        check_figures(files, incident, {name: incident["parameters"][name] for name in ("returns", "stay_s")})


@pytest.mark.slow
def test_crowds_are_as_many_times_the_usual_callers_as_they_say(files: Files) -> None:
    """Within the radius, from the first call that is added to the last; and beyond it they get fewer."""
    nearer, farther = 0.0, 0.0
    for incident in files.of("flash_crowd"):
        parameters, own = incident["parameters"], [each[0] for each in files.own(incident)]
        begin, end = (edge(event["call_start"] for event in own) for edge in (min, max))
        added = set(files.truth.filter(change="added", level="call")["entity_id"])

        def near(event: Row, radii: float = 1.0, parameters: Row = parameters) -> bool:
            return bool(
                np.hypot(event["x"] - parameters["x"], event["y"] - parameters["y"]) <= radii * parameters["radius_m"]
            )

        before = {e["caller_id"] for e in files.clean if begin <= e["call_start"] <= end and near(e)}
        after = before | {event["caller_id"] for event in own if near(event)}
        assert all(event["session_id"] in added for event in own)
        figures = {"usual_callers": len(before), "callers": len(after), "times": len(after) / len(before)}
        check_figures(files, incident, {**figures, "minutes": (end - begin) / 60_000})
        assert within(figures["times"], TIMES)
        its_calls = files.calls.filter(pl.col("call_id").is_in([event["session_id"] for event in own]))
        called = set(its_calls.select("caller_id", "callee_id").iter_rows())  # once, though it may be dialled again
        assert max(Counter(caller for caller, _ in called).values()) <= 3
        around = {e["caller_id"] for e in files.clean if begin <= e["call_start"] <= end and near(e, 3) and not near(e)}
        nearer += figures["times"]
        farther += (len(around | {e["caller_id"] for e in own if not near(e)})) / max(len(around), 1)
    assert nearer > 1.3 * farther


@pytest.mark.slow
def test_figures_that_are_not_what_happened_are_found(files: Files) -> None:
    """Planted: another share, one more call, an hour more."""
    incident = files.of("tower_outage")[0]
    right = {"hellos": len(files.answers_in_progress(incident)[0]), "refused": 1.0}
    check_figures(files, incident, right)
    for name, value in (("refused", 0.98), ("hellos", right["hellos"] + 1), ("calls", -1), ("hours", 13)):
        changed = {**incident, "parameters": {**incident["parameters"], name: value}}
        with pytest.raises(AssertionError):
            check_figures(files, changed, right)
