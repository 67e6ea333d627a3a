"""Path loss against literal figures of the standards; shadowing, geometry, sites and the radio map by their laws."""

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_networks import SmallNetwork, deployed, networks
from small_worlds import make_settings

from bench.faults import UserError
from generators.radio.cells import OMNI, make_air, make_cells, power_dbm, site_loss_db
from generators.radio.coverage import NO_CELL, make_map, pixel_middles, pixels_at
from generators.radio.path_loss import (
    REFERENCE,
    RMA,
    UMA,
    UMI,
    cost231_hata_db,
    free_space_db,
    path_loss_db,
    rural_break_m,
    rural_db,
    sight_probability,
    urban_db,
)
from generators.radio.plane import Plane, shortest, to_degrees, to_metres, wrapped
from generators.radio.shadowing import CUT, shadow
from generators.radio.sites import OPENCELLID
from generators.radio.towers import make_towers
from generators.settings.radio import MODELS, AntennaSettings, PropagationSettings, SiteSettings

SEED = np.uint64(7)


def flat(distance: float, mast: float, phone: float) -> float:
    return math.sqrt(distance**2 - (mast - phone) ** 2)


def test_path_loss_of_the_standards() -> None:
    assert urban_db(flat(1000, 25, 1.5), 1.8, (25.0, 1.5), True, False) == pytest.approx(135.9, abs=0.05)
    assert cost231_hata_db(1000, 1.8, 30, 1.5) == pytest.approx(136.2, abs=0.05)
    assert free_space_db(1000, 2.4) == pytest.approx(100.05, abs=0.01)
    assert urban_db(flat(100, 25, 1.5), 2.0, (25.0, 1.5), True, True) == pytest.approx(28 + 44 + 6.02, abs=0.01)
    assert urban_db(flat(100, 10, 1.5), 2.0, (10.0, 1.5), False, False) == pytest.approx(22.4 + 70.6 + 6.41, abs=0.01)


def test_each_model_has_a_formula_and_one_without_is_refused() -> None:
    """Covers `path_loss_db`: a model that is listed without a formula used to be COST-231 without a word."""
    for model in range(len(MODELS)):
        if model != REFERENCE:
            assert 60 < path_loss_db(model, 1000.0, 1.8, (30.0, 1.5), True) < 150
    for model in (REFERENCE, len(MODELS)):
        with pytest.raises(ValueError, match="no formula"):
            path_loss_db(model, 1000.0, 1.8, (30.0, 1.5), True)


@given(st.sampled_from([True, False]), st.sampled_from([0.8, 1.8, 3.5]), st.floats(10, 5000), st.floats(1.0, 2.0))
def test_loss_rises_with_distance_and_without_sight(macro: bool, ghz: float, distance: float, factor: float) -> None:
    for sight in (True, False):
        near, far = (urban_db(d, ghz, (25.0, 1.5), macro, sight) for d in (distance, distance * factor))
        assert far >= near - 0.5  # the two slopes of the standard meet within half a decibel
        near, far = (rural_db(d, ghz, (35.0, 1.5), sight) for d in (distance, distance * factor))
        assert far >= near - 1e-9
    assert urban_db(distance, ghz, (25.0, 1.5), macro, False) >= urban_db(distance, ghz, (25.0, 1.5), macro, True)


def test_sight_probability_of_the_standard() -> None:
    assert sight_probability(UMA, 18.0) == sight_probability(UMI, 10.0) == sight_probability(RMA, 10.0) == 1
    assert sight_probability(UMA, 180.0) == pytest.approx(0.1 + math.exp(-180 / 63) * 0.9)
    assert sight_probability(UMI, 180.0) == pytest.approx(0.1 + math.exp(-5) * 0.9)
    assert sight_probability(RMA, 1010.0) == pytest.approx(math.exp(-1))


def test_shadowing_is_standard_normal_and_its_correlation_falls_exponentially() -> None:
    """The fitted correlation differs from exp(-d) by up to 0.03; 20,000 points estimate it to about 0.01."""
    x, y = np.random.default_rng(1).uniform(0, 1000, (2, 20_000))
    here = np.array([shadow(SEED, 3, a, b) for a, b in zip(x, y, strict=True)])
    assert here.mean() == pytest.approx(0, abs=0.05)
    assert here.std() == pytest.approx(1, abs=0.05)
    assert np.abs(here).max() <= CUT
    turn = np.random.default_rng(2).uniform(0, 2 * math.pi, len(x))
    for apart in (0.1, 0.25, 0.5, 1.0, 2.0, 3.0):
        moved = (x + apart * np.cos(turn), y + apart * np.sin(turn))
        there = np.array([shadow(SEED, 3, a, b) for a, b in zip(*moved, strict=True)])
        assert np.corrcoef(here, there)[0, 1] == pytest.approx(math.exp(-apart), abs=0.05)
    other = np.array([shadow(SEED, 4, a, b) for a, b in zip(x, y, strict=True)])
    assert abs(np.corrcoef(here, other)[0, 1]) < 0.05


def loss_deviation(model: int, flat: float, height: float) -> tuple[float, float]:
    """Return mean and standard deviation of the loss at a distance from many sites, with line of sight forced."""
    rng = np.random.default_rng(3)
    many = 3000
    sites = SiteSettings(sectors=1, height_m=height)
    models = np.full(many, model, np.int8)
    metres = rng.uniform(0, 1e6, (many, 2))
    cells = make_cells(sites, AntennaSettings(), models, metres, np.ones(many, np.bool_))
    plane = Plane(0.0, 0.0, 1.0, 1e6, 1e6, False)
    air = make_air(AntennaSettings(), PropagationSettings(resolution_m=1.0), plane, 5)
    losses = np.array([site_loss_db(site, (flat, 0.0), math.inf, cells, air) for site in range(many)])
    return float(losses.mean()), float(losses.std())


def test_rural_shadowing_is_wider_beyond_the_break_point() -> None:
    """3GPP TR 38.901, table 7.4.1-1: 4 dB before the break point, 6 dB beyond; a mast of 2 m has it at 50 m."""
    turn = 2 * math.pi * 2.0 * 1.5 * 0.8e9 / 3e8
    assert rural_break_m(0.8, (2.0, 1.5)) == pytest.approx(turn)
    for flat, deviation in ((0.5 * turn, 4.0), (1.2 * turn, 6.0)):
        sight = path_loss_db(RMA, flat, 0.8, (2.0, 1.5), True)
        mean, found = loss_deviation(RMA, flat, 2.0)
        share = 1 - sight_probability(RMA, flat)
        without = path_loss_db(RMA, flat, 0.8, (2.0, 1.5), False)
        mixed = (1 - share) * deviation**2 + share * 8.0**2 + share * (1 - share) * (without - sight) ** 2
        assert found == pytest.approx(math.sqrt(mixed), rel=0.06)
        assert mean == pytest.approx(sight + share * (without - sight), abs=0.5)


def test_cost_231_hata_goes_by_the_distance_on_the_ground() -> None:
    """A mast of 200 m beside the phone: the slant distance would say 200 m."""
    model = list(MODELS).index("cost231_hata")
    assert path_loss_db(model, 100.0, 1.8, (200.0, 1.5), True) == cost231_hata_db(100.0, 1.8, 200.0, 1.5)


@pytest.mark.parametrize(("metres", "pixel", "refused"), [(120, 200, True), (120, 100, False), (None, 200, False)])
def test_a_correlation_distance_below_a_pixel_is_refused(metres: float | None, pixel: float, refused: bool) -> None:
    """It used to be raised without a word."""
    settings = PropagationSettings(correlation_m=metres, resolution_m=pixel)
    assert [fault.key for fault in settings.faults("p")] == (["p.correlation_m"] if refused else [])


@given(st.floats(-1e5, 1e5), st.floats(1, 1e5))
def test_on_a_torus_the_shortest_way_counts(difference: float, period: float) -> None:
    found = shortest(difference, period, True)
    assert abs(found) <= period / 2 * (1 + 1e-9)
    assert (difference - found) / period == pytest.approx(round((difference - found) / period), abs=1e-6)
    assert shortest(difference, period, False) == difference
    assert 0 <= wrapped(difference, period, True) < period


def test_degrees_and_metres_are_the_same_places() -> None:
    plane = Plane(10.0, 20.0, 109_000.0, 50_000.0, 40_000.0, False)
    places = np.array([[0.0, 0.0], [50_000.0, 40_000.0], [1.0, 2.0]])
    assert to_metres(plane, *to_degrees(plane, places)) == pytest.approx(places, abs=1e-5)


@given(networks())
@settings(max_examples=25, deadline=None)
def test_the_map_is_what_a_broadcast_would_hear(small: SmallNetwork) -> None:
    """Exactness of the neighbour list: no cell outside it could have answered above the threshold."""
    plant, radio = small.deployment.plant, small.deployment.network.radio
    middles = pixel_middles(radio)
    rng = np.random.default_rng(0)
    for pixel in rng.integers(0, len(middles), 30).tolist():
        x, y = middles[pixel]
        heard = {c: power_dbm(c, x, y, plant.cells, plant.air) for c in range(len(plant.cells.site))}
        answers = [(float(np.float32(p)), c) for c, p in heard.items() if p >= plant.air.threshold]
        answers.sort(key=lambda pair: (-pair[0], pair[1]))
        expected = answers[: radio.cell.shape[1]]
        found = [(float(p), int(c)) for c, p in zip(radio.cell[pixel], radio.power[pixel], strict=True) if c != NO_CELL]
        assert found == expected
    assert (pixels_at(middles, radio) == np.arange(len(middles))).all()


@pytest.mark.parametrize("candidates", [2, 4, 10])
def test_a_turned_antenna_is_heard_as_if_it_had_always_looked_there(candidates: int) -> None:
    """One after the other, so that what was worked out for one turn serves the next; full lists let others in."""
    asked = make_settings("generator.network.propagation.resolution_m=800", "generator.num_users=20")[0]
    asked.network.propagation.candidates = candidates
    plant, changed, full = deployed(asked).plant, 0, 0
    for cell in np.flatnonzero(plant.cells.kind != OMNI)[:12].tolist():
        for turned_deg in (60.0, -110.0):
            pixels, names, powers = plant.turned(cell, turned_deg)
            expected = make_map(plant.aimed({cell: turned_deg}), plant.air, 800, candidates)
            found = plant.radio._replace(cell=plant.radio.cell.copy(), power=plant.radio.power.copy())
            found.cell[pixels], found.power[pixels] = names, powers
            assert (found.cell == expected.cell).all()
            assert (found.power == expected.power).all()
            lost = (plant.radio.cell[pixels] == cell).any(axis=1) & ~(names == cell).any(axis=1)
            changed, full = changed + len(pixels), full + int((lost & (names[:, -1] != NO_CELL)).sum())
    assert changed > 100
    assert full > 0


@pytest.mark.parametrize("placement", ["grid", "hexagonal", "poisson", "clustered"])
def test_sites_stand_in_the_world(placement: str) -> None:
    world, _ = make_settings(f"generator.network.sites.placement={placement}", "generator.num_towers=30")
    towers = make_towers(world)
    assert towers.metres.shape == (30, 2)
    assert len(np.unique(towers.metres, axis=0)) == 30
    assert towers.latitude.min() >= -0.25 - 1e-9
    assert towers.latitude.max() <= 0.25 + 1e-9
    assert towers.metres.min() >= 0


def site_file(path: Path, *rows: str) -> str:
    path.write_text("\n".join([",".join(OPENCELLID), *rows]) + "\n")
    return f"generator.network.sites.file={path}"


def towers_of(*overrides: str) -> np.ndarray:
    return make_towers(make_settings("generator.network.sites.placement=file", *overrides)[0]).metres


def row(lon: str, lat: str) -> str:
    return f"LTE,1,1,5,77,0,{lon},{lat},1000,5,1,1459743588,1459743588,0"


def test_a_site_file_is_read(tmp_path: Path) -> None:
    file = site_file(tmp_path / "sites.csv", row("0.1", "-0.2"), row("0.1", "-0.2"), row("-0.265", "0.25"))
    found = towers_of(file)
    assert len(found) == 2  # two cells at one place are one site
    assert found[1] == pytest.approx([0, 0.5 * 111_195], abs=0.01)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([row("0.1", "0.1"), row("1.0", "0.1")], "row 3, column lon must be in"),
        ([row("0.1", "north")], "row 2, column lat must be in"),
        (["LTE,1,1"], "row 2: must have 14 columns, got 3"),
        ([], "must have at least one row"),
    ],
)
def test_a_fault_of_a_site_file_is_named_with_row_and_column(tmp_path: Path, rows: list[str], message: str) -> None:
    with pytest.raises(UserError, match=message):
        towers_of(site_file(tmp_path / "sites.csv", *rows))


def test_a_site_file_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "sites.csv").write_text("a,b\n1,2\n")
    with pytest.raises(UserError, match="row 1: the columns must be radio,mcc,net"):
        towers_of(f"generator.network.sites.file={tmp_path / 'sites.csv'}")
    with pytest.raises(UserError, match="must be a readable CSV file"):
        towers_of(f"generator.network.sites.file={tmp_path / 'nothing.csv'}")
