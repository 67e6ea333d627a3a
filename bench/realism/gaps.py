"""Gaps between a caller's calls: burstiness, and the family of their distribution."""

from dataclasses import dataclass

import numpy as np

from bench.arrays import FloatArray, IntArray
from bench.realism.definitions import MADE_OR_RECEIVED
from bench.realism.published import GAP_SHARES
from bench.realism.record_arrays import Records

Found = dict[str, float]
FEWEST = 10
"""A caller is measured only with at least so many gaps: those of 11 calls."""
FEWEST_FITTED = 30
"""A family of distributions is fitted to at least so many gaps."""
ROUNDS = 20
SHAPES = (0.05, 20.0)


@dataclass(frozen=True)
class Gaps:
    """Time gaps between the calls of some callers, sorted by caller."""

    seconds: FloatArray
    """Shape (gaps,): at least 1 s."""
    owner: IntArray
    """Shape (gaps,): number of the caller, 0 .. callers - 1, ascending."""
    count: IntArray
    """Shape (callers,): number of gaps of each caller."""

    @classmethod
    def of(cls, records: Records, fewest: int) -> "Gaps":
        """Return the gaps, from start to start, between the calls of each caller with enough calls."""
        order = records.by_caller
        caller, start = records.caller[order], records.local_ms[order]
        same = caller[1:] == caller[:-1]
        owner = caller[1:][same]
        seconds = np.maximum(np.diff(start)[same] / 1000, 1.0)
        enough = np.bincount(owner, minlength=1)[owner] >= fewest
        _, numbered, count = np.unique(owner[enough], return_inverse=True, return_counts=True)
        return cls(seconds[enough], numbered, count)

    def mean(self, values: FloatArray) -> FloatArray:
        """Return the mean of values, shape (gaps,), for each caller, shape (callers,)."""
        return np.asarray(np.bincount(self.owner, values, self.count.size) / self.count)


def burstiness(records: Records) -> Found:
    """Measure burstiness, from calls made and from calls made or received, and the memory of gaps.

    Memory is the correlation between consecutive gaps of the calls made. All values are means over users.
    """
    made = Gaps.of(records.between, FEWEST)
    both = Gaps.of(records.between.of_users(MADE_OR_RECEIVED), FEWEST)
    found = {**bursts(made), **{f"both_{name}": value for name, value in bursts(both).items()}}
    return found | ({"memory": float(np.mean(memory(made)))} if made.count.size else {})


def bursts(gaps: Gaps) -> Found:
    """Return mean burstiness (Goh & Barabasi 2008), and its version corrected for few gaps (Kim & Jo 2016).

    With r the standard deviation of a user's gaps divided by their mean, and n their number, burstiness is (r - 1) / (r
    + 1); corrected, (sqrt(n + 1) r - sqrt(n - 1)) / ((sqrt(n + 1) - 2) r + sqrt(n - 1)).
    """
    if not gaps.count.size:
        return {}
    mean = gaps.mean(gaps.seconds)
    r = np.sqrt(gaps.mean((gaps.seconds - mean[gaps.owner]) ** 2)) / mean
    more, less = np.sqrt(gaps.count + 1), np.sqrt(gaps.count - 1)
    return {
        "burstiness": float(np.mean((r - 1) / (r + 1))),
        "burstiness_corrected": float(np.mean((more * r - less) / ((more - 2) * r + less))),
    }


def within_users(records: Records) -> Found:
    """Measure gaps between the calls that users make, divided by the user's mean gap: quantiles over all gaps."""
    gaps = Gaps.of(records.between, FEWEST)
    if not gaps.count.size:
        return {}
    relative = gaps.seconds / gaps.mean(gaps.seconds)[gaps.owner]
    return {f"gap_p{share}": float(np.percentile(relative, share)) for share in GAP_SHARES}


def memory(gaps: Gaps) -> FloatArray:
    """Return the correlation of each caller's gaps with the next gaps, shape (callers,); 0 if all are equal."""
    same = gaps.owner[1:] == gaps.owner[:-1]
    pairs = Gaps(gaps.seconds[:-1][same], gaps.owner[:-1][same], gaps.count - 1)
    first, second = pairs.seconds, gaps.seconds[1:][same]
    first = first - pairs.mean(first)[pairs.owner]
    second = second - pairs.mean(second)[pairs.owner]
    spread = np.sqrt(pairs.mean(first**2) * pairs.mean(second**2))
    return np.divide(pairs.mean(first * second), spread, out=np.zeros(spread.size), where=spread > 0)


def families(records: Records) -> Found:
    """Measure the shares of callers whose gaps a Weibull or a power law fits best, by AIC (else an exponential)."""
    gaps = Gaps.of(records.between, FEWEST_FITTED)
    if not gaps.count.size:
        return {}
    best = np.argmin([_exponential(gaps), _weibull(gaps), _power_law(gaps)], axis=0)
    return {"gaps_weibull": float((best == 1).mean()), "gaps_power_law": float((best == 2).mean())}


def _exponential(gaps: Gaps) -> FloatArray:
    return np.asarray(2 + 2 * gaps.count * (np.log(gaps.mean(gaps.seconds)) + 1))


def _weibull(gaps: Gaps) -> FloatArray:
    """Return the AIC of each caller's Weibull distribution; its shape by bisection, for all callers at once."""
    scale = gaps.mean(gaps.seconds)
    ln = np.log(gaps.seconds / scale[gaps.owner])
    mean_ln = gaps.mean(ln)
    low, high = (np.full(gaps.count.size, np.log(end)) for end in SHAPES)
    for _ in range(ROUNDS):
        middle = np.exp((low + high) / 2)
        power = np.exp(middle[gaps.owner] * ln)
        steep = gaps.mean(power * ln) / gaps.mean(power) - 1 / middle > mean_ln
        low, high = np.where(steep, low, np.log(middle)), np.where(steep, np.log(middle), high)
    shape = np.exp((low + high) / 2)
    ln_scale = np.log(gaps.mean(np.exp(shape[gaps.owner] * ln))) / shape
    each = np.log(shape) - shape * ln_scale + (shape - 1) * mean_ln - 1 - np.log(scale)
    return np.asarray(4 - 2 * gaps.count * each)


def _power_law(gaps: Gaps) -> FloatArray:
    """Return the AIC of each caller's power law (Pareto), which starts at its shortest gap."""
    first = np.searchsorted(gaps.owner, np.arange(gaps.count.size))
    ln = np.log(gaps.seconds)
    least = np.minimum.reduceat(ln, first)
    over = np.maximum(gaps.mean(ln) - least, 1e-9)
    each = -np.log(over) - least - (1 + 1 / over) * over
    return np.asarray(4 - 2 * gaps.count * each)
