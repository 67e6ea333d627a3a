"""Metrics of incidents: how many of them raised at least one alert, and how many would by chance."""

from typing import Any

import numpy as np

from bench.metrics import BoolArray

IntArray = np.ndarray[Any, np.dtype[np.int64]]


def incident_sizes(incident: "np.ndarray[Any, np.dtype[np.int32]]", alerted: BoolArray) -> tuple[IntArray, BoolArray]:
    """Return for each incident how many records it has, and whether any of them is an alert.

    Parameters
    ----------
    incident
        Shape (records,): code of the incident of each record.
    alerted
        Shape (records,): whether the record is an alert.
    """
    _, index, sizes = np.unique(incident, return_inverse=True, return_counts=True)
    return sizes, np.bincount(index[alerted], minlength=sizes.size) > 0


def chance_recall(sizes: IntArray, *, records: int, alerts: int) -> float | None:
    """Return the expected share of incidents with an alert when `alerts` of all `records` are drawn at random.

    An incident of m records escapes with the hypergeometric probability of no success in `alerts` draws without
    replacement, the product over i < m of (records - alerts - i) / (records - i). A big incident is easily hit so.

    Parameters
    ----------
    sizes
        Shape (incidents,): records of each incident, at least 1 and at most `records`; None comes of no incident.
    """
    if not sizes.size:
        return None
    index = np.arange(sizes.max())
    escapes = np.cumprod(np.maximum(records - alerts - index, 0) / (records - index))
    return float(1 - escapes[sizes - 1].mean())
