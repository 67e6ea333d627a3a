"""Settings of sites, antennas and propagation."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from bench.faults import Fault, above, one_of, within

PLACEMENTS = ("districts", "grid", "hexagonal", "poisson", "clustered", "file")


class PathLossModel(NamedTuple):
    """The shadowing of a path-loss model."""

    sigma_db: tuple[float, float, float]
    """Standard deviation [dB]: with line of sight, without, and with line of sight beyond the break point of rma."""
    correlation_m: tuple[float, float]
    """Decorrelation distance [m], with and without line of sight."""


MODELS = {
    "reference": PathLossModel((0.0, 0.0, 0.0), (50.0, 50.0)),
    "free_space": PathLossModel((0.0, 0.0, 0.0), (50.0, 50.0)),
    "cost231_hata": PathLossModel((6.0, 6.0, 6.0), (50.0, 50.0)),
    "cost231_hata_urban": PathLossModel((6.0, 6.0, 6.0), (50.0, 50.0)),
    "uma": PathLossModel((4.0, 6.0, 4.0), (37.0, 50.0)),
    "umi": PathLossModel((4.0, 7.82, 4.0), (10.0, 13.0)),
    "rma": PathLossModel((4.0, 8.0, 6.0), (37.0, 120.0)),
}
"""All path-loss models; `generators.radio.path_loss` has the formula of each, and refuses a model without one.

The models uma, umi and rma are those of an urban macro cell, an urban micro cell and a rural macro cell.

Shadowing of uma, umi and rma: 3GPP TR 38.901, tables 7.4.1-1 and 7.5-6; of the others, starting values.
"""


@dataclass
class SiteSettings:
    """Where the sites are, and how many cells each has."""

    placement: str = field(default="districts", metadata=one_of(*PLACEMENTS))
    """districts: uniform within the region's districts, by their shares; all other values fill the whole rectangle."""
    file: str = ""
    """For placement=file: a CSV file with OpenCelliD's columns; at most `generator.num_towers` sites are taken."""
    jitter_m: float = field(default=1000.0, metadata=within(0, 100_000))
    """For a grid: the largest distance by which each coordinate is moved, uniformly."""
    jitter_of: str = field(default="site", metadata=one_of("site", "step"))
    """For a grid: site moves each site independently; step moves each step to the next site, so that moves add up."""
    spacing_m: float = field(default=0.0, metadata=within(0, 1_000_000))
    """For a grid: distance between neighbouring sites, and to the southern and western edge; 0: fill the rectangle
    evenly."""
    columns: int = field(default=0, metadata=within(0, 1000))
    """For a grid: number of sites in a row; 0: follow the region's shape."""
    cluster_km: float = field(default=6.0, metadata=above(0))
    """For placement=clustered: standard deviation of the distance from the centre along each axis [km]."""
    sectors: int = field(default=3, metadata=within(1, 12))
    """Cells of a macro site; a small cell has one omnidirectional antenna."""
    height_m: float = field(default=50.0, metadata=within(2, 500))
    """Height of the antennas of a macro site above the ground."""
    eirp_dbm: float = field(default=65.0, metadata=within(-30, 100))
    """Power that a macro cell radiates in its main direction (EIRP)."""
    small_height_m: float = field(default=10.0, metadata=within(2, 500))
    """Height of the antenna of a small cell above the ground."""
    small_eirp_dbm: float = field(default=46.0, metadata=within(-30, 100))
    """Power that a small cell radiates (EIRP)."""

    def faults(self, key: str) -> Iterator[Fault]:
        """Yield what is inconsistent."""
        if (self.placement == "file") != bool(self.file):
            yield Fault(f"{key}.file", "be given with placement=file, and only then", self.file)


@dataclass
class LearningSettings:
    """How elliptic antennas learn where the traffic is: each day, the second focus of the ellipse moves towards it."""

    step: float = field(default=0.0, metadata=within(0, 1))
    """Largest move of the second focus in a day, in units of the major axis; 0: antennas do not learn."""
    most_eccentricity: float = field(default=0.8, metadata=within(0, 0.98))
    """Largest eccentricity that an antenna may learn."""
    margin_db: float = field(default=6.0, metadata=within(0, 60))
    """An antenna could serve the traffic of places where its cell is at most this much weaker than the strongest."""


@dataclass
class AntennaSettings:
    """The antenna of a macro cell."""

    pattern: str = field(default="sector", metadata=one_of("sector", "ellipse"))
    """sector: the element of 3GPP TR 38.901; ellipse: an ellipse with one focus at the antenna, times lobes."""
    azimuth_deg: float = field(default=0.0, metadata=within(-360, 360))
    """Direction of each site's first sector, clockwise from north; the others follow at equal angles."""
    mechanical_tilt_deg: float = field(default=0.0, metadata=within(-90, 90))
    """Downtilt by the mounting of the antenna."""
    electrical_tilt_deg: float = field(default=2.0, metadata=within(-90, 90))
    """Downtilt of the antenna pattern."""
    beam_width_deg: float = field(default=65.0, metadata=within(1, 360))
    """Horizontal half-power beam width."""
    vertical_beam_width_deg: float = field(default=10.0, metadata=within(1, 360))
    """Vertical half-power beam width."""
    front_back_db: float = field(default=30.0, metadata=within(0, 60))
    """Largest attenuation in any direction, relative to the main one."""
    eccentricity: float = field(default=0.0, metadata=within(0, 0.999))
    """For pattern=ellipse: focal distance over major axis; 0 is omnidirectional."""
    lobes: float = field(default=0.0, metadata=within(0, 50))
    """For pattern=ellipse: half the number of lobes, a multiple of 1/2; 0 means none."""
    normalise: str = field(default="mean", metadata=one_of("mean", "peak"))
    """For pattern=ellipse: mean conserves the radiated power; peak only attenuates an omnidirectional antenna."""
    learning: LearningSettings = field(default_factory=LearningSettings)
    """For pattern=ellipse without lobes: how antennas learn where the traffic is."""

    def faults(self, key: str) -> Iterator[Fault]:
        """Yield what is inconsistent."""
        if self.learning.step:
            yield from self._learning_faults(key)
        if self.lobes * 2 != round(self.lobes * 2):
            yield Fault(f"{key}.lobes", "be a multiple of 0.5", self.lobes)

    def _learning_faults(self, key: str) -> Iterator[Fault]:
        learns = f"where antennas learn ({key}.learning.step={self.learning.step:g}; 0 turns it off)"
        if self.pattern != "ellipse":
            yield Fault(f"{key}.pattern", f"be ellipse {learns}", self.pattern)
        if self.lobes:
            yield Fault(f"{key}.lobes", f"be 0 {learns}", self.lobes)
        if self.normalise != "mean":
            yield Fault(f"{key}.normalise", f"be mean {learns}", self.normalise)
        if self.eccentricity > self.learning.most_eccentricity:
            most = f"be at least {key}.eccentricity ({self.eccentricity:g})"
            yield Fault(f"{key}.learning.most_eccentricity", most, self.learning.most_eccentricity)


@dataclass
class PropagationSettings:
    """Path loss, shadowing and noise between antenna and phone, and the radio map."""

    band_mhz: float = field(default=800.0, metadata=within(300, 100_000))
    """Carrier frequency."""
    models: dict[str, str] = field(default_factory=dict)
    """Path-loss model of the macro sites of each district."""
    small_model: str = field(default="umi", metadata=one_of(*MODELS))
    """Path-loss model of the small cells."""
    reference_m: float = field(default=1.0, metadata=above(0))
    """For the model `reference`: distance at which the received power equals the antenna's; it falls with the square of
    the distance beyond."""
    phone_height_m: float = field(default=1.5, metadata=within(1, 22.5))
    """Height of phones above the ground."""
    shadowing: bool = True
    """Whether obstacles weaken the power at random, with spatial correlation."""
    sigma_db: float | None = None
    """Standard deviation of the shadowing [dB]; empty: that of the path-loss model."""
    correlation_m: float | None = None
    """Distance over which the correlation of the shadowing falls to 1/e [m], not below resolution_m; empty: that of the
    path-loss model, or resolution_m if that is larger, since the map has one power for each pixel."""
    threshold_dbm: float = field(default=-110.0, metadata=within(-200, 100))
    """The lowest power at which a phone hears a cell."""
    noise_floor_dbm: float = field(default=-120.0, metadata=within(-250, 100))
    """Noise power at the phone."""
    least_snr_db: float = field(default=5.0, metadata=within(-30, 60))
    """The lowest signal-to-noise ratio at which a phone hears a cell."""
    resolution_m: float = field(default=200.0, metadata=within(1, 5000))
    """Edge length of the pixels of the radio map; a pixel has the power at its centre."""
    candidates: int = field(default=10, metadata=within(1, 16))
    """Largest number of cells that a phone keeps from one report."""

    def faults(self, key: str) -> Iterator[Fault]:
        """Yield what is inconsistent."""
        for name, model in self.models.items():
            if model not in MODELS:
                yield Fault(f"{key}.models.{name}", f"be one of {', '.join(MODELS)}", model)
        for name in ("sigma_db", "correlation_m"):
            value = getattr(self, name)
            if value is not None and not 0 <= value <= 1000:
                yield Fault(f"{key}.{name}", "be in [0, 1000]", value)
        if self.shadowing and self.correlation_m is not None and 0 <= self.correlation_m < self.resolution_m:
            rule = f"be at least {key}.resolution_m ({self.resolution_m:g}): the map has one power for each pixel"
            yield Fault(f"{key}.correlation_m", rule, self.correlation_m)
