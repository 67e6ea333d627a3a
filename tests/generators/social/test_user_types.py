"""Types of users, the calendar, and who is in service: what each does to the calls, read off the tables."""

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from small_worlds import make_world, table

ALIKE = (
    "generator/network=none",
    "generator.num_users=1200",
    "generator.days=14",
    "generator.anomaly_ratio=0",
    "generator.start='2024-03-04'",
    "generator.calendar.yearly=0.0",
)
SHARES = {
    "individual": 0.4,
    "business": 0.0,
    "student": 0.0,
    "night_worker": 0.2,
    "courier": 0.2,
    "call_centre": 0.05,
    "machine": 0.15,
}


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    """Calls of a world in which the benign confusers are many, with the caller's type and the local time."""
    folder = tmp_path_factory.mktemp("confusers") / "world"
    make_world(folder, *ALIKE, *(f"generator.user_types.{name}.share={share}" for name, share in SHARES.items()))
    return with_callers(folder)


def with_callers(folder: Path) -> pl.DataFrame:
    """Return the calls of a world with the caller's type, and hour, day and day of the week (UTC is local here)."""
    users = table(folder, "users").select("user_id", "user_type", "home_cell_id")
    start = pl.col("call_start_ts")
    return (
        table(folder, "calls")
        .join(users, left_on="caller_id", right_on="user_id")
        .with_columns(hour=start.dt.hour(), day=start.dt.date(), weekday=start.dt.weekday())
    )


def of(calls: pl.DataFrame, kind: str) -> pl.DataFrame:
    return calls.filter(user_type=kind)


def mean_of_users(calls: pl.DataFrame, what: pl.Expr) -> float:
    return float(calls.group_by("caller_id").agg(what.alias("it"))["it"].mean())  # type: ignore[arg-type]


def test_a_night_worker_calls_when_others_sleep(calls: pl.DataFrame) -> None:
    at_night = pl.col("hour").is_between(0, 5)
    assert of(calls, "night_worker").select(at_night.mean()).item() > 0.25
    assert of(calls, "individual").select(at_night.mean()).item() < 0.1


def test_a_courier_calls_many_different_people_for_a_moment_and_not_at_night(calls: pl.DataFrame) -> None:
    courier, everybody = of(calls, "courier"), of(calls, "individual")
    assert courier.height / courier["caller_id"].n_unique() > 2 * everybody.height / everybody["caller_id"].n_unique()
    some = pl.col("callee_id").head(20).n_unique() / pl.col("callee_id").head(20).len()
    assert mean_of_users(courier, some) > 1.15 * mean_of_users(everybody, some)
    talk = pl.col("call_duration").filter(pl.col("outcome") == "answered").median()
    assert courier.select(talk).item() < 0.75 * everybody.select(talk).item()
    assert courier.filter(pl.col("hour") < 4).is_empty() or courier.select((pl.col("hour") < 4).mean()).item() < 0.01


def test_a_call_centre_calls_in_office_hours_on_working_days_people_whom_it_never_called(calls: pl.DataFrame) -> None:
    lines = of(calls, "call_centre")
    assert lines.select(pl.col("hour").is_between(7, 19).mean()).item() > 0.99
    assert lines.select((pl.col("weekday") >= 6).mean()).item() < 0.05
    within = lines.filter(callee_type="subscriber")
    new = mean_of_users(within, pl.col("callee_id").n_unique() / pl.len())  # but for those who are called again at once
    assert new > 0.8 > 1.2 * mean_of_users(of(calls, "individual"), pl.col("callee_id").n_unique() / pl.len())
    unanswered = (pl.col("outcome") != "answered").mean()
    assert lines.select(unanswered).item() > 1.5 * of(calls, "individual").select(unanswered).item()


def test_nobody_calls_a_call_centre_or_a_machine_back(calls: pl.DataFrame) -> None:
    """They are in no community, so that only those who dial any number ever reach them."""
    lines = calls.filter(pl.col("user_type").is_in(["call_centre", "machine"]))["caller_id"].unique()
    received = calls.filter(pl.col("callee_id").is_in(lines.implode()) & (pl.col("user_type") == "individual"))
    assert received.is_empty()


def test_a_machine_reports_on_its_beat_from_one_place_to_few_numbers(calls: pl.DataFrame) -> None:
    machines = of(calls, "machine").sort("caller_id", "call_start_ts")
    assert (machines["first_cell_id"] == machines["home_cell_id"]).all()
    assert machines.group_by("caller_id").agg(pl.col("callee_id").n_unique())["callee_id"].max() <= 2  # type: ignore[operator]
    assert machines["call_duration"].max() <= 120  # type: ignore[operator]
    gaps = machines.with_columns(gap=pl.col("call_start_ts").diff().over("caller_id").dt.total_seconds())
    steady = gaps.group_by("caller_id").agg(spread=pl.col("gap").std() / pl.col("gap").mean(), n=pl.len())
    assert steady.filter(pl.col("n") > 5)["spread"].median() < 0.05  # type: ignore[operator]
    people = of(calls, "individual").sort("caller_id", "call_start_ts")
    uneven = people.with_columns(gap=pl.col("call_start_ts").diff().over("caller_id").dt.total_seconds())
    assert uneven.group_by("caller_id").agg(s=pl.col("gap").std() / pl.col("gap").mean())["s"].median() > 1  # type: ignore[operator]


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    """Calls of four weeks with a holiday on a Wednesday, a loud evening on a Thursday, and weeks that differ."""
    folder = tmp_path_factory.mktemp("calendar") / "world"
    calendar = (
        "generator.days=28",
        "generator.calendar.weeks=[1.0,0.5,1.5,1.0]",
        "generator.calendar.holidays=['2024-03-13']",
        "generator.calendar.events.final={date:'2024-03-21',from_h:20,to_h:22,factor:5}",
    )
    make_world(folder, *ALIKE, *calendar)
    return with_callers(folder).filter(pl.col("user_type").is_in(["individual", "business"]))


def share_of(calls: pl.DataFrame, day: str, low: int, high: int) -> float:
    there = calls.filter(pl.col("day").cast(pl.String) == day)
    return float(there.select(pl.col("hour").is_between(low, high - 1).mean()).item())


def made_on(calls: pl.DataFrame, day: str) -> int:
    return calls.filter(pl.col("day").cast(pl.String) == day).height


def test_weeks_rise_and_fall_as_asked(year: pl.DataFrame) -> None:
    week = (pl.col("day") - pl.date(2024, 3, 4)).dt.total_days() // 7
    many = year.filter(pl.col("weekday") < 3).group_by(week=week).len().sort("week")["len"].to_numpy()
    assert many / many[0] == pytest.approx([1.0, 0.5, 1.5, 1.0], rel=0.12)


def test_a_holiday_is_lived_like_a_sunday(year: pl.DataFrame) -> None:
    """Businesses call less, and the day begins late."""
    business = year.filter(pl.col("user_type") == "business")
    wednesday, sunday = made_on(business, "2024-03-13"), made_on(business, "2024-03-17")
    assert wednesday == pytest.approx(sunday, rel=0.3)
    people = year.filter(pl.col("user_type") == "individual")
    early, usual = (share_of(people, day, 6, 12) for day in ("2024-03-13", "2024-03-17"))
    assert early == pytest.approx(usual, abs=0.03)
    assert early < np.mean([share_of(people, f"2024-03-{day:02}", 6, 12) for day in (5, 6, 7, 12, 14)])


def test_an_event_makes_its_hours_louder_and_no_others(year: pl.DataFrame) -> None:
    """Everybody lives by a clock of its own, half an hour early or late, which blurs the edges."""
    loud, usual = (share_of(year, day, 20, 22) for day in ("2024-03-21", "2024-03-28"))
    assert 3 < loud / (1 - loud) / (usual / (1 - usual)) < 6
    before, after = (
        year.filter((pl.col("day").cast(pl.String) == day) & ~pl.col("hour").is_between(18, 23)).height
        for day in ("2024-03-28", "2024-03-21")
    )
    assert after == pytest.approx(1.5 * before, rel=0.12)  # the week is half as loud again


def test_nobody_calls_or_is_called_out_of_service(tmp_path: Path) -> None:
    """Half of the users join or leave within the world: incidents do not raise the dead either."""
    churn = ("generator.subscriptions.joining_per_month=0.5", "generator.subscriptions.leaving_per_month=0.5")
    every = (*ALIKE, *churn, "anomaly=[seed_four,fraud]", "generator.anomaly_ratio=0.1")
    make_world(tmp_path / "world", *every)
    periods = table(tmp_path / "world", "subscriptions")
    moment = "call_start_ts"
    made = table(tmp_path / "world", "calls").with_row_index("row")
    for_ever = pl.datetime(2100, 1, 1, time_zone="UTC", time_unit="ms")
    left = periods.group_by("user_id").agg(
        pl.col("valid_from").min().dt.truncate("1s"),
        to=pl.col("valid_to").fill_null(for_ever).max(),
    )
    assert (left["to"].dt.year() < 2100).sum() > 100
    for side in ("caller_id", "callee_id"):
        known = made.filter((pl.col("callee_type") == "subscriber") | (side == "caller_id"))
        both = known.join(left, left_on=side, right_on="user_id", how="inner")
        assert both.height == known.height
        served = both.filter(pl.col(moment).is_between(pl.col("valid_from"), pl.col("to"), closed="left"))
        assert set(both["row"].to_list()) == set(served["row"].to_list()), side


def test_types_are_as_many_as_asked(calls: pl.DataFrame) -> None:
    users = calls.select("caller_id", "user_type").unique()
    share = {kind: float((users["user_type"] == kind).mean() or 0) for kind in SHARES if SHARES[kind] > 0}
    expected: dict[str, Any] = {kind: pytest.approx(SHARES[kind], abs=0.06) for kind in share}
    assert share == expected
