"""What the operator's inventory tells of incidents: one rule each as a detector, and how many new numbers are honest.

    python benchmarks/inventory.py [difficulties=0.2,0.5,0.8] [setting=value ...]

For each difficulty a world is made (`anomaly=fraud generator/network=none` unless settings say otherwise) in which all
types have it. Printed are, for each type, the share of its calls that show another device than the one listed then, and
the average precision of each rule over all calls but collateral ones; and of the users whose subscription begins within
the world, and of those whose first call is a week or more after its start, the share that no incident brought in.
"""

import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
from hydra import compose, initialize_config_module
from omegaconf import OmegaConf
from sklearn.metrics import average_precision_score

from bench.config.composition import register
from generators.world import World

BRINGS_USERS = ("wangiri", "robocall", "sim_box", "subscription_fraud")
LATELY_H, LATE_DAYS = 24, 7
RULES = {
    "device is not the one listed": pl.col("caller_imei") != pl.col("imei"),
    "SIM changed within 24 h": pl.col("since_change_h") < LATELY_H,
    "both": (pl.col("caller_imei") != pl.col("imei")) & (pl.col("since_change_h") < LATELY_H),
    "not the first SIM": pl.col("caller_imsi") != pl.col("first_imsi"),
    "began within the world": pl.col("began_within"),
}


def make(folder: Path, difficulty: float, overrides: list[str]) -> None:
    """Make a world in which all types have the same difficulty."""
    register()
    with initialize_config_module("conf", version_base="1.3"):
        types = compose("config", overrides=overrides).anomaly
        hard = [f"anomaly.{name}.difficulty={difficulty}" for name in types]
        config = compose("config", overrides=[*overrides, *hard])
    anomalies = {name: OmegaConf.to_object(each) for name, each in config.anomaly.items()}
    World(OmegaConf.to_object(config.generator), anomalies).make(folder, 2, lambda *_: None)  # type: ignore[arg-type]


def read(folder: Path, name: str) -> pl.DataFrame:
    """Read a table with plain texts."""
    return pl.read_parquet(next(folder.glob(f"*/{name}.parquet"))).with_columns(pl.col(pl.Categorical).cast(pl.String))


def described(folder: Path) -> pl.DataFrame:
    """Return the calls with what the inventory says of each, and `kind`: its type, `normal` or `collateral`."""
    periods = read(folder, "subscriptions").sort("user_id", "valid_from")
    calls = read(folder, "calls").with_row_index("row").cast({"row": pl.Int64})
    start = calls["call_start_ts"].min()
    changed = (pl.col("imsi") != pl.col("imsi").shift()) & (pl.col("user_id") == pl.col("user_id").shift())
    known = periods.with_columns(
        first_imsi=pl.col("imsi").first().over("user_id"),
        began_within=pl.col("valid_from").first().over("user_id") >= start,
        changed_at=pl.when(changed).then("valid_from").forward_fill().over("user_id"),
    ).rename({"user_id": "caller_id"})
    found = calls.sort("call_start_ts").join_asof(
        known.sort("valid_from"), left_on="call_start_ts", right_on="valid_from", by="caller_id", check_sortedness=False
    )
    truth = read(folder, "truth").filter(pl.col("level") == "call", pl.col("row") >= 0)
    found = found.join(truth.select("row", "anomaly_type", "cause"), on="row", how="left")
    direct = pl.when(pl.col("cause") == "direct").then("anomaly_type")
    return found.with_columns(
        since_change_h=(pl.col("call_start_ts") - pl.col("changed_at")).dt.total_hours(),
        kind=direct.otherwise(
            pl.when(pl.col("cause").is_null()).then(pl.lit("normal")).otherwise(pl.lit("collateral"))
        ),
    )


def rows(calls: pl.DataFrame) -> Iterator[str]:
    """Yield a line for each kind of call."""
    scored = calls.filter(pl.col("kind") != "collateral")
    for kind in sorted(scored["kind"].unique()):
        hit = scored["kind"] == kind
        late = scored.filter(hit).select(RULES["device is not the one listed"].mean()).item()
        scores = [scored.select(rule.fill_null(False)).to_series() for rule in RULES.values()]
        precision = [f"{average_precision_score(hit, each):.3f}" for each in scores] if kind != "normal" else []
        yield f"| {kind} | {hit.mean():.4f} | {late:.3f} | {' | '.join(precision)} |"


def honest(folder: Path, calls: pl.DataFrame) -> Iterator[str]:
    """Yield which share of the new users no incident brought in."""
    incidents = read(folder, "incidents").filter(pl.col("anomaly_type").is_in(BRINGS_USERS))
    brought = incidents["actors"].explode().unique().implode()
    begun = calls["call_start_ts"].min()
    new = read(folder, "users").filter(pl.col("creation_date") >= begun.date())["user_id"]  # type: ignore[union-attr]
    first = calls.group_by("caller_id").agg(pl.col("call_start_ts").min().alias("first"))
    late = first.filter(pl.col("first") >= begun + timedelta(days=LATE_DAYS))["caller_id"]  # type: ignore[operator]
    for what, users in {"subscription begins within the world": new, "first call a week on or later": late}.items():
        yield f"{what}: {users.len()} users, {1 - users.is_in(brought).sum() / max(users.len(), 1):.3f} of them honest"


def main(arguments: list[str]) -> None:
    """Print the tables."""
    chosen = [each for each in arguments if each.startswith("difficulties=")]
    overrides = [each for each in arguments if each not in chosen] or ["anomaly=fraud", "generator/network=none"]
    levels = (chosen or ["difficulties=0.2,0.5,0.8"])[-1].partition("=")[2]
    for difficulty in map(float, levels.split(",")):
        with TemporaryDirectory() as folder:
            make(Path(folder) / "world", difficulty, overrides)
            calls = described(Path(folder) / "world")
            print(f"difficulty {difficulty:g}\n", *honest(Path(folder) / "world", calls), sep="\n")
            print(f"\n| type | share of calls | other device | {' | '.join(RULES)} |", *rows(calls), "", sep="\n")


if __name__ == "__main__":
    main(sys.argv[1:])
