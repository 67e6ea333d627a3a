from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_up_runs import make_outcome
from made_up_world import make_world
from matplotlib.image import imread
from sklearn.metrics import average_precision_score

from bench.evaluation.run_outcome import Outcome
from bench.result import Result, Status
from reports.run.curve_figure import step_curve
from reports.run.run_figures import draw
from reports.run.score_figure import score_bins

NAMES = ["precision_recall.png", "scores.png", "at_threshold.png"]


def test_a_run_leaves_three_pictures_and_nothing_else(
    outcome: Outcome, tmp_path: Path, uncut: Callable[[Path], bool]
) -> None:
    drawn = draw(outcome, tmp_path)
    assert [path.name for path in drawn] == NAMES
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(NAMES)
    for path in drawn:
        picture = imread(path)
        assert picture.shape[1] >= 1200
        assert picture.std() > 0.05
        assert uncut(path)


def test_the_same_run_gives_the_same_bytes(outcome: Outcome, tmp_path: Path) -> None:
    first = [path.read_bytes() for path in draw(outcome, tmp_path)]
    assert [path.read_bytes() for path in draw(outcome, tmp_path)] == first


def test_scores_with_a_long_tail_can_be_drawn(world: tuple, tmp_path: Path) -> None:
    assert len(draw(make_outcome(*world, heavy=True), tmp_path)) == 3


@pytest.mark.slow
def test_many_types_are_drawn_apart(tmp_path: Path) -> None:
    types = tuple(f"made_up_type_{number:02d}" for number in range(23))
    world = make_world(tmp_path / "world", 20_000, share=0.2, types=types)
    (tmp_path / "pictures").mkdir()
    drawn = draw(make_outcome(*world), tmp_path / "pictures")
    tall, wide, _ = imread(drawn[0]).shape
    assert tall < 1.2 * wide
    assert imread(drawn[1]).shape[0] < 1.2 * imread(drawn[1]).shape[1]


def test_a_type_that_does_not_occur_in_the_scored_part_is_left_out(outcome: Outcome, tmp_path: Path) -> None:
    code = np.where(outcome.labels.type_code == 0, -1, outcome.labels.type_code)
    values = {
        key: 0.0 if key == "positives/burst_call" else None if key.endswith("/burst_call") else value
        for key, value in outcome.result.values.items()
    }
    fewer = replace(
        outcome, labels=replace(outcome.labels, type_code=code), result=replace(outcome.result, values=values)
    )
    assert len(draw(fewer, tmp_path)) == 3


@pytest.mark.parametrize("status", [Status.ERROR, Status.DEGENERATE])
def test_a_failed_run_has_no_pictures(outcome: Outcome, tmp_path: Path, status: Status) -> None:
    failed = replace(outcome, result=Result({}, status, "why", outcome.result.values), alerts=None)
    assert draw(failed, tmp_path) == []
    assert not list(tmp_path.iterdir())


@given(
    st.lists(st.tuples(st.booleans(), st.integers(0, 9)), min_size=1, max_size=60).filter(
        lambda c: any(p for p, _ in c)
    )
)
def test_the_area_below_the_steps_is_the_average_precision(cases: list[tuple[bool, int]]) -> None:
    positive, scores = np.array([p for p, _ in cases]), np.array([float(s) for _, s in cases])
    recall, precision = step_curve(positive, scores)
    assert recall[0] == 1
    assert recall[-1] == 0
    area = float(np.sum(-np.diff(recall) * precision[:-1]))
    assert area == pytest.approx(average_precision_score(positive, scores))


def test_thinning_a_long_curve_hardly_changes_its_area() -> None:
    rng = np.random.default_rng(1)
    positive = rng.random(200_000) < 0.2
    scores = rng.normal(positive * 1.0)
    recall, precision = step_curve(positive, scores)
    assert recall.size < 3000
    area = float(np.sum(-np.diff(recall) * precision[:-1]))
    assert area == pytest.approx(average_precision_score(positive, scores), abs=2e-3)


@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=50))
def test_the_bins_rise_and_hold_every_score(scores: list[float]) -> None:
    values = np.array(scores)
    edges, _ = score_bins(values)
    assert (np.diff(edges) > 0).all()
    assert edges[0] <= values.min() or edges[0] == pytest.approx(values.min())
    assert edges[-1] >= values.max() or edges[-1] == pytest.approx(values.max())


@given(st.lists(st.integers(0, 400), min_size=4, max_size=50))
def test_bins_of_whole_scores_hold_equally_many_of_them(scores: list[int]) -> None:
    values = np.array([float(score) for score in scores])
    edges, width = score_bins(values)
    if width is None and values.min() < values.max():
        inside = np.arange(np.ceil(edges[0]), np.ceil(edges[-1]))
        held = np.histogram(inside, edges)[0]
        assert held.min() == held.max() >= 1


def test_only_a_long_tail_bends_the_scale() -> None:
    even = np.random.default_rng(1).normal(size=10_000)
    assert score_bins(even)[1] is None
    assert score_bins(np.exp(3 * even))[1] is not None
