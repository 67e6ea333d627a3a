"""Every leaf, and models of PyOD and scikit-learn by their dotted path, at half the size of the default world.

Covers that they fit and score in the process that a run gives them, confined as far as the system can. Half the size is
more rows than any model with quadratic costs takes; the whole size is run before a release.
"""

import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from pyod.models.cof import COF
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import OneClassSVM

from bench.dataset import Dataset
from bench.faults import UserError
from bench.isolation.detector_process import Job, Subject, Waiting
from bench.isolation.reach import reach_of
from bench.settings import LimitSettings
from detectors.checks.subject import entities
from detectors.models.quadratic_costs import MOST_ROWS, require_affordable
from detectors.tables.tabular import Tabular

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
sizes: ModuleType = __import__("sizes")
ALL = dict(sizes.settings_of_all())


@pytest.fixture(scope="session", params=[1000, pytest.param(2000, marks=pytest.mark.release)])
def sized(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """The default world has 2,000 users; its 28 days."""
    found: Dataset = sizes.world_of_size(request.param, 28, tmp_path_factory.mktemp("size"))
    return found


@pytest.mark.slow
def test_half_the_size_is_more_than_quadratic_models_take(sized: Dataset) -> None:
    low, high = sized.call_range(sized.window)
    assert low > MOST_ROWS
    assert high - low > MOST_ROWS


def test_there_is_a_dozen_of_models_by_path_and_every_leaf():
    assert len(sizes.PYOD) >= 12
    assert sum(not name.startswith(("pyod.", "sklearn.")) for name in ALL) >= 45


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of the models' own
@pytest.mark.parametrize("name", ALL)
def test_it_fits_and_scores(name: str, sized: Dataset, tmp_path: Path) -> None:
    reach = reach_of(ALL[name], {"store.worlds": str(sized.folder.parents[1])}, True)
    with Waiting(Subject(ALL[name], sizes.SEED), tmp_path, 2, reach) as process:
        trial = process.tried(Job(sized, LimitSettings()), lambda: None)
    scores = trial.scores
    assert scores is not None, f"{trial.reason}\n{(tmp_path / 'detector.log').read_text()}"
    assert scores.values.shape == (entities(scores.level, sized),)
    assert np.isfinite(scores.values).all()
    assert np.unique(scores.values).size > 1 or name == "at_once"  # no line has two calls at once in this world
    assert scores.threshold is None or isinstance(scores.threshold, float)


def test_what_would_take_hours_is_refused_with_a_way_on(ordinary, monkeypatch):
    slow = make_pipeline(StandardScaler(), OneClassSVM())
    require_affordable(slow, MOST_ROWS, 10**9)
    with pytest.raises(UserError, match=r"fit_rows must be at most 20,000 for OneClassSVM.*\(detector\.fit_rows=20000"):
        require_affordable(slow, MOST_ROWS + 1, 10)
    with pytest.raises(UserError, match=r"detector\.model must not be COF for more than 20,000 rows"):
        require_affordable(COF(), 10, MOST_ROWS + 1)
    monkeypatch.setattr("detectors.models.quadratic_costs.MOST_ROWS", 1000)
    with pytest.raises(UserError, match=r"got 2,0[0-9]{2} rows of history"):
        Tabular(None, OneClassSVM()).fit(ordinary)
    assert Tabular(None, OneClassSVM(), fit_rows=1000).fit(ordinary).score(ordinary).values.size
