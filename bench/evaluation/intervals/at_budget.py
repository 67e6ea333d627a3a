"""Intervals with a fixed number of alerts, where the threshold varies with the scores.

The number of alerts is fixed, so one more false alarm, or one more hit of another class, pushes the last alert below
the threshold. The probability that this was a hit of this class is the share of the class among the scores around the
threshold.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from bench.arrays import FloatArray
from bench.evaluation.cut import Cut
from bench.evaluation.intervals.clustered import Class, Clustered, total_of
from bench.evaluation.intervals.shares import Interval, of_share, part_of, wilson
from bench.evaluation.intervals.spread import Spread, effective_number


@dataclass(frozen=True)
class AtBudget:
    """Hits of one class among a fixed number of alerts, which all classes share."""

    each: Class
    hits: FloatArray
    """Shape (incidents,): expected number of alerts of each incident."""
    alarms: FloatArray
    """Shape (users,): expected number of alerts of each user."""
    rest: Spread
    """Spread of the alerts of the other classes at a fixed threshold."""
    elsewhere: float
    """Number of alerts of the other classes."""
    its: float
    """Share of the class among the scores around the cut."""
    theirs: float
    """Share of the other classes among the scores around the cut."""

    @classmethod
    def of(cls, each: Class, cut: Cut, every: Clustered | None = None) -> "AtBudget":
        """Count at a threshold; `every` are the positives of all classes, this one included."""
        hits, alarms = each.found.alerts(cut), each.others.alerts(cut)
        its, theirs = _margin(each, total_of(hits) + total_of(alarms), every)
        rest, elsewhere = Spread(0.0, float(each.found.clusters)), 0.0
        if every is not None:
            alerts = every.alerts(cut)
            both = Spread.of_incidents(every.deviations(alerts), every.sizes)
            own = Spread.of_incidents(each.found.deviations(hits), each.found.sizes)
            rest = Spread(max(both.variance - own.variance, 0.0), both.freedom)
            elsewhere = max(total_of(alerts) - total_of(hits), 0.0)
        return cls(each=each, hits=hits, alarms=alarms, rest=rest, elsewhere=elsewhere, its=its, theirs=theirs)

    @property
    def positives(self) -> int:
        """Number of records of the class."""
        return self.each.found.scores.size

    @property
    def alerts(self) -> float:
        """Number of hits and false alarms."""
        return total_of(self.hits) + total_of(self.alarms)

    @cached_property
    def own(self) -> tuple[Spread, Spread]:
        """Spreads of the hits and of the false alarms at a fixed threshold."""
        found, others = self.each.found, self.each.others
        return Spread.of_incidents(found.deviations(self.hits), found.sizes), Spread.of_users(
            others.deviations(self.alarms)
        )

    @cached_property
    def found(self) -> Interval:
        """Interval of the number of hits, as a share of the largest possible number."""
        hit, most = total_of(self.hits), min(float(self.positives), self.alerts + self.elsewhere)
        if 0 < hit < most:
            spread, records = self._hits_spread.scaled(1 / most), max(most, 2.0)
            low, high = of_share(hit / most, spread, records=records, most=float(self._scores))
        else:
            clusters = self.each.found.sizes if most == self.positives else self.hits if hit else self.alarms
            low, high = wilson(1.0 if hit else 0.0, max(effective_number(clusters), 1.0))
        return low * most, high * most

    def intervals(self) -> dict[str, Interval]:
        """Return the intervals of recall, precision and F1; there must be an alert."""
        hit, positives, alerts = total_of(self.hits), self.positives, self.alerts
        counted, correlation = self._alerts_spread
        wide = float(np.exp(counted.quantile * np.sqrt(counted.variance) / alerts))
        low, high = part_of(hit, self.found, (alerts, alerts / wide, alerts * wide), correlation)
        ends = (positives + alerts, positives + alerts / wide, positives + alerts * wide)
        half, most = part_of(hit, self.found, ends, correlation)
        if not self.alarms.any():
            low = min(low, wilson(1.0, effective_number(self.hits))[0])
        recall = (self.found[0] / positives, self.found[1] / positives)
        return {"recall": recall, "precision": (low, min(high, 1.0)), "f1": (2 * half, min(2 * most, 1.0))}

    @property
    def _scores(self) -> int:
        return self.positives + self.each.others.scores.size

    @property
    def _hits_spread(self) -> Spread:
        hits, alarms = self.own
        return hits.scaled(1 - self.its) + alarms.scaled(self.its) + self.rest.scaled(self.its)

    @property
    def _alerts_spread(self) -> tuple[Spread, float]:
        """Return the spread of hits and false alarms together, and its correlation with that of the hits."""
        hits, alarms = self.own
        its, theirs = self.its, self.theirs
        spread = self.rest.scaled(1 - theirs) + (hits + alarms).scaled(theirs)
        together = theirs * (1 - its) * hits.variance + its * (1 - theirs) * self.rest.variance
        together -= its * theirs * alarms.variance
        both = np.sqrt(spread.variance * self._hits_spread.variance)
        return spread, float(np.clip(together / both, -1, 1)) if both > 0 else 0.0


def hits_at_k(each: Class, k: int) -> Interval:
    """Return the interval of the number of positives among the `k` highest scores."""
    if each.found.scores.size + each.others.scores.size <= k:
        return float(each.found.scores.size), float(each.found.scores.size)
    return AtBudget.of(each, _highest((each.found, each.others), k)).found


def incidents_found(each: Class, chances: FloatArray, cut: Cut, every: Clustered | None = None) -> Interval:
    """Return the interval of the number of incidents with an alert, at a threshold set by a number of alerts.

    Parameters
    ----------
    each
        The records of the incidents, by incident, with the normal records.
    chances
        Shape (incidents,): the probability that each has an alert.
    """
    budget, number = AtBudget.of(each, cut, every), chances.size
    low, high, entities = _counted(each, budget.alerts, every)
    best = np.full(number, -np.inf)
    np.maximum.at(best, each.found.cluster, each.found.scores)
    gained = float(np.count_nonzero((best >= low) & (best <= high)) / sum(entities))
    moved = (chances - chances.mean()) * number / (number - 1) - gained * each.found.deviations(budget.hits)
    spread = Spread.of_incidents(moved, np.ones(number)) + budget.own[1].scaled(gained) + budget.rest.scaled(gained)
    found, most = total_of(chances), min(float(number), budget.alerts + budget.elsewhere)
    if 0 < found < most:
        ends = of_share(
            found / most, spread.scaled(1 / most), records=max(most, 2.0), most=float(each.others.scores.size)
        )
    else:
        ends = wilson(1.0 if found else 0.0, float(number))
    return ends[0] * most, ends[1] * most


def _margin(each: Class, alerts: float, every: Clustered | None) -> tuple[float, float]:
    """Return the shares of the class and of the other classes among the scores around a threshold."""
    found, others, rest = _counted(each, alerts, every)[2]
    return found / (found + others + rest), rest / (found + others + rest)


def _counted(each: Class, alerts: float, every: Clustered | None) -> tuple[float, float, tuple[int, int, int]]:
    """Return the scores at 1.5 and 0.5 times the number of alerts, and the counts of each class between them."""
    size = each.found.scores.size + each.others.scores.size
    reach = (min(max(round(alerts * part), 1), size) for part in (0.5, 1.5))
    high, low = (_highest((each.found, each.others), number).score for number in reach)
    above = np.nextafter(high, np.inf)
    found, others = (side.reaching(low) - side.reaching(above) for side in (each.found, each.others))
    rest = max(every.reaching(low) - every.reaching(above) - found, 0) if every is not None else 0
    return low, high, (found, others, rest)


def _highest(sides: tuple[Clustered, Clustered], number: int) -> Cut:
    """Return the threshold that selects so many of the highest scores of both together."""
    top = np.concatenate([side.scores[max(side.scores.size - number, 0) :] for side in sides])
    score = float(np.partition(top, top.size - number)[top.size - number])
    above = sum(side.reaching(np.nextafter(score, np.inf)) for side in sides)
    return Cut(score, number - above, sum(side.reaching(score) for side in sides) - above, ranked=True)
