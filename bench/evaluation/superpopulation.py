"""Simulated scores with known true metrics, for the coverage study (`bench.evaluation.interval_coverage`).

Incidents and users are drawn independently from infinite populations. The scores of an incident's records are normally
distributed about the mean of the incident, which is normally distributed about `shift`; those of normal records about
the mean of their user, which is normally distributed about 0. An incident has one record or a log-normal number of
them; users have equally many records, or a log-normal number. So every share of records above a score is a value of the
normal distribution, and the true value of a metric is that of infinitely many incidents and users, at the prevalence of
the drawn world.
"""

from dataclasses import dataclass
from functools import cached_property
from math import isqrt

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr

from bench.arrays import FloatArray, IntArray
from bench.evaluation.cut import Cut
from bench.evaluation.incidents import Moments, Parts, delays, found_chances, weighted_median
from bench.evaluation.sample import ALL, Sample

INCIDENT_SD, USER_SD = 0.7, 0.5
"""Standard deviations of the means of incidents and of users; records deviate from these means by 1."""
RECORDS, RECORDS_SIGMA = 5.0, 1.0
"""Median number of records of an incident, and its spread on the log scale."""
HEAVY_SIGMA = 1.5
"""Spread of the users' numbers of records on the log scale: the busiest tenth has 59 % of the records."""
RECORD_S, INCIDENT_S = 60.0, 3600.0
"""Mean length of a record, and of the time over which an incident's records are spread [s]."""
MANY = 20_000
"""Number of simulated incidents that gives the true value of metrics without a formula."""
GRID = np.linspace(-1.2, 1.2, 49)
REACH, STEPS = 9.0, 4001


@dataclass(frozen=True)
class Population:
    """The distribution from which a world is drawn."""

    incidents: int
    many_records: bool
    """Whether incidents have a log-normal number of records, rather than one."""
    heavy: bool
    """Whether users have a log-normal number of records, rather than equally many."""
    normals: int
    """Normal records, on average."""
    skill: float
    """Average precision above the prevalence, as a share of the possible maximum."""
    others: int = 0
    """Number of incidents of another type, which score as well, and compete for the alerts."""

    @property
    def users(self) -> int:
        """Number of users: they have 50 records each among 10,000 records, 500 among a million."""
        return 2 * isqrt(self.normals)

    @cached_property
    def alerts(self) -> int:
        """Number of alerts of the budget."""
        return 2 * isqrt(self.normals)

    @cached_property
    def shift(self) -> float:
        """Mean score of incidents, which follows from the skill."""
        share = self.prevalence
        wanted = share + self.skill * (1 - share)
        return float(brentq(lambda shift: _average_precision(shift, share) - wanted, -1, 12))

    @property
    def prevalence(self) -> float:
        """Mean share of the records that belong to incidents."""
        records = self.incidents * float(_sizes(np.random.default_rng(1), MANY, self.many_records).mean())
        return records / (records + self.normals)

    @cached_property
    def threshold(self) -> float:
        """A fixed threshold that gives, on average, as many alerts as the budget."""
        records = self.prevalence / (1 - self.prevalence) * self.normals
        return self.reached(self.alerts, records, self.others * records / self.incidents, self.normals)

    def reached(self, alerts: float, found: float, others: float, normals: float) -> float:
        """Return the threshold at which a given number of records, of all kinds, become alerts."""
        return float(
            brentq(
                lambda score: (found + others) * self.recall(score) + normals * self.false(score) - alerts,
                -REACH,
                self.shift + REACH,
            )
        )

    def recall(self, score: float) -> float:
        """Return the share of the records of incidents with at least a given score."""
        return float(ndtr((self.shift - score) / np.hypot(1, INCIDENT_SD)))

    def false(self, score: float) -> float:
        """Return the share of the normal records with at least a given score."""
        return float(ndtr(-score / np.hypot(1, USER_SD)))

    def draw(self, random: np.random.Generator) -> "DrawnWorld":
        """Draw a world."""
        number = self.incidents + self.others
        sizes = _sizes(random, number, self.many_records)
        incident = np.repeat(np.arange(number), sizes)
        entity = np.arange(incident.size)
        users = np.full(self.users, self.normals // self.users)
        if self.heavy:
            mean = self.normals / self.users * np.exp(-(HEAVY_SIGMA**2) / 2)
            users = np.ceil(mean * random.lognormal(0, HEAVY_SIGMA, self.users)).astype(np.int64)
        user = np.repeat(np.arange(self.users), users)
        found = self.shift + INCIDENT_SD * random.standard_normal(number)[incident]
        scores = np.concatenate([found, USER_SD * random.standard_normal(self.users)[user]])
        scores += random.standard_normal(scores.size)
        normal = np.arange(scores.size) >= incident.size
        types = ("judged", "other") if self.others else ()
        kind = (incident >= self.incidents).astype(np.int64)
        sample = Sample(
            types=types,
            normal=normal,
            cluster=np.concatenate([incident, user]),
            entity=entity,
            type_code=kind,
            incident=incident,
        )
        return DrawnWorld(self, sample, scores, _moments(random, incident, sizes, scores.size))

    @cached_property
    def endless(self) -> "DrawnWorld":
        """A world of many incidents, all of the type that is judged."""
        endless = Population(MANY, self.many_records, False, self.users, self.skill)
        endless.__dict__["shift"] = self.shift
        return endless.draw(np.random.default_rng(2))

    @cached_property
    def by_incident(self) -> dict[str, FloatArray]:
        """Incident recall and delays at the scores around the threshold, shape (scores,) each."""
        rows = [self.endless.of_incidents(Cut(self.threshold + step)) for step in GRID]
        return {name: np.array([row[name] for row in rows]) for name in rows[0]}


@dataclass(frozen=True)
class DrawnWorld:
    """Scored records with their incident or user."""

    population: Population
    sample: Sample
    scores: FloatArray
    moments: Moments

    @property
    def judged(self) -> str:
        """Positives and negatives of the type that is judged."""
        return self.sample.types[0] if self.sample.types else ALL

    def truth(self, cut: Cut) -> dict[str, float]:
        """Return the true value of every metric in the population, at the prevalence of this world."""
        whose, drawn = self.population, self._drawn
        found, others, normals = drawn
        score = whose.reached(whose.alerts, found, others, normals) if cut.ranked else cut.score
        recall, alarms = whose.recall(score), normals * whose.false(score)
        top = whose.reached(100, found, 0, normals)
        average = _average_precision(whose.shift, found / (found + normals))
        beyond = np.clip((score - whose.threshold - GRID[0]) / (GRID[1] - GRID[0]), 0, GRID.size - 1)
        return {
            "average_precision": average,
            "roc_auc": float(ndtr(whose.shift / np.sqrt(2 + INCIDENT_SD**2 + USER_SD**2))),
            "precision": found * recall / (found * recall + alarms),
            "recall": recall,
            "f1": 2 * found * recall / (found * recall + alarms + found),
            "precision_at_100": found * whose.recall(top) / 100,
            "recall_at_100": whose.recall(top),
            **{name: float(np.interp(beyond, np.arange(GRID.size), row)) for name, row in whose.by_incident.items()},
        }

    @property
    def _drawn(self) -> tuple[int, int, int]:
        """Records of the judged type, of the other type, and normal ones."""
        other = int(np.count_nonzero(self.sample.type_code))
        return self.sample.entity.size - other, other, self.scores.size - self.sample.entity.size

    def of_incidents(self, cut: Cut) -> dict[str, float]:
        """Return incident recall and delays of this world."""
        entity, incident = self.sample.incident_parts(ALL)
        waited = delays(incident, entity, self.scores, cut, self.moments)
        values = {"incident_recall": float(found_chances(incident, self.scores[entity], cut).mean())}
        for name, each in (("delay_seconds", waited.seconds), ("delay_calls", waited.calls)):
            if each is not None and each.size:
                values[name] = weighted_median(each, waited.weight)
        return values


def _sizes(random: np.random.Generator, number: int, many: bool) -> IntArray:
    if not many:
        return np.ones(number, np.int64)
    return np.ceil(RECORDS * random.lognormal(0, RECORDS_SIGMA, number)).astype(np.int64)


def _moments(random: np.random.Generator, incident: IntArray, sizes: IntArray, entities: int) -> Moments:
    """Draw the start of incidents, each with a record at that time, and the ends of their records."""
    begun_s = random.uniform(0, 1e6, sizes.size)
    after_s = random.random(incident.size) * (INCIDENT_S * random.exponential(size=sizes.size))[incident]
    after_s[np.cumsum(sizes) - sizes] = 0
    ends_s = begun_s[incident] + after_s + RECORD_S * random.exponential(size=incident.size)
    ends_ms = np.zeros(entities, np.int64)
    ends_ms[: incident.size] = np.round(1000 * ends_s)
    return Moments(ends_ms, np.floor(1000 * begun_s).astype(np.int64), Parts(incident, ends_ms[: incident.size]))


def _average_precision(shift: float, prevalence: float) -> float:
    scores = np.linspace(-REACH, shift + REACH, STEPS)
    middle = (scores[1:] + scores[:-1]) / 2
    gained = -np.diff(ndtr((shift - scores) / np.hypot(1, INCIDENT_SD)))
    hits = prevalence * ndtr((shift - middle) / np.hypot(1, INCIDENT_SD))
    alarms = (1 - prevalence) * ndtr(-middle / np.hypot(1, USER_SD))
    return float(np.sum(gained * hits / (hits + alarms)))
