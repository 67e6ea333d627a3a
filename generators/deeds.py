"""What the types of the catalogue have in common: their settings, and how crude deeds turn into mimicry."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.faults import within
from generators.clock import DAY_MS, HOUR_MS, PAUSE_MS
from generators.plan import FOR_EVER, Holdings, Intents
from generators.schedule import Schedule

if TYPE_CHECKING:
    from generators.life import Life

MINUTE_MS = 60_000
OLD_DAYS = 5.0
"""Mean age of a subscription of the reserve when it is first used [days]."""


@dataclass
class Deed:
    """What every type can be told."""

    share: float = field(default=1.0, metadata=within(0, 1000))
    """Part of the anomalous calls, relative to the other types."""
    difficulty: float = field(default=0.5, metadata=within(0, 1))
    """From 0, crude, to 1, like normal life; what that means is said of each type."""
    schedule: Schedule = field(default_factory=Schedule)


def blended(crude: Any, normal: Any, share: float, rng: np.random.Generator) -> Any:
    """Return the normal value with a probability of `share`, else the crude one, for each of n."""
    return np.where(rng.random(len(crude)) < share, normal, crude)


def fitted(begin_ms: Any, span_ms: Any, life: "Life") -> tuple[Any, Any]:
    """Return spans of time that lie within the world: those too near its end begin earlier, or are cut.

    Parameters
    ----------
    begin_ms, span_ms
        Shape (n,): when each begins, and how long it would be [ms].
    life
        The world; no span begins before its incidents may.
    """
    end = life.days * DAY_MS - 1
    begin = np.maximum(np.minimum(begin_ms, end - span_ms), life.earliest_ms).astype(np.int64)
    return begin, np.minimum(span_ms, end - begin).astype(np.int64)


def times(begin_ms: Any, span_ms: Any, life: "Life", share: float, rng: np.random.Generator) -> Any:
    """Return times within spans, a share of them at the hours at which people call; shape (n,) [ms]."""
    anywhere = begin_ms + (rng.random(len(begin_ms)) * span_ms).astype(np.int64)
    return blended(anywhere, life.rhythm(begin_ms, span_ms, rng), share, rng)


def members(group: Any, sizes: Any, rng: np.random.Generator) -> Any:
    """Return a random member of each call's group, members being numbered group by group; shape (n,)."""
    return (np.cumsum(sizes) - sizes)[group] + (rng.random(len(group)) * sizes[group]).astype(np.int64)


def talk_between(shortest_s: float, longest_s: float, count: int, rng: np.random.Generator) -> Any:
    """Return talk times, uniform between two [s]; shape (count,), int64 [ms]."""
    return (1000 * (shortest_s + (longest_s - shortest_s) * rng.random(count))).astype(np.int64)


def like_normal(calls: Intents, draft: "Life", share: float, rng: np.random.Generator) -> Intents:
    """Give a share of the calls the talk time and the outcome that calls of normal life have."""
    usual = draft.examples(len(calls.user), rng)
    chosen = rng.random(len(calls.user)) < share
    talk, outcome = (np.where(chosen, getattr(usual, name), getattr(calls, name)) for name in ("talk_ms", "outcome"))
    return calls._replace(talk_ms=talk, outcome=outcome)


def in_a_row(line: Any, start_ms: Any, talk_ms: Any) -> Any:
    """Put off calls of lines that make no others until the line's call before is over; shape (n,) [ms]."""
    out = np.empty_like(start_ms)
    order = np.lexsort((start_ms, line))
    first = np.diff(line[order], prepend=-1) != 0
    taken = talk_ms[order] + PAUSE_MS
    before = np.cumsum(taken) - taken
    slack = start_ms[order] - before
    group = np.cumsum(first) - 1
    high = int(np.abs(slack).max(initial=0)) * 2 + 1  # lets one running maximum serve all lines
    out[order] = np.maximum.accumulate(slack + group * high) - group * high + before
    return out


def queued(calls: Intents, life: "Life") -> Intents:
    """Put off calls of lines that make no others until these are free, and see on which day that is."""
    start = np.minimum(in_a_row(calls.phone, calls.start_ms, calls.talk_ms), life.days * DAY_MS - 1)
    return calls._replace(start_ms=start, day=start // DAY_MS)


def subscribed(user: Any, begin_ms: Any, device: Any, rng: np.random.Generator) -> Holdings:
    """Let users of the reserve have subscriptions, from some days before an incident begins, in these devices."""
    age = (rng.exponential(OLD_DAYS, len(user)) * DAY_MS).astype(np.int64)
    return Holdings.of(user, begin_ms - age - HOUR_MS, FOR_EVER, user, device)
