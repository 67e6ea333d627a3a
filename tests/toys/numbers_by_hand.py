"""Every number of a run, worked out from the tables alone: plain loops over rows, slow and readable."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from statistics import median
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from bench.dataset import Dataset
from bench.truth import Truth

DAY_MS, QUARTER_MS = 86_400_000, 900_000
AT_K = 100
Pair = tuple[str, int]


class ByHand:
    """What the truth says of the entities of one level."""

    def __init__(self, dataset: Dataset, truth: Truth, level: str) -> None:
        self.level, self.window = level, (dataset.window.start_ms, dataset.window.end_ms)
        self.calls = _rows(dataset.folder / "calls.parquet")
        self.truth = _rows(truth.folder / "truth.parquet")
        self.kind = {row["incident_id"]: row["anomaly_type"] for row in _rows(truth.folder / "incidents.parquet")}
        self.types = sorted(set(self.kind.values()))
        self.subject = {"call": None, "user_day": "user_id", "cell_quarter": "cell_id"}[level]
        self.length = DAY_MS if level == "user_day" else QUARTER_MS
        self.offset = 1000 * dataset.clock.utc_offset_s if level == "user_day" else 0
        first, end = self.window
        self.scored = [row for row, call in enumerate(self.calls) if first <= call["call_start_ts"] < end]
        self.entities = self._entities(dataset)
        self.place = {entity: place for place, entity in enumerate(self.entities)}
        self.deeds, self.touched = self._deeds()
        self.kinds: dict[Any, set[str]] = {}
        for entity, incident in self.deeds:
            self.kinds.setdefault(entity, set()).add(self.kind[incident])
        self.normal = [place for entity, place in self.place.items() if entity not in self.touched]
        self.belongs = [self.place.get(self.of_call(row), -1) for row in self.scored]

    def _entities(self, dataset: Dataset) -> list[Any]:
        if self.level == "call":
            return list(self.scored)
        table = "users" if self.level == "user_day" else "cells"
        names = [row[self.subject] for row in _rows(dataset.folder / f"{table}.parquet")]
        first, end = self.span(self.window[0]), self.span(self.window[1] - 1) + 1
        return [(name, span) for name in names for span in range(first, end)]

    def span(self, moment: int) -> int:
        """Return the number of the day or quarter that a moment lies in."""
        return (moment + self.offset) // self.length

    def of_call(self, row: int) -> Any:
        """Return the entity that a call belongs to; None outside of what is scored."""
        call = self.calls[row]
        if not self.window[0] <= call["call_start_ts"] < self.window[1]:
            return None
        if self.level == "call":
            return row
        name = call["caller_id" if self.level == "user_day" else "first_cell_id"]
        entity = (name, self.span(call["call_start_ts"]))
        return entity if entity in self.place else None

    def over(self, entity: Any) -> int:
        """Return when an entity is over."""
        if self.level == "call":
            return self.calls[entity]["call_end_ts"]
        return int((entity[1] + 1) * self.length - self.offset)

    def _of_row(self, row: dict[str, Any]) -> Iterable[Any]:
        if row["row"] >= 0:
            return [self.of_call(row["row"])]
        if self.subject is None or row[self.subject] is None:
            return []
        begin, end = row["start_ts"], row["end_ts"]
        return [(row[self.subject], span) for span in range(self.span(begin), self.span(max(end - 1, begin)) + 1)]

    def _deeds(self) -> tuple[set[tuple[Any, str]], set[Any]]:
        deeds, touched = set(), set()
        for row in self.truth:
            for entity in self._of_row(row):
                if entity in self.place:
                    touched.add(entity)
                    if row["cause"] == "direct":
                        deeds.add((entity, row["incident_id"]))
        return deeds, touched

    def begun(self, incident: str) -> int:
        """Return the start of the first thing that an incident did."""
        its = [row for row in self.truth if row["incident_id"] == incident and row["cause"] == "direct"]
        return min(row["start_ts"] if row["row"] < 0 else self.calls[row["row"]]["call_start_ts"] for row in its)

    def calls_over(self, incident: str, moment: int) -> int:
        """Return how many calls of an incident were over before a moment."""
        its = [row for row in self.truth if row["incident_id"] == incident and row["cause"] == "direct"]
        return sum(self.calls[row["row"]]["call_end_ts"] < moment for row in its if row["row"] >= 0)

    def own(self, name: str) -> list[tuple[Any, str]]:
        """Return the deeds of a type, without the entities of several types; of `all`, every deed."""
        return [deed for deed in self.deeds if name == "all" or self.kinds[deed[0]] == {name}]

    def numbers(
        self, name: str, scores: Sequence[float], alerts: set[int], causal: bool, fewest: int
    ) -> dict[str, Any]:
        """Return the numbers of a class but those of chance, which `by_chance` has.

        Parameters
        ----------
        scores
            Of each entity, in order.
        alerts
            The places of those that are alerts.
        """
        deeds, every = self.own(name), {e for e, i in self.deeds if name in ("all", self.kind[i])}
        shared = every - {entity for entity, kinds in self.kinds.items() if len(kinds) == 1}
        positive = {self.place[entity] for entity, _ in deeds}
        hits, alarms = len(positive & alerts), len(alerts & set(self.normal))
        incidents = {incident for _, incident in deeds}
        found = {i for e, i in deeds if self.place[e] in alerts}
        ranked = sorted([*positive, *self.normal], key=lambda place: -scores[place])
        top = sum(place in positive for place in ranked[:AT_K])
        values = {
            "positives": len(positive),
            "prevalence": _share(len(positive), len(positive) + len(self.normal)),
            "shared_share": _share(len(shared), len(every)),
            "incidents": len(incidents),
            "enough_incidents": int(len(incidents) >= fewest),
            "average_precision": _average_precision(ranked, positive),
            "roc_auc": _wins(positive, self.normal, scores),
            f"precision_at_{AT_K}": _share(top, min(AT_K, len(ranked))) if positive else None,
            f"recall_at_{AT_K}": _share(top, len(positive)),
            "hits": hits,
            "false_alarms": alarms,
            "precision": _share(hits, hits + alarms) if positive else None,
            "recall": _share(hits, len(positive)),
            "recall_cap": min(_share(len(alerts), len(positive)) or 0, 1) if positive else None,
            "f1": _share(2 * hits, hits + alarms + len(positive)) if positive else None,
            "incident_recall": _share(len(found), len(incidents)),
        }
        return values | self._delays(deeds, alerts, found if causal else set())

    def _delays(self, deeds: list[tuple[Any, str]], alerts: set[int], found: set[str]) -> dict[str, Any]:
        seconds, calls = [], []
        for incident in found:
            moment = min(self.over(e) for e, i in deeds if i == incident and self.place[e] in alerts)
            seconds.append((moment - self.begun(incident)) / 1000)
            calls.append(self.calls_over(incident, moment))
        delays = {"delay_seconds": median(seconds) if seconds else None}
        return delays | {"delay_calls": median(calls) if calls else None} if self.level == "call" else delays

    def by_chance(self, name: str, alerts: int, aggregated: bool, draws: int) -> dict[str, tuple[float, float]]:
        """Return what random scores get, by drawing them: each number with its standard error."""
        random = np.random.default_rng(0)
        deeds = self.own(name)
        positive = {self.place[entity] for entity, _ in deeds}
        found: dict[str, list[float]] = {"average_precision_chance": [], "incident_recall_chance": []}
        for _ in range(draws):
            scores = (
                self.aggregated(random.random(len(self.scored)).tolist())
                if aggregated
                else random.random(len(self.entities)).tolist()
            )
            ranked = sorted([*positive, *self.normal], key=lambda place: -scores[place])
            last = [place for place in ranked if scores[place] < 0]
            found["average_precision_chance"].append(_average_precision(ranked, positive, len(last)) or 0)
            chosen = set(sorted(range(len(scores)), key=lambda place: -scores[place])[:alerts])
            hit = {incident for entity, incident in deeds if self.place[entity] in chosen}
            found["incident_recall_chance"].append(len(hit) / len({incident for _, incident in deeds}))
        return {key: (float(np.mean(each)), float(np.std(each)) / draws**0.5) for key, each in found.items()}

    def aggregated(self, scores: Sequence[float]) -> list[float]:
        """Return the highest score of each entity's calls; -1 without one."""
        highest = [-1.0] * len(self.entities)
        for place, score in zip(self.belongs, scores, strict=True):
            if place >= 0:
                highest[place] = max(highest[place], float(score))
        return highest


def ms(moment: datetime) -> int:
    """Return a moment in ms since 1970."""
    return round(moment.timestamp() * 1000)


def _rows(path: Any) -> list[dict[str, Any]]:
    """Return the rows of a table, moments as ms since 1970."""
    rows = pq.read_table(path).to_pylist()
    return [{key: ms(value) if isinstance(value, datetime) else value for key, value in row.items()} for row in rows]


def _share(part: float, of: float) -> float | None:
    return part / of if of else None


def _average_precision(ranked: list[int], positive: set[int], tied_last: int = 0) -> float | None:
    """Return it of a ranking without ties, but for so many at its end that are all alike."""
    if not positive:
        return None
    total, hits = 0.0, 0
    for rank, place in enumerate(ranked, start=1):
        hits += place in positive
        total += (place in positive) * (hits / rank if rank <= len(ranked) - tied_last else len(positive) / len(ranked))
    return total / len(positive)


def _wins(positive: set[int], normal: list[int], scores: Sequence[float]) -> float | None:
    if not positive or not normal:
        return None
    wins = sum((scores[p] > scores[n]) + 0.5 * (scores[p] == scores[n]) for p in positive for n in normal)
    return float(wins / (len(positive) * len(normal)))
