"""Incidents pretended in a world without any: normal calls, chosen as types of anomaly choose and cluster theirs."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from bench.audit.audited_world import AuditedWorld, RequestedAnomalies
from bench.audit.marks.forms import luhn
from bench.dataset import Dataset
from bench.schema import INCIDENTS, TRUTH
from bench.truth import Truth
from generators.injection.touches import ALL_OF_A_CALL, NEW_USERS, WHEN, WHERE

TOUCHES = {
    "single": (),
    "run": ALL_OF_A_CALL,
    "night": (*WHEN, *WHERE),
    "place": (*ALL_OF_A_CALL,),
    "victim": ALL_OF_A_CALL,
    "attack": ALL_OF_A_CALL,
    "newcomer": (*ALL_OF_A_CALL, *NEW_USERS),
}
HOUR_MS = 3_600_000


def pretended(clean: Path, folder: Path, seed: int) -> AuditedWorld:
    """Put a clean world under audit as if some of its calls were anomalous, of seven types."""
    shutil.copytree(clean / "data", folder / "data", copy_function=lambda a, b: Path(b).symlink_to(Path(a).resolve()))
    (folder / "truth").mkdir()
    calls = pl.read_parquet(clean / "data" / "calls.parquet").with_columns(pl.col(pl.Categorical).cast(pl.String))
    free = np.ones(calls.height, np.bool_)
    truth, incidents = [], []
    for type_, rows in _incidents(calls.with_row_index("row"), np.random.default_rng(seed)):
        mine = rows[free[rows]]
        if not mine.size:
            continue
        free[mine] = False
        name = f"incident_{len(incidents):05}"
        start, end = calls["call_start_ts"][int(mine.min())], calls["call_end_ts"][int(mine.max())]
        actors = calls["caller_id"].gather(mine).unique().to_list()
        incidents.append((name, type_, "user", start, end, actors, "{}"))
        ids = calls["call_id"].gather(mine).to_list()
        truth += [
            ("call", call, int(row), name, type_, "altered", "direct", None, None, None, None)
            for call, row in zip(ids, mine, strict=True)
        ]
    for table, rows in ((INCIDENTS, incidents), (TRUTH, truth)):
        columns = zip(*rows, strict=True)
        plain = [pa.array(list(each)) for each in columns]
        pairs = zip(plain, table.columns, strict=True)
        made = [
            each.cast(getattr(c.type, "value_type", c.type)).cast(c.type)
            if pa.types.is_dictionary(c.type)
            else each.cast(c.type)
            for each, c in pairs
        ]
        pq.write_table(pa.table(made, schema=table.arrow), folder / "truth" / f"{table.name}.parquet")
    return AuditedWorld(
        Dataset.open(folder / "data"), Truth(folder / "truth"), None, RequestedAnomalies(0.05, {}, TOUCHES), 1
    )


def _incidents(calls: pl.DataFrame, rng: np.random.Generator) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the type and the rows of each incident."""
    count = calls.height
    hour = calls["call_start_ts"].dt.hour().to_numpy()
    for row in rng.choice(count, 400, replace=False):
        yield "single", np.array([row])
    for row in rng.choice(np.flatnonzero((hour >= 21) | (hour < 5)), 300, replace=False):
        yield "night", np.array([row])
    caller, cell, callee = (
        calls[name].rank("dense").to_numpy() for name in ("caller_id", "first_cell_id", "callee_id")
    )
    start = calls["call_start_ts"].to_physical().to_numpy()
    for row in rng.choice(count, 30, replace=False):
        yield "run", _near(caller, int(row))
    for row in rng.choice(count, 30, replace=False):
        yield "place", np.flatnonzero((cell == cell[row]) & (np.abs(start - start[row]) < 2 * HOUR_MS))
    for row in rng.choice(count, 40, replace=False):
        yield "victim", np.flatnonzero((callee == callee[row]) & (np.abs(start - start[row]) < 24 * HOUR_MS))
    wrong = luhn(calls["callee_imsi"]) == 0
    parties = np.argsort(-np.bincount(callee[wrong]))[:40]  # very many call them; as chance has it, no SIM ends right
    for party in parties:
        found = np.flatnonzero(callee == party)
        yield "attack", found[rng.random(found.size) < 0.6]
    for user in rng.choice(np.unique(caller), 12, replace=False):
        yield "newcomer", np.flatnonzero(caller == user)


def _near(caller: np.ndarray, row: int) -> np.ndarray:
    """Return the fifteen calls of a caller around one of them."""
    own = np.flatnonzero(caller == caller[row])
    return own[np.argsort(np.abs(own - row))[:15]]
