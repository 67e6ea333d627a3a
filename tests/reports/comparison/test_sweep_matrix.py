"""The matrix at the end of a sweep: the best of each type, and what is not significantly different from it."""

import json
from typing import Any

import pytest

from reports.comparison.sweep_matrix import WIDTH, summary

VALUES = {"good": (0.8, 0.7, 0.9), "like": (0.75, 0.65, 0.85), "poor": (0.1, 0.05, 0.15)}


def row(detector: str, types: tuple[str, ...] = ("ring", "tdos"), **changed: Any) -> dict[str, Any]:
    values: dict[str, Any] = {}
    mean, low, high = VALUES.get(detector, VALUES["poor"])
    for name in (*types, "all"):
        values |= {f"prevalence/{name}": 0.1, f"average_precision/{name}": mean}
        values |= {f"average_precision_low/{name}": low, f"average_precision_high/{name}": high}
    asked = {"run_id": detector, "started_at": "2026-11-29T12:00:00+00:00", "name": detector, "detector": detector,
             "generator": "default", "anomalies": ",".join(types), "protocol": "split", "threshold_policy": "budget",
             "home_levels": ",".join(f"{name}:call" for name in types), "level": "call", "role": "detector", "seed": 0,
             "world_seed": 1, "fingerprint": "0123"}  # fmt: skip
    settings = {"detector": {"_target_": detector}, "generator": {"seed": 1}, "threshold": {"policy": "budget"}}
    return {**asked, "settings": json.dumps(settings), "status": "OK", "reason": "", **values, **changed}


def test_the_best_is_marked_and_so_is_what_does_not_differ_from_it() -> None:
    text, best = summary([row(name) for name in VALUES])
    (line,) = [each for each in text.splitlines() if each.startswith("ring ")]
    assert line.split() == ["ring", "0.800*", "0.750~", "0.100"]
    assert best["ring"] == "good 0.800; not significantly different: like"
    assert text.splitlines()[-3].startswith("all ")
    assert " ".join(text.splitlines()[-2:]).endswith(
        "by whether their 95 % intervals overlap, as a paired test needs three worlds"
    )


def test_world_configurations_are_shown_together_and_compared_by_paired_differences() -> None:
    kinds = [
        row(name, num_users=1000 * kind, world_seed=kind, fingerprint=str(kind), run_id=f"{name}{kind}")
        for kind in range(1, 6)
        for name in VALUES
    ]
    for each in kinds:
        sway = each["world_seed"] % 2 * 0.02
        each["average_precision/ring"] += 0.3 * sway - (0.08 - sway) * (each["detector"] == "like")
    text, best = summary(kinds)
    (line,) = [each for each in text.splitlines() if each.startswith("ring ")]
    assert line.split() == ["ring", "0.804*", "0.686", "0.104"]
    assert best["ring"] == "good 0.804"
    assert text.startswith("Average precision, mean over 5 worlds of several configurations, ring, tdos")
    two, _ = summary([each for each in kinds if each["world_seed"] < 3])
    assert "(of 2 world configurations, the one with most runs)" in " ".join(two.split())


def test_more_detectors_than_fit_are_listed_by_type() -> None:
    text, best = summary([row(name) for name in (*VALUES, *(f"some_long_name_{i}" for i in range(9)))])
    assert max(map(len, text.splitlines())) <= WIDTH
    assert "good" in text
    assert "some_long_name_3" not in text
    assert list(best) == ["ring", "tdos", "all"]


@pytest.mark.parametrize("rows", [[], [row("good", status="ERROR", reason="none")]])
def test_without_a_number_there_is_nothing_to_say(rows: list[dict[str, Any]]) -> None:
    for each in rows:
        for name in [key for key in each if key.startswith("average_precision")]:
            each[name] = None
    assert summary(rows) == ("", {})
