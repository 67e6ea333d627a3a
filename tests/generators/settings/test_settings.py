"""Presets are whole and right; each fault is reported with its key, its rule and its value."""

from dataclasses import fields
from typing import Any

import pytest
from small_worlds import make_settings

from bench.faults import faults_of
from generators.anomalies import schemas as anomaly_schemas
from generators.settings.world import WorldSettings

DAY = 24


@pytest.mark.parametrize("preset", ["default", "seed_cdr"])
@pytest.mark.parametrize("region", ["neutral", "delhi"])
def test_presets_have_no_faults(preset: str, region: str) -> None:
    settings, anomalies = make_settings(f"generator={preset}", f"generator/region={region}")
    assert not list(faults_of(settings, "generator"))
    assert not list(faults_of(anomalies, "anomaly"))


def test_seed_cdr_has_the_published_generators_figures() -> None:
    settings, anomalies = make_settings("generator=seed_cdr")
    assert (settings.num_users, settings.num_towers, settings.days, settings.anomaly_ratio) == (15_000, 20, 7, 0.05)
    assert settings.start == "2024-01-01"
    assert settings.activity.calls_per_day == [15, 25]
    assert {k: t.share for k, t in settings.user_types.items()} == {"individual": 0.7, "business": 0.2, "student": 0.1}
    ordinary, business = settings.user_types["student"].durations, settings.user_types["business"].durations
    assert (ordinary.centres_s, ordinary.spreads, ordinary.least_s) == ([180], [120], 10)
    assert (business.centres_s, business.spreads, business.least_s) == ([300], [180], 30)
    assert settings.call_patterns["business"].hourly[8] == 0.15
    assert settings.call_patterns["social"].hourly[19] == 0.18
    assert [settings.call_patterns[name].weekend_factor for name in ("business", "social")] == [0.5, 1.5]
    layers = settings.communities
    assert [layers.family.weight, layers.work.weight, layers.friends.weight] == [0.3, 0.15, 0.08]
    assert layers.stranger_weight == 0.01
    assert set(anomalies) == {"short_call", "long_call", "off_hour_call", "burst_call"}
    assert (anomalies["burst_call"].fewest_calls, anomalies["burst_call"].most_calls) == (10, 20)


FAULTS = [
    ("anomaly_ratio", 1.5, "generator.anomaly_ratio must be in [0, 0.5], got 1.5"),
    ("num_users", 0, "generator.num_users must be in [1, 10000000], got 0"),
    ("days", 0, "generator.days must be in [1, 1000], got 0"),
    (
        "start",
        "yesterday",
        "generator.start must be a date such as 2024-01-01, in the years 1971 to 2199, got 'yesterday'",
    ),
    ("region.time_zone", "Mars/Olympus", "generator.region.time_zone must be a name of the IANA time zone database"),
    ("activity.calls_per_day", [3, 2], "generator.activity.calls_per_day must be [low, high] with 0 < low <= high"),
    ("communities.family.sizes", [1, 2], "generator.communities.family.sizes must be at least 2 each"),
    ("communities.work.probabilities", [1.0], "generator.communities.work.probabilities must be as many as sizes (4)"),
    ("external.shares", {"foreign": 1}, "generator.external.shares must have the keys unlisted, foreign, premium"),
    ("subscriptions.created_months", [5, 1], "generator.subscriptions.created_months must be [least, most]"),
    (
        "subscriptions.device_seen_h",
        [5, 1],
        "generator.subscriptions.device_seen_h must be [least, most]",
    ),
]


@pytest.mark.parametrize(("key", "value", "expected"), FAULTS)
def test_a_fault_names_key_rule_and_value(key: str, value: Any, expected: str) -> None:
    settings, _ = make_settings()
    *path, name = key.split(".")
    owner = settings
    for part in path:
        owner = getattr(owner, part)
    setattr(owner, name, value)
    messages = [str(fault) for fault in faults_of(settings, "generator")]
    assert any(message.startswith(expected) for message in messages), messages


def test_faults_deep_in_mappings_are_found_all_at_once() -> None:
    settings, anomalies = make_settings()
    settings.call_patterns["social"].hourly = [1.0] * (DAY - 1)
    settings.user_types["student"].share = 0.5
    settings.user_types["business"].durations.weights = [0.5, 0.6, 0.1]
    anomalies["short_call"].difficulty = 2
    keys = {fault.key for fault in [*faults_of(settings, "generator"), *faults_of(anomalies, "anomaly")]}
    assert keys == {
        "generator.call_patterns.social.hourly",
        "generator.user_types.*.share",
        "generator.user_types.business.durations.weights",
        "anomaly.short_call.difficulty",
    }


def test_a_zone_that_changes_its_clocks_within_the_world_is_refused() -> None:
    settings, _ = make_settings("generator.region.time_zone=Europe/Berlin", "generator.start=2024-03-15")
    (fault,) = faults_of(settings, "generator")
    assert "keep one offset from UTC for 28 days from 2024-03-15" in str(fault)
    settings.start = "2024-05-01"
    assert not list(faults_of(settings, "generator"))
    assert settings.utc_offset_s() == 7200


def test_every_number_has_a_range() -> None:
    """No knob may be set to nonsense without being reported."""

    def numbers(kind: type, name: str) -> list[str]:
        found = []
        for item in fields(kind):  # type: ignore[arg-type]
            if item.type in (int, float) and "rule" not in item.metadata:
                found.append(f"{name}.{item.name}")
            elif isinstance(item.type, type) and hasattr(item.type, "__dataclass_fields__"):
                found += numbers(item.type, f"{name}.{item.name}")
        return found

    assert not numbers(WorldSettings, "generator")
    for name, kind in anomaly_schemas().items():
        assert not numbers(kind, name)


def test_a_type_is_one_module_one_leaf_one_name() -> None:
    _, anomalies = make_settings("anomaly=[short_call,burst_call]")
    assert set(anomalies) == {"short_call", "burst_call"}
    assert set(anomaly_schemas()) == {f"anomaly/{name}" for name in make_settings("anomaly=all")[1]}
