"""Calls of each caller and of each tower, by hour and by day: how many, how long, and how many failed."""

from collections.abc import Iterator

import polars as pl

from bench.dataset import Clock
from bench.spans import DAY_MS, HOUR_MS
from bench.stream.chunk import moments_ms

PERIODS = {"hour": HOUR_MS, "day": DAY_MS}
ENTITIES = {"caller": "caller_id", "tower": "tower_id"}
KEYS = ("of", "id", "period", "local_ms")
SUMS = ("calls", "answered", "failed", "talk_s")


def spread(calls: pl.DataFrame, clock: Clock) -> Iterator[pl.DataFrame]:
    """Yield the calls once for each kind of entity and of period, with the keys of their aggregate.

    Parameters
    ----------
    calls
        Columns caller_id, tower_id (may be empty), event_time (the end of the call), call_duration and outcome; others
        are kept.
    clock
        Hours and days are local. A call belongs to the hour and the day in which it ended.
    """
    local = clock.local_ms(moments_ms(calls["event_time"]))
    for period, length in PERIODS.items():
        begins = local // length * length
        ends = pl.Series("ends_ms", clock.utc_ms(begins + length), pl.Int64)
        timed = calls.with_columns(pl.Series("local_ms", begins, pl.Int64), ends, period=pl.lit(period))
        for of, column in ENTITIES.items():
            yield timed.filter(pl.col(column).is_not_null()).with_columns(of=pl.lit(of), id=pl.col(column))


def summed(calls: pl.DataFrame) -> pl.DataFrame:
    """Return sums and extremes of calls with keys; those of two parts can be merged (`merged`)."""
    answered = pl.col("outcome") == "answered"
    talk = pl.col("call_duration").filter(answered).cast(pl.Int64)
    return calls.group_by(KEYS).agg(
        pl.col("ends_ms").first(),
        calls=pl.len().cast(pl.Int64),
        answered=answered.sum().cast(pl.Int64),
        failed=(pl.col("outcome") == "failed").sum().cast(pl.Int64),
        talk_s=talk.sum(),
        least_s=talk.min(),
        longest_s=talk.max(),
    )


def merged(parts: list[pl.DataFrame]) -> pl.DataFrame:
    """Return the sums of several parts of the same calls as one."""
    return (
        pl.concat(parts)
        .group_by(KEYS)
        .agg(pl.col("ends_ms").first(), pl.col(SUMS).sum(), pl.col("least_s").min(), pl.col("longest_s").max())
    )


def figures(sums: pl.DataFrame, clock: Clock) -> pl.DataFrame:
    """Return aggregates from sums, in order of time, period and entity."""
    sums = sums.sort("local_ms", "period", "of", "id")
    start = pl.Series("start", clock.utc_ms(sums["local_ms"].to_numpy()), pl.Int64).cast(pl.Datetime("ms", "UTC"))
    return sums.select(
        "of",
        "id",
        "period",
        start,
        "calls",
        "answered",
        "failed",
        failure_share=pl.col("failed") / pl.col("calls"),
        mean_s=pl.when(pl.col("answered") > 0).then(pl.col("talk_s") / pl.col("answered")),
        least_s="least_s",
        longest_s="longest_s",
    )
