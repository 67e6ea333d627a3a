"""Features of user-days in the call graph: contacts, and how they change."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bench.arrays import FloatArray, IntArray
from bench.dataset import Dataset, Window
from bench.detector import Level
from bench.levels import Grid
from bench.spans import DAY_MS
from detectors.features.graph.call_graph import CallGraph
from detectors.features.graph.ego_networks import Egos, PowerLaw
from detectors.features.sequence.timeline import Timeline

FEATURES = (
    ("outside_share", "1", "share of the day's calls made that leave the user's community"),
    ("new_share", "1", "share of the day's calls made to parties without a tie"),
    ("distant_share", "1", "share of the day's calls made to parties without a tie and without a contact in common"),
    ("log_new_contacts", "ln", "ln(1 + parties without a tie that call the user, or are called, that day)"),
    ("reciprocity", "1", "share of the parties called this week that have called back"),
    ("density", "1", "ties among this week's contacts, of all that there could be"),
    ("star", "1", "share of this week's contacts that know none of the others"),
    ("oddball_ties", "ln", "ties of this week's ego net against those usual for its contacts"),
    ("oddball_calls", "ln", "calls of this week's ego net against those usual for its ties"),
    ("contacts_change", "ln", "ln of (1 + contacts) this week over the week before"),
    ("pagerank_change", "ln", "ln of PageRank x parties this week over the week before"),
    ("core_change", "1", "core number this week less that of the week before"),
)
"""Name, unit and meaning of each feature, in the order of the columns. Ties and communities are those of an earlier
graph; a week is the seven days up to and with the one that is described."""
WEEK = 7


@dataclass(frozen=True)
class Parties:
    """The parties of all calls as numbers: first the users in the order of their table, then all others."""

    dataset: Dataset

    @cached_property
    def codes(self) -> tuple[int, IntArray, IntArray]:
        """The number of parties, and the numbers of the caller and the callee of each call."""
        calls = self.dataset.table("calls", ["caller_id", "callee_id"])
        ends = [calls[name].unify_dictionaries().combine_chunks() for name in calls.column_names]
        users = self.dataset.table("users", ["user_id"])["user_id"].cast(pa.string()).combine_chunks()
        texts = pc.unique(pa.concat_arrays([users, *(each.dictionary.cast(pa.string()) for each in ends)]))
        numbers = [np.asarray(pc.index_in(each.dictionary.cast(pa.string()), texts), np.int64) for each in ends]
        caller, callee = (n[np.asarray(each.indices)] for n, each in zip(numbers, ends, strict=True))
        return len(texts), caller, callee


class Weeks:
    """Ego networks of the seven days before a moment."""

    def __init__(self, dataset: Dataset) -> None:
        self.start_ms = Timeline(dataset).start_ms
        self.parties, self.caller, self.callee = Parties(dataset).codes
        self.until = lru_cache(maxsize=2 * WEEK)(self._until)

    def rows(self, begin_ms: int, end_ms: int) -> slice:
        """Return which calls start in [begin_ms, end_ms)."""
        low, high = np.searchsorted(self.start_ms, [begin_ms, end_ms])
        return slice(int(low), int(high))

    def graph(self, rows: slice, *, resolution: float = 1.0, seed: int = 0) -> CallGraph:
        """Return the graph of some calls."""
        calls = self.caller[rows], self.callee[rows], self.start_ms[rows]
        return CallGraph(self.parties, *calls, resolution=resolution, seed=seed)

    def _until(self, end_ms: int) -> Egos:
        return Egos(self.graph(self.rows(end_ms - WEEK * DAY_MS, end_ms)))


@dataclass(frozen=True)
class GraphDays:
    """Features of the user-days of a part of the time, from the ties and communities known before it."""

    weeks: Weeks
    known: CallGraph
    laws: tuple[PowerLaw, PowerLaw]

    def features(self, dataset: Dataset, part: Window) -> FloatArray:
        """Compute the features of the user-days of `part`, in the order of the grid of `bench.levels`.

        Returns
        -------
        FloatArray
            Shape (users x days, len(FEATURES)), finite: user by user, and of each day by day.
        """
        grid = Grid(Level.USER_DAY, replace(dataset, window=part))
        users = len(grid.subjects)
        days = [self._of_day(begin)[:users] for begin in days_of(grid)]
        return np.stack(days, axis=1).reshape(grid.size, len(FEATURES)) if days else np.empty((0, len(FEATURES)))

    def _of_day(self, begin_ms: int) -> FloatArray:
        end_ms = begin_ms + DAY_MS
        now, before = self.weeks.until(end_ms), self.weeks.until(end_ms - WEEK * DAY_MS)
        columns = [
            *self._calls_made(self.weeks.rows(begin_ms, end_ms)),
            now.reciprocity,
            now.density,
            now.star,
            self.laws[0].residual(now.contacts, now.ties),
            self.laws[1].residual(now.ties, now.calls),
            np.log1p(now.contacts) - np.log1p(before.contacts),
            _log_scaled(now) - _log_scaled(before),
            now.core - before.core,
        ]
        return np.column_stack([np.asarray(column, np.float64) for column in columns])

    def _calls_made(self, rows: slice) -> Iterator[FloatArray]:
        """Yield three shares of the day's calls, and the number of new contacts, each of shape (parties,)."""
        size, known = self.weeks.parties, self.known
        caller, callee = self.weeks.caller[rows], self.weeks.callee[rows]
        new = ~known.tied(caller, callee) & (caller != callee)
        outside = known.community[caller] != known.community[callee]
        made = np.maximum(np.bincount(caller, minlength=size), 1)
        for which in (outside, new, new & (known.shared_contacts(caller, callee) == 0)):
            yield np.bincount(caller[which], minlength=size) / made
        ends = np.unique(np.concatenate([caller * size + callee, callee * size + caller])[np.tile(new, 2)])
        yield np.log1p(np.bincount(ends // max(size, 1), minlength=size))


def days_against(
    dataset: Dataset, known: Window, part: Window, *, resolution: float = 1.0, seed: int = 0
) -> FloatArray:
    """Compute the features of the user-days of a part of the time against the graph of the calls of an earlier one.

    Parameters
    ----------
    dataset
        The calls.
    known, part
        When ties and communities are known from, and which days are described.
    resolution, seed
        Of the communities.

    Returns
    -------
    FloatArray
        Shape (users x days, len(FEATURES)), finite: user by user, and of each day by day.
    """
    weeks = Weeks(dataset)
    graph = weeks.graph(weeks.rows(known.start_ms, known.end_ms), resolution=resolution, seed=seed)
    return GraphDays(weeks, graph, weeks.until(known.end_ms).laws).features(dataset, part)


def days_of(grid: Grid) -> list[int]:
    """Return the begin of each day of a grid of user-days [ms, UTC]."""
    begins: list[int] = grid.begin_ms(np.arange(grid.first, grid.first + grid.spans)).tolist()
    return begins


def _log_scaled(egos: Egos) -> FloatArray:
    """Return ln(PageRank x parties), 0 for a party without a tie, shape (parties,)."""
    present = egos.contacts > 0
    return np.log(np.where(present, egos.pagerank * max(int(present.sum()), 1), 1.0))
