"""From scores to alerts: the threshold by a policy (`bench.threshold_policies`), which is not tuned on the truth."""

import math

import numpy as np

from bench.arrays import FloatArray
from bench.detector import Scores
from bench.evaluation.cut import Cut
from bench.evaluation.run_outcome import Alerts
from bench.faults import UserError
from bench.threshold_policies import ThresholdPolicy


def alerts_of(scores: Scores, policy: ThresholdPolicy, *, span_ms: int, anomalies: int) -> Alerts:
    """Return the alerts at the threshold of a policy.

    All records of the window, normal or not, compete for the allowed number of alerts. Exactly that many become alerts
    (if there are enough records): among equal scores at the threshold, each is an alert with the same probability. A
    policy gets only numbers of records (`ThresholdPolicy.allowed`); a policy that needs scores requires a change of
    this function too.

    Parameters
    ----------
    scores
        The finite scores of the whole window, at least one.
    policy
        One of `bench.threshold_policies`.
    span_ms
        Length of the window [ms].
    anomalies
        Number of anomalous entities in the window.

    Raises
    ------
    UserError
        When the policy leaves the threshold to the detector, and the detector has none.
    """
    allowed = policy.allowed(scores.values.size, span_ms, anomalies)
    if allowed is not None:
        return Alerts(policy.policy, cut_for(scores.values, allowed))
    if scores.threshold is None or math.isnan(scores.threshold):
        raise UserError(f"threshold.policy={policy.policy} needs a detector with a threshold of its own (`threshold_`)")
    return Alerts(policy.policy, Cut(scores.threshold))


def cut_for(scores: FloatArray, allowed: int) -> Cut:
    """Return the cut for `allowed` alerts: at the lowest score if there are fewer scores, above all of them for 0."""
    if allowed <= 0:
        return Cut(float(np.nextafter(scores.max(), np.inf)), ranked=True)
    if allowed >= scores.size:
        return Cut(float(scores.min()), ranked=True)
    lowest = np.partition(scores, scores.size - allowed)[scores.size - allowed]
    above = int(np.count_nonzero(scores > lowest))
    return Cut(float(lowest), allowed - above, int(np.count_nonzero(scores == lowest)), ranked=True)
