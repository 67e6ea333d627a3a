"""Detectors of cells: against plain loops, and what each is for."""

from dataclasses import replace

import numpy as np
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import betabinom, binomtest, nbinom
from sklearn.metrics import roc_auc_score

from bench.faults import SettingsError, UserError
from bench.spans import QUARTER_MS
from detectors.cells.crowd import Crowd
from detectors.cells.failover import Failover
from detectors.cells.failure_share import FEWEST, FailureShare, deviations
from detectors.cells.failure_surprise import PRIOR_HELLOS, FailureSurprise
from detectors.cells.ping_pong import PingPong
from detectors.cells.quiet_neighbour import SPREAD, QuietNeighbour, too_few
from detectors.cells.signal_clusters import SignalClusters
from detectors.cells.silence import CellClock, Silence, quantiles
from detectors.cells.usual_server import UsualServer
from detectors.checks.subject import worlds
from detectors.features.cells.cell_quarters import Quarters, trailing_sum, usual_by_hour
from detectors.features.cells.handovers import ONE_WAY, handovers
from detectors.features.cells.neighbourhoods import neighbourhoods

HOUR = 4
ALL = (FailureShare, FailureSurprise, Failover, Silence, QuietNeighbour, SignalClusters, UsualServer, PingPong)


@pytest.fixture(scope="module")
def world():
    return worlds()["ordinary"]


@pytest.fixture(scope="module")
def noted(world):
    """The events of each cell by quarter of the window: (connected, refused)."""
    table = world.table("events", ["cell_id", "time_stamp", "state"])
    cells = world.table("cells")["cell_id"].to_pylist()
    found = {}
    times = pc.cast(table["time_stamp"], "int64").to_pylist()
    for cell, moment, state in zip(table["cell_id"].to_pylist(), times, table["state"].to_pylist(), strict=True):
        quarter = found.setdefault((cells.index(cell), moment // QUARTER_MS), [0, 0])
        quarter[0] += state in ("CONNECT", "RECONNECT")
        quarter[1] += state == "FAIL"
    return found


def scores_of(detector, world):
    cells = len(world.table("cells"))
    return detector.fit(world).score(world).values.reshape(cells, -1)


def outage(world):
    """Which quarters of the window lie in the outage of the first cell."""
    labels = np.zeros((len(world.table("cells")), 5 * 96), bool)
    labels[0, 1 * 96 : 3 * 96] = True
    return labels


SHARES = st.lists(st.tuples(st.sampled_from([0.0, 0.1, 0.25, 0.5, 1.0]), st.booleans()), min_size=1, max_size=20)


@given(SHARES)
def test_deviations_are_those_of_a_plain_loop(row):
    share, known = (np.array([each]) for each in zip(*row, strict=True))
    found = deviations(share, known)[0]
    for place, (value, is_known) in enumerate(row):
        past = [each for each, has in row[:place] if has]
        if not is_known or len(past) < FEWEST or abs(value - np.mean(past)) < 1e-9:
            assert found[place] == 0
        else:
            expected = abs(value - np.mean(past)) / max(np.std(past), 1e-9)
            assert found[place] == pytest.approx(min(expected, 100), rel=1e-6)


def test_the_share_alone_is_an_alert_beyond_its_limit(world, noted):
    scores, first = scores_of(FailureShare(sigmas=1e9), world), world.window.start_ms // QUARTER_MS
    for (cell, quarter), (connected, refused) in noted.items():
        if quarter >= first:
            assert scores[cell, quarter - first] == pytest.approx(refused / max(connected + refused, 1) / 0.6, abs=1e-6)
    assert (scores >= FailureShare.threshold_).any()


def test_surprise_at_failures_is_a_binomial_test(world, noted):
    scores, first = scores_of(FailureSurprise(quarters=HOUR), world), world.window.start_ms // QUARTER_MS
    past = {key: value for key, value in noted.items() if key[1] < first}
    total = np.sum(list(past.values()), axis=0)
    overall = (total[1] + 1) / (total.sum() + 2)
    for cell, quarter in [(0, 100), (0, 130), (0, 160), (3, 40), (5, 63)]:
        own = np.sum([value for key, value in past.items() if key[0] == cell], axis=0)
        usual = (own[1] + PRIOR_HELLOS * overall) / (own.sum() + PRIOR_HELLOS)
        recent = np.sum([noted.get((cell, first + quarter - back), (0, 0)) for back in range(HOUR)], axis=0)
        chance = binomtest(int(recent[1]), int(recent.sum()), usual, "greater").pvalue if recent.sum() else 1.0
        assert scores[cell, quarter] == pytest.approx(-np.log10(chance), abs=1e-6)


@pytest.mark.parametrize("rhythm", [False, True])
def test_silence_is_that_of_a_plain_loop(world, rhythm):
    quarters = Quarters(world)
    table = world.table("events", ["cell_id", "time_stamp", "state"])
    cells = world.table("cells")["cell_id"].to_pylist()
    taken = np.isin(table["state"].to_pylist(), ["CONNECT", "RECONNECT"])
    cell = np.array([cells.index(each) for each in table["cell_id"].to_pylist()])[taken]
    time_ms = np.asarray(pc.cast(table["time_stamp"], "int64"))[taken]
    pace = np.full(quarters.shape, 900.0)
    if rhythm:
        pace = usual_by_hour(quarters.counts(cell, time_ms), quarters.slot, quarters.columns_of(world.history))
    begin = quarters.grid.first * QUARTER_MS

    def clock(row, moment):
        whole, part = divmod(moment - begin, QUARTER_MS)
        return pace[row, :whole].sum() + (pace[row, whole] * part / QUARTER_MS if part else 0.0)

    scores, first = scores_of(Silence(0.9, rhythm=rhythm), world), quarters.columns_of(world.window).start
    for row, quarter in [(0, first + 7), (2, first + 44), (4, first + 260)]:
        times = sorted(time_ms[cell == row].tolist())
        reads = [clock(row, each) for each in times]
        past = [b - a for a, b, t in zip(reads, reads[1:], times[1:], strict=False) if t < world.history.end_ms]
        start, end = begin + quarter * QUARTER_MS, begin + (quarter + 1) * QUARTER_MS
        before = [0.0] + [read for read, t in zip(reads, times, strict=True) if t < end]
        ended = [b - a for a, b, t in zip([0.0, *reads], reads, times, strict=False) if start <= t < end]
        longest = max([clock(row, end) - before[-1], *ended])
        assert scores[row, quarter - first] == pytest.approx(longest / np.quantile(past, 0.9))


def test_a_clock_of_a_cell_advances_at_its_pace(world):
    quarters = Quarters(world)
    clock = CellClock(quarters, np.tile([[1.0, 3.0]], (quarters.shape[0], quarters.shape[1] // 2)))
    begin = quarters.grid.first * QUARTER_MS
    moments = begin + np.array([0, QUARTER_MS // 2, QUARTER_MS, QUARTER_MS * 3 // 2, 2 * QUARTER_MS])
    assert clock.read(np.zeros(5, int), moments).tolist() == [0, 0.5, 1, 2.5, 4]


def test_quantiles_lean_on_all_where_a_cell_has_few():
    values, group = np.append(np.arange(200.0), [7.0]), np.append(np.zeros(200, int), [2])
    assert quantiles(values, group, 0.5, 3) == pytest.approx([99.5, np.median(values), np.median(values)])
    assert quantiles(np.empty(0), np.empty(0, int), 0.5, 2).tolist() == [1, 1]


def test_too_few_is_the_tail_of_a_beta_binomial():
    own, together, share = np.array([[0, 3], [5, 9]]), np.array([[10, 10], [10, 60]]), np.array([[0.3], [0.5]])
    size = 1 / SPREAD - 1
    expected = [
        [
            -np.log10(betabinom(of, p * size, (1 - p) * size).pmf(range(few + 1)).sum())
            for few, of in zip(*row, strict=True)
        ]
        for row, p in zip(np.stack([own, together], axis=1), share[:, 0], strict=True)
    ]
    assert too_few(own, together, share) == pytest.approx(np.array(expected), abs=1e-9)


def test_neighbours_are_the_nearest(world):
    assert neighbourhoods(world, 2).tolist() == [[0, 1, 2], [1, 0, 2], [2, 1, 0], [3, 2, 4], [4, 3, 5], [5, 4, 3]]


def test_a_crowd_is_counted_by_head(world):
    scores, quarters = scores_of(Crowd(quarters=2, dispersion=0.2), world), Quarters(world)
    table = world.table("calls", ["first_cell_id", "caller_id", "call_start_ts"])
    times = np.asarray(pc.cast(table["call_start_ts"], "int64")) // QUARTER_MS - quarters.grid.first
    heads = np.zeros(quarters.shape, int)
    for cell, quarter, _ in set(
        zip(table["first_cell_id"].to_pylist(), times, table["caller_id"].to_pylist(), strict=True)
    ):
        heads[int(cell.removeprefix("cell_")), quarter] += 1
    history, first = quarters.columns_of(world.history), quarters.columns_of(world.window).start
    usual = usual_by_hour(heads, quarters.slot, history)
    for cell, quarter in [(1, first + 45), (2, first + 150)]:
        recent, mean = heads[cell, quarter - 1 : quarter + 1].sum(), usual[cell, quarter - 1 : quarter + 1].sum()
        chance = nbinom(5, 5 / (5 + mean)).pmf(range(recent)).sum()
        assert scores[cell, quarter - first] == pytest.approx(-np.log10(1 - chance), abs=1e-6)


def test_what_is_usual_follows_the_hour_of_the_week():
    counts, slot = np.array([[0, 8, 0, 8, 0, 8]]), np.array([0, 1, 0, 1, 0, 1])
    usual = usual_by_hour(counts, slot, slice(0, 4), prior_quarters=1e-9)
    assert usual == pytest.approx(counts, abs=1e-6)
    leaning = usual_by_hour(counts, slot, slice(0, 4), prior_quarters=1e9)
    assert leaning[0, 0] == pytest.approx(4 / 9, rel=0.01)


CONNECTIONS = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3), st.integers(0, 9000)), max_size=25)


@given(CONNECTIONS)
def test_handovers_are_those_of_a_plain_loop(rows):
    rows = sorted((session, time, cell) for session, cell, time in rows)
    session, time_ms, cell = np.array(rows, np.int64).reshape(-1, 3).T
    expected = []
    for place in range(1, len(rows)):
        (one, then, left), (other, now, entered) = rows[place - 1], rows[place]
        if one == other and left != entered:
            back = place > 1 and rows[place - 2][0] == one and rows[place - 2][2] == entered
            expected.append((left, entered, now, (1.0 if back else ONE_WAY) * np.exp(-(now - then) / 1000 / 5)))
    found = handovers(cell, time_ms, session, 5.0)
    assert [tuple(each) for each in zip(*(part.tolist() for part in found), strict=True)] == [
        pytest.approx(each) for each in expected
    ]


@given(st.lists(st.integers(0, 9), min_size=1, max_size=12), st.integers(1, 5))
def test_trailing_sums(row, quarters):
    expected = [sum(row[max(0, place - quarters + 1) : place + 1]) for place in range(len(row))]
    assert trailing_sum(np.array([row]), quarters)[0].tolist() == expected


@pytest.mark.parametrize("make", [FailureSurprise, Failover, Silence, QuietNeighbour])
def test_an_outage_stands_out(world, make):
    scores, labels = scores_of(make(), world), outage(world)
    assert scores[labels].mean() > 1.3 * scores[~labels].mean()
    assert np.quantile(scores[labels], 0.9) > np.quantile(scores[~labels], 0.9)


def test_the_share_of_failures_tells_an_outage_where_there_are_calls(world, noted):
    scores, labels, first = scores_of(FailureShare(), world), outage(world), world.window.start_ms // QUARTER_MS
    asked = np.zeros(scores.shape, bool)
    for cell, quarter in noted:
        if quarter >= first:
            asked[cell, quarter - first] = True
    assert roc_auc_score(labels[asked], scores[asked]) > 0.9


def test_reports_from_elsewhere_are_far_from_the_clusters():
    random = np.random.default_rng(1)
    known = np.vstack([random.normal(centre, 1, (100, 3)) for centre in ([0, 0, 0], [20, 0, -30], [0, 30, -60])])
    near, far = known[:5] + 0.1, np.array([[10.0, 15.0, 0.0]])
    off = SignalClusters(clusters=3)._distances(known, np.vstack([near, far]))
    assert off[:5].max() < 1.2
    assert off[5] > 2
    assert SignalClusters()._distances(known[:10], near).tolist() == [0] * 5


@pytest.mark.parametrize("make", ALL)
def test_without_a_network_the_error_says_what_is_needed(make):
    silent = worlds()["without_network"]
    with pytest.raises(UserError, match=r"^\w+ needs session events, which a world without a network does not have$"):
        make().fit(silent).score(silent)


def test_places_of_cells_are_needed_to_know_neighbours(world, tmp_path):
    for path in world.folder.iterdir():
        (tmp_path / path.name).symlink_to(path)
    (tmp_path / "cells.parquet").unlink()
    (tmp_path / "cells.parquet").symlink_to(worlds()["without_network"].folder / "cells.parquet")
    with pytest.raises(UserError, match="needs the latitude and longitude of each cell"):
        QuietNeighbour().score(replace(world, folder=tmp_path))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: FailureShare(0, 2), "detector.sigmas must be above 0, got 0\ndetector.share must be in (0, 1], got 2"),
        (lambda: FailureSurprise(0), "detector.quarters must be at least 1, got 0"),
        (lambda: Silence(1.0), "detector.quantile must be in (0, 1), got 1.0"),
        (lambda: QuietNeighbour(0), "detector.nearest must be at least 1, got 0"),
        (
            lambda: Crowd(0, 0),
            "detector.quarters must be at least 1, got 0\ndetector.dispersion must be above 0, got 0",
        ),
        (lambda: Failover(1.0, 0), "detector.refused must be in (0, 1), got 1.0\ndetector.most must be above 0, got 0"),
        (
            lambda: UsualServer(0, keeps=0, shift_db=0),
            "detector.nearest must be at least 1, got 0\ndetector.keeps must be in (0, 1), got 0\n"
            "detector.shift_db must be above 0, got 0",
        ),
        (lambda: SignalClusters(0), "detector.clusters must be at least 1, got 0"),
        (lambda: PingPong(0), "detector.stay_s must be above 0, got 0"),
    ],
)
def test_faults_are_reported(make, message):
    with pytest.raises(SettingsError) as raised:
        make()
    assert str(raised.value) == message
