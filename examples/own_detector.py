"""A detector of one's own, written where it is used: it runs in this process."""

from typing import Self

import numpy as np

from bench import api
from bench.dataset import Dataset
from bench.detector import Level, Scores


class Unusual:
    """The farther a call's length is from the caller's median, the higher its score."""

    level = Level.CALL
    causal = True

    def fit(self, dataset: Dataset) -> Self:
        """Learn the median length of each caller's calls, on the scale of logarithms."""
        calls = dataset.calls(dataset.history, ["caller_id", "call_duration"]).to_pandas()
        lengths = np.log1p(calls["call_duration"]).groupby(calls["caller_id"].astype(str))
        self.usual = lengths.median()
        return self

    def score(self, dataset: Dataset) -> Scores:
        """Score the calls of the window; a caller who is new is compared with everybody."""
        calls = dataset.calls(dataset.window, ["caller_id", "call_duration"]).to_pandas()
        usual = calls["caller_id"].astype(str).map(self.usual).fillna(self.usual.median())
        return Scores(Level.CALL, np.abs(np.log1p(calls["call_duration"]) - usual).to_numpy(np.float64))


world = api.world("generator.num_users=600", "generator.days=14", "generator/network=none", "audit=none")
runs = [api.run(Unusual(), world), api.run("iforest", world), api.run("random", world)]
print(api.compare(runs).round(3))
print(runs[0].curve("long_call").head(3))
