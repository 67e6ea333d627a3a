"""Whether two detectors find the same incidents, and what both together would find."""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from bench.arrays import FloatArray
from reports.wording import ALL

MOST = 8
"""The most detectors that are compared on a type: those that find most incidents."""
Found = dict[str, dict[str, float]]
"""For each type, the probability that the detector finds each incident (world and id)."""


@dataclass(frozen=True)
class Overlap:
    """The incidents of one type, and which of them each detector finds."""

    rows: list[int]
    """The detectors, by their rows, the one that finds most first."""
    found: list[float]
    """Number of incidents that each finds; an expected number if the threshold divides equal scores."""
    both: list[list[float]]
    """Number of incidents that both of each pair find."""
    either: list[list[float]]
    """Number of incidents that at least one of each pair finds."""
    incidents: int


def found_in(table: pa.Table, world: str) -> Found:
    """Return the incidents that one run found, by type and for `all`."""
    found: Found = defaultdict(dict)
    for name, incident, share in zip(
        *(table[key].to_pylist() for key in ("anomaly_type", "incident_id", "found_probability")), strict=True
    ):
        if share is not None:
            for kind in (name, ALL):
                found[kind][f"{world} {incident}"] = share
    return found


def merged(runs: list[Found]) -> Found:
    """Return the incidents that repeats found: the mean of the probabilities of an incident."""
    if len(runs) == 1:
        return runs[0]
    values: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for run in runs:
        for kind, incidents in run.items():
            for name, share in incidents.items():
                values[kind][name].append(share)
    return {
        kind: {name: sum(each) / len(each) for name, each in incidents.items()} for kind, incidents in values.items()
    }


def overlap_of(found: dict[int, Found], kind: str) -> Overlap | None:
    """Return the overlap of detectors on a type; None if fewer than two were judged on the same incidents.

    Parameters
    ----------
    found
        By row of a ranked detector, what it found.
    kind
        The type, or `all`.
    """
    mine = {row: each[kind] for row, each in found.items() if each.get(kind)}
    most = max(map(len, mine.values()), default=0)
    # other incidents were not judged for all detectors
    mine = {row: each for row, each in mine.items() if len(each) == most}
    shared = sorted(set.intersection(*(set(each) for each in mine.values()))) if mine else []
    table: dict[int, FloatArray] = {row: np.array([each[name] for name in shared]) for row, each in mine.items()}
    rows = sorted((row for row in table if table[row].sum() > 0), key=lambda row: -table[row].sum())[:MOST]
    if len(rows) < 2:
        return None
    both, either = (
        [[round(float(of(table[a], table[b]).sum()), 1) for b in rows] for a in rows] for of in (np.minimum, np.maximum)
    )
    return Overlap(rows, [round(float(table[row].sum()), 1) for row in rows], both, either, len(shared))
