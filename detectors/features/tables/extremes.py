"""The lowest and the highest value of features over the calls of each user-day or cell quarter."""

import numpy as np

from bench.arrays import FloatArray, IntArray


def extremes(values: FloatArray, entity: IntArray, entities: int) -> FloatArray:
    """Return the lowest values of each entity's calls, then the highest; NaN where none of its calls has a value.

    Parameters
    ----------
    values
        Shape (calls, features); NaN for what is not known.
    entity
        Shape (calls,): the entity of each call, -1 for none.
    entities
        How many entities there are.

    Returns
    -------
    FloatArray
        Shape (entities, 2 * features).
    """
    found = np.full((entities, 2 * values.shape[1]), np.nan)
    order = np.argsort(entity, kind="stable")
    order = order[np.searchsorted(entity[order], 0) :]
    first = np.flatnonzero(np.diff(entity[order], prepend=-1))
    if order.size:
        own = values[order]
        found[entity[order][first]] = np.hstack([np.fmin.reduceat(own, first), np.fmax.reduceat(own, first)])
    return found
