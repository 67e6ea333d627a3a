"""The lowest, highest and mean value of features over the calls of each user-day or cell quarter."""

import numpy as np

from bench.arrays import FloatArray, IntArray


def over_calls(values: FloatArray, entity: IntArray, entities: int) -> FloatArray:
    """Return the lowest values of each entity's calls, then the highest, then the means; NaN without any value.

    Parameters
    ----------
    values
        Shape (calls, features); NaN for what is not known, which is left out.
    entity
        Shape (calls,): the entity of each call, -1 for none.
    entities
        How many entities there are.

    Returns
    -------
    FloatArray
        Shape (entities, 3 * features).
    """
    found = np.full((entities, 3 * values.shape[1]), np.nan)
    order = np.argsort(entity, kind="stable")
    order = order[np.searchsorted(entity[order], 0) :]
    first = np.flatnonzero(np.diff(entity[order], prepend=-1))
    if order.size:
        own = values[order]
        known = np.add.reduceat(~np.isnan(own), first, dtype=np.float64)
        total = np.add.reduceat(np.nan_to_num(own), first)
        mean = np.divide(total, known, out=np.full(known.shape, np.nan), where=known > 0)
        found[entity[order][first]] = np.hstack([np.fmin.reduceat(own, first), np.fmax.reduceat(own, first), mean])
    return found
