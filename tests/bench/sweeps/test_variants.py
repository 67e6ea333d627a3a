"""Composing the jobs of a sweep at a fraction of the cost gives what Hydra gives."""

import hydra
import pytest
from omegaconf.errors import OmegaConfBaseException

from bench.config import composition, hydra_patches
from bench.sweeps.variants import Variants

SWEEP = ["detector=iforest,hbos", "generator.seed=1,2", "seed=range(2)", "name=a,b c",
         "hydra.launcher.n_jobs=1", "generator.activity.calls_per_day=[1,2],[2,3]"]  # fmt: skip


def test_each_job_is_composed_as_hydra_does() -> None:
    composition.register()
    with hydra_patches.initialised():
        jobs = composition.combinations(SWEEP)
        assert len(jobs) == 32
        variants = Variants("config")
        for job in [*jobs[::5], jobs[0]]:
            assert variants.of(job) == hydra.compose("config", job)


def test_what_hydra_refuses_is_refused_and_the_next_job_is_none_the_worse() -> None:
    composition.register()
    with hydra_patches.initialised():
        variants = Variants("config")
        first = ["detector=hbos", "seed=1", "generator.seed=3"]
        assert variants.of(first).seed == 1
        with pytest.raises(OmegaConfBaseException):
            variants.of(["detector=hbos", "seed=2", "generator.seed=many"])
        again = variants.of(["detector=hbos", "seed=5", "generator.seed=6"])
        assert (again.seed, again.generator.seed) == (5, 6)
