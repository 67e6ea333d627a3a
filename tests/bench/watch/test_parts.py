"""What a browser gets of a part of time: positions, live sessions and states, held against the tables of the world."""

from typing import Any

import numpy as np
import polars as pl
import pytest
from shown_worlds import Shown

from bench.watch.binary import unpacked
from bench.watch.windows import STATES

SECOND = 1000


def part_of(shown: Shown, moment: int) -> tuple[dict[str, Any], int]:
    """Return the arrays of the part with a moment, and the moment in it."""
    arrays, facts = unpacked(shown.replay.part(moment // shown.replay.part_ms))
    assert facts["start"] <= moment < facts["end"]
    return arrays, moment - facts["start"]


def place_in(arrays: dict[str, Any], user: int, moment: int) -> Any:
    """Return where a user is at a moment of a part, as the page computes it."""
    low, high = arrays["track_first"][user : user + 2].astype(int)
    times, points = arrays["track_time"][low:high], arrays["track_position"].reshape(-1, 2)[low:high]
    last = max(int(np.searchsorted(times, moment, side="right")) - 1, 0)
    if last + 1 == len(times):
        return points[last]
    share = max(moment - times[last], 0) / (times[last + 1] - times[last])
    return points[last] + share * (points[last + 1] - points[last])


@pytest.mark.parametrize("name", ["demo", "labelled"])
def test_phones_are_where_they_send_their_messages(name: str, request: pytest.FixtureRequest) -> None:
    shown: Shown = request.getfixturevalue(name)
    events = shown.frame("events").sample(300, seed=3)
    users = {each: number for number, each in enumerate(shown.replay.world.names.user.to_pylist())}
    plane = shown.replay.world.scene.plane
    size = np.array([plane.width_m, plane.height_m])
    for event, moment in zip(events.iter_rows(named=True), shown.after(events["time_stamp"]), strict=True):
        if not moment < shown.replay.length_ms:
            continue
        arrays, at = part_of(shown, moment)
        away = place_in(arrays, users[event["caller_id"]], at) - np.array([event["x"], event["y"]])
        away -= size * np.round(away / size) if plane.wrap else 0
        assert np.abs(away).max() < 2.5, event


@pytest.mark.parametrize("moment", [3 * SECOND, 200 * SECOND, 3600 * SECOND - 1, 3600 * SECOND, 80_000 * SECOND])
def test_live_sessions_are_those_that_have_begun_and_not_ended(demo: Shown, moment: int) -> None:
    arrays, at = part_of(demo, moment)
    here = (arrays["connection_begin"] <= at) & (at < arrays["connection_end"])
    users, cells = (demo.replay.world.names.user, demo.replay.world.names.cell)
    found = {
        (users[int(user)].as_py(), cells[int(cell)].as_py())
        for user, cell in zip(arrays["connection_user"][here], arrays["connection_cell"][here], strict=True)
    }
    events = demo.frame("events").with_columns(at=demo.after(pl.col("time_stamp")))
    last = events.filter(pl.col("at") <= moment, (pl.col("state") != "FAIL") | (pl.col("cause") == "drop"))
    last = last.group_by("session_id", maintain_order=True).last()
    last = last.filter(pl.col("state").is_in(["CONNECT", "RECONNECT"]))
    assert found == set(zip(last["caller_id"], last["cell_id"], strict=True))


def test_states_are_those_of_the_last_window_that_is_over(demo: Shown) -> None:
    status = demo.frame("tower_status").with_columns(over=demo.after(pl.col("window_start")) + 21_000)
    cells = demo.replay.world.names.cell.to_pylist()
    for moment in (20_999, 21_000, 100_000, 203_000, 224_123, 3_600_000, 3_606_999, 86_399_999):
        arrays, at = part_of(demo, moment)
        window = int(np.searchsorted(arrays["window_end"], at, side="right")) - 1
        last = status.filter(pl.col("over") <= moment)
        if last.is_empty():
            assert window == -1
            continue
        states = arrays["window_state"].reshape(-1, len(cells))[window]
        hellos = arrays["window_hellos"].reshape(-1, len(cells))[window]
        known = last.filter(over=last["over"].max())
        found = {name: (STATES[code], int(many)) for name, code, many in zip(cells, states, hellos, strict=True)}
        rows = known.select("cell_id", "state", "hellos").iter_rows()
        assert found == {name: (state, many) for name, state, many in rows}
        assert len(known) == len(cells)


def test_a_part_has_the_calls_of_the_window_before_it(demo: Shown) -> None:
    """Calls a second are counted over a window, so that one part is enough for every moment in it."""
    arrays, facts = unpacked(demo.replay.part(1))
    calls = demo.frame("calls").with_columns(
        begin=demo.after(pl.col("call_start_ts")), end=demo.after(pl.col("call_end_ts"))
    )
    here = calls.filter(pl.col("begin") < facts["end"], pl.col("end") >= facts["start"] - 21_000)
    assert arrays["call_begin"].tolist() == (here["begin"] - facts["start"]).to_list()
    assert (arrays["call_begin"] < 0).any()


def test_every_moment_is_in_one_part_and_parts_are_small(demo: Shown) -> None:
    replay = demo.replay
    bounds = [unpacked(replay.part(number))[1] for number in range(replay.parts)]
    assert [each["start"] for each in bounds[1:]] == [each["end"] for each in bounds[:-1]]
    assert (bounds[0]["start"], bounds[-1]["end"]) == (0, replay.length_ms)
    assert max(len(replay.part(number)) for number in range(replay.parts)) < 2_000_000


def test_the_overview_counts_every_call_and_every_hello(demo: Shown) -> None:
    arrays, _ = unpacked(demo.replay.overview)
    assert arrays["calls"].sum() == len(demo.frame("calls"))
    status = demo.frame("tower_status")
    assert arrays["hellos"].sum() == status["hellos"].sum()
    assert arrays["failed"].sum() == status["fails"].sum() + status["timeouts"].sum()


def test_calls_of_a_phone_are_those_that_it_makes_or_gets(labelled: Shown) -> None:
    users = labelled.replay.world.names.user.to_pylist()
    calls = labelled.frame("calls")
    for user in (0, 17, len(users) - 1):
        arrays, _ = unpacked(labelled.replay.calls_of(user))
        mine = calls.filter((pl.col("caller_id") == users[user]) | (pl.col("callee_id") == users[user]))
        assert arrays["begin"].tolist() == pytest.approx(
            (labelled.after(mine["call_start_ts"]) / 1000).to_list(), abs=0.01
        )
        assert (arrays["caller"] == user).tolist() == (mine["caller_id"] == users[user]).to_list()
