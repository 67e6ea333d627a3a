"""Thresholds: from scores to alerts, by a policy that is not tuned on truth."""

import math
from typing import TYPE_CHECKING

import numpy as np

from bench.arrays import FloatArray
from bench.detector import Scores
from bench.evaluation.cut import Cut
from bench.evaluation.run_outcome import Alerts
from bench.faults import UserError
from bench.spans import DAY_MS

if TYPE_CHECKING:
    from bench.settings import ThresholdSettings


def alerts_of(scores: Scores, settings: "ThresholdSettings", *, span_ms: int, anomalies: int) -> Alerts:
    """Choose the threshold that the policy asks for.

    Every entity of the window can use the number of alerts up, whatever it is. That number is met exactly, as long as
    there are as many entities: where it divides equal scores, each of them is an alert with the same probability.

    Parameters
    ----------
    scores
        The finite scores of the whole window, at least one.
    settings
        `budget` allows `alerts_per_day` for each day of the window, `quantile` the share `share` of its entities, and
        `oracle` as many as there are anomalies; it alone knows more than a detector in service could. `detector` takes
        the detector's own threshold.
    span_ms
        Length of the window [ms].
    anomalies
        Number of anomalous entities in the window.

    Raises
    ------
    UserError
        When the policy is `detector` and the detector has no threshold.
    """
    if settings.policy == "detector":
        if scores.threshold is None or math.isnan(scores.threshold):
            raise UserError("threshold.policy=detector needs a detector with a threshold of its own (`threshold_`)")
        return Alerts(settings.policy, Cut(scores.threshold))
    allowed = {
        "budget": math.floor(settings.alerts_per_day * span_ms / DAY_MS),
        "quantile": math.floor(settings.share * scores.values.size),
        "oracle": anomalies,
    }
    return Alerts(settings.policy, cut_for(scores.values, allowed[settings.policy]))


def cut_for(scores: FloatArray, allowed: int) -> Cut:
    """Return where `allowed` alerts begin; all scores are alerts where there are fewer, and none where it is 0."""
    if allowed <= 0:
        return Cut(float(np.nextafter(scores.max(), np.inf)), ranked=True)
    if allowed >= scores.size:
        return Cut(float(scores.min()), ranked=True)
    lowest = np.partition(scores, scores.size - allowed)[scores.size - allowed]
    above = int(np.count_nonzero(scores > lowest))
    return Cut(float(lowest), allowed - above, int(np.count_nonzero(scores == lowest)), ranked=True)
