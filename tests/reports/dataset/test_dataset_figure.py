from collections.abc import Callable
from pathlib import Path

import pytest
from made_up_world import make_world
from matplotlib.image import imread

from bench.dataset import Dataset
from bench.faults import UserError
from bench.truth import Truth
from reports.dataset.dataset_figure import draw


def test_the_picture_is_drawn_and_nothing_else_is_left(
    world: tuple[Dataset, Truth], tmp_path: Path, uncut: Callable[[Path], bool]
) -> None:
    path = tmp_path / "cdr_dataset_analysis.png"
    draw(*world, path)
    assert [each.name for each in tmp_path.iterdir()] == [path.name]
    assert imread(path).shape[1] >= 1200
    assert uncut(path)
    first = path.read_bytes()
    draw(*world, path)
    assert path.read_bytes() == first


@pytest.mark.parametrize(("calls", "days", "share"), [(2_000, 1, 0.0), (3_000, 400, 0.1)])
def test_a_clean_world_and_a_long_one_can_be_drawn(tmp_path: Path, calls: int, days: int, share: float) -> None:
    dataset, truth = make_world(tmp_path / "world", calls, days, share)
    draw(dataset, truth, tmp_path / "picture.png")
    assert imread(tmp_path / "picture.png").std() > 0.05


def test_a_missing_table_is_named(world: tuple[Dataset, Truth], tmp_path: Path) -> None:
    nowhere = Dataset(tmp_path, world[0].clock, world[0].history, world[0].window)
    with pytest.raises(UserError, match=r"calls\.parquet cannot be read"):
        draw(nowhere, world[1], tmp_path / "picture.png")
    assert not list(tmp_path.iterdir())
