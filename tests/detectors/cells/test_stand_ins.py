"""Detectors of cells that look at who serves in whose place: against plain loops, and what each is for."""

from collections import Counter
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.spans import DAY_MS, QUARTER_MS
from detectors.cells.failover import PASSED_ON, PRIOR_HELLOS, Failover, served_instead
from detectors.cells.usual_server import LEAST_OF_ONE, MOST, MOST_OF_ONE, PRIOR, SUREST, UsualServer
from detectors.checks.made_calls import OUTAGE_DAYS, START_MS
from detectors.checks.subject import worlds
from detectors.features.cells.cell_quarters import CellEvents, Quarters
from detectors.features.cells.evidence import cumulative_sum, passed_on, total_of
from detectors.features.cells.nearby import Connections, connections, nearby

BROKEN_MS = tuple(START_MS + day * DAY_MS for day in OUTAGE_DAYS)


@pytest.fixture(scope="module")
def world():
    return worlds()["ordinary"]


def with_events(world, folder, events):
    """The same world with other events."""
    for path in world.folder.iterdir():
        if path.name != "events.parquet":
            (folder / path.name).symlink_to(path)
    pq.write_table(events, folder / "events.parquet")
    return replace(world, folder=folder)


def column(events, name, values):
    field = events.schema.field(name)
    return events.set_column(events.column_names.index(name), field, pa.array(values).cast(field.type))


def moments(events):
    return np.asarray(pc.cast(events["time_stamp"], "int64"))


def scores_of(detector, world):
    return detector.fit(world).score(world).values.reshape(len(world.table("cells")), -1)


def quarters_of(world, begin_ms, end_ms):
    first = world.window.start_ms // QUARTER_MS
    return slice(begin_ms // QUARTER_MS - first, end_ms // QUARTER_MS - first)


def rescued(world):
    """Calls that the broken cell refuses are served by the next one."""
    events = world.table("events")
    failed = np.flatnonzero(np.asarray(events["state"].to_pylist()) == "FAIL")
    served = events.take(pa.array(failed))
    cells = [f"cell_{int(cell.removeprefix('cell_')) + 1}" for cell in served["cell_id"].to_pylist()]
    served = column(column(served, "state", ["CONNECT"] * len(failed)), "cell_id", cells)
    served = column(served, "time_stamp", moments(served) + 40)
    return pa.concat_tables([events, served]).unify_dictionaries()


@given(st.lists(st.lists(st.floats(-9, 9), min_size=4, max_size=4), min_size=1, max_size=3), st.floats(0.1, 20))
def test_evidence_adds_up_like_a_plain_loop(evidence, most):
    found = cumulative_sum(np.array(evidence), most)
    for row, sums in zip(evidence, found, strict=True):
        last = 0.0
        for each, total in zip(row, sums, strict=True):
            last = min(max(last + each, 0.0), most)
            assert total == pytest.approx(last)


EVENTS = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 9), st.integers(-1, 3), st.sampled_from("CFE")), max_size=25
)


@given(EVENTS)
def test_who_stands_in_is_that_of_a_plain_loop(rows):
    session, time_ms, cell, state = (np.array(each) for each in zip(*rows, strict=True)) if rows else np.empty((4, 0))
    expected = []
    for number in {row[0] for row in rows}:
        refused = None
        for _, moment, asked, what in sorted((row for row in rows if row[0] == number), key=lambda row: row[1]):
            if asked >= 0 and what == "C" and refused is not None:
                expected.append((refused, asked, moment))
            refused = asked if asked >= 0 and what == "F" else refused
    (left, served), when = served_instead(cell.astype(int), time_ms.astype(int), session, state == "C", state == "F")
    assert Counter(zip(left.tolist(), served.tolist(), when.tolist(), strict=True)) == Counter(expected)


def test_failover_is_that_of_a_plain_loop(world, tmp_path):
    world = with_events(world, tmp_path, rescued(world))
    events, quarters = world.table("events").to_pylist(), Quarters(world)
    begin, first = quarters.grid.first, quarters.columns_of(world.window).start
    counts, asked = np.zeros((2, *quarters.shape)), {}
    for event in sorted(events, key=lambda event: event["time_stamp"]):
        if event["state"] != "END":
            cell = int(event["cell_id"].removeprefix("cell_"))
            quarter = int(event["time_stamp"].timestamp() * 1000) // QUARTER_MS - begin
            counts[int(event["state"] == "FAIL"), cell, quarter] += 1
            asked.setdefault(event["session_id"], []).append((event["state"], cell, quarter))
    past = counts[:, :, :first].sum(axis=2)
    overall = (past[1].sum() + 1) / (past.sum() + 2)
    sums = np.zeros(quarters.shape)
    for cell in range(len(sums)):
        usual, last = (past[1, cell] + PRIOR_HELLOS * overall) / (past[:, cell].sum() + PRIOR_HELLOS), 0.0
        for quarter in range(sums.shape[1]):
            good, bad = counts[:, cell, quarter]
            gain = bad * np.log((usual + (1 - usual) * 0.6) / usual) + good * np.log(0.4)
            last = sums[cell, quarter] = min(max(last + gain, 0.0), 7.0)
    expected = sums.copy()
    for steps in asked.values():
        for (_, left, _), (state, cell, quarter) in pairwise(steps):
            if state == "CONNECT":
                expected[cell, quarter] = max(expected[cell, quarter], PASSED_ON * sums[left, quarter])
    assert (expected != sums).sum() > 20
    assert scores_of(Failover(0.6, 7.0), world) == pytest.approx(expected[:, first:])


def test_who_takes_over_from_an_outage_is_found(world, tmp_path):
    events = rescued(world)
    alone, helped = scores_of(Failover(), world), scores_of(Failover(), with_events(world, tmp_path, events))
    added = events.slice(world.table("events").num_rows)
    first = [cell == "cell_1" for cell in added["cell_id"].to_pylist()]
    took_over = np.unique(moments(added)[first] // QUARTER_MS) - world.window.start_ms // QUARTER_MS
    assert took_over.size > 20
    assert alone[1, took_over].min() == 0
    assert helped[1, took_over].min() > np.quantile(helped[3:], 0.99)


@given(st.integers(0, 2**32), st.integers(1, 6), st.integers(0, 30))
def test_what_is_near_is_that_of_a_plain_loop(seed, nearest, size):
    random = np.random.default_rng(seed)

    def some(count):
        return Connections(
            random.integers(0, 3, count), np.arange(count), *random.random((2, count)), random.normal(-70, 9, count)
        )

    known, new = some(size), some(8)
    found = nearby(known, new, nearest, 0.4, 1.5)
    for row in range(8):
        away = np.hypot(*(known.places_m - new.places_m[row]).T)
        near = [each for each in np.argsort(away)[:nearest].tolist() if away[each] <= 0.4]
        cells = Counter(known.cell[near].tolist())
        assert found.share[row] == pytest.approx(max(cells.values(), default=0) / (len(near) + 1.5) if size else 0)
        assert not near or cells[int(found.usual[row])] == max(cells.values())
        same = known.power_dbm[[each for each in near if known.cell[each] == new.cell[row]]]
        assert found.power_dbm[row] == pytest.approx(same.mean() if same.size else 0)
        assert found.variance[row] == pytest.approx(same.var() if same.size else 0, abs=1e-9)


def elsewhere(world):
    """For two days cell 1 looks elsewhere: half of its connections are made by cell 4, the others are 25 dB weaker."""
    events = world.table("events")
    cell, power = events["cell_id"].to_pylist(), np.asarray(events["power_dbm"])
    time_ms, connected = moments(events), np.asarray(events["state"].to_pylist()) == "CONNECT"
    mine = np.asarray(cell) == "cell_1"
    struck = np.flatnonzero(mine & connected & (time_ms >= BROKEN_MS[0]) & (time_ms < BROKEN_MS[1]))
    lost, weak = struck[::2], struck[1::2]
    for each in lost.tolist():
        cell[each] = "cell_4"
    power = np.where(np.isin(np.arange(power.size), weak), power - 25, power)
    return column(column(events, "cell_id", cell), "power_dbm", power), time_ms[lost]


def test_usual_server_is_that_of_a_plain_loop(world, tmp_path):
    world = with_events(world, tmp_path, elsewhere(world)[0])
    quarters = Quarters(world)
    every = connections(quarters, "here")
    past, new = every.of(every.time_ms < world.history.end_ms), every.of(every.time_ms >= world.history.end_ms)
    near = nearby(past, new, 9, 250.0, PRIOR)
    evidence, served = np.zeros(quarters.shape), []
    for row in range(new.cell.size):
        share, usual, cell = min(near.share[row], SUREST), near.usual[row], new.cell[row]
        quarter = new.time_ms[row] // QUARTER_MS - quarters.grid.first
        if near.share[row] > 0.5 and usual != cell:
            evidence[usual, quarter] += np.log((1 - 0.4 * share) / (1 - share))
            served.append((usual, cell, quarter, share))
        elif near.share[row] > 0.5:
            one, two = (np.sqrt(5.0**2 + near.variance[row] + more**2) for more in (0, 12.0))
            off = new.power_dbm[row] - near.power_dbm[row]
            gain = np.log(one / two) + off**2 / 2 * (1 / one**2 - 1 / two**2)
            evidence[cell, quarter] += np.log(0.4) + min(max(gain, LEAST_OF_ONE), MOST_OF_ONE)
    sums = cumulative_sum(evidence, MOST)
    expected = sums.copy()
    for usual, cell, quarter, share in served:
        expected[cell, quarter] = max(expected[cell, quarter], sums[usual, quarter] * share)
    assert (expected != sums).sum() > 20
    found = scores_of(UsualServer(9, 250.0, 0.4, 5.0, 12.0), world)
    assert found == pytest.approx(expected[:, quarters.columns_of(world.window)])


def test_a_cell_that_looks_elsewhere_is_found_and_who_serves_its_places(world, tmp_path):
    events, lost_ms = elsewhere(world)
    scores = scores_of(UsualServer(), with_events(world, tmp_path, events))
    during = quarters_of(world, BROKEN_MS[0] + DAY_MS // 2, BROKEN_MS[1])
    served_instead = np.unique(lost_ms[lost_ms >= BROKEN_MS[0] + DAY_MS // 2] // QUARTER_MS)
    served_instead -= world.window.start_ms // QUARTER_MS
    others = scores[[0, 2, 3, 5]]
    assert scores[1, during].min() > np.quantile(others, 0.99)
    assert scores[4, served_instead].min() > np.quantile(others, 0.99)


def test_what_is_noted_elsewhere_or_nowhere_adds_nothing(world):
    quarters = Quarters(world)
    begin_ms, nowhere = world.clock.start_ms, np.array([-1, 0])
    times = np.array([begin_ms, begin_ms - QUARTER_MS])
    assert total_of(quarters, nowhere, times, np.ones(2)).sum() == 0
    sums = np.ones(quarters.shape)
    assert (passed_on(quarters, sums, (np.array([0, 0]), nowhere), times, 9.0) == sums).all()
    assert CellEvents(quarters, "here").session.max() == len(world.table("calls")) - 1
