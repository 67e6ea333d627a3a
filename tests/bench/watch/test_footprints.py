"""Outlines at the receive threshold, and areas of the best servers, held against distances."""

import numpy as np
import pytest
from shown_worlds import Shown

from bench.scene import Heard, Plane
from bench.watch.binary import unpacked
from bench.watch.description import best_servers
from bench.watch.footprints import best_areas, coverage, enclosed, footprint

RADIUS_M = 10 ** ((43.8 + 27.5 - 20 * np.log10(1)) / 20)


def disc(centres: list[tuple[float, float]], radius: float, edge: int = 60) -> Heard:
    """Return a plane of 6 km in pixels of 100 m with cells that are heard within a distance of their sites."""
    x, y = np.meshgrid((np.arange(edge) + 0.5) * 100, (np.arange(edge) + 0.5) * 100)
    far = np.stack([np.hypot(x - east, y - north).ravel() for east, north in centres], axis=1)
    order = np.argsort(far, axis=1)
    power = -np.take_along_axis(far, order, axis=1)
    return Heard(np.where(-power <= radius, order, -1).astype(np.int32), power.astype(np.float32), edge, edge, True)


def test_the_outline_of_a_disc_is_a_circle() -> None:
    (ring,) = footprint(disc([(3000, 2500)], 1500), 0, Plane(6000, 6000, False))
    far = np.hypot(ring[:, 0] - 3000, ring[:, 1] - 2500)
    assert far == pytest.approx(1500, abs=120)
    assert enclosed(ring) == pytest.approx(np.pi * 1500**2, rel=0.05)
    assert (ring[0] == ring[-1]).all()


def test_a_cell_that_is_heard_nowhere_has_no_outline() -> None:
    assert footprint(disc([(3000, 2500)], 1500), 7, Plane(6000, 6000, False)) == []


def test_on_a_torus_a_disc_at_the_edge_has_parts_at_both_edges() -> None:
    heard = disc([(0, 3000), (6000, 3000)], 1000)
    merged = heard._replace(cell=np.where(heard.cell >= 0, 0, -1).astype(np.int32))
    rings = footprint(merged, 0, Plane(6000, 6000, True))
    assert len(rings) == 2
    assert {round(float(np.median(ring[:, 0])) / 6000) for ring in rings} == {0, 1}


def test_single_pixels_are_smoothed_away_and_gaps_stay() -> None:
    heard = disc([(2000, 3000), (4200, 3000)], 1400)
    speckled = heard.cell.copy()
    speckled[30 * 60 + 18, 0] = 1
    areas = best_areas(heard._replace(cell=speckled), Plane(6000, 6000, False)).reshape(60, 60)
    assert areas[30, 18] == 0
    assert (areas[:10] == -1).all()
    assert set(np.unique(areas[30, 10:28])) == {0}
    assert set(np.unique(areas[30, 34:52])) == {1}


def test_the_towers_of_the_demo_are_heard_for_about_four_kilometres(demo: Shown) -> None:
    arrays, facts = unpacked(coverage(demo.replay.world))
    assert (facts["columns"], facts["rows"]) == (200, 200)
    world = demo.replay.world
    assert set(arrays["ring_cell"].tolist()) == set(range(6))
    area = dict.fromkeys(range(6), 0.0)
    for number, cell in enumerate(arrays["ring_cell"].tolist()):
        low, high = arrays["ring_first"][number : number + 2]
        area[cell] += enclosed(arrays["ring_point"].reshape(-1, 2)[low:high].astype(float))
    assert list(area.values()) == pytest.approx([np.pi * RADIUS_M**2] * 6, rel=0.04)
    size = np.array([world.scene.plane.width_m, world.scene.plane.height_m])
    for x, y in ((5000.0, 4000.0), (100.0, 4500.0), (10_000.0, 19_000.0)):
        heard = best_servers(world, x, y)
        away = np.abs(world.scene.site_m - [x, y])
        far = np.hypot(*np.minimum(away, size - away).T)
        assert {each["cell"] for each in heard} == set(np.flatnonzero(far < RADIUS_M - 80)) | {
            each["cell"] for each in heard if far[each["cell"]] < RADIUS_M + 80
        }
        powers = [each["power"] for each in heard]
        assert powers == sorted(powers, reverse=True)
        assert not heard or heard[0]["cell"] == int(np.argmin(far))
