"""What to ask for so that recorded calls have enough injected incidents of each type to be judged."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from math import sqrt

import pyarrow as pa
import pyarrow.compute as pc

from bench.evaluation.run_outcome import Outcome
from bench.host.texts import rounded_up
from reports.wording import ALL, home_level, key, settings_of, types_in

RATIOS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1)
"""Ratios that are proposed; a higher one would change the traffic that the records show."""
SPREAD = 3.0
"""How many standard deviations more incidents are planned than are needed: they fall into the scored part by chance."""

WANTED = (("level", "call"), ("cause", "direct"))
"""Which rows of the truth are calls that incidents made or altered themselves."""


@dataclass(frozen=True)
class Way:
    """A ratio with which each of some types, injected alone, has enough incidents."""

    ratio: float
    types: tuple[str, ...]

    @property
    def settings(self) -> str:
        """The settings of a sweep with one job a type."""
        lists = ",".join(f"[{name}]" for name in self.types)
        return f'"anomaly={lists}" generator.anomaly_ratio={self.ratio:g}'


@dataclass(frozen=True)
class Ways:
    """What helps the types of a run that have too few incidents to be judged."""

    needed: int
    """Number of incidents in the scored part from which a type is judged."""
    ways: tuple[Way, ...]
    too_few_calls: dict[str, int]
    """Types for which the records are too few, and how many calls would do."""


def few_in(outcome: Outcome) -> list[str]:
    """Return the types of a run with too few incidents to be judged."""
    values, asked = outcome.result.values, outcome.result.asked
    types = [name for name in types_in(values) if name != ALL]
    return [name for name in types if values.get(key("enough_incidents", home_level(asked, name), name)) == 0]


def ways_of(outcome: Outcome) -> Ways:
    """Return with which ratios the types that have too few incidents have enough, each injected alone.

    Parameters
    ----------
    outcome
        A run on recorded calls with injected incidents.
    """
    needed = int(settings_of(outcome.result.asked)["protocol"]["fewest_incidents"])
    dataset, few = outcome.dataset, few_in(outcome)
    calls = dataset.open_table("calls").metadata.num_rows
    window, clock = dataset.window, dataset.clock
    scored = (window.end_ms - window.start_ms) / (clock.end_ms - clock.start_ms)
    ways: dict[float, list[str]] = defaultdict(list)
    too_few: dict[str, int] = {}
    planned = (needed + SPREAD * sqrt(needed)) / scored
    for name, size in _sizes(outcome):
        if name in few:
            ratio = planned * size / calls
            asked = next((each for each in RATIOS if each >= ratio), None)
            if asked is None:
                too_few[name] = rounded_up(calls * ratio / RATIOS[-1])
            else:
                ways[asked].append(name)
    return Ways(needed, tuple(Way(ratio, tuple(ways[ratio])) for ratio in sorted(ways)), too_few)


def _sizes(outcome: Outcome) -> Iterator[tuple[str, float]]:
    """Yield the mean number of calls of an incident of each type, or more where few incidents tell it."""
    truth, incidents = outcome.truth.table("truth"), outcome.truth.table("incidents")
    of_calls, direct = (pc.equal(truth[name].cast(pa.string()), word) for name, word in WANTED)
    made = truth.filter(pc.and_(pc.and_(of_calls, direct), pc.greater_equal(truth["row"], 0)))
    calls, numbers = (table["anomaly_type"].cast(pa.string()).to_pylist() for table in (made, incidents))
    for name in sorted(set(numbers)):
        yield name, calls.count(name) / numbers.count(name) * (1 + 1 / sqrt(numbers.count(name)))
