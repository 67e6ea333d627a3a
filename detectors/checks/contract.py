"""Checks of a detector: each tests one promise of the contract, and raises `BrokenContract` if it is broken."""

from collections.abc import Callable
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path

import numpy as np

from bench.arrays import FloatArray
from bench.dataset import Dataset, Window
from bench.detector import Detector, Level, Scores
from bench.evaluation.score_metrics import roc_auc
from bench.faults import UserError
from bench.spans import DAY_MS
from detectors.checks.subject import Subject, entities, first_spans, of_kinds, start_times, worlds

Check = Callable[[Subject], None]
CHANCE_SIGMA = 4
"""A ROC-AUC within so many standard errors of one half is attributed to chance."""
TOLERANCE = 1e-9
DUST = 1e-11
"""Relative differences of scores below this are attributed to rounding."""


class BrokenContract(AssertionError):  # noqa: N818 - it is what is raised, not what went wrong
    """A detector breaks the contract."""


def it_is_a_detector(subject: Subject) -> None:
    """Require `level`, `causal`, `fit` and `score`; `fit` returns a detector, and scores have its level."""
    made = subject.make()
    _hold(isinstance(made, Detector), f"{type(made).__name__} needs level, causal, fit and score")
    _hold(made.level in tuple(Level), f"level must be one of {', '.join(Level)}, got {made.level!r}")
    _hold(isinstance(made.causal, bool), f"causal must be true or false, got {made.causal!r}")
    fitted = subject.fitted("ordinary")
    _hold(isinstance(fitted, Detector), f"fit must return the fitted detector, got {type(fitted).__name__}")
    scores = subject.scores()
    _hold(isinstance(scores, Scores), f"score must return bench.detector.Scores, got {type(scores).__name__}")
    _hold(scores.level == made.level, f"level is {made.level}, but the scores are of {scores.level}")


def it_gives_a_score_to_each_entity(subject: Subject) -> None:
    """There is one score for each entity, in one dimension, and they are not all the same."""
    _as_many(subject.scores(), worlds()["ordinary"])
    values = np.asarray(subject.scores().values)
    _hold(values.min() < values.max(), f"all {values.size} scores are {values[0]}")


def its_scores_are_finite(subject: Subject) -> None:
    """No score is infinite or not a number."""
    _finite(subject.scores())


def higher_means_more_anomalous(subject: Subject) -> None:
    """Require that the kind of crude incident that is separated best is scored above normal calls."""
    scores, dataset = subject.scores(), worlds()["ordinary"]
    touched = of_kinds(scores.level, dataset, worlds().life.kind)
    normal = touched.pop("")
    lifts = {}
    for kind, positive in touched.items():
        kept = normal | positive
        lifts[kind] = (roc_auc(positive[kept], scores.values[kept]) or 0.5) - 0.5
    best, worst = max(lifts, key=lifts.__getitem__), min(lifts, key=lifts.__getitem__)
    message = f"{worst} is scored below normal life (ROC-AUC {0.5 + lifts[worst]:.2f}), and none as much above it"
    chance = CHANCE_SIGMA / np.sqrt(12 * max(int(touched[worst].sum()), 1))  # the best of several kinds
    _hold(lifts[best] >= -lifts[worst] - chance, f"{message} ({best}: {0.5 + lifts[best]:.2f})")


def the_same_seed_gives_the_same_scores(subject: Subject) -> None:
    """Require exactly the same scores when the detector is constructed and fitted again."""
    again = subject.anew("ordinary")[1].values
    differ = int(np.count_nonzero(np.asarray(again) != np.asarray(subject.scores().values)))
    _hold(differ == 0, f"{differ} of {again.size} scores are different in a second run with the same seed")


def labels_do_not_matter(subject: Subject) -> None:
    """Scores do not change if labels are stored with the data and in columns of the calls."""
    with_labels = subject.scores("labelled").values
    same = np.array_equal(with_labels, subject.scores().values)
    _hold(same, "its scores change when the labels are there to be read")


def the_data_stay_as_they_are(subject: Subject) -> None:
    """Fitting and scoring write nothing to the folder of the data."""
    folder = worlds()["ordinary"].folder
    before = _digests(folder)
    subject.anew("ordinary")
    changed = sorted(name for name, _ in before.symmetric_difference(_digests(folder)))
    _hold(not changed, f"it wrote into the folder of the data: {', '.join(changed)}")


def a_causal_score_knows_no_future(subject: Subject) -> None:
    """Scores of a detector that declares itself causal do not change if all later records are removed."""
    fitted = subject.fitted("ordinary")
    if not fitted.causal:
        return
    begun = worlds()["shortened"]
    window = Window(begun.window.start_ms, begun.window.start_ms + 2 * DAY_MS)
    begun = replace(begun, window=window)
    some = fitted.score(begun).values
    whole = first_spans(fitted.level, subject.scores().values, worlds()["ordinary"], begun)
    differ = int(np.count_nonzero(~np.isclose(whole, some, rtol=TOLERANCE, atol=TOLERANCE)))
    _hold(differ == 0, f"causal is true, but {differ} of {some.size} scores depend on what comes after")


def the_order_of_rows_does_not_matter(subject: Subject) -> None:
    """Scores do not change if simultaneous rows, and tables without times, are in another order."""
    scores, other = subject.scores("coarse"), worlds()["shuffled"]
    expected = worlds().places["shuffled"].moved(scores.level, scores.values, other.call_range(other.window)[0])
    _same(expected, subject.scores("shuffled").values, "rows are in another order")


def names_do_not_matter(subject: Subject) -> None:
    """Scores do not change if people, numbers, SIMs, devices, cells and calls are renamed one to one."""
    _same(subject.scores("coarse").values, subject.scores("renamed").values, "identifiers are renamed")


def the_date_and_the_time_zone_do_not_matter(subject: Subject) -> None:
    """Scores do not change if the data is weeks later, and in another time zone at the same local hours."""
    _same(subject.scores("coarse").values, subject.scores("moved").values, "it is weeks later in another time zone")


def threads_do_not_matter(subject: Subject) -> None:
    """With one thread and with two (numba's, OpenMP's and BLAS's), the scores are the same."""
    one, two = (subject.with_threads("ordinary", threads).values for threads in (1, 2))
    _same(one, two, "the number of threads changes")


def one_call_and_none_have_their_scores(subject: Subject) -> None:
    """Windows with a single call, and without calls, are scored like any other."""
    dataset = worlds()["ordinary"]
    starts_ms, calls = np.unique(start_times(dataset), return_counts=True)
    start_ms = int(starts_ms[calls == 1][0])
    for window in (Window(start_ms, start_ms + 1), Window(start_ms, start_ms)):
        scores = subject.scores(window=window)
        _as_many(scores, replace(dataset, window=window))
        _finite(scores)


def empty_tables_are_no_fault(subject: Subject) -> None:
    """Without users, events, status or positions of cells, the detector gives scores or says what it needs."""
    for name in ("without_users", "without_network"):
        _scores_or_says_why(subject, name)


def calls_that_are_all_alike_are_no_fault(subject: Subject) -> None:
    """Columns that hold one value throughout do not make its scores infinite or NaN."""
    _scores_or_says_why(subject, "all_alike")


def rounding_makes_no_differences(subject: Subject) -> None:
    """Equal calls get equal scores, not scores that differ by rounding errors."""
    for name in ("one_pair", "self_calls", "unanswered", "all_alike"):
        _scores_or_says_why(subject, name)
        try:
            values = np.unique(subject.scores(name).values)
        except UserError:
            continue
        gaps = np.diff(values) / np.maximum(np.abs(values[1:]), np.abs(values[:-1]))
        dust = int(np.count_nonzero(gaps < DUST))
        _hold(dust == 0, f"{dust} scores differ by less than {DUST:g} of them where calls are {name.replace('_', ' ')}")


CHECKS: tuple[Check, ...] = (
    it_is_a_detector,
    it_gives_a_score_to_each_entity,
    its_scores_are_finite,
    higher_means_more_anomalous,
    the_same_seed_gives_the_same_scores,
    labels_do_not_matter,
    the_data_stay_as_they_are,
    a_causal_score_knows_no_future,
    the_order_of_rows_does_not_matter,
    names_do_not_matter,
    the_date_and_the_time_zone_do_not_matter,
    threads_do_not_matter,
    one_call_and_none_have_their_scores,
    empty_tables_are_no_fault,
    calls_that_are_all_alike_are_no_fault,
    rounding_makes_no_differences,
)


def _hold(kept: bool, otherwise: str) -> None:
    if not kept:
        raise BrokenContract(otherwise)


def _same(expected: FloatArray, found: FloatArray, what: str) -> None:
    differ = int(np.count_nonzero(~np.isclose(expected, found, rtol=TOLERANCE, atol=TOLERANCE)))
    _hold(differ == 0, f"{differ} of {found.size} scores are different when {what}")


def _scores_or_says_why(subject: Subject, name: str) -> None:
    """Require a finite score for each entity, unless the detector refuses the world with a one-line `UserError`."""
    try:
        scores = subject.scores(name)
    except UserError as refusal:
        _hold(len(str(refusal).splitlines()) == 1, f"it must say what it needs in one line, got {str(refusal)!r}")
        return
    _as_many(scores, worlds()[name])
    _finite(scores)


def _as_many(scores: Scores, dataset: Dataset) -> None:
    expected, found = (entities(scores.level, dataset),), np.asarray(scores.values).shape
    _hold(found == expected, f"there must be {expected[0]} scores in one dimension, got shape {found}")


def _finite(scores: Scores) -> None:
    values = np.asarray(scores.values, np.float64)
    wrong = values.size - int(np.count_nonzero(np.isfinite(values)))
    _hold(wrong == 0, f"{wrong} of {values.size} scores are not finite")


def _digests(folder: Path) -> set[tuple[str, str]]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {(path.name, blake2b(path.read_bytes(), digest_size=8).hexdigest()) for path in files}
