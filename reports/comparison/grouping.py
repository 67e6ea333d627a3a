"""Which recorded runs can be compared: same world configuration, same protocol, same threshold policy.

Within a comparison, runs of one detector that differ only in their seeds are repeats.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import fmean
from typing import Any

from bench.evaluation.home import homes_in
from bench.result import Scalar, Status
from reports.comparison.differences import distinct_labels, without_seeds
from reports.comparison.world_names import place_in_suite, title_of
from reports.wording import ALL, LEVELS, Row, home_level, key, settings_of, types_in, types_meaning

WORLD_KEYS = ("generator", "anomalies", "anomaly_ratio", "num_users", "days", "protocol", "threshold_policy")
COMPETES = "detector"
"""Role of the rows that are ranked."""


@dataclass(frozen=True)
class Summary:
    """A metric of one detector over its repeats."""

    mean: float
    low: float | None
    """Lowest value over repeats, or lower end of a single run's 95 % interval, if it has one."""
    high: float | None


@dataclass(frozen=True)
class Contender:
    """One configuration of a detector with its repeats: the latest successful run for each pair of seeds."""

    label: str
    repeats: tuple[Row, ...]

    @cached_property
    def key(self) -> str:
        """The detector with its settings, without seeds."""
        return _detector_key(self.repeats[0])

    @property
    def ranked(self) -> bool:
        """Whether it is ranked: references that use the truth, and baselines trained on labels, are not."""
        return (self.repeats[0].get("role") or COMPETES) == COMPETES

    @cached_property
    def good(self) -> tuple[Row, ...]:
        """The repeats that succeeded."""
        return tuple(row for row in self.repeats if row.get("status") == Status.OK)

    @property
    def failure(self) -> str:
        """Outcome of its last failed repeat; empty if none failed."""
        return next((str(row.get("status")) for row in reversed(self.repeats) if row.get("status") != Status.OK), "")

    def summary(self, metric: str) -> Summary | None:
        """Return a metric (`recall/short_call`) or a cost (`fit_seconds`) over the repeats; None without any."""
        if metric not in self._summaries:
            self._summaries[metric] = self._summary(metric)
        return self._summaries[metric]

    @cached_property
    def _summaries(self) -> dict[str, Summary | None]:
        return {}

    def _summary(self, metric: str) -> Summary | None:
        values = [value for row in self.good if (value := _float(row.get(metric))) is not None]
        if not values:
            return None
        if len(self.repeats) > 1:
            return Summary(fmean(values), min(values), max(values))
        name, _, kind = metric.rpartition("/")
        low, high = (_float(self.good[0].get(f"{name}_{end}/{kind}")) for end in ("low", "high"))
        return Summary(values[0], low, high)

    def by_world(self, metric: str) -> dict[str, float]:
        """Return a metric by world (`world_of`), averaged over the detector's own seeds."""
        found: dict[str, list[float]] = defaultdict(list)
        for row in self.good:
            if (value := _float(row.get(metric))) is not None:
                found[world_of(row)].append(value)
        return {world: fmean(values) for world, values in found.items()}


@dataclass(frozen=True)
class Comparison:
    """Comparable runs, by detector; ordered by average precision over all types, unranked ones last."""

    contenders: tuple[Contender, ...]
    superseded: int
    """Runs left out because their world (by settings and seed) was made again later, with other bytes."""
    of_kinds: tuple["Comparison", ...] = ()
    """The world configurations that this one combines; empty for a single kind."""

    @property
    def kinds(self) -> tuple["Comparison", ...]:
        """The world configurations: those that it combines, or itself."""
        return self.of_kinds or (self,)

    @property
    def sample(self) -> Row:
        """One of the rows, for the settings that they have in common."""
        return self.contenders[0].repeats[0]

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """All repeats of all contenders."""
        return tuple(row for contender in self.contenders for row in contender.repeats)

    @cached_property
    def types(self) -> list[str]:
        """The anomaly types by home level (calls, days of users, cells), then by name; `all` last."""
        homes = homes_in(str(self.sample.get("home_levels") or ""))
        levels = list(LEVELS)
        names = types_in({name for row in self.rows for name in row})
        return sorted(names, key=lambda name: (name == ALL, levels.index(homes.get(name, levels[0]))))

    @cached_property
    def prevalences(self) -> Contender:
        """The prevalence of each type in every world, in the form of a detector."""
        worlds = {str(row.get("fingerprint")): row for row in self.rows if row.get("status") == Status.OK}
        return Contender("prevalence", tuple(worlds.values()))

    @property
    def world_seeds(self) -> list[Scalar]:
        """The seeds of the worlds."""
        return sorted({row.get("world_seed") for row in self.rows}, key=_in_order)

    @cached_property
    def worlds(self) -> list[str]:
        """The worlds for which any detector has values; see `world_of`."""
        return sorted({world_of(row) for who in self.contenders for row in who.good})

    @property
    def same_worlds(self) -> bool:
        """Whether every detector has a value for every one of the worlds."""
        return len({frozenset(row.get("world_seed") for row in each.good) for each in self.contenders}) == 1


def world_of(row: Row) -> str:
    """Return the identifying members of a run's world."""
    return f"{row.get('fingerprint')} {row.get('world_seed')}"


def seeds_of(each: Comparison) -> str:
    """Return the seeds of the worlds as text."""
    return ", ".join(str(seed) for seed in each.world_seeds)


def comparisons(rows: Iterable[Row]) -> list[Comparison]:
    """Group runs into comparisons, in an order that depends only on their settings, not on the order of the rows."""
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in sorted(rows, key=_when):
        groups[_world_key(row)].append(row)
    return [_comparison(groups[key]) for key in sorted(groups, key=lambda key: (place_in_suite(groups[key][0]), key))]


def titles(compared: Sequence[Comparison]) -> list[str]:
    """Return titles of the comparisons: by world or, if that is the same, by types and the settings that differ."""
    samples = [each.sample for each in compared]
    worlds = [(title_of(row), types_meaning(row)) for row in samples]
    several = {world for world, types in worlds if any(world == name and types != other for name, other in worlds)}
    names = [f"{world}: {types}" if world in several else world for world, types in worlds]
    return distinct_labels(names, [_task_settings(row) for row in samples])


def comparable(compared: Sequence[Comparison]) -> list[list[int]]:
    """Return the positions of world configurations with the same protocol and threshold, which can be combined."""
    groups: dict[str, list[int]] = defaultdict(list)
    for place, each in enumerate(compared):
        settings = settings_of(each.sample)
        groups[json.dumps([settings.get("protocol"), settings.get("threshold")], sort_keys=True)].append(place)
    return list(groups.values())


def combined(kinds: Sequence[Comparison]) -> Comparison:
    """Return several world configurations as one: a detector's runs on all of them are its repeats."""
    if len(kinds) == 1:
        return kinds[0]
    homes: dict[str, str] = {}
    for each in kinds:
        homes |= homes_in(str(each.sample.get("home_levels") or ""))
    text = ",".join(f"{name}:{level}" for name, level in sorted(homes.items()))
    rows: dict[str, list[Row]] = defaultdict(list)
    for who in (who for each in kinds for who in each.contenders):
        rows[who.key] += [{**row, "home_levels": text} for row in who.repeats]
    contenders = _contenders([tuple(mine) for mine in rows.values()])
    return Comparison(tuple(sorted(contenders, key=lambda who: (not who.ranked, who.label))), 0, tuple(kinds))


def _comparison(rows: list[Row]) -> Comparison:
    # a successful run counts more than a failed one
    rows = sorted(rows, key=lambda row: row.get("status") == Status.OK)
    current = {row.get("world_seed"): row.get("fingerprint") for row in rows if row.get("fingerprint")}
    kept = [row for row in rows if row.get("fingerprint") in {None, "", current.get(row.get("world_seed"))}]
    by_detector: dict[str, dict[tuple[Scalar, Scalar], Row]] = defaultdict(dict)
    for row in kept:
        by_detector[_detector_key(row)][(row.get("world_seed"), row.get("seed"))] = row
    repeats = [tuple(seeds[pair] for pair in sorted(seeds, key=_in_order)) for seeds in by_detector.values()]
    return Comparison(tuple(sorted(_contenders(repeats), key=_rank)), len(rows) - len(kept))


def _contenders(repeats: Sequence[tuple[Row, ...]]) -> list[Contender]:
    first = [each[0] for each in repeats]
    labels = distinct_labels([_marked(row) for row in first], [_detector_settings(row) for row in first])
    return [Contender(label, each) for label, each in zip(labels, repeats, strict=True)]


def _marked(row: Row) -> str:
    role = row.get("role") or COMPETES
    return _detector_name(row) if role == COMPETES else f"{_detector_name(row)} (not ranked)"


def _detector_name(row: Row) -> str:
    """Return the name of a run's detector; without one (composed by hand), that of its class."""
    target = str((settings_of(row).get("detector") or {}).get("_target_") or "unnamed")
    return str(row.get("detector") or target.rpartition(".")[2])


def _rank(contender: Contender) -> tuple[bool, float, str]:
    overall = contender.summary(key("average_precision", home_level(contender.repeats[0], ALL), ALL))
    return (not contender.ranked, -overall.mean if overall else 1.0, contender.label)


def _world_key(row: Row) -> str:
    return json.dumps([{key: row.get(key) for key in WORLD_KEYS}, _task_settings(row)], sort_keys=True)


def _detector_key(row: Row) -> str:
    return json.dumps([row.get("detector"), _detector_settings(row)], sort_keys=True)


def _task_settings(row: Row) -> Any:
    settings = settings_of(row)
    return without_seeds({key: settings.get(key) for key in ("generator", "anomaly", "protocol", "threshold")})


def _detector_settings(row: Row) -> Any:
    return without_seeds(settings_of(row).get("detector"))


def _when(row: Row) -> tuple[str, str]:
    return str(row.get("started_at")), str(row.get("run_id"))


def _in_order(seeds: Any) -> list[tuple[bool, float, str]]:
    """Return a sort key that orders seeds as numbers."""
    each = seeds if isinstance(seeds, tuple) else (seeds,)
    return [(not isinstance(seed, int), seed if isinstance(seed, int) else 0, str(seed)) for seed in each]


def _float(value: Scalar) -> float | None:
    return float(value) if isinstance(value, (int, float)) else None
