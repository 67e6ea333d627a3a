"""Check that each type has the requested share of anomalous calls and enough incidents to be judged."""

from collections import Counter

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bench.audit.audited_world import AuditedWorld
from bench.audit.slices import milliseconds
from bench.audit.verdict import Check, Light
from bench.audit_settings import AuditSettings
from bench.truth import CONFIGURED_FAILURE

CHANCE = 3.0
"""Differences within this number of standard deviations of a count are attributed to chance."""


def check_amounts(subject: AuditedWorld, settings: AuditSettings) -> Check:
    """Compare the share of anomalous calls, and each type's part of them, with what was requested."""
    asked, counts = subject.asked, _direct_calls(subject)
    calls, total = subject.dataset.open_table("calls").metadata.num_rows, sum(counts.values())
    ratio = total / max(calls, 1)
    found = {"calls": calls, "anomalous_calls": total, "ratio": ratio, "asked_ratio": asked.ratio, "by_type": counts}
    if asked.ratio is None:
        return Check("amounts", Light.UNTESTED, ("no ratio was requested",), found)
    wrong = []
    if abs(ratio - asked.ratio) > settings.ratio_tolerance * asked.ratio:
        wrong.append(f"the share of anomalous calls is {ratio:.4g}, requested: {asked.ratio:g}")
    whole, chance = sum(asked.shares.values()), _deviations(subject)
    for name in sorted({*counts, *asked.shares}) if whole else ():
        expected = total * asked.shares.get(name, 0.0) / whole
        allowed = settings.mix_tolerance * expected + CHANCE * chance.get(name, float(np.sqrt(expected)))
        if abs(counts.get(name, 0) - expected) > allowed:
            wrong.append(f"{name} has {counts.get(name, 0):,} calls, requested: {expected:,.0f}")
    line = (
        f"{total:,} of {calls:,} calls are anomalous, {ratio:.4g} (requested: {asked.ratio:g}); the mix is as requested"
    )
    return Check("amounts", Light.RED if wrong else Light.GREEN, tuple(wrong) or (line,), found)


def check_incidents(subject: AuditedWorld) -> Check:
    """Count the incidents of each injected type that have direct records in the scored part."""
    present = {name: many for name, many in _present(subject).items() if name != CONFIGURED_FAILURE}
    counts = dict(sorted((dict.fromkeys(subject.asked.shares, 0) | present).items()))
    if not counts:
        return Check("incidents", Light.UNTESTED, ("there are no anomalies",), {"by_type": counts})
    few = [f"{name} has {n} incidents in the scored part" for name, n in counts.items() if n < subject.fewest_incidents]
    fewest = min(counts, key=lambda name: counts[name])
    line = f"every type has {counts[fewest]:,} incidents ({fewest}) or more in the scored part"
    recorded = "fewer types at a time, or a higher generator.anomaly_ratio"
    way_on = recorded if subject.twin is None else "take more users or days, or its schedule.kind=even"
    needed = f"{subject.fewest_incidents} are needed to judge a type: {way_on}"
    found = {"by_type": counts, "needed": subject.fewest_incidents}
    return Check("incidents", Light.RED if few else Light.GREEN, (*few, needed) if few else (line,), found)


def _present(subject: AuditedWorld) -> dict[str, int]:
    """Count the incidents of each type that changed a call, or affected a user or a cell, in the scored part."""
    truth, window = subject.truth.table("truth"), subject.dataset.window
    low, high = subject.dataset.call_range(window)
    row = truth["row"].to_numpy()
    begins, ends = (milliseconds(pc.fill_null(truth[name].cast(pa.int64()), 0)) for name in ("start_ts", "end_ts"))
    removed = np.asarray(pc.equal(truth["change"].cast(pa.string()), "removed"))
    held = (row < 0) & ~removed & (begins < window.end_ms) & (ends > window.start_ms)
    direct = np.asarray(pc.equal(truth["cause"].cast(pa.string()), "direct"))
    here = truth.filter(pa.array(direct & (held | ((row >= low) & (row < high)))))
    of_type = subject.truth.table("incidents").select(["incident_id", "anomaly_type"])
    names = of_type["anomaly_type"].cast(pa.string())
    present = pc.is_in(of_type["incident_id"], pc.unique(here["incident_id"].cast(pa.string())))
    return dict.fromkeys(names.to_pylist(), 0) | Counter(names.filter(present).to_pylist())


def _deviations(subject: AuditedWorld) -> dict[str, float]:
    """Return, for each type at the level of cells, the standard deviation of the number of calls that it affects.

    All calls of a user are affected together or not at all: the variance of the sum is the sum of the squared numbers
    of calls of each caller.
    """
    incidents, truth = subject.truth.table("incidents"), _direct(subject)
    befalls = incidents.filter(pc.equal(incidents["level"].cast(pa.string()), "cell"))["anomaly_type"]
    of_cells = truth.filter(pc.is_in(truth["anomaly_type"].cast(pa.string()), pc.unique(befalls.cast(pa.string()))))
    if not of_cells.num_rows:
        return {}
    callers = subject.dataset.open_table("calls").read(["caller_id"])["caller_id"].take(of_cells["row"])
    each = pa.table({"type": of_cells["anomaly_type"].cast(pa.string()), "caller": callers.cast(pa.string())})
    squares: Counter[str] = Counter()
    for group in each.group_by(["type", "caller"]).aggregate([([], "count_all")]).to_pylist():
        squares[group["type"]] += group["count_all"] ** 2
    return {name: float(np.sqrt(total)) for name, total in squares.items()}


def _direct_calls(subject: AuditedWorld) -> dict[str, int]:
    """Count the calls that each type made or altered itself."""
    return dict(sorted(Counter(_direct(subject)["anomaly_type"].cast(pa.string()).to_pylist()).items()))


def _direct(subject: AuditedWorld) -> pa.Table:
    """Return the rows of the truth table for calls that an incident made or altered itself."""
    truth = subject.truth.table("truth")
    level, cause = (truth[name].cast(pa.string()) for name in ("level", "cause"))
    here = pc.and_(pc.and_(pc.equal(level, "call"), pc.equal(cause, "direct")), pc.greater_equal(truth["row"], 0))
    return truth.filter(here).select(["row", "anomaly_type"])
