"""Worlds as the program opens them, made once for all tests of a process."""

from functools import cache

import pytest
from shown_worlds import DEMO, LABELLED, Show, Shown, settings

from bench.generator import silent
from bench.watch.alerts import no_alerts
from bench.watch.replay import Replay, opened
from bench.watch.tables import WorldTables
from bench.worlds.store import find_or_make, world_of


@pytest.fixture(scope="session")
def show(tmp_path_factory: pytest.TempPathFactory) -> Show:
    """Make a world and open it."""
    store = tmp_path_factory.mktemp("worlds")

    @cache
    def made(*overrides: str) -> Shown:
        asked = settings(*overrides)
        folder = find_or_make(world_of(asked.generator, asked.anomaly), store, 2, silent).folder
        return Shown(Replay(opened(WorldTables.of(folder), asked.generator), no_alerts(), "toy"), folder, asked)

    return made


@pytest.fixture(scope="session")
def demo(show: Show) -> Shown:
    """A part of the old demo: a torus, sliding windows, broken towers."""
    return show(*DEMO)


@pytest.fixture(scope="session")
def labelled(show: Show) -> Shown:
    """A world with incidents."""
    return show(*LABELLED)
