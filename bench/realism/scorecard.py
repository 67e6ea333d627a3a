"""Measure every quantity, its difference from the published value, and a verdict."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from bench.realism import calling_habits, gaps, movement, network_service, service, tie_graph, tie_measures
from bench.realism.published import GAP_SHARES, QUANTITIES, Quantity
from bench.realism.record_arrays import CELLS, EVENTS, OUTCOMES, PLANE, POSITIONS, Records

PASS, NEAR = 0.2, 0.4
"""Largest distances that count as pass and as near."""
TOO_FEW = "too few records"


@dataclass(frozen=True)
class Measure:
    """A function of the records, with the parts that it needs and the keys of its results."""

    function: Callable[[Records], dict[str, float]]
    gives: tuple[str, ...]
    needs: tuple[str, ...] = ()


TALK = ("median", "mean", "p90", "p95", "p99", "sigma", "1_5_s", "30_min", "1_2_h", "lognormal_place", "heavier")
SPREAD = ("sigma", "gini", "top_tenth")
MEASURES = (
    Measure(calling_habits.talk_times, tuple(f"talk_{name}" for name in TALK)),
    Measure(calling_habits.outcomes, ("missed", "no_talk_not_missed"), (OUTCOMES,)),
    Measure(
        calling_habits.rhythm,
        ("no_talk", "starts_02_05", "starts_busiest_hour", "starts_quietest_hour", "starts_16_17", "starts_17_18",
         "starts_04_05", "starts_05_06"),
    ),
    Measure(calling_habits.activity, tuple(f"{whose}_{name}" for whose in ("calls", "both") for name in SPREAD)),
    Measure(
        calling_habits.busiest_hours,
        ("hour_p50", "hour_p90", "hour_p99", "hour_ten", "sliding_p99", "sliding_ten"),
    ),
    Measure(
        gaps.burstiness,
        ("burstiness", "burstiness_corrected", "both_burstiness", "both_burstiness_corrected", "memory"),
    ),
    Measure(gaps.within_users, tuple(f"gap_p{share}" for share in GAP_SHARES)),
    Measure(gaps.families, ("gaps_weibull", "gaps_power_law")),
    Measure(
        tie_measures.ties,
        ("reciprocity", "tie_mean", "tie_median", "tie_single", "degree_exponent", "degree_tail"),
    ),
    Measure(
        tie_graph.graph,
        ("clustering", "assortativity", "largest_component", *tie_graph.OVERLAPS, "weak_bridges",
         "community_mean", "community_max", "modularity"),
    ),
    Measure(tie_measures.distance, ("distance_exponent",), (CELLS, POSITIONS)),
    Measure(movement.distances, ("displacement", "gyration"), (CELLS, POSITIONS)),
    Measure(movement.visits, ("exploration_share", "exploration_exponent", "visit_zipf"), (CELLS,)),
    Measure(movement.load, ("load_lognormal_place",), (CELLS,)),
    Measure(service.setup, ("setup_success",), (OUTCOMES,)),
    Measure(service.losses, ("drops", "blocking"), (EVENTS,)),
    Measure(
        network_service.connecting, ("setup_mean", "setup_p95", "no_talk_median", "no_talk_at_once"), (EVENTS,)
    ),
    Measure(
        network_service.handovers,
        ("moving", "handovers", "handover_success", "handover_intra_site", "ping_pong"),
        (EVENTS,),
    ),
    Measure(network_service.serving, ("serving_km", "serving_km_p95", "nearest_site"), (EVENTS, PLANE)),
    Measure(
        network_service.traffic, ("erlang_busy_hour", "erlang_busiest", "quarters_without_call"), (CELLS,)
    ),
)  # fmt: skip
NEVER = {"waiting": "call records show where people are only when they call"}
"""Quantities that cannot be measured from call records."""


class Agreement(StrEnum):
    """How a measured value compares with the published one."""

    PASS = "pass"
    NEAR = "near"
    OFF = "off"
    NOT_MEASURED = "not measured"
    NOT_JUDGED = "not judged"
    """Measured, but without a published value to compare with."""


@dataclass(frozen=True)
class Row:
    """One quantity of the scorecard."""

    quantity: Quantity
    value: float | None
    reason: str = ""
    """Why the quantity cannot be measured here."""

    @property
    def distance(self) -> float | None:
        """Distance from the published range, relative to its nearer end; 0 within it; None without a range."""
        judged = self.value is not None and self.quantity.is_published
        return distance(self.quantity, self.value) if judged and self.value is not None else None

    @property
    def verdict(self) -> Agreement:
        """Pass if up to a fifth outside the published range, near up to two fifths, else off."""
        away = self.distance
        if away is None:
            return Agreement.NOT_MEASURED if self.value is None else Agreement.NOT_JUDGED
        return Agreement.PASS if away <= PASS else Agreement.NEAR if away <= NEAR else Agreement.OFF


def distance(quantity: Quantity, value: float) -> float:
    """Return the distance of a value from a quantity's range, relative to the nearer end (or to its scale)."""
    low = -math.inf if quantity.low is None else quantity.low
    high = math.inf if quantity.high is None else quantity.high
    if low <= value <= high:
        return 0.0
    end = low if value < low else high
    return abs(value - end) / (quantity.scale or abs(end))


def scorecard(records: Records, progress: Callable[[str, int, int], None]) -> list[Row]:
    """Measure everything that these records allow, in the order of `QUANTITIES`."""
    found: dict[str, float] = {}
    reasons = dict(NEVER)
    for done, measure in enumerate(MEASURES):
        lacking = [records.lacking[need] for need in measure.needs if need in records.lacking]
        if lacking:
            reasons |= dict.fromkeys(measure.gives, lacking[0])
        else:
            found |= measure.function(records)
        progress("measuring", done + 1, len(MEASURES))
    return [_row(quantity, found.get(quantity.key), reasons) for quantity in QUANTITIES]


def _row(quantity: Quantity, value: float | None, reasons: dict[str, str]) -> Row:
    if value is None or not math.isfinite(value):
        return Row(quantity, None, reasons.get(quantity.key, TOO_FEW))
    return Row(quantity, value)
