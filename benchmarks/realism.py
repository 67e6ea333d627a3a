"""How real is the default world? Its figures beside those of published call records, as a Markdown table.

    python benchmarks/realism.py [setting=value ...]

Published: Copenhagen Networks Study (CNS; Sapiezynski et al., Scientific Data 2019: 3,600 calls of students in 28 days,
calls between participants only), and Nodobo (McDiarmid et al. 2013). Normal life only: the world is made without
anomalies.
"""

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
from world import WORKERS, world

from bench.generator import silent

Measure = Callable[[pl.DataFrame], float]


def talk(calls: pl.DataFrame) -> pl.Series:
    """Return the talk times of the answered calls [s]."""
    return calls.filter(pl.col("outcome") == "answered")["call_duration"]


def hours(calls: pl.DataFrame) -> pl.Series:
    """Return the share of the calls that start in each hour of the day."""
    counts = np.bincount(calls["call_start_ts"].dt.hour().to_numpy(), minlength=24)
    return pl.Series(counts / calls.height)


def made(calls: pl.DataFrame) -> pl.Series:
    """Return how many calls each caller makes."""
    return calls.group_by("caller_id").len()["len"]


def ties(calls: pl.DataFrame) -> pl.DataFrame:
    """Return how many calls each user makes to each other user."""
    return calls.filter(pl.col("callee_type") == "subscriber").group_by("caller_id", "callee_id").len()


def reciprocity(calls: pl.DataFrame) -> float:
    """Return the share of the ties that have calls in the other direction too."""
    there = ties(calls)
    both = ["caller_id", "callee_id"]
    return there.join(there, left_on=both, right_on=both[::-1], how="semi").height / there.height


def top_share(calls: pl.DataFrame) -> float:
    """Return the share of the calls that the busiest tenth of the callers makes."""
    counts = np.sort(made(calls).to_numpy())[::-1]
    return float(counts[: len(counts) // 10].sum() / counts.sum())


def burstiness(calls: pl.DataFrame) -> float:
    """Return the mean over callers of (sigma - mu) / (sigma + mu) of the gaps between calls, 11 calls at least."""
    ordered = calls.sort("caller_id", "call_start_ts")
    gap = pl.col("call_start_ts").diff().over("caller_id").dt.total_seconds()
    gaps = ordered.with_columns(gap.alias("gap")).drop_nulls("gap").group_by("caller_id")
    each = gaps.agg(pl.col("gap").mean().alias("mu"), pl.col("gap").std().alias("sigma"), pl.len())
    each = each.filter(pl.col("len") >= 10)
    return float((((each["sigma"] - each["mu"]) / (each["sigma"] + each["mu"])).mean()) or 0.0)  # type: ignore[arg-type]


def busiest_hour(calls: pl.DataFrame, quantile: float) -> float:
    """Return a quantile over callers of the most calls in any hour of the clock."""
    hour = pl.col("call_start_ts").dt.truncate("1h")
    most = calls.group_by("caller_id", hour).len().group_by("caller_id").agg(pl.col("len").max())
    return float(most["len"].quantile(quantile) or 0)


def share(condition: pl.Series) -> float:
    """Return the share of the true."""
    return float(condition.to_numpy().mean())


ROWS: list[tuple[str, str, str, Measure]] = [
    ("talk time, median", "27 s", "{:.0f} s", lambda c: float(np.median(talk(c)))),
    ("talk time, mean", "77 s", "{:.0f} s", lambda c: float(talk(c).to_numpy().mean())),
    ("talk time, 90 / 99 in 100 below", "167 s (90)", "{:.0f} s", lambda c: float(np.percentile(talk(c), 90))),
    ("", "870 s (99)", "{:.0f} s", lambda c: float(np.percentile(talk(c), 99))),
    ("talk time, sigma of ln", "1.66", "{:.2f}", lambda c: float(np.log(talk(c).to_numpy()).std())),
    ("answered calls of 1-5 s", "27 %", "{:.0%}", lambda c: share(talk(c) <= 5)),
    ("answered calls of 1-2 h", "0.04 %", "{:.2%}", lambda c: share(talk(c).is_between(3600, 7200))),
    ("missed", "10.2 %", "{:.1%}", lambda c: share(c["outcome"].cast(pl.String) == "missed")),
    ("zero length", "16.1 %", "{:.1%}", lambda c: share(c["call_duration"] == 0)),
    ("starts 02:00-05:00", "2.1 % (Nodobo 1.3 %)", "{:.1%}", lambda c: float(hours(c)[2:5].sum())),
    ("starts 16-17 h, the busiest", "about 11 %", "{:.1%}", lambda c: float(hours(c)[16])),
    ("starts 04-05 h, the quietest", "0.1-0.2 %", "{:.2%}", lambda c: float(hours(c)[4])),
    ("calls a user, sigma of ln", "1.22", "{:.2f}", lambda c: float(np.log(made(c).to_numpy()).std())),
    ("calls of the top tenth of users", "42 %", "{:.0%}", top_share),
    ("most calls in any hour, median user", "2", "{:.0f}", lambda c: busiest_hour(c, 0.5)),
    ("most calls in any hour, 99 in 100 below", "12", "{:.0f}", lambda c: busiest_hour(c, 0.99)),
    ("burstiness of a user's gaps", "0.27", "{:.2f}", burstiness),
    ("reciprocity of ties", "0.66", "{:.2f}", reciprocity),
    ("calls a tie, mean", "5.8", "{:.1f}", lambda c: float(ties(c)["len"].to_numpy().mean())),
    ("ties with a single call", "32 %", "{:.0%}", lambda c: share(ties(c)["len"] == 1)),
]


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:
        world(*sys.argv[1:], "generator.anomaly_ratio=0").make(Path(folder) / "world", WORKERS, silent)
        calls = pl.read_parquet(Path(folder) / "world" / "data" / "calls.parquet")
    print("| quantity | published (CNS) | here |\n|---|---|---|")
    for name, published, form, measure in ROWS:
        print(f"| {name} | {published} | {form.format(measure(calls))} |")


if __name__ == "__main__":
    main()
