"""All metrics in one table, for the evaluation, the docs, the reports and the tests; names do not change.

A metric of one class of anomalies at one threshold is one entry with its function (`of`) and needs nothing else.
Metrics without a function need other input: times of incidents, random scores or intervals, or the truth alone.
"""

from collections.abc import Callable
from dataclasses import dataclass

from bench.evaluation.judged import Judged


@dataclass(frozen=True)
class Name:
    """One metric: its name, its range, its meaning, and its computation."""

    name: str
    values: str
    meaning: str
    interval: bool = False
    """Whether the metric has an interval, `NAME_low` and `NAME_high`."""
    calls_only: bool = False
    """Whether the metric exists for scores of calls only."""
    of: Callable[[Judged], float | None] | None = None
    """Function that computes the metric, None where undefined; metrics that need more than `Judged` have none."""


AT_K = 100
SHARE = "0 to 1"
COUNT = "count"

NAMES = (
    Name("positives", COUNT, "anomalous records of the type that were scored"),
    Name("prevalence", SHARE, "positives / (positives + normal records)"),
    Name(
        "shared_share", SHARE, "share of the type's records that are of several types: they are positives of `all` only"
    ),
    Name("incidents", COUNT, "incidents with at least one positive"),
    Name("enough_incidents", "0 or 1", "0: fewer incidents than `protocol.fewest_incidents`, too few to judge"),
    Name(
        "average_precision",
        SHARE,
        "precision averaged over the steps of recall, tied scores as one step",
        interval=True,
        of=lambda at: at.scores.average_precision,
    ),
    Name(
        "average_precision_chance", SHARE, "its exact mean for random scores, aggregated in the same way as the scores"
    ),
    Name("lift", "from 0", "average precision / `average_precision_chance`", interval=True),
    Name(
        "roc_auc",
        SHARE,
        "probability that a positive scores higher than a normal record, ties count half",
        interval=True,
        of=lambda at: at.scores.roc_auc,
    ),
    Name(
        f"precision_at_{AT_K}",
        SHARE,
        f"share of positives among the {AT_K} highest scores, mean over the orders of ties",
        interval=True,
        of=lambda at: at.scores.precision_at_k(AT_K),
    ),
    Name(
        f"recall_at_{AT_K}",
        SHARE,
        f"share of the positives that are among the {AT_K} highest scores",
        interval=True,
        of=lambda at: at.scores.recall_at_k(AT_K),
    ),
    Name("hits", COUNT, "positives with an alert", of=lambda at: at.counts.hits),
    Name(
        "false_alarms", COUNT, "normal records with an alert; shared by all types", of=lambda at: at.counts.false_alarms
    ),
    Name(
        "precision",
        SHARE,
        "hits / (hits + false alarms); empty without an alert",
        interval=True,
        of=lambda at: at.counts.precision,
    ),
    Name("recall", SHARE, "hits / positives", interval=True, of=lambda at: at.counts.recall),
    Name(
        "recall_cap",
        SHARE,
        "largest recall possible with this number of alerts: alerts / positives, at most 1",
        of=lambda at: min(at.alerts / at.positives, 1.0) if at.positives else None,
    ),
    Name("f1", SHARE, "harmonic mean of precision and recall", interval=True, of=lambda at: at.counts.f1),
    Name("incident_recall", SHARE, "share of the incidents that have an alert", interval=True),
    Name(
        "incident_recall_chance",
        SHARE,
        "its mean for as many alerts on random scores, aggregated in the same way as the scores",
    ),
    Name(
        "delay_seconds",
        "s",
        "median time from an incident's start to the end of its first record with an alert, over found incidents",
        interval=True,
    ),
    Name(
        "delay_calls",
        "calls",
        "median number of the incident's calls that had ended before that",
        interval=True,
        calls_only=True,
    ),
)
"""All metrics: `NAME/TYPE` for calls and `LEVEL/NAME/TYPE` for other levels; without a value where undefined."""


def metric_names(types: tuple[str, ...], prefix: str = "") -> list[str]:
    """Return the names of all metrics of a level, for `all` and each type.

    Parameters
    ----------
    types
        The anomaly types of the world.
    prefix
        Empty for calls, else the level and a slash.
    """
    kept = [each for each in NAMES if not (prefix and each.calls_only)]
    stems = [f"{each.name}{end}" for each in kept for end in (("", "_low", "_high") if each.interval else ("",))]
    return [f"{prefix}alerts/all", *(f"{prefix}{stem}/{name}" for name in ("all", *types) for stem in stems)]


def markdown() -> str:
    """Return the table of metrics as Markdown."""
    lines = ["| metric | values | 95 % interval | meaning |", "|---|---|---|---|"]
    lines.append(f"| `alerts` | {COUNT} | | records with an alert, anomalous or not; only `alerts/all` |")
    lines.append(
        f"| `twin_alerts` | {COUNT} | | alerts in the clean twin at the same threshold; only `twin_alerts/all` |"
    )
    for each in NAMES:
        limits = ["causal detectors only"] * each.name.startswith("delay") + ["calls only"] * each.calls_only
        meaning = "; ".join([each.meaning, *limits])
        lines.append(f"| `{each.name}` | {each.values} | {'yes' if each.interval else ''} | {meaning} |")
    return "\n".join(lines)
