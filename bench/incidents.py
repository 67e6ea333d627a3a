"""Metrics of incidents: how many of them raised at least one alert, and how many would by chance."""

from dataclasses import dataclass

import numpy as np

from bench.separated import BoolArray, IntArray


def incident_sizes(incident: IntArray, alerted: BoolArray) -> tuple[IntArray, BoolArray]:
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


@dataclass(frozen=True)
class Delay:
    """How long the incidents that were found went unnoticed: medians, None where none was found."""

    seconds: float | None
    """From the start of an incident's first call to that of its first call with an alert."""
    calls: float | None
    """Calls of the incident before that one."""


def delay(incident: IntArray, start_ms: IntArray, alerted: BoolArray) -> Delay:
    """Return what passes between the beginning of incidents and their first alert.

    Parameters
    ----------
    incident
        Shape (calls,): code of the incident of each call, the calls in order of time.
    start_ms
        Shape (calls,): start of each call [ms].
    alerted
        Shape (calls,): whether the call is an alert.
    """
    order = np.argsort(incident, kind="stable")
    codes, first = np.unique(incident[order], return_index=True)
    found, first_alert = np.unique(incident[order][alerted[order]], return_index=True)
    if not found.size:
        return Delay(None, None)
    begun = first[np.searchsorted(codes, found)]
    noticed = np.flatnonzero(alerted[order])[first_alert]
    waited_ms = start_ms[order][noticed] - start_ms[order][begun]
    return Delay(float(np.median(waited_ms)) / 1000, float(np.median(noticed - begun)))
