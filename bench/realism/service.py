"""Measures of the network's service: connected, dropped and blocked calls."""

import polars as pl

from bench.realism.record_arrays import Records

Found = dict[str, float]


def setup(records: Records) -> Found:
    """Measure the share of calls that are connected: all but the failed ones."""
    return {"setup_success": 1 - float(records.failed.mean())} if records.caller.size else {}


def losses(records: Records) -> Found:
    """Measure, from events, the share of connected calls that drop, and of calls that find no free channel."""
    counts = records.scanned_events().select(
        connected=(pl.col("state") == "CONNECT").sum(),
        dropped=((pl.col("state") == "FAIL") & (pl.col("cause") == "drop")).sum(),
        blocked=pl.col("session_id").filter(pl.col("cause") == "blocked").n_unique(),
        calls=pl.col("session_id").n_unique(),
    )
    row = counts.collect(engine="streaming").row(0, named=True)
    if not row["connected"]:
        return {}
    return {"drops": row["dropped"] / row["connected"], "blocking": row["blocked"] / row["calls"]}
