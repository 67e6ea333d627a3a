"""What the types of the catalogue have in common: their settings, and how crude deeds turn into mimicry."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.faults import within
from generators.clock import DAY_MS, HOUR_MS, PAUSE_MS
from generators.plan import FOR_EVER, OWN, Holdings, Intents
from generators.schedule import Schedule

if TYPE_CHECKING:
    from generators.draft import Draft
    from generators.life import Life

MINUTE_MS = 60_000
OLD_DAYS = 5.0
"""Mean age of a subscription of the reserve when it is first used [days]."""
CALLED_BACK = 0.5
"""Share of the calls between friends that the other one makes."""


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
    talk, outcome = draft.usual_talks(len(calls.user), rng)
    chosen = rng.random(len(calls.user)) < share
    return calls._replace(
        talk_ms=np.where(chosen, talk, calls.talk_ms), outcome=np.where(chosen, outcome, calls.outcome)
    )


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


def some(count: int, share: float, rng: np.random.Generator) -> Any:
    """Return which of so many are chosen, a share of them; shape (count,), bool."""
    return rng.permutation(count) < round(share * count)


def recruited(draft: "Draft", roam: Any) -> Any:
    """Take one of the reserve for each: who moves as people do, or who stands still; shape (n,), None when too few.

    Those who roam are half of what the reserve has of them at most; the others stand still.
    """
    roam = roam & (np.cumsum(roam) <= draft.spare() // 2)
    found = [draft.recruit(int(np.sum(roam == moves)), still=not moves) for moves in (False, True)]
    if found[0] is None:
        return None
    rows = np.empty(len(roam), np.int64)
    rows[~roam], rows[roam] = found
    return rows


def called_back(calls: Intents, friends: Any, incident: Any, draft: "Life", rng: np.random.Generator) -> Intents:
    """Turn half of the calls to friends round: the friend calls, as soon as its line is free.

    Parameters
    ----------
    calls
        Calls of those who want to look like people.
    friends
        Shape (n,), bool: which go to somebody who would call back.
    incident
        Shape (n,): of which incident each is.
    draft
        The world; parties outside of it do not call back.
    rng
        Where chance comes from.
    """
    back = np.flatnonzero(friends & (calls.callee < draft.num_users) & (rng.random(len(friends)) < CALLED_BACK))
    friend, some_calls = calls.callee[back], calls.pick(back)
    start = draft.when_free(friend, incident[back], some_calls.start_ms, some_calls.talk_ms)
    turned = {"user": friend, "phone": friend, "sim": OWN, "device": OWN, "callee": some_calls.user, "start_ms": start}
    turned["move"] = rng.random(len(back))
    return calls._replace(**{name: _with(getattr(calls, name), back, value) for name, value in turned.items()})


def _with(column: Any, places: Any, values: Any) -> Any:
    out = column.copy()
    out[places] = values
    return out


def queued(calls: Intents, life: "Life") -> Intents:
    """Put off calls of lines that make no others until these are free, and see on which day that is."""
    start = np.minimum(in_a_row(calls.phone, calls.start_ms, calls.talk_ms), life.days * DAY_MS - 1)
    return calls._replace(start_ms=start, day=start // DAY_MS)


def subscribed(user: Any, begin_ms: Any, device: Any, rng: np.random.Generator) -> Holdings:
    """Let users of the reserve have subscriptions, from some days before an incident begins, in these devices."""
    age = (rng.exponential(OLD_DAYS, len(user)) * DAY_MS).astype(np.int64)
    return Holdings.of(user, begin_ms - age - HOUR_MS, FOR_EVER, user, device)
