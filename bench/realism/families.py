"""Families of distributions of positive numbers, fitted by maximum likelihood and compared by AIC."""

from collections.abc import Callable

import numpy as np
from scipy.optimize import brentq, minimize
from scipy.special import digamma, gammaln

from bench.arrays import FloatArray

EXPONENTIAL = "exponential"
SHAPES = (1e-4, 1e7)
"""Range in which shape parameters are searched."""


def akaike(values: FloatArray, weights: FloatArray) -> dict[str, float]:
    """Return Akaike's information criterion (2 parameters - 2 ln likelihood) of each family; the lowest fits best.

    Parameters
    ----------
    values
        Shape (n,): distinct positive numbers, at least two.
    weights
        Shape (n,): how often each occurs.
    """
    scaled = values / np.average(values, weights=weights)
    moved = 2 * float(np.sum(weights * np.log(values / scaled)))
    return {name: fit(scaled, weights) + moved for name, fit in FAMILIES.items()}


def places(found: dict[str, float]) -> dict[str, int]:
    """Return the rank of each family; 1 fits best."""
    return {name: place for place, name in enumerate(sorted(found, key=found.__getitem__), start=1)}


def _lognormal(t: FloatArray, w: FloatArray) -> float:
    ln = np.log(t)
    mu = np.average(ln, weights=w)
    variance = np.average((ln - mu) ** 2, weights=w)
    return 4 + float(w.sum() * (np.log(2 * np.pi * variance) + 1) + 2 * np.sum(w * ln))


def _exponential(t: FloatArray, w: FloatArray) -> float:
    return 2 + float(2 * w.sum() * (np.log(np.average(t, weights=w)) + 1))


def _gamma(t: FloatArray, w: FloatArray) -> float:
    mean, mean_ln = np.average(t, weights=w), np.average(np.log(t), weights=w)
    shape = float(brentq(lambda a: np.log(a) - digamma(a) - (np.log(mean) - mean_ln), *SHAPES))
    each = (shape - 1) * mean_ln - shape - shape * np.log(mean / shape) - gammaln(shape)
    return 4 - float(2 * w.sum() * each)


def _weibull(t: FloatArray, w: FloatArray) -> float:
    ln, largest = np.log(t), np.log(t.max())
    mean_ln = np.average(ln, weights=w)

    def powers(shape: float) -> FloatArray:
        return np.asarray(w * np.exp(shape * (ln - largest)))

    def slope(shape: float) -> float:
        power = powers(shape)
        return float(np.sum(power * ln) / np.sum(power) - 1 / shape - mean_ln)

    shape = float(brentq(slope, *SHAPES))
    ln_scale = largest + np.log(powers(shape).sum() / w.sum()) / shape
    each = np.log(shape) - shape * ln_scale + (shape - 1) * mean_ln - 1
    return 4 - float(2 * w.sum() * each)


def _loglogistic(t: FloatArray, w: FloatArray) -> float:
    ln, total = np.log(t), w.sum()
    middle = np.average(ln, weights=w)
    spread = np.sqrt(np.average((ln - middle) ** 2, weights=w) * 3) / np.pi

    def cost(point: FloatArray) -> float:
        z = (ln - point[0]) / np.exp(point[1])
        return float(np.sum(w * (z + 2 * np.logaddexp(0, -z))) / total + point[1])

    best = minimize(cost, np.array([middle, np.log(spread)]), method="BFGS")
    return 4 + float(2 * (total * best.fun + np.sum(w * ln)))


FAMILIES: dict[str, Callable[[FloatArray, FloatArray], float]] = {
    "log-normal": _lognormal,
    "log-logistic": _loglogistic,
    "Weibull": _weibull,
    "gamma": _gamma,
    EXPONENTIAL: _exponential,
}
