"""Published values of real phone use, with their sources; no records of individuals."""

from dataclasses import dataclass, replace

from bench.realism.definitions import (
    CLOCK_HOURS,
    ELEVEN,
    FILES_OWN,
    IN,
    LOCAL,
    MADE,
    MADE_OR_RECEIVED,
    NOT_SAID,
    OUT,
    PARTICIPANTS,
    SLIDING_HOURS,
    THIRTY_ONE,
    Definition,
)

CNS, NOBODY = "CNS", ""
SOURCES = {
    CNS: "Copenhagen Networks Study (Sapiezynski et al. 2019): 3,600 calls of students, 28 days, between participants",
    "Nodobo": "Nodobo (McDiarmid et al. 2013)",
    "Onnela 2007": "Onnela et al. 2007, Structure and tie strengths in mobile communication networks",
    "Lambiotte 2008": "Lambiotte et al. 2008, Geographical dispersal of mobile communication networks",
    "Jiang 2013": "Jiang et al. 2013, Calling patterns in human communication dynamics",
    "Gonzalez 2008": "Gonzalez, Hidalgo & Barabasi 2008, Understanding individual human mobility patterns",
    "Song 2010": "Song et al. 2010, Modelling the scaling properties of human mobility",
    "Wang 2017": "Wang et al. 2017, on the load of base stations",
    "regulators": "thresholds that regulators set for operators",
    "E.721": "ITU-T E.721, table 2: post-selection delay of a local connection at normal load",
}
"""Description of each source. Values of CNS are measured on its records, by `bench.realism` where a note says so."""


@dataclass(frozen=True)
class Quantity:
    """A quantity with its published value (low equals high) or range; an open end is None.

    Both ends are None if nothing is published: then the quantity is measured but not judged.
    """

    key: str
    group: str
    what: str
    low: float | None
    high: float | None
    source: str
    unit: str = ""
    """Empty, `s`, `km`, or `%` for a share, which is a fraction of one here."""
    note: str = ""
    """How the source's measurement differs from ours, or that a value was not looked up."""
    scale: float | None = None
    """Reference for relative distances if the published end is 0."""
    definition: Definition = NOT_SAID
    """What the measure counts."""
    published: Definition | None = None
    """Definition of the source, if it differs; then `note` describes the difference."""

    @property
    def is_published(self) -> bool:
        """Whether there is a published value to compare with."""
        return self.low is not None or self.high is not None


def _value(key: str, what: str, value: float, about: "About", unit: str = "", note: str = "") -> Quantity:
    """Return a quantity with one published value."""
    return _range(key, what, (value, value), about, unit, note)


def _range(
    key: str, what: str, ends: tuple[float | None, float | None], about: "About", unit: str = "", note: str = ""
) -> Quantity:
    """Return a quantity with a published range."""
    return Quantity(
        key,
        about.group,
        what,
        *ends,
        about.source,
        unit,
        note or about.note,
        definition=about.definition,
        published=about.published,
    )


@dataclass(frozen=True)
class About:
    """Common properties of quantities that are published together."""

    group: str
    source: str
    definition: Definition = NOT_SAID
    note: str = ""
    published: Definition | None = None


TALK, RHYTHM, ACTIVITY, GAPS = "talk time", "rhythm and outcome", "activity", "gaps"
TIES, COMMUNITIES, PLACES, SERVICE, NETWORK = "ties", "communities", "places", "service", "network"
FROM_MEMORY = "quoted from memory of the paper"
FINITE = "grows with the number of users"
BY_AIC = "the source tests each user's gaps over months; here by AIC, out of Weibull, power law and exponential"
SAMPLED = "the source knows only calls among its participants: its network is sparser than everybody's"
CLOCKS = "the source does not say whether its clock is local time: hours may be shifted"
MONTHS = "recorded for longer than most worlds last"
GAP_SHARES = (1, 5, 25, 50, 75, 95, 99)
"""Quantiles of the gaps of a user, in percent."""
UNKNOWN = (
    "nothing is published; a Weibull is what most users' gaps are (Jiang 2013): "
    "docs/explanation/realism.md has its quantiles"
)

AMONG = Definition(among=PARTICIPANTS, missed=IN)
USERS_MADE = replace(AMONG, whose=MADE)
USERS_BOTH = replace(AMONG, whose=MADE_OR_RECEIVED)
BY_CLOCK, BY_SLIDING = replace(USERS_MADE, hours=CLOCK_HOURS), replace(USERS_MADE, hours=SLIDING_HOURS)
GAPS_MADE, GAPS_BOTH = replace(USERS_MADE, users=ELEVEN), replace(USERS_BOTH, users=ELEVEN)
FITTED = replace(USERS_MADE, users=THIRTY_ONE)
STARTS = replace(AMONG, clock=LOCAL)

ANSWERED = About(TALK, CNS, replace(AMONG, missed=OUT))
OUTCOME, NOT_MISSED = About(RHYTHM, CNS, AMONG), About(RHYTHM, CNS, replace(AMONG, missed=OUT))
HOURS = About(RHYTHM, CNS, STARTS, CLOCKS, replace(STARTS, clock=FILES_OWN))
MADE_CALLS, BOTH_CALLS = About(ACTIVITY, CNS, USERS_MADE), About(ACTIVITY, CNS, USERS_BOTH)
CLOCK, SLIDING = About(ACTIVITY, CNS, BY_CLOCK), About(ACTIVITY, CNS, BY_SLIDING)
BURSTS, BURSTS_BOTH = About(GAPS, CNS, GAPS_MADE), About(GAPS, CNS, GAPS_BOTH)
CORRECTED = "CNS, Kim & Jo 2016"
BURSTS_CORRECTED, BOTH_CORRECTED = replace(BURSTS, source=CORRECTED), replace(BURSTS_BOTH, source=CORRECTED)
WITHIN_USER = About(GAPS, NOBODY, GAPS_MADE, UNKNOWN)
GAP_FAMILY = About(GAPS, "Jiang 2013", FITTED, BY_AIC, Definition(period="months"))
PAIRS = About(TIES, CNS, AMONG)
SPARSE = replace(PAIRS, note=SAMPLED)
ONNELA = About(TIES, "Onnela 2007", AMONG, "18 weeks; " + MONTHS, Definition(period="18 weeks"))
LAMBIOTTE = About(TIES, "Lambiotte 2008", AMONG, "six months; " + MONTHS, Definition(period="six months"))
CIRCLES = About(COMMUNITIES, CNS, AMONG, FINITE)
GONZALEZ, SONG = About(PLACES, "Gonzalez 2008"), About(PLACES, "Song 2010")
REGULATORS = About(SERVICE, "regulators")
DELAYS, IN_USE = About(SERVICE, "E.721"), About(NETWORK, NOBODY)
LOST = "at least: every call that is lost counts as lost in a handover"
PING_PONG = "3GPP TR 36.839 counts a stay below 1 s in the cell between; it sets no limit"
ERLANG_B = "set by the size of the world; 7 channels (one GSM carrier) bear 2.94 Erlang at 2 % blocking (Erlang B)"
BY_AREA = "set by the spacing of the sites"
BY_SPEED = "set by the share of people on the move, their speed and the size of cells"
RING = "0 s where a phone does not ring before it is known that nobody answers"
OPEN = (None, None)

QUANTITIES = (
    _value("talk_median", "median", 27, ANSWERED, "s"),
    _value("talk_mean", "mean", 77, ANSWERED, "s"),
    _value("talk_p90", "90 of 100 are below", 167, ANSWERED, "s"),
    _value("talk_p95", "95 of 100 are below", 288, ANSWERED, "s"),
    _value("talk_p99", "99 of 100 are below", 870, ANSWERED, "s"),
    _value("talk_sigma", "sigma of ln", 1.66, ANSWERED),
    _value("talk_1_5_s", "answered calls of 1-5 s", 0.27, ANSWERED, "%"),
    _value("talk_30_min", "answered calls of 30 min and more", 0.0019, ANSWERED, "%"),
    _value("talk_1_2_h", "answered calls of 1-2 h", 0.0004, ANSWERED, "%"),
    _value("talk_lognormal_place", "rank by AIC of log-normal or log-logistic, of five families", 1, ANSWERED),
    _value("talk_heavier", "families that fit better than the exponential, of four", 4, ANSWERED),
    _value("missed", "missed calls", 0.102, OUTCOME, "%"),
    _value("no_talk_not_missed", "calls of 0 s, missed ones left out", 0.161, NOT_MISSED, "%"),
    _value("no_talk", "calls without talk, missed ones and others", 0.263, OUTCOME, "%"),
    _range("starts_02_05", "calls that start 02-05 h", (0.013, 0.021), replace(HOURS, source="CNS, Nodobo"), "%"),
    _value("starts_busiest_hour", "calls that start in the busiest hour of the day", 0.111, OUTCOME, "%"),
    _value("starts_quietest_hour", "calls that start in the quietest hour of the day", 0.0011, OUTCOME, "%"),
    _value("starts_16_17", "calls that start 16-17 h", 0.084, HOURS, "%"),
    _value("starts_17_18", "calls that start 17-18 h, the busiest hour", 0.111, HOURS, "%"),
    _value("starts_04_05", "calls that start 04-05 h", 0.005, HOURS, "%"),
    _value("starts_05_06", "calls that start 05-06 h, the quietest hour", 0.0011, HOURS, "%"),
    _value("calls_sigma", "calls a user makes, sigma of ln", 1.086, MADE_CALLS),
    _value("calls_gini", "calls a user makes, Gini", 0.56, MADE_CALLS),
    _value("calls_top_tenth", "calls that the busiest tenth makes", 0.406, MADE_CALLS, "%"),
    _value("both_sigma", "calls a user makes or receives, sigma of ln", 1.216, BOTH_CALLS),
    _value("both_gini", "calls a user makes or receives, Gini", 0.59, BOTH_CALLS),
    _value("both_top_tenth", "calls that the busiest tenth makes or receives", 0.42, BOTH_CALLS, "%"),
    _value("hour_p50", "a user's most calls in a clock hour, median", 2, CLOCK),
    _value("hour_p90", "a user's most calls in a clock hour, 90 of 100 below", 4, CLOCK),
    _value("hour_p99", "a user's most calls in a clock hour, 99 of 100 below", 9, CLOCK),
    _value("hour_ten", "users who reach ten calls in a clock hour", 0.0089, CLOCK, "%"),
    _value("sliding_p99", "a user's most calls in any 3,600 s, 99 of 100 below", 11.6, SLIDING),
    _value("sliding_ten", "users who reach ten calls in any 3,600 s", 0.0134, SLIDING, "%"),
    _value("burstiness", "burstiness of the calls a user makes", 0.21, BURSTS),
    _value("burstiness_corrected", "the same, corrected for short sequences", 0.347, BURSTS_CORRECTED),
    _value("both_burstiness", "burstiness of the calls a user makes or receives", 0.269, BURSTS_BOTH),
    _value("both_burstiness_corrected", "the same, corrected for short sequences", 0.415, BOTH_CORRECTED),
    _range("memory", "memory: correlation of a gap with the next", (-0.1, 0.1), BURSTS, "", "published: -0.03"),
    *(_range(f"gap_p{share}", f"gap over the user's mean gap, {share} of 100 below", (None, None), WITHIN_USER)
      for share in GAP_SHARES),
    _value("gaps_weibull", "users whose gaps are Weibull", 0.73, GAP_FAMILY, "%"),
    _value("gaps_power_law", "users whose gaps are a power law", 0.035, GAP_FAMILY, "%"),
    _value("reciprocity", "directed ties with calls the other way, too", 0.66, PAIRS, "%"),
    _value("tie_mean", "calls between a pair, mean", 5.8, PAIRS),
    _value("tie_median", "calls between a pair, median", 3, PAIRS),
    _value("tie_single", "pairs with a single call", 0.32, PAIRS, "%"),
    _value("degree_exponent", "mutual ties: gamma of (k + 10.9)^-gamma", 8.4, ONNELA),
    _value("degree_tail", "mutual ties: exponent of the tail", 5, LAMBIOTTE),
    _value("clustering", "clustering, mean over users", 0.155, SPARSE),
    _value("assortativity", "correlation of the degrees of a tie's ends", 0.17, PAIRS),
    _value("largest_component", "users in the largest component", 0.65, SPARSE, "%"),
    _value("overlap_1", "shared contacts of a pair with 1 call", 0.086, SPARSE),
    _value("overlap_2_3", "shared contacts of a pair with 2-3 calls", 0.114, SPARSE),
    _value("overlap_4_8", "shared contacts of a pair with 4-8 calls", 0.130, SPARSE),
    _value("overlap_9_20", "shared contacts of a pair with 9-20 calls", 0.196, SPARSE),
    replace(_range("weak_bridges", "cut off without the weaker half of the ties, less without the stronger", (0, None),
                   ONNELA, "%", "published: more than the stronger half does"), scale=0.001),
    _value("distance_exponent", "mutual ties fall with distance: exponent", 2, LAMBIOTTE),
    _range("community_mean", "size, mean (Louvain, largest component)", (11.6, 12.4), CIRCLES),
    _range("community_max", "size, largest", (28, 30), CIRCLES),
    _value("modularity", "modularity", 0.89, replace(CIRCLES, note=SAMPLED)),
    _range("displacement", "displacement: beta of (d + 1.5 km)^-beta", (1.6, 1.9), GONZALEZ),
    _value("gyration", "gyration radius: beta of (r + 5.8 km)^-beta", 1.65, GONZALEZ, "", FROM_MEMORY),
    _value("exploration_share", "a move to a new place, after S places: rho of rho S^-gamma", 0.6, SONG),
    _value("exploration_exponent", "a move to a new place: gamma", 0.21, SONG),
    _value("waiting", "time at a place: beta of t^-(1 + beta)", 0.8, SONG),
    _value("visit_zipf", "visits by rank of the place: Zipf's exponent", 1.2, SONG, "", FROM_MEMORY),
    _value("load_lognormal_place", "calls of a cell: rank of the log-normal by AIC, of five", 1,
           About(PLACES, "Wang 2017")),
    _range("setup_success", "calls that are connected", (0.98, 1), REGULATORS, "%"),
    _range("drops", "connected calls that are lost", (0, 0.02), REGULATORS, "%"),
    _range("blocking", "calls refused for want of a channel", (0, 0.02), REGULATORS, "%"),
    _range("setup_mean", "from dialling to the connection, mean", (0, 3), DELAYS, "s"),
    _range("setup_p95", "from dialling to the connection, 95 of 100 are below", (0, 6), DELAYS, "s"),
    _range("no_talk_median", "calls without talk: from the connection to the end, median", OPEN, IN_USE, "s", RING),
    _range("no_talk_at_once", "calls without talk that end as they are connected", OPEN, IN_USE, "%", RING),
    _range("moving", "connected calls on the move", OPEN, IN_USE, "%", BY_SPEED),
    _range("handovers", "handovers a connected call", OPEN, IN_USE, "", BY_SPEED),
    _range("handover_success", "handovers that succeed", OPEN, IN_USE, "%", LOST),
    _range("handover_intra_site", "handovers between two cells of a site", OPEN, IN_USE, "%"),
    _range("ping_pong", "handovers back within 1 s", OPEN, IN_USE, "%", PING_PONG),
    _range("serving_km", "distance to the serving site, median", OPEN, IN_USE, "km", BY_AREA),
    _range("serving_km_p95", "distance to the serving site, 95 of 100 are below", OPEN, IN_USE, "km", BY_AREA),
    _range("nearest_site", "connections to the nearest site", OPEN, IN_USE, "%"),
    _range("erlang_busy_hour", "traffic of a cell in the busiest hour, mean", OPEN, IN_USE, "Erlang", ERLANG_B),
    _range("erlang_busiest", "traffic of the busiest cell in its busiest hour", OPEN, IN_USE, "Erlang", ERLANG_B),
    _range("quarters_without_call", "quarter hours of a cell in which no call begins", OPEN, IN_USE, "%"),
)  # fmt: skip
"""All quantities of the scorecard, in order."""
