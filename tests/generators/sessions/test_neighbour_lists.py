"""Neighbour lists learned from reports: the kernels against sets, and what the lists are in the end."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_networks import deployed
from small_worlds import make_settings, make_world, table

from generators.model.clock import DAY_MS
from generators.radio.cells import power_dbm
from generators.radio.coverage import NO_CELL, pixel_middles
from generators.sessions.neighbour_lists import (
    BROADCAST,
    COVERED,
    GEOMETRY,
    LEARNED,
    MISSED,
    NEIGHBOURS,
    REQUESTS,
    NeighbourLists,
    by_hour,
)
from generators.sessions.neighbour_reference import PlainLists
from generators.settings.network import PhoneSettings

DAYS = 5
SMALL = (
    "generator.num_users=12",
    "generator.num_towers=60",
    "generator.network.propagation.resolution_m=2000",
    "generator.network.phones.heartbeat_min_s=60",
    "generator.network.phones.heartbeat_spread_s=300",
)


def asking(scans: float, margin: float = 10.0) -> PhoneSettings:
    return PhoneSettings(neighbours="learned", scan_share=scans, neighbour_margin_db=margin)


@settings(max_examples=5, deadline=None)
@given(
    st.integers(0, 2**63 - 1),
    st.sampled_from([0.0, 0.02, 0.5]),
    st.sampled_from([3, 10]),
    st.sampled_from([0.0, 6.0, 60.0]),
)
def test_the_kernels_do_what_sets_do(seed: int, scans: float, candidates: int, margin: float) -> None:
    how = f"generator.network.propagation.candidates={candidates}"
    found = deployed(make_settings(*SMALL, how, f"generator.seed={seed}")[0])
    lists = NeighbourLists(found.plant, found.network, asking(scans, margin), np.arange(12))
    radio, site = found.plant.radio, found.plant.cells.site
    heard: list[dict[int, float]] = [{} for _ in radio.cell]
    for there, cells, powers in zip(heard, radio.cell.tolist(), radio.power.tolist(), strict=True):
        for cell, power in zip(cells, powers, strict=True):
            if cell != NO_CELL:
                there.setdefault(int(site[cell]), power)
    plain = PlainLists(heard, len(found.plant.cells.x), margin)
    for day in range(2):
        state = lists._next_ms.copy(), lists._made.copy()
        requests = lists.requests(day)
        lists._next_ms[:], lists._made[:] = state
        for row in zip(*(column.tolist() for column in requests), strict=True):
            plain.request(*row)
        plain.begin_minute(-1)
        lists.add_day(day)
    counts = np.sum(lists.hours, axis=(0, 1))
    assert (counts[LEARNED], counts[MISSED]) == (plain.asked, plain.missed)
    assert counts[BROADCAST] == counts[REQUESTS] * len(found.plant.cells.x)
    lengths = lists.lists.length
    learned = {t: set(lists.lists.towers[t, : lengths[t]].tolist()) for t in range(len(lengths)) if lengths[t]}
    assert learned == {tower: near for tower, near in plain.near.items() if near}


@pytest.fixture(scope="module")
def lists() -> NeighbourLists:
    found = deployed(make_settings(*SMALL, "generator.network.propagation.candidates=3", "generator.seed=1")[0])
    lists = NeighbourLists(found.plant, found.network, asking(0.02), np.arange(12))
    for day in range(DAYS):
        lists.add_day(day)
    return lists


def test_requests_follow_each_other_as_heartbeats_do(lists: NeighbourLists) -> None:
    fresh = NeighbourLists(lists.plant, lists.network, asking(0.02), np.arange(12))
    days = [fresh.requests(day) for day in range(3)]
    time, phone = (np.concatenate([getattr(day, name) for day in days]) for name in ("time_ms", "phone"))
    for each in range(12):
        gaps = np.diff(np.sort(time[phone == each]))
        assert gaps.min() >= 60_000
        assert gaps.max() <= 360_000
        assert gaps.mean() == pytest.approx(210_000, rel=0.05)
    assert np.concatenate([day.scans for day in days]).mean() == pytest.approx(0.02, abs=0.01)
    assert all((np.diff(day.time_ms // 60_000) >= 0).all() for day in days)


def test_a_tower_that_geometry_leaves_out_is_never_heard(lists: NeighbourLists) -> None:
    cells, air, radio = lists.plant.cells, lists.plant.air, lists.plant.radio
    middles = pixel_middles(radio)
    for pixel in range(0, len(radio.cell), 97):
        powers = [power_dbm(cell, *middles[pixel], cells, air) for cell in range(len(cells.site))]
        heard = {int(cells.site[cell]) for cell, power in enumerate(powers) if power >= air.threshold}
        if lists._in_reach[pixel] >= 0:
            assert len(heard) <= lists._in_reach[pixel] <= len(cells.x)


def test_ever_less_is_missed_and_less_is_asked_than_by_geometry(lists: NeighbourLists) -> None:
    hours = dict(by_hour(lists))
    assert list(hours) == [hour * 3_600_000 for hour in range(24 * DAYS)]
    counts = np.array(list(hours.values()))
    days = counts.reshape(DAYS, 24, -1).sum(axis=1)
    assert days[0, MISSED] > 2 * days[-1, MISSED]
    assert days[-1, MISSED] < 0.01 * days[-1, COVERED]
    assert (days[:, LEARNED] < 0.5 * days[:, GEOMETRY]).all()
    assert (days[:, GEOMETRY] <= days[:, BROADCAST]).all()
    assert (np.diff(counts[:, NEIGHBOURS]) >= 0).all()
    assert (counts[:, COVERED] <= counts[:, REQUESTS]).all()


def test_who_asks_everybody_misses_nothing(lists: NeighbourLists) -> None:
    every = NeighbourLists(lists.plant, lists.network, asking(1.0), np.arange(12))
    every.add_day(0)
    counts = np.sum(every.hours, axis=(0, 1))
    assert (counts[MISSED], counts[LEARNED]) == (0, counts[BROADCAST])


def test_a_world_has_the_table_if_asked_for_and_the_same_calls(tmp_path: Path) -> None:
    how = ("generator.num_users=60", "generator.days=2", "generator.num_towers=7", "generator.anomaly_ratio=0")
    counts = make_world(tmp_path / "learned", *how, "generator.network.phones.neighbours=learned")
    without = make_world(tmp_path / "plain", *how)
    assert counts["optional_tables"] == ["neighbour_learning"]
    assert "optional_tables" not in without
    assert not (tmp_path / "plain" / "truth" / "neighbour_learning.parquet").exists()
    for name in ("calls", "events", "user_status"):
        assert table(tmp_path / "learned", name).equals(table(tmp_path / "plain", name))
    hours = table(tmp_path / "learned", "neighbour_learning")
    assert hours.height == 2 * DAY_MS // 3_600_000
    assert hours["requests"].sum() == pytest.approx(60 * 2 * 86_400 / 8, rel=0.02)
    assert (hours["missed"] <= hours["covered"]).all()
