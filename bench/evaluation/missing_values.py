"""Explains why the values of configured failures are missing or low in a run."""

from collections.abc import Iterator

import numpy as np

from bench.dataset import Window
from bench.detector import Level
from bench.evaluation.evaluate import Evaluation, Evaluator
from bench.evaluation.home import HOMES
from bench.truth import CONFIGURED_FAILURE

NOUNS = {Level.CALL: "calls", Level.USER_DAY: "days of users", Level.CELL_QUARTER: "quarter hours of cells"}


def why_missing(evaluator: Evaluator, evaluation: Evaluation, own: Level) -> str:
    """Return the reasons why configured failures have no value, or low ones; empty if there are none.

    Parameters
    ----------
    evaluator, evaluation
        The truth, and the evaluated scores.
    own
        Level of the scores.
    """
    if CONFIGURED_FAILURE not in evaluator.labels.types:
        return ""
    reasons = "; ".join(_reasons(evaluator, evaluation, own))
    return f"{CONFIGURED_FAILURE}: {reasons}" if reasons else ""


def _reasons(evaluator: Evaluator, evaluation: Evaluation, own: Level) -> Iterator[str]:
    home = HOMES["cell"]
    _, incident = evaluator.samples[home].incident_parts(CONFIGURED_FAILURE)
    begun = evaluator.begun_ms[np.unique(incident)]
    if not begun.size:
        yield "none is in the scored part"
        return
    if home not in evaluation.levels:
        yield f"scores of {NOUNS[own]} have no value for {NOUNS[home]}"
    elif own is not home:
        yield f"the scores are of {NOUNS[own]}; {NOUNS[home]} have the highest of theirs"
    if (before := int(np.count_nonzero(begun < evaluator.dataset.window.start_ms))) and _has_history(evaluator):
        yield f"{before} of {begun.size} began before the scored part, and so the history has them too"


def _has_history(evaluator: Evaluator) -> bool:
    history: Window = evaluator.dataset.history
    return history != evaluator.dataset.window
