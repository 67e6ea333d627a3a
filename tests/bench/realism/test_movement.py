"""Distances, visits and the load of cells against plain loops and known laws."""

from collections import Counter, defaultdict
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up_records import records, with_values

from bench.realism import movement
from bench.realism.record_arrays import Records

SEEDS = st.integers(0, 10_000)


def trails(of: Records) -> dict[int, list[int]]:
    found = defaultdict(list)
    for caller, cell in zip(of.caller.tolist(), of.cell.tolist(), strict=True):
        if cell >= 0:
            found[caller].append(cell)
    return found


@settings(max_examples=20)
@given(SEEDS)
def test_radii_of_gyration_caller_by_caller(seed: int) -> None:
    of = records(seed)
    expected = []
    for trail in trails(of).values():
        at = of.cell_km[trail]
        if len(trail) >= 10:
            expected.append(np.sqrt(np.mean(np.sum((at - at.mean(axis=0)) ** 2, axis=1))))
    kept = of.chosen(of.cell >= 0)
    found = movement.gyration(kept.caller, kept.cell_km[kept.cell])
    np.testing.assert_allclose(np.sort(found), np.sort([each for each in expected if each > 1e-9]))


@settings(max_examples=20)
@given(SEEDS)
def test_exploration_move_by_move(seed: int) -> None:
    of = records(seed, calls=4000, parties=60, cells=30)
    moves, fresh = Counter[int](), Counter[int]()
    for trail in trails(of).values():
        seen = {trail[0]}
        for before, now in pairwise(trail):
            if now != before:
                moves[len(seen)] += 1
                fresh[len(seen)] += now not in seen
            seen.add(now)
    used = [s for s in moves if s > 1 and moves[s] >= 50 and fresh[s]]
    line = np.polyfit(np.log(used), [np.log(fresh[s] / moves[s]) for s in used], 1, w=[moves[s] ** 0.5 for s in used])
    found = movement.visits(of)
    assert found["exploration_exponent"] == pytest.approx(-line[0])
    assert found["exploration_share"] == pytest.approx(np.exp(line[1]))


@settings(max_examples=20)
@given(SEEDS)
def test_ranks_of_places_caller_by_caller(seed: int) -> None:
    of = records(seed, calls=4000, parties=150, cells=30)
    shares = []
    for trail in trails(of).values():
        ranked = [count / len(trail) for _, count in Counter(trail).most_common()]
        if len(ranked) >= 5:
            shares.append((ranked + [0.0] * 10)[:10])
    mean = np.mean(shares, axis=0)
    expected = -np.polyfit(np.log(np.arange(1, 11)), np.log(mean), 1)[0]
    assert movement.visits(of)["visit_zipf"] == pytest.approx(expected)


@pytest.mark.parametrize("beta", [0.3, 1.0, 1.75])
def test_a_power_law_of_distances_that_is_known(beta: float) -> None:
    shift, reach = 1.5, 60.0
    chance = np.random.default_rng(2).random(60_000)
    low, high = np.log(shift), np.log(reach + shift)
    if beta == 1.0:
        km = np.exp(low + chance * (high - low)) - shift
    else:
        power = 1 - beta
        km = (shift**power + chance * ((reach + shift) ** power - shift**power)) ** (1 / power) - shift
    assert movement.shifted_power(km, shift) == pytest.approx(beta, abs=0.03)


def test_displacements_are_between_calls_of_the_same_caller() -> None:
    base = records(0, calls=600, parties=2, cells=2)
    caller = np.arange(600) % 2
    of = with_values(base, caller=caller, cell=caller, cell_km=np.array([[0.0, 0.0], [30.0, 0.0]]))
    assert movement.distances(of) == {}  # nobody moves, though each call is far from the one before


def test_the_load_of_cells_is_distinguished_from_other_families() -> None:
    rng = np.random.default_rng(1)
    base = records(0, calls=10)
    for place, loads in ((1, rng.lognormal(6, 1.0, 3000)), (5, rng.normal(300, 20, 3000))):
        cell = np.repeat(np.arange(3000), np.maximum(loads, 1).astype(np.int64))
        few = np.zeros(cell.size, np.int64)
        of = with_values(base, caller=few, callee=few, local_ms=few, seconds=few, answered=few > 0, missed=few > 0,
                         failed=few > 0, cell=cell)  # fmt: skip
        found = movement.load(of)["load_lognormal_place"]
        assert found == 1 if place == 1 else found > 1
