"""Compare the daily status of users whom incidents touched with the clean twin's, day by day.

Where a user is does not depend on calls, so it is equal on every day; the state and the counts of calls are equal on
each day on which no call of that user differs.
"""

import polars as pl

from bench.audit.marks.forms import plain
from bench.dataset import Dataset

KEY = ("user_id", "window_start")
OF_CALLS = ("state", "calls", "failures")
"""Columns that follow from the calls of the day."""


def unequal_days(world: Dataset, twin: Dataset, users: set[str], changed: pl.DataFrame) -> int:
    """Return the number of days of some users that differ from the clean twin although no incident touches them.

    Parameters
    ----------
    users
        Users; those that only one of the two worlds has are left out.
    changed
        `caller_id` and `call_start_ts` of the calls that differ between the worlds.
    """
    ours, theirs = (_days_of(each, users) for each in (world, twin))
    both = ours.join(theirs, on=KEY, suffix="_of_twin")
    if both.is_empty():
        return 0
    starts = both.select(pl.col("window_start").unique().sort())
    days = changed.sort("call_start_ts").join_asof(
        starts, left_on="call_start_ts", right_on="window_start", strategy="backward"
    )
    days = days.select(pl.col("caller_id").alias("user_id"), "window_start", with_changes=True).unique()
    both = both.join(days, on=KEY, how="left")
    unchanged = pl.col("with_changes").is_null()
    columns = [name for name in ours.columns if name not in KEY]
    wrong = [
        pl.col(name).ne_missing(pl.col(f"{name}_of_twin")) & (unchanged if name in OF_CALLS else pl.lit(value=True))
        for name in columns
    ]
    return int(both.select(pl.any_horizontal(wrong).sum()).item())


def _days_of(dataset: Dataset, users: set[str]) -> pl.DataFrame:
    """Read the rows of `user_status` of some users, a part at a time."""
    file, wanted = dataset.open_table("user_status"), pl.Series(sorted(users), dtype=pl.String).implode()
    parts = [plain(file.schema_arrow.empty_table())]
    for group in range(file.num_row_groups):
        parts.append(plain(file.read_row_group(group)).filter(pl.col("user_id").is_in(wanted)))
    return pl.concat(parts)
