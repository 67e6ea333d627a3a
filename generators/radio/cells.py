"""The cells of a network, and the propagation between cells and phones, as arrays for the kernels."""

import math
from typing import Any, NamedTuple

import numpy as np

from generators.model.compiled import kernel
from generators.radio.antenna import QUIETEST, ellipse_gain, mean_gain, sector_gain_db
from generators.radio.path_loss import REFERENCE, RMA, path_loss_db, rural_break_m, sight_probability
from generators.radio.plane import Plane, bearing_deg, shortest
from generators.radio.shadowing import CUT, in_sight, shadow
from generators.settings.radio import MODELS, AntennaSettings, PropagationSettings, SiteSettings

OMNI, SECTOR, ELLIPSE = 0, 1, 2


class Cells(NamedTuple):
    """Sites and cells of a network: S sites with C cells; the cells of a site are consecutive."""

    x: Any
    """Shape (S,), float64 [m]."""
    y: Any
    """Shape (S,), float64 [m]."""
    height: Any
    """Shape (S,), float64 [m above ground]."""
    model: Any
    """Shape (S,), int8: number of the path-loss model."""
    first: Any
    """Shape (S + 1,), int32: first cell of each site; the last entry is C."""
    site: Any
    """Shape (C,), int32: site of each cell."""
    kind: Any
    """Shape (C,), int8: OMNI, SECTOR or ELLIPSE."""
    azimuth: Any
    """Shape (C,), float64: boresight direction, clockwise from north [deg]."""
    eirp: Any
    """Shape (C,), float64: EIRP at boresight [dBm]; for an ellipse, at the mean gain of 1."""
    eccentricity: Any
    """Shape (C,), float64: of an ellipse, focal distance over major axis."""
    scale: Any
    """Shape (C,), float64: of an ellipse, by what its gain is multiplied."""


class Air(NamedTuple):
    """Parameters of propagation, antennas and phones that are the same for all cells, as numbers for the kernels."""

    seed: Any
    plane: Plane
    ghz: float
    phone_m: float
    threshold: float
    """The least power at which a phone hears a cell [dBm]."""
    reference_m: float
    sigma: Any
    """Shape (models, 3), float64: standard deviation of the shadowing [dB] with line of sight, without, and with line
    of sight beyond the break point."""
    correlation: Any
    """Shape (models, 2), float64: decorrelation distance of the shadowing [m], with and without line of sight."""
    tilts: tuple[float, float]
    """Mechanical and electrical downtilt [deg]."""
    widths: tuple[float, float]
    """Horizontal and vertical half-power beam width [deg]."""
    front_back: float
    lobes: float
    most_gain_db: float
    """Upper bound of the gain of any antenna in any direction, also of one that learns, relative to its EIRP [dB]."""


def make_cells(sites: SiteSettings, antenna: AntennaSettings, models: Any, metres: Any, macro: Any) -> Cells:
    """Return the cells of all sites, with their antennas.

    Parameters
    ----------
    sites, antenna
        How they are.
    models
        Shape (S,), int8: path-loss model of each site.
    metres
        Shape (S, 2): positions [m].
    macro
        Shape (S,), bool: a macro site, else a small cell.
    """
    many = np.where(macro, sites.sectors, 1)
    first = np.concatenate([[0], np.cumsum(many)]).astype(np.int32)
    site = np.repeat(np.arange(len(macro)), many)
    turn = (np.arange(len(site)) - first[site]) * (360.0 / sites.sectors)
    directed = ELLIPSE if antenna.pattern == "ellipse" else SECTOR
    eccentricity = np.full(len(site), antenna.eccentricity)
    return Cells(
        x=metres[:, 0].copy(),
        y=metres[:, 1].copy(),
        height=np.where(macro, sites.height_m, sites.small_height_m),
        model=models,
        first=first,
        site=site.astype(np.int32),
        kind=np.where(macro[site], directed, OMNI).astype(np.int8),
        azimuth=np.where(macro[site], antenna.azimuth_deg + turn, 0.0),
        eirp=np.where(macro, sites.eirp_dbm, sites.small_eirp_dbm)[site],
        eccentricity=eccentricity,
        scale=np.full(len(site), _scale(antenna, antenna.eccentricity)),
    )


def _scale(antenna: AntennaSettings, eccentricity: float) -> float:
    """Return by what the gain of an ellipse is multiplied."""
    return 1.0 if antenna.normalise == "peak" else 1.0 / mean_gain(eccentricity, antenna.lobes)


def make_air(antenna: AntennaSettings, radio: PropagationSettings, plane: Plane, seed: int) -> Air:
    """Turn settings into numbers for the kernels."""
    most = max(antenna.eccentricity, antenna.learning.most_eccentricity if antenna.learning.step else 0.0)
    return Air(
        seed=np.uint64(seed),
        plane=plane,
        ghz=radio.band_mhz / 1000.0,
        phone_m=radio.phone_height_m,
        threshold=max(radio.threshold_dbm, radio.noise_floor_dbm + radio.least_snr_db),
        reference_m=radio.reference_m,
        sigma=_by_model([model.sigma_db for model in MODELS.values()], radio.sigma_db if radio.shadowing else 0.0),
        correlation=np.maximum(
            _by_model([model.correlation_m for model in MODELS.values()], radio.correlation_m), radio.resolution_m
        ),
        tilts=(antenna.mechanical_tilt_deg, antenna.electrical_tilt_deg),
        widths=(antenna.beam_width_deg, antenna.vertical_beam_width_deg),
        front_back=antenna.front_back_db,
        lobes=antenna.lobes,
        most_gain_db=-10 * math.log10(1 - most) + 10 * math.log10(max(_scale(antenna, most), 1.0)),
    )


def _by_model(own: list[tuple[float, ...]], given: float | None) -> Any:
    """Return the figures of shadowing of each path-loss model, or the given one everywhere; shape (models, figures)."""
    table = np.array(own)
    return table if given is None else np.full_like(table, given)


@kernel
def site_loss_db(site: int, away: tuple[float, float], most: float, cells: Cells, air: Air) -> float:
    """Return the path loss between a site and a point, shadowing included [dB].

    Parameters
    ----------
    site
        Number of the site.
    away
        How far east and north of the site it is, along the shortest way [m].
    most
        More loss than this [dB] need not be known: it may be infinite.
    cells, air
        The network.
    """
    (dx, dy), model = away, cells.model[site]
    flat = math.sqrt(dx * dx + dy * dy)
    if model == REFERENCE:
        return 20.0 * math.log10(max(flat, air.reference_m) / air.reference_m)
    x, y = cells.x[site] + dx, cells.y[site] + dy
    across = air.correlation[model, 1]
    sight = in_sight(air.seed, site, x / across, y / across, sight_probability(model, flat))
    loss = path_loss_db(model, flat, air.ghz, (cells.height[site], air.phone_m), sight)
    sigma, apart = air.sigma[model, 0 if sight else 1], air.correlation[model, 0 if sight else 1]
    if model == RMA and sight and flat > rural_break_m(air.ghz, (cells.height[site], air.phone_m)):
        sigma = air.sigma[model, 2]
    if loss - CUT * sigma > most:
        return math.inf
    if sigma > 0.0:
        loss += sigma * shadow(air.seed, site, x / apart, y / apart)
    return loss


@kernel
def antenna_gain_db(cell: int, dx: float, dy: float, cells: Cells, air: Air) -> float:
    """Return a cell's gain towards a point east and north of it [m], relative to its EIRP [dB]."""
    if cells.kind[cell] == OMNI:
        return 0.0
    turn = shortest(bearing_deg(dx, dy) - cells.azimuth[cell], 360.0, True)
    if cells.kind[cell] == ELLIPSE:
        gain = cells.scale[cell] * ellipse_gain(math.radians(turn), cells.eccentricity[cell], air.lobes)
        return 10.0 * math.log10(max(gain, QUIETEST))
    down = math.degrees(math.atan2(cells.height[cells.site[cell]] - air.phone_m, math.sqrt(dx * dx + dy * dy)))
    tilt = air.tilts[0] * math.cos(math.radians(turn)) + air.tilts[1]
    return sector_gain_db(turn, down - tilt, air.widths, air.front_back)


@kernel
def power_dbm(cell: int, x: float, y: float, cells: Cells, air: Air) -> float:
    """Return the received power of a cell at a point of the plane [dBm]."""
    site, plane = cells.site[cell], air.plane
    dx = shortest(x - cells.x[site], plane.width, plane.wrap)
    dy = shortest(y - cells.y[site], plane.height, plane.wrap)
    gain = antenna_gain_db(cell, dx, dy, cells, air)
    return float(cells.eirp[cell] + gain - site_loss_db(site, (dx, dy), math.inf, cells, air))


@kernel
def could_reach(site: int, distance: float, cells: Cells, air: Air, most_gain_db: float) -> bool:
    """Return whether a phone at a distance could hear a site at best: at boresight, in line of sight, unshadowed."""
    model = cells.model[site]
    if model == REFERENCE:
        least = 20.0 * math.log10(max(distance, air.reference_m) / air.reference_m)
    else:
        least = path_loss_db(model, distance, air.ghz, (cells.height[site], air.phone_m), True)
        least -= CUT * max(air.sigma[model, 0], air.sigma[model, 1], air.sigma[model, 2])
    return bool(cells.eirp[cells.first[site]] + most_gain_db - least >= air.threshold)
