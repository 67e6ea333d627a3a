"""Small sets of call records, made up."""

from typing import Any

import numpy as np

from bench.realism.record_arrays import Records


def records(seed: int, *, calls: int = 400, parties: int = 12, cells: int = 9) -> Records:
    """Random records of a few days: uneven callers, some parties that are no participants, some unknown cells."""
    rng = np.random.default_rng(seed)
    weights = rng.random(parties) ** 3
    caller = rng.choice(parties, calls, p=weights / weights.sum())
    answered = rng.random(calls) < 0.8
    return Records(
        caller=caller,
        callee=rng.integers(0, parties, calls),
        local_ms=np.sort(rng.integers(0, 5 * 86_400, calls)) * 1000,
        seconds=np.where(answered, np.ceil(rng.lognormal(3.5, 1.5, calls)), 0).astype(np.int64),
        answered=answered,
        missed=~answered,
        failed=np.zeros(calls, np.bool_),
        cell=rng.integers(-1, cells, calls),
        participant=np.arange(parties) % 5 != 4,
        home=rng.integers(-1, cells, parties),
        cell_km=rng.random((cells, 2)) * 40,
        events=None,
        plane=None,
        lacking={"events": "there are none"},
    )


def with_values(base: Records, **values: Any) -> Records:
    """The records with other columns, all of the same length."""
    return Records(**{**{name: getattr(base, name) for name in Records.__dataclass_fields__}, **values})
