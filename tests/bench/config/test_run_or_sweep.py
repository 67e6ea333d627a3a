"""Which command lines are for many runs."""

import pytest
from hydra.core.global_hydra import GlobalHydra
from hydra.types import RunMode

from bench.config import composition, hydra_patches
from bench.config.run_or_sweep import mode_of


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        ([], None),
        (["detector=iforest", "generator.seed=2", "+new=1"], None),
        (["suite=smoke"], RunMode.MULTIRUN),
        (["suite=smoke", "hydra.mode=RUN"], RunMode.RUN),
        (["detector=hbos", "hydra.mode=MULTIRUN"], RunMode.MULTIRUN),
        (["suite=no_such"], None),
        (["detector=a,b"], None),
        (["hydra.mode=both"], None),
        (["detector=["], None),
    ],
)
def test_the_mode_is_that_of_the_line_and_of_the_files_that_it_names(
    overrides: list[str], expected: RunMode | None
) -> None:
    composition.register()
    hydra_patches.find_mode_by(mode_of)
    with hydra_patches.initialised():
        hydra = GlobalHydra.instance().hydra
        assert hydra is not None
        assert hydra.get_mode("config", overrides) is expected
