"""Milliseconds tell nothing: those of incidents' calls are spread as in normal life and drawn anew."""

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy.stats import chi2_contingency
from small_worlds import TYPES, make_world, table

from generators.model.clock import DAY_MS

World_ = tuple[Path, dict[str, Any]]
WORST = 1e-5
"""The least p-value that may come of chance, of some hundred tests."""
PARTS = 10
FEWEST = 100
"""Fewer calls tell nothing either way."""
MORE_TWINS = 0.1
"""The share of a type's calls that may have another's time of day, or long talk, beyond that of normal calls."""
LONG_MS, SHORT_MS, SECOND = 120_000, 1500, 1000


def timings(world: Path) -> pl.DataFrame:
    """Return of each call its type, and to the millisecond its start, connection, end, talk time and gap to the last.

    The gap is the one to the end of its caller's last call before, in the order of starts.
    """
    events = table(world, "events").with_columns(pl.col("time_stamp", "call_start").dt.epoch("ms"))
    at = pl.col("time_stamp")
    calls = events.group_by("session_id", maintain_order=True).agg(
        pl.col("caller_id").first(),
        start=pl.col("call_start").first(),
        connect=at.filter(pl.col("state") == "CONNECT").first(),
        end=at.last(),
    )
    truth = table(world, "truth").filter(pl.col("level") == "call", pl.col("change") != "removed", cause="direct")
    kind = truth.select(session_id="entity_id", kind="anomaly_type")
    calls = calls.join(kind, on="session_id", how="left").with_columns(pl.col("kind").fill_null("normal"))
    talk = pl.col("end") - pl.col("connect")
    gap = (pl.col("start") - pl.col("end").shift()).over("caller_id", order_by="start")
    return with_long_talks(calls.with_columns(talk=pl.when(talk > 0).then(talk), gap=gap))


def with_long_talks(calls: pl.DataFrame) -> pl.DataFrame:
    """Add talk times beyond those of a second, which is the least of normal life and so the length of many calls."""
    return calls.with_columns(long_talk=pl.when(pl.col("talk") > SHORT_MS).then(pl.col("talk")))


def revealed_by_milliseconds(calls: pl.DataFrame) -> dict[str, list[str]]:
    """Return of each type what its milliseconds tell: they are not spread as those of normal calls, or not its own."""
    found: dict[str, list[str]] = {}
    for kind in sorted(set(calls["kind"]) - {"normal"}):
        mine = pl.col("kind") == kind
        own, normal = calls.filter(mine), calls.filter(kind="normal")
        columns = ("start", "connect", "end", "long_talk", "gap")
        found[kind] = [name.removeprefix("long_") for name in columns if _uneven(own[name], normal[name])]
        found[kind] += [f"{name} again" for name in ("time", "talk") if _repeated(calls, mine, name)]
    return {kind: names for kind, names in found.items() if names}


def _uneven(own: pl.Series, normal: pl.Series) -> bool:
    """Return whether values are elsewhere within their second than normal ones, as far as there are enough of them."""
    counts = [np.bincount(v.drop_nulls().to_numpy() % SECOND // 100, minlength=PARTS) for v in (own, normal)]
    counts = np.array(counts)[:, np.sum(counts, axis=0) > 0]
    enough = counts.sum(axis=1).min() >= FEWEST
    return bool(enough and counts.shape[1] > 1 and chi2_contingency(counts).pvalue < WORST)


def _repeated(calls: pl.DataFrame, mine: pl.Expr, name: str) -> bool:
    """Return whether a type's times of day, or its long talks, are another call's to the millisecond too often."""
    value = pl.col("start") % DAY_MS if name == "time" else pl.when(pl.col("talk") > LONG_MS).then(pl.col("talk"))
    calls = calls.with_columns(value=value).drop_nulls("value").with_columns(twins=pl.len().over("value") > 1)
    own, normal = calls.filter(mine)["twins"], calls.filter(kind="normal")["twins"]
    enough = own.len() >= FEWEST
    return bool(enough and own.mean() > normal.mean() + MORE_TWINS)  # type: ignore[operator]


@pytest.fixture(scope="module")
def every_type(tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    """A world of 3,000 users with hundreds of calls of each type of the catalogue."""
    folder = tmp_path_factory.mktemp("every") / "world"
    make_world(folder, "anomaly=all", "generator.num_users=3000", "generator.anomaly_ratio=0.2")
    return timings(folder)


@pytest.mark.slow
def test_milliseconds_tell_no_type_of_the_catalogue(every_type: pl.DataFrame) -> None:
    assert set(every_type["kind"]) == {"normal", *TYPES}
    assert every_type["kind"].value_counts()["count"].min() > FEWEST  # type: ignore[operator]
    assert revealed_by_milliseconds(every_type) == {}


@pytest.mark.slow
@pytest.mark.parametrize("kind", TYPES)
def test_milliseconds_that_tell_a_type_are_found(every_type: pl.DataFrame, kind: str) -> None:
    """Planted in each type: whole seconds of talk, of the start, a fixed pause, and times and talks of normal calls."""
    mine = pl.col("kind") == kind
    normal = every_type.filter(kind="normal")
    again = pl.int_range(pl.len()) % normal.height
    plants = {
        "talk": pl.col("talk") // SECOND * SECOND,
        "start": pl.col("start") // SECOND * SECOND,
        "gap": pl.col("gap") // SECOND * SECOND,
        "end": pl.col("end") // SECOND * SECOND,
        "connect": pl.col("connect") // SECOND * SECOND,
    }
    for name, value in plants.items():
        if name == "talk" and every_type.filter(mine)["long_talk"].count() < FEWEST:
            continue  # rings of a second
        planted = with_long_talks(every_type.with_columns(pl.when(mine).then(value).otherwise(name).alias(name)))
        assert name in revealed_by_milliseconds(planted.filter(mine | (pl.col("kind") == "normal")))[kind]
    taken = normal["start"].gather(every_type.select(again).to_series())
    planted = every_type.with_columns(start=pl.when(mine).then(taken).otherwise("start"))
    assert "time again" in revealed_by_milliseconds(planted.filter(mine | (pl.col("kind") == "normal")))[kind]
