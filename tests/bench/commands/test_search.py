"""The search for settings through the command line."""

from pathlib import Path

import pytest
from programs import QUIET, TOY, ended, rows


def test_a_world_is_not_both_tuned_and_reported_on(workplace: Path) -> None:
    seeds = ("search.tuning_seeds=[1,2]", "search.reporting_seeds=[2,3]")
    code, out, err = ended("search", *TOY, "detector=toy_longest", *seeds)
    assert (code, out) == (2, "")
    assert err.splitlines() == [
        "search.space must have at least one entry, got []",
        "search.tuning_seeds must have no seed in common with reporting_seeds, got [2]",
    ]


def test_a_space_that_is_no_list_of_overrides_is_reported(workplace: Path) -> None:
    code, out, err = ended("search", *TOY, "detector=toy_longest", "search.space=[{name: power, low: 1}]")
    assert (code, out) == (2, "")
    assert err.startswith("search.space must be a list of overrides in quotes, such as ")


@pytest.mark.slow
def test_the_best_of_the_trials_is_reported_on_other_worlds(workplace: Path) -> None:
    space = 'search.space=["+detector.power=choice(-1,1)"]'
    more = ("search.trials=4", "search.tuning_seeds=[11]", "search.reporting_seeds=[1,2]")
    code, out, err = ended("search", *TOY, "detector=toy_longest", *QUIET, space, *more)
    assert (code, err) == (0, "")
    assert "the best: +detector.power=1" in out
    assert {row["world_seed"] for row in rows()} == {1, 2}
    assert all(row["average_precision/all"] == 1.0 for row in rows())
