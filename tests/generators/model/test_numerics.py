from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtri
from scipy.stats import poisson

from generators.model.numerics import exponentials, normal_quantile, normal_quantiles, poisson_quantile

# Standard normal quantiles: Abramowitz and Stegun, Handbook of Mathematical Functions, table 26.5 and 26.6.
TABLE = [(0.5, 0.0), (0.75, 0.6744897502), (0.9, 1.2815515655), (0.975, 1.9599639845), (0.9999, 3.7190164855)]


@pytest.mark.parametrize(("p", "x"), TABLE)
def test_quantiles_of_the_handbook(p: float, x: float) -> None:
    assert normal_quantile(p) == pytest.approx(x, abs=1e-10)
    assert normal_quantile(1 - p) == pytest.approx(-x, abs=1e-9)


@given(st.floats(2.0**-54, 1 - 2.0**-53))
def test_quantiles_are_those_of_two_other_implementations(p: float) -> None:
    assert normal_quantile(p) == NormalDist().inv_cdf(p)
    assert normal_quantile(p) == pytest.approx(float(ndtri(p)), rel=1e-13, abs=1e-300)


def test_a_draw_of_zero_has_a_quantile() -> None:
    assert normal_quantile(0.0) == normal_quantile(2.0**-54) < -8


@given(st.floats(0.001, 32), st.floats(0, 1, exclude_max=True))
def test_poisson_quantiles_bracket_the_draw(mean: float, u: float) -> None:
    count = poisson_quantile(mean, u)
    assert poisson.cdf(count, mean) >= u - 1e-12
    assert count == 0 or poisson.cdf(count - 1, mean) <= u + 1e-12


def test_arrays_agree_with_single_values() -> None:
    p = np.linspace(0, 0.999, 50)
    assert normal_quantiles(p).tolist() == [normal_quantile(x) for x in p]
    assert np.allclose(exponentials(p), np.exp(p), rtol=1e-15)
