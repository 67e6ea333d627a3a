"""Metrics of incidents: how many of them raised at least one alert, and how many would by chance."""

from dataclasses import dataclass

import numpy as np

from bench.detector import FloatArray
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
class Times:
    """When entities are."""

    start_ms: IntArray
    """Shape (entities,): since the Unix epoch (UTC)."""
    span_ms: int
    """What each lasts until its score can be known [ms]: nothing for a call, else a day or a quarter of an hour."""

    def of(self, entity: IntArray) -> "Times":
        """Return those of some entities."""
        return Times(self.start_ms[entity], self.span_ms)


@dataclass(frozen=True)
class Waits:
    """How long each incident that was found went unnoticed; shape (incidents found,) each."""

    seconds: FloatArray
    """From the start of its first entity until its first alert."""
    entities: FloatArray
    """Entities of the incident before that one."""


def waits(incident: IntArray, times: Times, alerted: BoolArray) -> Waits:
    """Return what passes between the beginning of incidents and their first alert.

    Parameters
    ----------
    incident
        Shape (entities,): code of the incident of each entity.
    times
        When they are.
    alerted
        Shape (entities,): whether each is an alert.
    """
    order = np.lexsort((times.start_ms, incident))
    codes, first = np.unique(incident[order], return_index=True)
    found, first_alert = np.unique(incident[order][alerted[order]], return_index=True)
    begun = first[np.searchsorted(codes, found)]
    noticed = np.flatnonzero(alerted[order])[first_alert]
    waited_ms = times.start_ms[order][noticed] - times.start_ms[order][begun] + times.span_ms
    return Waits(waited_ms / 1000, (noticed - begun).astype(np.float64))
