"""The best detector of each type, and those not significantly different from it."""

from math import inf

from bench.evaluation.compare import FEWEST_PAIRS
from reports.comparison.document import Best
from reports.comparison.grouping import Summary
from reports.comparison.standing import Contest
from reports.wording import plural

BEST, ALIKE = "★", "≈"
"""Marks of the best detector of a type, and of those not significantly different from it."""
BY_RANKS = "Friedman's test, then Wilcoxon's test of each pair with Holm's correction, over {}"
BY_DIFFERENCES = "simultaneous 95 % intervals of the paired differences to the best (Student's t, Bonferroni), over {}"
BY_INTERVALS = "whether their 95 % intervals overlap, as a paired test needs three worlds"
BY_RANGES = "whether the ranges of their repeats overlap, as a paired test needs three worlds"
NOT_RUN = "; not those that did not run on each of these world configurations"


def best_of(contest: Contest, metric: str, *, higher: bool = True) -> Best | None:
    """Return the best ranked detector by a metric; None if no ranked detector has a value.

    Parameters
    ----------
    contest
        The detectors, with what they are tested on.
    metric
        Name in the rows, with level and type.
    higher
        Whether higher is better.
    """
    found = _tested(contest, metric, higher)
    if found is None:
        return _by_overlap(contest, metric, higher)
    labels = [who.label for who in contest.whole.contenders]
    first, alike, how = found
    tested = {who.key for who in contest.contenders}
    untested = [place for place, who in enumerate(contest.whole.contenders) if who.key not in tested]
    return Best(labels.index(first), [labels.index(each) for each in alike], how, untested)


def signs_of(contest: Contest, metric: str) -> dict[str, str]:
    """Return the signs of detectors by a metric of which higher is better, by label."""
    best = best_of(contest, metric)
    labels = [who.label for who in contest.whole.contenders]
    return {} if best is None else {labels[best.row]: BEST, **{labels[place]: ALIKE for place in best.alike}}


def _tested(contest: Contest, metric: str, higher: bool) -> tuple[str, list[str], str] | None:
    """Return the best detector, those alike and the test; None with too few worlds for either test.

    Those alike are in the order of their ranks, or of their means.
    """
    worlds = sum(len(each.worlds) for each in contest.compared)
    lags = contest.differences(metric, higher=higher) if worlds >= FEWEST_PAIRS else []
    if not lags:
        return None
    first, left_out = lags[0][0], NOT_RUN if contest.detectors_left_out else ""
    if (ranks := contest.standing(metric, higher=higher)) is not None:
        place = ranks.names.index(first)
        alike = [each for other, each in enumerate(ranks.names) if other != place and ranks.alike(place, other)]
        return first, alike, BY_RANKS.format(f"{plural(ranks.blocks, 'world configuration')}") + left_out
    alike = [label for label, _, lag in lags[1:] if lag is None or lag.high >= 0]
    return first, alike, BY_DIFFERENCES.format(plural(worlds, "world")) + left_out


def _by_overlap(contest: Contest, metric: str, higher: bool) -> Best | None:
    ranked = [(place, who) for place, who in enumerate(contest.whole.contenders) if who.ranked]
    known = {place: value for place, who in ranked if (value := who.summary(metric)) is not None}
    if not known:
        return None
    first = max(known, key=lambda place: known[place].mean * (1 if higher else -1))
    repeated = any(len(contest.whole.contenders[place].repeats) > 1 for place in known)
    alike = [place for place in known if place != first and _overlap(known[place], known[first])]
    return Best(first, alike, BY_RANGES if repeated else BY_INTERVALS, [])


def _overlap(one: Summary, other: Summary) -> bool:
    """Whether two intervals overlap; one without bounds may be anywhere."""
    bounds = [(-inf, inf) if x.low is None or x.high is None else (x.low, x.high) for x in (one, other)]
    return max(low for low, _ in bounds) <= min(high for _, high in bounds)
