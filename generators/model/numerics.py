"""Transcendental functions of the simulator, in one implementation for every code path: no fast-math, one libm."""

import math
from typing import Any

import numpy as np

from bench.arrays import FloatArray
from generators.model.compiled import kernel

_CENTRE = (
    (3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3, 1.3731693765509461125e4,
     4.5921953931549871457e4, 6.7265770927008700853e4, 3.3430575583588128105e4, 2.5090809287301226727e3),
    (1.0, 4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3,
     2.1213794301586595867e4, 3.9307895800092710610e4, 2.8729085735721942674e4, 5.2264952788528545610e3),
)  # fmt: skip
_NEAR = (
    (1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0, 3.64784832476320460504e0,
     1.27045825245236838258e0, 2.41780725177450611770e-1, 2.27238449892691845833e-2, 7.74545014278341407640e-4),
    (1.0, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1,
     1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4, 1.05075007164441684324e-9),
)  # fmt: skip
_FAR = (
    (6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0, 2.96560571828504891230e-1,
     2.65321895265761230930e-2, 1.24266094738807843860e-3, 2.71155556874348757815e-5, 2.01033439929228813265e-7),
    (1.0, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2,
     7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7, 2.04426310338993978564e-15),
)  # fmt: skip
_SMALLEST = 2.0**-54


@kernel
def _rational(coefficients: Any, x: float, scale: float) -> float:
    top, bottom = 0.0, 0.0
    for i in range(7, -1, -1):
        top = top * x + coefficients[0][i]
        bottom = bottom * x + coefficients[1][i]
    return top * scale / bottom


@kernel
def normal_quantile(p: float) -> float:
    """Return the standard normal quantile of p in [0, 1); accurate to about 1e-16 relative.

    Wichura, algorithm AS 241 (PPND16), Applied Statistics 37 (1988). A p of 0 counts as 2^-54.
    """
    q = p - 0.5
    if abs(q) <= 0.425:
        return _rational(_CENTRE, 0.180625 - q * q, q)
    tail = max(p, _SMALLEST) if q < 0 else 1.0 - p
    r = math.sqrt(-math.log(tail))
    x = _rational(_NEAR, r - 1.6, 1.0) if r <= 5.0 else _rational(_FAR, r - 5.0, 1.0)
    return -x if q < 0 else x


@kernel
def poisson_quantile(mean: float, u: float) -> int:
    """Return the Poisson variable with a mean of at most 700 at u in [0, 1), by inversion."""
    count, term = 0, math.exp(-mean)
    below = term
    while u >= below and term > 0.0:
        count += 1
        term *= mean / count
        below += term
    return count


@kernel
def _normal_quantiles(p: Any, out: Any) -> None:
    for i in range(p.shape[0]):
        out[i] = normal_quantile(p[i])


@kernel
def _exponentials(x: Any, out: Any) -> None:
    for i in range(x.shape[0]):
        out[i] = math.exp(x[i])


def normal_quantiles(p: FloatArray) -> FloatArray:
    """Return the standard normal quantile of each p in [0, 1); shape (n,)."""
    out = np.empty(p.shape[0])
    _normal_quantiles(p, out)
    return out


def exponentials(x: FloatArray) -> FloatArray:
    """Return e to the power of each x, by the same libm as the kernels; shape (n,)."""
    out = np.empty(x.shape[0])
    _exponentials(x, out)
    return out
