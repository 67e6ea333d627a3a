"""Fit the talk times of the default world's people to the published ones: `python docs/talk_times.py`.

Prints the lines `weights`, `centres_s` and `spreads` of `conf/generator/default.yaml`, and how near they come.

A talk time T [s] is drawn from a mixture of log-normals with distribution function
F(t) = sum over i of w_i Phi((ln t - ln c_i) / s_i), and recorded as k = max(floor(T), 1), at most `LONGEST_S`. So
P(k) = F(k + 1) - F(k) for 1 < k < LONGEST_S, P(1) = F(2), P(LONGEST_S) = 1 - F(LONGEST_S), and the published numbers,
which are of whole seconds, are sums over k: mean = sum of k P(k), variance of ln = sum of (ln k)^2 P(k) - (sum of
ln k P(k))^2, P(k <= 5) = F(6). They are solved for w, c and s by least squares of ln(fitted / published), each
divided by the tolerance below.
"""

from typing import Any

import numpy as np
from scipy.optimize import least_squares
from scipy.stats import norm

from bench.realism.published import QUANTITIES

LONGEST_S = 14_400
TOLERANCES = {
    "talk_median": 0.01,
    "talk_mean": 0.01,
    "talk_p90": 0.01,
    "talk_p95": 0.01,
    "talk_p99": 0.02,
    "talk_sigma": 0.003,
    "talk_1_5_s": 0.01,
    "talk_30_min": 0.05,  # five calls of the source
    "talk_1_2_h": 0.05,  # one call of the source
}
PUBLISHED = {each.key: each.low for each in QUANTITIES if each.key in TOLERANCES and each.low is not None}
START = ([0.3, 0.5, 0.2], [4.0, 45.0, 200.0], [0.7, 0.9, 1.0])
SECONDS = np.arange(1, LONGEST_S + 1)
Array = np.ndarray[Any, np.dtype[np.float64]]


def recorded(mixture: Array) -> dict[str, float]:
    """Return what records say of talk times from a mixture: weights, centres [s] and spreads, shape (3, components)."""
    weights, centres, spreads = mixture
    edges = np.log(SECONDS[1:, None])
    below = np.concatenate([[0.0], norm.cdf((edges - np.log(centres)) / spreads) @ weights, [1.0]])
    share, ln = np.diff(below), np.log(SECONDS)
    # Records of whole seconds have steps for quantiles: they are spread evenly over theirs, so that they can be solved.
    median, p90, p95, p99 = np.interp([0.5, 0.9, 0.95, 0.99], below, np.append(SECONDS, LONGEST_S + 1) - 0.5)
    return {
        "talk_median": float(median),
        "talk_mean": float(share @ SECONDS),
        "talk_p90": float(p90),
        "talk_p95": float(p95),
        "talk_p99": float(p99),
        "talk_sigma": float(np.sqrt(share @ ln**2 - (share @ ln) ** 2)),
        "talk_1_5_s": float(below[5]),
        "talk_30_min": float(1 - below[1799]),
        "talk_1_2_h": float(below[7200] - below[3599]),
    }


def _mixture(free: Array) -> Array:
    """Return the mixture that free numbers stand for: ln of weights over the last one, of centres, of spreads."""
    weights, rest = np.exp(np.append(free[:2], 0.0)), np.exp(free[2:]).reshape(2, -1)
    return np.vstack([weights / weights.sum(), rest])


def _misfit(free: Array) -> list[float]:
    """Return how far the records of a mixture are from the published numbers, in tolerances."""
    found = recorded(_mixture(free))
    return [np.log(found[key] / PUBLISHED[key]) / TOLERANCES[key] for key in TOLERANCES]


def fitted() -> Array:
    """Return the mixture that fits best, in three digits."""
    weights, centres, spreads = np.log(np.array(START))
    start = np.concatenate([weights[:2] - weights[2], centres, spreads])
    found = _mixture(least_squares(_misfit, start, xtol=1e-10, ftol=1e-10).x)
    rounded = np.vectorize(lambda value: float(f"{value:.3g}"))(found)
    rounded[0, -1] = round(1 - rounded[0, :-1].sum(), 3)
    return np.asarray(rounded)


def main() -> None:
    """Print the mixture, and its records beside the published numbers."""
    mixture = fitted()
    for name, values in zip(("weights", "centres_s", "spreads"), mixture.tolist(), strict=True):
        print(f"{name}: {values}")
    for key, value in recorded(mixture).items():
        print(f"# {key}: {value:.4g} (published {PUBLISHED[key]:g})")


if __name__ == "__main__":
    main()
