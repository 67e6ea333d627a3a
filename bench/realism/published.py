"""What others have published about real phone life: numbers with their sources, and no record of anybody's."""

from dataclasses import dataclass

CNS = "CNS"
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
}
"""What each source is. Values of CNS are measured on its records, by the measures of this room where they say so."""


@dataclass(frozen=True)
class Quantity:
    """A quantity with its published value (low and high are the same) or range; an end that is open is None."""

    key: str
    group: str
    what: str
    low: float | None
    high: float | None
    source: str
    unit: str = ""
    """Empty, `s`, `km`, or `%` for a share, which is then a fraction of one here."""
    note: str = ""
    """What is different between the source's way of measuring and ours, or that a value was not looked up."""
    scale: float | None = None
    """What a distance is relative to, where the published end is 0."""


def _value(key: str, group: str, what: str, value: float, *about: str) -> Quantity:
    """Return a quantity with one published value; `about` are its source, unit and note."""
    source, unit, note = (*about, "", "")[:3]
    return Quantity(key, group, what, value, value, source, unit, note)


TALK, RHYTHM, ACTIVITY, GAPS = "talk time", "rhythm and outcome", "activity", "gaps"
TIES, COMMUNITIES, PLACES, SERVICE = "ties", "communities", "places", "service"
FROM_MEMORY = "quoted from memory of the paper"
FINITE = "grows with the number of users"
BY_AIC = "here by AIC, out of Weibull, power law and exponential"
SAMPLED = "the source knows only calls among its participants: its network is sparser than everybody's"

QUANTITIES = (
    _value("talk_median", TALK, "median", 27, CNS, "s"),
    _value("talk_mean", TALK, "mean", 77, CNS, "s"),
    _value("talk_p90", TALK, "90 of 100 are below", 167, CNS, "s"),
    _value("talk_p95", TALK, "95 of 100 are below", 288, CNS, "s"),
    _value("talk_p99", TALK, "99 of 100 are below", 870, CNS, "s"),
    _value("talk_sigma", TALK, "sigma of ln", 1.66, CNS),
    _value("talk_1_5_s", TALK, "answered calls of 1-5 s", 0.27, CNS, "%"),
    _value("talk_30_min", TALK, "answered calls of 30 min and more", 0.0019, CNS, "%"),
    _value("talk_1_2_h", TALK, "answered calls of 1-2 h", 0.0004, CNS, "%"),
    _value("talk_lognormal_place", TALK, "place by AIC of log-normal or log-logistic, of five families", 1, CNS),
    _value("talk_heavier", TALK, "families that fit better than the exponential, of four", 4, CNS),
    _value("missed", RHYTHM, "missed calls", 0.102, CNS, "%"),
    _value("zero_length", RHYTHM, "calls of no length", 0.161, CNS, "%"),
    Quantity("starts_02_05", RHYTHM, "calls that start 02:00-05:00", 0.013, 0.021, "CNS, Nodobo", "%"),
    _value("starts_16_17", RHYTHM, "calls that start 16-17 h, the busiest hour", 0.11, "CNS, Nodobo", "%"),
    Quantity("starts_04_05", RHYTHM, "calls that start 04-05 h, the quietest hour", 0.001, 0.002, "CNS, Nodobo", "%"),
    _value("calls_sigma", ACTIVITY, "calls a caller makes, sigma of ln", 1.22, CNS),
    _value("calls_gini", ACTIVITY, "calls a caller makes, Gini", 0.59, CNS),
    _value("calls_top_tenth", ACTIVITY, "calls that the busiest tenth makes", 0.42, CNS, "%"),
    _value("hour_p50", ACTIVITY, "a caller's most calls in an hour, median", 2, CNS),
    _value("hour_p90", ACTIVITY, "a caller's most calls in an hour, 90 of 100 below", 4, CNS),
    _value("hour_p99", ACTIVITY, "a caller's most calls in an hour, 99 of 100 below", 12, CNS),
    _value("hour_ten", ACTIVITY, "callers who reach ten calls in an hour", 0.013, CNS, "%"),
    _value("burstiness", GAPS, "burstiness of a caller, 11 calls and more", 0.27, CNS),
    _value("burstiness_corrected", GAPS, "the same, corrected for its length", 0.41, "CNS, Kim & Jo 2016"),
    Quantity("memory", GAPS, "memory: correlation of a gap with the next", -0.1, 0.1, CNS, "", "published: about 0"),
    _value("gaps_weibull", GAPS, "callers whose gaps are Weibull", 0.73, "Jiang 2013", "%", BY_AIC),
    _value("gaps_power_law", GAPS, "callers whose gaps are a power law", 0.035, "Jiang 2013", "%", BY_AIC),
    _value("reciprocity", TIES, "directed ties with calls the other way, too", 0.66, CNS, "%"),
    _value("tie_mean", TIES, "calls between a pair, mean", 5.8, CNS),
    _value("tie_median", TIES, "calls between a pair, median", 3, CNS),
    _value("tie_single", TIES, "pairs with a single call", 0.32, CNS, "%"),
    _value("degree_exponent", TIES, "mutual ties: gamma of (k + 10.9)^-gamma", 8.4, "Onnela 2007", "", "18 weeks"),
    _value("degree_tail", TIES, "mutual ties: exponent of the tail", 5, "Lambiotte 2008", "", "six months"),
    _value("clustering", TIES, "clustering, mean over users", 0.155, CNS, "", SAMPLED),
    _value("assortativity", TIES, "correlation of the degrees of a tie's ends", 0.17, CNS),
    _value("largest_component", TIES, "users in the largest component", 0.65, CNS, "%", SAMPLED),
    _value("overlap_1", TIES, "shared contacts of a pair with 1 call", 0.086, CNS, "", SAMPLED),
    _value("overlap_2_3", TIES, "shared contacts of a pair with 2-3 calls", 0.114, CNS, "", SAMPLED),
    _value("overlap_4_8", TIES, "shared contacts of a pair with 4-8 calls", 0.130, CNS, "", SAMPLED),
    _value("overlap_9_20", TIES, "shared contacts of a pair with 9-20 calls", 0.196, CNS, "", SAMPLED),
    Quantity("weak_bridges", TIES, "what the weaker half of the ties holds together", 0, None, "Onnela 2007",
             "%", "published: more than the stronger half does", 0.001),
    _value("distance_exponent", TIES, "mutual ties fall with distance: exponent", 2, "Lambiotte 2008"),
    _value("community_mean", COMMUNITIES, "size, mean (Louvain, largest component)", 11.6, CNS, "", FINITE),
    _value("community_max", COMMUNITIES, "size, largest", 28, CNS, "", FINITE),
    _value("modularity", COMMUNITIES, "modularity", 0.89, CNS, "", SAMPLED),
    Quantity("displacement", PLACES, "displacement: beta of (d + 1.5 km)^-beta", 1.6, 1.9, "Gonzalez 2008"),
    _value("gyration", PLACES, "gyration radius: beta of (r + 5.8 km)^-beta", 1.65, "Gonzalez 2008", "", FROM_MEMORY),
    _value("exploration_share", PLACES, "a move to a new place: rho of rho S^-gamma", 0.6, "Song 2010"),
    _value("exploration_exponent", PLACES, "a move to a new place: gamma", 0.21, "Song 2010"),
    _value("waiting", PLACES, "time at a place: beta of t^-(1 + beta)", 0.8, "Song 2010"),
    _value("visit_zipf", PLACES, "visits by rank of the place: Zipf's exponent", 1.2, "Song 2010", "", FROM_MEMORY),
    _value("load_lognormal_place", PLACES, "calls of a cell: place of the log-normal by AIC, of five", 1, "Wang 2017"),
    Quantity("setup_success", SERVICE, "calls that are connected", 0.98, 1, "regulators", "%"),
    Quantity("drops", SERVICE, "connected calls that are lost", 0, 0.02, "regulators", "%"),
    Quantity("blocking", SERVICE, "calls refused for want of a channel", 0, 0.02, "regulators", "%"),
)  # fmt: skip
"""Every quantity of the scorecard, in its order."""
