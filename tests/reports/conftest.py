"""A made-up world and runs on it."""

from collections.abc import Callable
from typing import Any

import pytest
from made_up_runs import make_asked, make_outcome
from made_up_world import make_world

from bench.dataset import Dataset
from bench.evaluation.run_outcome import Outcome
from bench.truth import Truth


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> tuple[Dataset, Truth]:
    """A world of 20,000 calls."""
    return make_world(tmp_path_factory.mktemp("world"), 20_000)


@pytest.fixture(scope="session")
def outcome(world: tuple[Dataset, Truth]) -> Outcome:
    """A run that ended well."""
    return make_outcome(*world)


@pytest.fixture(scope="session")
def run_row(outcome: Outcome) -> Callable[..., dict[str, Any]]:
    """Return a maker of rows: what was asked may be changed, and the scores' merits scaled."""

    def make(scale: float = 1.0, **changed: Any) -> dict[str, Any]:
        measured = ("average_precision", "precision", "recall")
        values = {
            key: value * scale if value is not None and key.startswith(measured) else value
            for key, value in outcome.result.values.items()
        }
        return {**outcome.result.row(), **values, **make_asked(**changed)}

    return make
