"""Whether there are as many anomalies as asked, of each type, and enough incidents to speak of each."""

from collections import Counter

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bench.audit.settings import AuditSettings
from bench.audit.subject import Subject
from bench.audit.verdict import Check, Light

CHANCE = 3.0
"""Standard deviations of a count that chance may account for."""


def check_amounts(subject: Subject, settings: AuditSettings) -> Check:
    """Compare the share of anomalous calls, and each type's part in them, with what was asked."""
    asked, counts = subject.asked, _direct_calls(subject)
    calls, total = subject.dataset.open_table("calls").metadata.num_rows, sum(counts.values())
    ratio = total / max(calls, 1)
    found = {"calls": calls, "anomalous_calls": total, "ratio": ratio, "asked_ratio": asked.ratio, "by_type": counts}
    if asked.ratio is None:
        return Check("amounts", Light.UNTESTED, ("nobody asked for a ratio",), found)
    wrong = []
    if abs(ratio - asked.ratio) > settings.ratio_tolerance * asked.ratio:
        wrong.append(f"the share of anomalous calls is {ratio:.4g}, asked: {asked.ratio:g}")
    whole = sum(asked.shares.values())
    for name in sorted({*counts, *asked.shares}) if whole else ():
        expected = total * asked.shares.get(name, 0.0) / whole
        if abs(counts.get(name, 0) - expected) > settings.mix_tolerance * expected + CHANCE * np.sqrt(expected):
            wrong.append(f"{name} has {counts.get(name, 0):,} calls, asked: {expected:,.0f}")
    told = f"{total:,} of {calls:,} calls are anomalous, {ratio:.4g} (asked: {asked.ratio:g}); the mix is as asked"
    return Check("amounts", Light.RED if wrong else Light.GREEN, tuple(wrong) or (told,), found)


def check_incidents(subject: Subject) -> Check:
    """Count the incidents of each type that are direct and present in the scored part."""
    low, high = subject.dataset.call_range(subject.dataset.window)
    labels = subject.truth.call_labels(low, high)
    counts = dict.fromkeys(sorted({*labels.types, *subject.asked.shares}), 0)
    for code, name in enumerate(labels.types):
        counts[name] = len(np.unique(labels.incident_code[labels.type_code == code]))
    if not counts:
        return Check("incidents", Light.UNTESTED, ("there are no anomalies",), {"by_type": counts})
    few = [f"{name} has {n} incidents in the scored part" for name, n in counts.items() if n < subject.fewest_incidents]
    fewest = min(counts, key=lambda name: counts[name])
    told = f"every type has {counts[fewest]:,} incidents ({fewest}) or more in the scored part"
    needed = f"{subject.fewest_incidents} are needed to speak of a type"
    found = {"by_type": counts, "needed": subject.fewest_incidents}
    return Check("incidents", Light.RED if few else Light.GREEN, (*few, needed) if few else (told,), found)


def _direct_calls(subject: Subject) -> dict[str, int]:
    """Return how many calls each type made or altered itself."""
    truth = subject.truth.table("truth")
    level, cause = (truth[name].cast(pa.string()) for name in ("level", "cause"))
    here = pc.and_(pc.and_(pc.equal(level, "call"), pc.equal(cause, "direct")), pc.greater_equal(truth["row"], 0))
    return dict(sorted(Counter(truth["anomaly_type"].cast(pa.string()).filter(here).to_pylist()).items()))
