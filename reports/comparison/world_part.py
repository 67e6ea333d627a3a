"""One world configuration on the interactive page: its types, and every detector's numbers, from the rows of runs."""

from collections.abc import Sequence
from math import isfinite
from pathlib import Path

from bench.audit.verdict import read_verdict
from bench.result import Scalar
from reports.comparison.best import best_of
from reports.comparison.differences import differing, without_seeds
from reports.comparison.document import Audit, Best, DetectorRow, Interval, Metric, TypeOf, WorldPart
from reports.comparison.grouping import Comparison, Contender, seeds_of
from reports.comparison.kinds import family_of
from reports.comparison.page_content import Section
from reports.comparison.run_lines import run_line
from reports.comparison.standing import Contest
from reports.comparison.world_names import kind_of
from reports.wording import ALL, LEVELS, Row, home_level, key, own_level, settings_of

METRICS = (
    Metric(
        "average_precision",
        "average precision",
        "precision averaged over all thresholds; 1 is perfect, chance gets about the share of anomalous records",
        "share",
        chance="average_precision_chance",
    ),
    Metric("recall", "recall of the alerts", "share of the anomalous records that are alerts", "share", curve="recall"),
    Metric(
        "incident_recall",
        "incidents found",
        "share of the incidents with at least one alert",
        "share",
        chance="incident_recall_chance",
        curve="incident_recall",
    ),
    Metric(
        "precision",
        "precision of the alerts",
        "share of the alerts that are anomalous",
        "share",
        chance="prevalence",
        curve="precision",
    ),
    Metric("lift", "lift", "average precision divided by that of random scores; 1 is chance", "times"),
    Metric(
        "delay_seconds",
        "delay",
        "median time from an incident's beginning to its first alert, of the incidents found; causal detectors only",
        "time",
        higher_is_better=False,
    ),
)
COSTS = ("fit_seconds", "score_seconds", "calls_per_second", "peak_mib")
DIGITS = 4


def world_part(
    each: Comparison, section: Section, settings: dict[str, float | str], folder: Path, kinds: Sequence[int] = ()
) -> WorldPart:
    """Return the data of one world configuration for the page.

    Parameters
    ----------
    each
        Its runs.
    section
        Its title, facts and cautions.
    settings
        Settings that differ between the world configurations.
    folder
        Folder of the page, for links.
    kinds
        Positions on the page of the world configurations that it combines, if any.
    """
    rows = _rows(each, folder)
    threshold = settings_of(each.sample).get("threshold") or {}
    budget = threshold.get("alerts_per_day") if each.sample.get("threshold_policy") == "budget" else None
    return WorldPart(
        title=section.title,
        facts=section.facts,
        cautions=section.cautions,
        audits=_audits(each),
        kind={} if kinds else kind_of(each.sample) | {"seed": seeds_of(each)},
        kinds=list(kinds),
        settings=settings,
        budget=budget,
        types=[_type(each, name) for name in _ordered(each)],
        rows=rows,
        best=_best(each),
    )


def _ordered(each: Comparison) -> list[str]:
    """Return the types, `all` first."""
    return sorted(each.types, key=lambda name: name != ALL)


def _type(each: Comparison, name: str) -> TypeOf:
    home = home_level(each.sample, name)
    enough = _mean(each.prevalences, key("enough_incidents", home, name))
    return TypeOf(
        name=name,
        group=ALL if name == ALL else home,
        home=home,
        prevalence=_mean(each.prevalences, key("prevalence", home, name)),
        incidents=_mean(each.prevalences, key("incidents", home, name)),
        few=enough is not None and enough < 1,
    )


def _rows(each: Comparison, folder: Path) -> list[DetectorRow]:
    names = [str(who.repeats[0].get("detector")) for who in each.contenders]
    varied = differing(
        names, [without_seeds(settings_of(who.repeats[0]).get("detector") or {}) for who in each.contenders]
    )
    types = _ordered(each)
    return [
        DetectorRow(
            label=who.label,
            detector=name,
            family=family_of(who.repeats[0]),
            ranked=who.ranked,
            level=own_level(who.repeats[0]),
            ok=len(who.good),
            failure=who.failure,
            varied={
                setting: value for setting, value in mine.items() if not setting.endswith(("seed", "random_state"))
            },
            cost={cost: _interval(who, cost) for cost in COSTS},
            twin=_twin(who),
            values={
                metric.key: {level: [_interval(who, key(metric.key, level, t)) for t in types] for level in LEVELS}
                for metric in METRICS
            },
            chance={
                metric.key: {level: [_mean(who, key(metric.chance, level, t)) for t in types] for level in LEVELS}
                for metric in METRICS
                if metric.chance
            },
            runs=[run_line(row, folder) for row in who.repeats],
        )
        for who, name, mine in zip(each.contenders, names, varied, strict=True)
    ]


def _twin(who: Contender) -> list[float | None]:
    level = own_level(who.repeats[0])
    return [_mean(who, key("twin_alerts", level, ALL)), _mean(who, key("false_alarms", level, ALL))]


def _best(each: Comparison) -> dict[str, dict[str, list[Best | None]]]:
    types, contest = _ordered(each), Contest(each)

    def of(metric: Metric, level: str, place: int) -> Best | None:
        return best_of(contest, key(metric.key, level, types[place]), higher=metric.higher_is_better)

    return {
        metric.key: {level: [of(metric, level, place) for place in range(len(types))] for level in LEVELS}
        for metric in METRICS
    }


def _interval(who: Contender, metric: str) -> Interval | None:
    summary = who.summary(metric)
    if summary is None or (mean := _finite(summary.mean)) is None:
        return None
    low, high = _finite(summary.low), _finite(summary.high)
    return [mean] if low is None or high is None else [mean, low, high]


def _mean(who: Contender, metric: str) -> float | None:
    summary = who.summary(metric)
    return None if summary is None else _finite(summary.mean)


def _finite(value: float | None) -> float | None:
    return None if value is None or not isfinite(value) else float(f"{value:.{DIGITS}g}")


def _audits(each: Comparison) -> list[Audit]:
    worlds = {str(row.get("fingerprint")): row for row in each.rows if row.get("fingerprint")}
    found = []
    for fingerprint, row in worlds.items():
        verdict = read_verdict(world_folder(row)) if row.get("audit") else None
        checks = [] if verdict is None else [(c.name, str(c.light), "; ".join(c.lines)) for c in verdict.checks]
        found.append(Audit(_text(row.get("world_seed")), fingerprint, _text(row.get("audit")), checks))
    return found


def world_folder(row: Row) -> Path:
    """Return the folder of a run's world, if it still exists."""
    store = settings_of(row).get("store") or {}
    return Path(str(store.get("worlds") or "worlds"), Path(str(row.get("fingerprint") or "none")).name)


def _text(value: Scalar) -> str:
    return "" if value is None else str(value)
