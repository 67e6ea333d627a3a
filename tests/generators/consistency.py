"""What several tables say of the same thing: number, SIM, device, user, dates. Returns what does not agree."""

from pathlib import Path

import polars as pl
from small_worlds import table
from stdnum import imei

SHOP_H = (9, 20)
ENDS = ("valid_from", "valid_to")


def read_tables(world: Path) -> dict[str, pl.DataFrame]:
    """Read what can be compared; calls are marked by the type that made or altered them, `normal` for all others."""
    truth = table(world, "truth").filter(pl.col("level") == "call", pl.col("row") >= 0)
    calls = table(world, "calls").with_row_index("row").cast({"row": pl.Int64})
    calls = calls.join(truth.select("row", "anomaly_type", "cause"), on="row", how="left").with_columns(
        direct=(pl.col("cause") == "direct").fill_null(False)
    )
    calls = calls.with_columns(kind=pl.when("direct").then("anomaly_type").otherwise(pl.lit("normal"))).sort("row")
    return {"calls": calls, "users": table(world, "users"), "subscriptions": table(world, "subscriptions")}


def in_force(calls: pl.DataFrame, periods: pl.DataFrame, party: str) -> pl.DataFrame:
    """Return calls with the period (`known_...`) that one side's user had at the start; nulls where there is none."""
    known = periods.rename({name: f"known_{name}" for name in periods.columns}).sort("known_valid_from")
    found = calls.sort("call_start_ts").join_asof(
        known, left_on="call_start_ts", right_on="known_valid_from", by_left=party, by_right="known_user_id",
        strategy="backward", check_sortedness=False, coalesce=False,
    )  # fmt: skip
    return found.with_columns(
        served=pl.col("known_valid_from").is_not_null()
        & (pl.col("call_start_ts") < pl.col("known_valid_to")).fill_null(True)
    ).sort("row")


def inventory_faults(tables: dict[str, pl.DataFrame]) -> dict[str, int]:
    """Return how many rows contradict each rule; the same rules for normal calls and for those of any incident."""
    calls, users = tables["calls"], tables["users"]
    periods = tables["subscriptions"].sort("user_id", "valid_from")
    made, got = in_force(calls, periods, "caller_id"), in_force(calls, periods, "callee_id")
    got = got.filter(callee_type="subscriber")
    first = periods.unique("user_id", keep="first", maintain_order=True)
    both = users.join(first, on="user_id", how="full", suffix="_known")
    following = pl.col("valid_from").shift(-1).over("user_id")
    imeis = [*calls["caller_imei"].unique(), *periods["imei"].unique(), *users["imei"].unique()]
    begins = pl.col("valid_from").dt
    outside = ~begins.hour().is_between(SHOP_H[0], SHOP_H[1] - 1)
    faults = {
        "caller has no subscription": made.filter(~pl.col("served")).height,
        "callee has no subscription": got.filter(~pl.col("served")).height,
        "caller_imsi": made.filter(pl.col("caller_imsi") != pl.col("known_imsi")).height,
        "callee_imsi": got.filter(pl.col("callee_imsi") != pl.col("known_imsi")).height,
        "callee_number": got.filter(pl.col("callee_number") != pl.col("known_phone_number")).height,
        "imei": sum(not imei.is_valid(each) or len(each) != 15 or not each.startswith("00") for each in imeis),
        "users": both.filter(
            pl.any_horizontal(
                pl.col(name).ne_missing(pl.col(f"{name}_known")) for name in ("user_id", "imei", "imsi", "phone_number")
            )
        ).height,
        "creation_date": both.filter(pl.col("creation_date") != pl.col("valid_from").dt.date()).height,
        "gap between periods": periods.filter(following.is_not_null(), pl.col("valid_to").ne_missing(following)).height,
        "parts of seconds": periods.filter(
            pl.any_horizontal(pl.col("valid_from", "valid_to").dt.millisecond() != 0)
        ).height,
        "shop": first.filter(outside).height,
    }
    return {name: rows for name, rows in faults.items() if rows}
