"""Each incident of calls or users is what the entry of its type says, and its figures are those of its records.

Of incidents of cells: `tests/generators/truth/test_cell_figures.py`.
"""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from recount import backs, figures, own_calls, rows_of, span_of
from small_worlds import WITHOUT_NETWORK, all_at, make_settings, make_world, table

from generators.anomalies import schemas
from generators.injection.injector import new_calls
from generators.truth.incident_figures import MEASURES

SIZE = (
    WITHOUT_NETWORK,
    "generator/network=none",
    "generator.num_users=1500",
    "generator.days=14",
    "generator.anomaly_ratio=0.2",
)
KINDS: dict[str, Any] = {name.removeprefix("anomaly/"): kind for name, kind in schemas().items()}
OF_CALLS = sorted(name for name, kind in KINDS.items() if kind.level != "cell")
DIFFICULTIES = (0.5, *(pytest.param(each, marks=pytest.mark.slow) for each in (0.0, 0.2, 0.8, 1.0)))
REMOVES = ("sim_swap", "stolen_phone")
"""Types that take calls of an owner away, while they have the line in hand."""


class RecordedWorld:
    """A world, and its incidents beside their records."""

    def __init__(self, folder: Path, *overrides: str) -> None:
        make_world(folder, *overrides)
        self.rows = rows_of(folder)
        self.incidents = {each["incident_id"]: each for each in table(folder, "incidents").to_dicts()}
        settings = make_settings(*overrides)[0]
        changes = table(folder, "truth").filter(level="call")["change"]
        normal = table(folder, "calls").height - (changes == "added").sum() + (changes == "removed").sum()
        self.calls_a_day = normal / settings.num_users / settings.days

    def of(self, name: str) -> list[tuple[dict[str, Any], list[dict[str, Any]]]]:
        """Return the incidents of a type, those that made or altered calls, each with its rows of the truth."""
        found = [(each, self.rows[i]) for i, each in self.incidents.items() if each["anomaly_type"] == name]
        return [(each, rows) for each, rows in found if own_calls(rows)]


@pytest.fixture(scope="module", params=DIFFICULTIES)
def recorded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> RecordedWorld:
    return RecordedWorld(tmp_path_factory.mktemp("entries") / "world", *SIZE, *all_at(request.param))


def test_every_type_names_figures_that_are_known() -> None:
    for name, kind in KINDS.items():
        unknown = set(getattr(kind, "figures", {})) - set(MEASURES)
        assert not unknown, name


def check_parameters(recorded: RecordedWorld, names: list[str]) -> None:
    """Hold what incidents say of themselves to what their records say."""
    for name in names:
        for incident, rows in recorded.of(name):
            said, counted = json.loads(incident["parameters"]), figures(rows, recorded.calls_a_day)
            assert set(said) == set(KINDS[name].figures), name
            expected = {each: counted[each] for each in said}
            assert said == pytest.approx(expected, abs=2e-4, rel=1e-6), (name, incident["incident_id"])


def check_ranges(recorded: RecordedWorld, names: list[str], but: tuple[str, ...] = ()) -> None:
    """Hold incidents, as their records tell them, to the entries of their types."""
    for name in names:
        incidents = recorded.of(name)
        assert incidents, name
        for incident, rows in incidents:
            counted = figures(rows, recorded.calls_a_day)
            for figure, span in KINDS[name].figures.items():
                if span is not None and figure not in but:
                    assert span[0] <= counted[figure] <= span[1], (name, figure, incident["incident_id"])


def check_direct(recorded: RecordedWorld, names: list[str]) -> None:
    """Hold the truth to its definition: whoever calls an actor because of an incident is none of its actors."""
    for name in names:
        for incident, rows in recorded.of(name):
            actors = set(incident["actors"])
            assert {call["caller_id"] for call in own_calls(rows)} <= actors, name
            assert not {row["caller_id"] for row in backs(rows)} & actors, name
            if KINDS[name].adds and name not in REMOVES:
                made = [row for row in rows if row["truth_cause"] == "direct"]
                assert {row["truth_change"] for row in made} == {"added"}, name


def test_parameters_are_those_of_the_records(recorded: RecordedWorld) -> None:
    check_parameters(recorded, OF_CALLS)


def test_incidents_begin_and_end_with_their_records(recorded: RecordedWorld) -> None:
    for name in OF_CALLS:
        for incident, rows in recorded.of(name):
            assert (incident["start_ts"], incident["end_ts"]) == span_of(rows), (name, incident["incident_id"])


def test_an_incident_whose_calls_could_not_take_place_says_so(recorded: RecordedWorld) -> None:
    """Few have none: of the types that move or alter one call, where another incident took the line."""
    for incident in recorded.incidents.values():
        nothing = not own_calls(recorded.rows[incident["incident_id"]]) and incident["level"] != "cell"
        assert (json.loads(incident["parameters"]) == {"calls": 0}) == nothing, incident["incident_id"]


def test_actors_are_those_who_call(recorded: RecordedWorld) -> None:
    """`tdos` takes many callers, of whom some have no free line; see also `check_direct`."""
    for name in ("tdos", "ring", "community_break", "burst_call", "irsf", "pbx_hack"):
        for incident, rows in recorded.of(name):
            removed = [row["truth_user_id"] for row in rows if row["truth_change"] == "removed" and is_direct(row)]
            assert set(incident["actors"]) == {call["caller_id"] for call in own_calls(rows)} | set(removed), name


def is_direct(row: dict[str, Any]) -> bool:
    """Return whether a row is an actor's own, such as a call that another incident's longer call took away."""
    return bool(row["truth_cause"] == "direct")


def test_every_incident_keeps_the_range_of_its_entry(recorded: RecordedWorld) -> None:
    check_ranges(recorded, OF_CALLS)


def test_direct_is_what_the_actors_did_and_nothing_else(recorded: RecordedWorld) -> None:
    check_direct(recorded, OF_CALLS)


def test_who_was_rung_calls_back_as_collateral(recorded: RecordedWorld) -> None:
    for _, rows in recorded.of("wangiri"):
        rung, calling = {call["callee_id"] for call in own_calls(rows)}, backs(rows)
        assert {row["caller_id"] for row in calling} <= rung
        assert all(60 <= row["call_duration"] <= 600 for row in calling)


def test_a_copy_calls_while_its_owner_talks(tmp_path: Path) -> None:
    world = ("anomaly=[cloned_sim]", "generator/network=none", "generator.num_users=600", "generator.days=14")
    recorded = RecordedWorld(tmp_path / "w", *world)
    calls = table(tmp_path / "w", "calls")
    beside = []
    for _, rows in recorded.of("cloned_sim"):
        made = pl.DataFrame([{"call_id": c["call_id"]} for c in own_calls(rows)])
        theirs = calls.filter(caller_id=own_calls(rows)[0]["caller_id"])
        copy, owner = theirs.join(made, on="call_id", how="semi"), theirs.join(made, on="call_id", how="anti")
        pairs = copy.join(owner, how="cross")
        both = pl.col("call_start_ts") < pl.col("call_start_ts_right") + pl.duration(seconds="call_duration_right")
        both &= pl.col("call_start_ts") >= pl.col("call_start_ts_right")
        beside.append(pairs.filter(both).height > 0)
    assert sum(beside) >= 0.9 * len(beside)


@pytest.mark.slow
def test_entries_hold_in_a_network(tmp_path: Path) -> None:
    """It may fail a call, or lose it, so that talk times are shorter; all else is as the entry says."""
    recorded = RecordedWorld(tmp_path / "w", WITHOUT_NETWORK, *SIZE[2:])
    check_parameters(recorded, OF_CALLS)
    check_ranges(recorded, OF_CALLS, ("median_s", "longest_s"))
    check_direct(recorded, OF_CALLS)


DIALLER = ("anomaly=[wangiri]", *SIZE[1:-1])


def test_collateral_that_is_labelled_direct_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("generators.anomalies.wangiri.answering", new_calls)
    recorded = RecordedWorld(tmp_path / "w", *DIALLER)
    with pytest.raises(AssertionError, match="wangiri"):
        check_direct(recorded, ["wangiri"])


def test_an_incident_that_shrank_is_found(tmp_path: Path) -> None:
    recorded = RecordedWorld(
        tmp_path / "w", *DIALLER, "anomaly.wangiri.fewest_calls=60", "generator.anomaly_ratio=0.01"
    )
    with pytest.raises(AssertionError, match="callees"):
        check_ranges(recorded, ["wangiri"])


@pytest.mark.parametrize("figure", sorted(KINDS["wangiri"].figures))
def test_a_figure_that_is_not_that_of_the_records_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, figure: str
) -> None:
    count, meaning = MEASURES[figure]
    monkeypatch.setitem(MEASURES, figure, (lambda made, context: count(made, context) + 1, meaning))
    recorded = RecordedWorld(tmp_path / "w", *DIALLER)
    with pytest.raises(AssertionError, match="wangiri"):
        check_parameters(recorded, ["wangiri"])
