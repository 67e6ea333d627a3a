"""The frozen list of features of cells' quarters."""

from collections import Counter

import numpy as np
import pyarrow.compute as pc
import pytest
from sklearn.metrics import roc_auc_score

from bench.dataset import Dataset
from bench.faults import SettingsError
from bench.spans import QUARTER_MS
from detectors.checks.subject import worlds
from detectors.features.tables.audited_cells import HOUR, AuditedCells


@pytest.fixture(scope="module")
def world() -> Dataset:
    return worlds()["ordinary"]


@pytest.fixture(scope="module")
def found(world: Dataset) -> dict[str, np.ndarray]:
    """Each feature, shape (cells, quarters of the window)."""
    cells = world.table("cells").num_rows
    return {name: values.reshape(cells, -1) for name, values in AuditedCells().columns(world)}


def test_every_feature_is_there_by_its_name_once_and_finite(found: dict[str, np.ndarray]) -> None:
    assert list(found) == list(AuditedCells(1).names)
    assert not any(AuditedCells().names.values())
    assert all(values.shape == found["load"].shape and np.isfinite(values).all() for values in found.values())


def test_counts_of_the_last_hour_are_those_of_a_plain_loop(world: Dataset, found: dict[str, np.ndarray]) -> None:
    events = world.table("events", ["cell_id", "time_stamp", "state", "cause"]).to_pydict()
    times = pc.cast(world.table("events", ["time_stamp"])["time_stamp"], "int64").to_pylist()
    names = world.table("cells")["cell_id"].to_pylist()
    noted: Counter[tuple[str, int, str]] = Counter()
    for cell, moment, state, cause in zip(events["cell_id"], times, events["state"], events["cause"], strict=True):
        what = {"CONNECT": "on", "RECONNECT": "moved", "FAIL": "drop" if cause == "drop" else "failed"}.get(state, "")
        noted[cell, moment // QUARTER_MS, what] += 1
    first = world.window.start_ms // QUARTER_MS
    for cell, quarter in np.random.default_rng(1).integers(0, found["load"].shape, (300, 2)).tolist():
        hour = range(first + quarter - HOUR + 1, first + quarter + 1)
        on, moved, drop, failed = (
            sum(noted[names[cell], q, what] for q in hour) for what in ("on", "moved", "drop", "failed")
        )
        taken = on + moved
        assert found["connections"][cell, quarter] == taken
        assert found["failed_hellos"][cell, quarter] == failed
        assert found["failed_share"][cell, quarter] == pytest.approx(failed / max(failed + taken, 1))
        assert found["dropped_share"][cell, quarter] == pytest.approx(drop / max(taken, 1))
        assert found["handovers_share"][cell, quarter] == pytest.approx(moved / max(taken, 1))
        until = range(first - 5 * 96, first + quarter + 1)
        served = [q for q in until if noted[names[cell], q, "on"] + noted[names[cell], q, "moved"]]
        if served:
            assert found["idle_h"][cell, quarter] == pytest.approx((first + quarter - served[-1]) / HOUR)


def test_an_outage_shows_in_load_part_and_failures(found: dict[str, np.ndarray]) -> None:
    """The first cell is out on the second and third of five days."""
    out = np.zeros(found["load"].shape, bool)
    out[0, 96:288] = True
    assert roc_auc_score(out.ravel(), found["failed_share"].ravel()) > 0.7  # at night nobody asks
    for name in ("load", "part"):
        assert roc_auc_score(out.ravel(), -found[name].ravel()) > 0.65


def test_another_version_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"cell_features.version must be 1, got 2"):
        AuditedCells(2)
