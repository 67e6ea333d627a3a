"""The published results of a suite: result rows with the metrics that the board shows, in one Parquet file."""

import random
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from bench.host.aside import partial
from bench.result import Scalar
from reports.wording import ALL, LEVELS, Row, home_level, key, types_in

RESULTS = Path(__file__).with_name("results.parquet")
METRICS = (
    *("average_precision", "average_precision_low", "average_precision_high", "average_precision_chance"),
    *("lift", "lift_low", "lift_high", "roc_auc"),
    *("recall", "recall_low", "recall_high", "recall_cap"),
    *("precision", "precision_low", "precision_high", "prevalence", "positives", "shared_share"),
    *("incidents", "enough_incidents", "incident_recall", "incident_recall_chance", "delay_seconds"),
)
"""The metrics that are published of each type at its home level, and of all types at every level."""
UNPUBLISHED = ("run_id", "folder")
DIGITS = 6
SHARE_TOLERANCE = 0.005
"""The largest difference of a metric between two machines; a share or a ratio of up to 1, absolute."""
RELATIVE_TOLERANCE = 0.02
"""The same for metrics that may be larger than 1, relative."""


def published(row: Row) -> dict[str, Scalar]:
    """Return the part of a result row that is published, its metrics rounded to six digits."""
    metrics = [name for name in dict.fromkeys(_metrics_of(row)) if row.get(name) is not None]
    facts = {name: row[name] for name in row if not _is_metric(name) and name not in UNPUBLISHED}
    return facts | {name: _rounded(row[name]) for name in metrics}


def write_results(rows: Iterable[Row], path: Path) -> Path:
    """Write the published part of result rows, ordered by world and detector."""
    chosen = sorted((published(row) for row in rows), key=place_of)
    names = dict.fromkeys(name for row in chosen for name in row)
    table = pa.table({name: [row.get(name) for row in chosen] for name in names})
    with partial(path) as aside:
        pq.write_table(table, aside, compression="zstd", compression_level=15)
    return path


def mixed_worlds(rows: Iterable[Row]) -> list[int]:
    """Return the world seeds of which rows come from more than one world: they were made by different code.

    >>> mixed_worlds([{"world_seed": 7, "fingerprint": "a"}, {"world_seed": 7, "fingerprint": "b"}])
    [7]
    """
    found: dict[int, set[Scalar]] = {}
    for row in rows:
        found.setdefault(place_of(row)[0], set()).add(row.get("fingerprint"))
    return sorted(seed for seed, worlds in found.items() if len(worlds) > 1)


def read_results(path: Path = RESULTS) -> list[dict[str, Scalar]]:
    """Return the published rows; what a run does not have is left out."""
    found: list[dict[str, Scalar]] = pq.read_table(path).to_pylist()
    return [{name: value for name, value in row.items() if value is not None} for row in found]


def place_of(row: Row) -> tuple[int, str]:
    """Return what identifies a row of the board: the seed of its world, and its detector."""
    return int(str(row.get("world_seed"))), str(row.get("detector"))


def slice_of(commit: str, worlds: Sequence[str], detectors: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return two worlds and five detectors, chosen by a commit, so that nobody chooses what is recomputed."""
    chosen = random.Random(commit)
    return sorted(chosen.sample(sorted(worlds), 2)), sorted(chosen.sample(sorted(detectors), 5))


def disagreements(expected: Row, found: Row) -> list[str]:
    """Return a line for each published metric in which two rows differ by more than machines do.

    >>> disagreements({"recall/all": 0.5, "incidents/all": 12}, {"recall/all": 0.504, "incidents/all": 13})
    ['incidents/all: 12 is published, 13 was found']
    """
    names = filter(_is_metric, dict.fromkeys([*expected, *found]))
    return [
        f"{name}: {expected.get(name)} is published, {found.get(name)} was found"
        for name in names
        if not _agree(expected.get(name), found.get(name))
    ]


def _is_metric(name: str) -> bool:
    return "/" in name and not name.startswith("version/")


def _agree(one: Scalar, other: Scalar) -> bool:
    if not isinstance(one, int | float) or not isinstance(other, int | float):
        return one is other
    return abs(one - other) <= (SHARE_TOLERANCE if abs(one) <= 1 else RELATIVE_TOLERANCE * abs(one))


def _metrics_of(row: Mapping[str, Scalar]) -> list[str]:
    types = [name for name in types_in(row) if name != ALL]
    places = [*((home_level(row, name), name) for name in types), *((level, ALL) for level in LEVELS)]
    return [
        *(key(metric, level, name) for level, name in places for metric in METRICS),
        *(key("prevalence", "call", name) for name in types),  # names the types
    ]


def _rounded(value: Scalar) -> Scalar:
    return float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value
