"""Path loss between an antenna and a phone [dB]. Distances in m, frequencies in GHz, heights in m above ground."""

import math

from generators.model.compiled import kernel
from generators.settings.radio import MODELS

REFERENCE, FREE_SPACE, HATA, HATA_URBAN, UMA, UMI, RMA = range(len(MODELS))
_LIGHT = 299_792_458.0
_NEAREST_M = 1.0
_CLUTTER_M = 1.0
"""Effective environment height in the models UMa and UMi, for phones below 13 m."""
_STREET_M, _BUILDING_M = 20.0, 5.0
"""Average street width and building height in the model RMa."""


@kernel
def free_space_db(distance: float, ghz: float) -> float:
    """Return the free-space path loss: 20 log10(4 pi d f / c)."""
    return 20.0 * math.log10(4.0e9 * math.pi * ghz * max(distance, _NEAREST_M) / _LIGHT)


@kernel
def cost231_hata_db(distance: float, ghz: float, mast: float, phone: float) -> float:
    """Return the path loss of COST-231 Hata at a distance on the ground; metropolitan centres have 3 dB more.

    COST Action 231 final report (1999), section 4.4.1, medium towns and suburbs: 1.5-2 GHz, mast 30-200 m, phone
    1-10 m, 1-20 km.
    """
    frequency = math.log10(ghz * 1000.0)
    high = math.log10(mast)
    correction = (1.1 * frequency - 0.7) * phone - (1.56 * frequency - 0.8)
    kilometres = math.log10(max(distance, _NEAREST_M) / 1000.0)
    return 46.3 + 33.9 * frequency - 13.82 * high - correction + (44.9 - 6.55 * high) * kilometres


@kernel
def _urban_sight_db(flat: float, distance: float, ghz: float, heights: tuple[float, float], macro: bool) -> float:
    """Return the path loss of UMa or UMi with line of sight; two slopes that meet at the break point."""
    mast, phone = heights
    turn = 4.0 * (mast - _CLUTTER_M) * (phone - _CLUTTER_M) * ghz * 1e9 / 3e8
    near = 28.0 + 22.0 * math.log10(distance) if macro else 32.4 + 21.0 * math.log10(distance)
    if flat <= turn:
        return near + 20.0 * math.log10(ghz)
    base, less = (28.0, 9.0) if macro else (32.4, 9.5)
    far = base + 40.0 * math.log10(distance) - less * math.log10(turn * turn + (mast - phone) ** 2)
    return far + 20.0 * math.log10(ghz)


@kernel
def urban_db(flat: float, ghz: float, heights: tuple[float, float], macro: bool, sight: bool) -> float:
    """Return the path loss of UMa (`macro`) or of UMi - Street Canyon.

    3GPP TR 38.901, table 7.4.1-1: 0.5-100 GHz, 10 m-5 km, phone 1.5-22.5 m, mast 25 m (UMa) or 10 m (UMi).

    Parameters
    ----------
    flat
        Distance on the ground [m].
    ghz
        Frequency.
    heights
        Of mast and phone [m].
    macro
        UMa, else UMi.
    sight
        Whether there is line of sight.
    """
    mast, phone = heights
    flat = max(flat, 10.0)
    distance = math.sqrt(flat * flat + (mast - phone) ** 2)
    seen = _urban_sight_db(flat, distance, ghz, heights, macro)
    if sight:
        return seen
    if macro:
        hidden = 13.54 + 39.08 * math.log10(distance) + 20.0 * math.log10(ghz) - 0.6 * (phone - 1.5)
    else:
        hidden = 22.4 + 35.3 * math.log10(distance) + 21.3 * math.log10(ghz) - 0.3 * (phone - 1.5)
    return max(seen, hidden)


@kernel
def rural_break_m(ghz: float, heights: tuple[float, float]) -> float:
    """Return the distance beyond which the path loss of RMa with line of sight rises more steeply [m]."""
    return 2.0 * math.pi * heights[0] * heights[1] * ghz * 1e9 / 3e8


@kernel
def _rural_sight_db(distance: float, ghz: float) -> float:
    power: float = _BUILDING_M**1.72
    loss = 20.0 * math.log10(40.0 * math.pi * distance * ghz / 3.0) + min(0.03 * power, 10.0) * math.log10(distance)
    return loss - min(0.044 * power, 14.77) + 0.002 * math.log10(_BUILDING_M) * distance


@kernel
def rural_db(flat: float, ghz: float, heights: tuple[float, float], sight: bool) -> float:
    """Return the path loss of RMa; parameters as of `urban_db`.

    3GPP TR 38.901, table 7.4.1-1: 0.5-30 GHz, 10 m-10 km (5 km without line of sight), mast 10-150 m, phone 1-10 m;
    beyond, the formulae are carried on.
    """
    mast, phone = heights
    flat = max(flat, 10.0)
    distance = math.sqrt(flat * flat + (mast - phone) ** 2)
    turn = rural_break_m(ghz, heights)
    seen = _rural_sight_db(min(distance, turn), ghz)
    if distance > turn:
        seen += 40.0 * math.log10(distance / turn)
    if sight:
        return seen
    hidden = 161.04 - 7.1 * math.log10(_STREET_M) + 7.5 * math.log10(_BUILDING_M)
    hidden -= (24.37 - 3.7 * (_BUILDING_M / mast) ** 2) * math.log10(mast)
    hidden += (43.42 - 3.1 * math.log10(mast)) * (math.log10(distance) - 3.0) + 20.0 * math.log10(ghz)
    return max(seen, hidden - (3.2 * math.log10(11.75 * phone) ** 2 - 4.97))


@kernel
def sight_probability(model: int, flat: float) -> float:
    """Return the probability of line of sight (3GPP TR 38.901, table 7.4.2-1, phones below 13 m); 1 elsewhere."""
    if model == RMA:
        return 1.0 if flat <= 10.0 else math.exp(-(flat - 10.0) / 1000.0)
    if model in (UMA, UMI):
        decay = 63.0 if model == UMA else 36.0
        return 1.0 if flat <= 18.0 else 18.0 / flat + math.exp(-flat / decay) * (1.0 - 18.0 / flat)
    return 1.0


def model_number(name: str) -> int:
    """Return the number of a path-loss model in this module and in the arrays of cells."""
    return list(MODELS).index(name)


@kernel
def path_loss_db(model: int, flat: float, ghz: float, heights: tuple[float, float], sight: bool) -> float:
    """Return the path loss by a model of this module; parameters as of `urban_db`.

    Raises
    ------
    ValueError
        When the model has no formula here; `REFERENCE` has none either, as it depends on a distance of its own.
    """
    if model == RMA:
        return rural_db(flat, ghz, heights, sight)
    if model in (UMA, UMI):
        return urban_db(flat, ghz, heights, model == UMA, sight)
    if model == FREE_SPACE:
        return free_space_db(math.sqrt(flat * flat + (heights[0] - heights[1]) ** 2), ghz)
    if model in (HATA, HATA_URBAN):
        metropolitan = 3.0 if model == HATA_URBAN else 0.0
        return cost231_hata_db(flat, ghz, heights[0], heights[1]) + metropolitan
    raise ValueError("this path-loss model has no formula")
