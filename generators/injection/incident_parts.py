"""Building blocks of anomaly types: settings, times, callees and talk times, from crude to like normal calls."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np

from bench.faults import within
from generators.injection.injector import USUAL, Figures, new_calls
from generators.injection.schedule import Schedule
from generators.model.clock import DAY_MS, HOUR_MS, PERSON_S, pauses
from generators.model.outcome import ANSWERED
from generators.model.plan import FOR_EVER, Holdings, Intents
from generators.social.subscriptions import shop_hours

if TYPE_CHECKING:
    from generators.injection.editable_plan import EditablePlan
    from generators.injection.normal_calls import NormalCalls

MINUTE_MS = 60_000
LINE_FREE_MS = 8 * HOUR_MS
"""An incident that occupies a line takes no victim whose line another incident uses within this time."""
BACK_H = 2.0
"""Mean time until somebody calls back [h]."""
LEG_WITHIN_MS = 10_000
"""Time within which the legs of a round begin."""


@dataclass
class AnomalySettings:
    """Settings that every type of anomaly has."""

    share: float = field(default=1.0, metadata=within(0, 1000))
    """This type's part of the anomalous calls, relative to the parts of the other types."""
    difficulty: float = field(default=0.5, metadata=within(0, 1))
    """From 0 (crude) to 1 (like normal calls); each type says what that means, and some ignore it."""
    schedule: Schedule = field(default_factory=Schedule)

    has_difficulty: ClassVar[bool] = True
    """Whether `difficulty` has any effect."""
    figures: ClassVar[Figures] = USUAL
    """Figures reported for its incidents, and the range of each (the entry of the type)."""
    people: ClassVar[int] = 1
    """The fewest users that a world needs for it."""


def blended(crude: Any, normal: Any, share: float, rng: np.random.Generator) -> Any:
    """Return the normal value with a probability of `share`, else the crude one, for each of n."""
    return np.where(rng.random(len(crude)) < share, normal, crude)


def fitted(begin_ms: Any, span_ms: Any, normal: "NormalCalls") -> tuple[Any, Any]:
    """Return spans of time moved or cut so that they lie within the world.

    Parameters
    ----------
    begin_ms, span_ms
        Shape (n,): when each begins, and how long it would be [ms].
    normal
        The world; no span begins before its incidents may.
    """
    end = normal.days * DAY_MS - 1
    begin = np.maximum(np.minimum(begin_ms, end - span_ms), normal.earliest_ms).astype(np.int64)
    return begin, np.minimum(span_ms, end - begin).astype(np.int64)


def times(begin_ms: Any, span_ms: Any, normal: "NormalCalls", share: float, rng: np.random.Generator) -> Any:
    """Return times within spans, a share of them at the hours of normal calls; shape (n,) [ms]."""
    anywhere = begin_ms + (rng.random(len(begin_ms)) * span_ms).astype(np.int64)
    return blended(anywhere, normal.rhythm(begin_ms, span_ms, rng), share, rng)


def members(group: Any, sizes: Any) -> Any:
    """Return the member who makes each call, the members of a group taking turns; shape (n,)."""
    place = np.arange(len(group)) - np.searchsorted(group, group)
    return (np.cumsum(sizes) - sizes)[group] + place % sizes[group]


def stretched(start_ms: Any, incident: Any, begin_ms: Any, span_ms: Any) -> Any:
    """Return starts moved so that each incident's first is at its begin and its last at its end; shape (n,) [ms].

    So an incident has its planned duration, however few calls it has. Calls are in order of incident.
    """
    _, first = np.unique(incident, return_index=True)
    low, high = np.minimum.reduceat(start_ms, first), np.maximum.reduceat(start_ms, first)
    share = (start_ms - low[incident]) / np.maximum(high - low, 1)[incident]
    return begin_ms[incident] + (share * span_ms[incident]).astype(np.int64)


def line_free(victims: Intents, normal: "NormalCalls", rng: np.random.Generator) -> Any:
    """Return the moment from which each victim's line is free of the victim's own calls; shape (n,) [ms]."""
    each, nothing = np.arange(len(victims.user)), np.zeros_like(victims.talk_ms)
    return normal.when_free(victims.user, each, victims.start_ms, nothing, rng)


class Rounds(NamedTuple):
    """Incidents whose legs come in rounds: a fixed number of legs run at the same time, never more."""

    begin_ms: Any
    """Shape (I,): when each incident begins [ms]."""
    span_ms: Any
    """Shape (I,): how long each would last [ms]."""
    legs: int
    """Legs of a round, all of which run at the same time."""
    usual: float
    """Share of the rounds that are at the hours of normal calls."""


def in_rounds(rounds: Rounds, held_ms: Any, incident: Any, normal: "NormalCalls", rng: np.random.Generator) -> Any:
    """Return the starts of legs that come in rounds; shape (n,) [ms].

    Parameters
    ----------
    rounds
        When and how they come.
    held_ms, incident
        Shape (n,): ringing and talk of each leg, and its incident, in order of incident.
    normal
        The normal calls.
    rng
        Random generator.
    """
    place = np.arange(len(incident)) - np.searchsorted(incident, incident)
    new = place % rounds.legs == 0
    number, first = np.cumsum(new) - 1, np.flatnonzero(new)
    lasts, of = np.maximum.reduceat(held_ms, first) + LEG_WITHIN_MS, incident[first]
    pause = pauses(len(of), PERSON_S, rng)
    whole = np.maximum(rounds.span_ms, np.bincount(of, lasts + pause).astype(np.int64))
    begin, whole = fitted(rounds.begin_ms, whole, normal)
    start = in_a_row(of, times(begin[of], whole[of], normal, rounds.usual, rng), lasts, pause)
    late = np.zeros(len(begin), np.int64)
    np.maximum.at(late, of, start + lasts - (normal.days * DAY_MS - 1))
    start = np.maximum(start - late[of], 0)
    return start[number] + (rng.random(len(incident)) * LEG_WITHIN_MS).astype(np.int64)


def talk_between(shortest_s: float, longest_s: float, count: int, rng: np.random.Generator) -> Any:
    """Return talk times drawn uniformly between two values [s]; shape (count,), int64 [ms]."""
    return (1000 * (shortest_s + (longest_s - shortest_s) * rng.random(count))).astype(np.int64)


def like_normal(calls: Intents, normal: "NormalCalls", share: float, rng: np.random.Generator) -> Intents:
    """Give a share of the calls the talk times and outcomes of normal calls."""
    talk, outcome = normal.usual_talks(len(calls.user), rng)
    chosen = rng.random(len(calls.user)) < share
    return calls._replace(
        talk_ms=np.where(chosen, talk, calls.talk_ms), outcome=np.where(chosen, outcome, calls.outcome)
    )


def redialled(calls: Intents, normal: "NormalCalls", rng: np.random.Generator) -> tuple[Intents, Any]:
    """Add redials of calls that are not answered, as often and as soon as in normal life.

    A redial is made by the same person in the same event, so it is direct or collateral like the call.

    Returns
    -------
    tuple
        The calls, each followed by its redials, and the number of the call that each began with.
    """
    failed, every = np.flatnonzero(calls.outcome != ANSWERED), np.arange(len(calls.user))
    again = normal.usual_redials(len(failed), rng)
    start = (calls.start_ms + normal.lasting(calls))[failed[again.of]] + again.wait_ms
    kept = start // DAY_MS == calls.start_ms[failed[again.of]] // DAY_MS
    of = failed[again.of[kept]]
    if not len(of):
        return calls, every
    like = calls.pick(of)
    made = new_calls(like.user, start[kept], again.talk_ms[kept], like.callee, rng)
    redials = like._replace(
        start_ms=made.start_ms,
        ring_ms=again.ring_ms[kept],
        talk_ms=made.talk_ms,
        outcome=again.outcome[kept],
        move=made.move,
        goal=made.goal,
        key=made.key,
    )
    chain = np.concatenate([every, of])
    order = np.argsort(chain, kind="stable")
    return Intents.joined([calls, redials]).pick(order), chain[order]


def redialled_instead(
    calls: Intents, incident: Any, normal: "NormalCalls", rng: np.random.Generator
) -> tuple[Intents, Any]:
    """Let redials of calls that are not answered take the place of other calls of the incident, as in normal life.

    The number of calls of each incident, its first call, and its earliest and latest one stay the same.

    Parameters
    ----------
    calls, incident
        Shape (n,): calls, in order of incident, and of which.
    normal
        The normal calls.
    rng
        Random generator.

    Returns
    -------
    tuple
        The calls, and the number of the call that each began with; shape (n,).
    """
    every, chain = redialled(calls, normal, rng)
    sizes, number = np.bincount(incident), np.arange(len(incident))
    by_time = np.lexsort((calls.start_ms, incident))
    inner = np.ones(len(incident), np.bool_)
    inner[np.diff(incident, prepend=-1) != 0] = False
    inner[by_time[np.diff(incident, prepend=-1) != 0]] = False
    inner[by_time[np.diff(incident, append=len(sizes)) != 0]] = False
    of = incident[chain]
    order = np.lexsort((number[chain], inner[chain], of))
    place = np.arange(len(order)) - np.searchsorted(of, of)
    kept = np.sort(order[place < sizes[of]])
    return every.pick(kept), chain[kept]


def in_a_row(line: Any, start_ms: Any, talk_ms: Any, pause_ms: Any) -> Any:
    """Delay calls until a pause after the previous call of the same line, which has no others; shape (n,) [ms]."""
    out = np.empty_like(start_ms)
    order = np.lexsort((start_ms, line))
    first = np.diff(line[order], prepend=-1) != 0
    taken = talk_ms[order] + pause_ms[order]
    before = np.cumsum(taken) - taken
    slack = start_ms[order] - before
    group = np.cumsum(first) - 1
    high = int(np.abs(slack).max(initial=0)) * 2 + 1  # lets one running maximum serve all lines
    out[order] = np.maximum.accumulate(slack + group * high) - group * high + before
    return out


def some(count: int, share: float, rng: np.random.Generator) -> Any:
    """Return a mask that is true for a share of `count` elements, drawn at random; shape (count,), bool."""
    return rng.permutation(count) < round(share * count)


def recruited(editable: "EditablePlan", roam: Any) -> Any:
    """Take a subscriber from the reserve for each, one who moves as people do or one who does not; shape (n,).

    At most half of the reserve's moving subscribers are taken; the others are stationary.
    """
    roam = roam & (np.cumsum(roam) <= editable.spare() // 2)
    found = [editable.recruit(int(np.sum(roam == moves)), still=not moves) for moves in (False, True)]
    rows = np.empty(len(roam), np.int64)
    rows[~roam], rows[roam] = found
    return rows


def called_back(
    calls: Intents, incident: Any, share: Any, normal: "NormalCalls", rng: np.random.Generator
) -> tuple[Intents, Any]:
    """Add calls back from some of the people called; they are collateral, not part of the incident.

    Parameters
    ----------
    calls, incident
        Shape (n,): calls of an incident, and of which.
    share
        Shape (n,), or one value for all: probability that each call is followed by a call back.
    normal
        The world; parties outside of it do not call back.
    rng
        Random generator.

    Returns
    -------
    tuple
        All calls, those back at the end, and the incident of each.
    """
    back = np.flatnonzero((calls.callee < normal.num_users) & (rng.random(len(calls.user)) < share))
    friend, wait = calls.callee[back], (rng.exponential(BACK_H, len(back)) * HOUR_MS).astype(np.int64) + MINUTE_MS
    talk, outcome = normal.usual_talks(len(back), rng)
    ring = normal.usual_rings(outcome, rng)
    start = after(calls.start_ms[back] + normal.lasting(calls)[back], wait, normal, rng)
    start = normal.when_free(friend, incident[back], start, ring + talk, rng)
    made = answering(friend, start, talk, calls.user[back], rng)._replace(outcome=outcome, ring_ms=ring)
    made, _ = redialled_instead(made, incident[back], normal, rng)
    return Intents.joined([calls, made]), np.concatenate([incident, incident[back]])


def after(moment_ms: Any, wait_ms: Any, normal: "NormalCalls", rng: np.random.Generator) -> Any:
    """Return moments at given delays after others; those past the end of the world are drawn before it; (n,) [ms]."""
    left = np.maximum(normal.days * DAY_MS - 1 - moment_ms, 0)
    return moment_ms + np.where(wait_ms < left, wait_ms, (rng.random(len(left)) * left).astype(np.int64))


def answering(user: Any, start_ms: Any, talk_ms: Any, callee: Any, rng: np.random.Generator) -> Intents:
    """Return calls that other people make because of an incident: collateral, not part of it."""
    return new_calls(user, start_ms, talk_ms, callee, rng)._replace(collateral=np.ones(len(user), np.bool_))


def around_a_circle(host: Any, moment_ms: Any, normal: "NormalCalls", rng: np.random.Generator) -> Any:
    """Return contacts of a person's contacts, who know each other, as callees; shape (n,)."""
    near = normal.contacts(host, moment_ms, rng)
    found = normal.contacts(np.where(near < normal.num_users, near, host), moment_ms, rng)
    fits = (found < normal.num_users) & normal.in_service(np.minimum(found, normal.num_users - 1))
    return np.where(fits, found, normal.strangers(host, rng))


def queued(
    calls: Intents, normal: "NormalCalls", pause_s: float, rng: np.random.Generator, chain: Any = None
) -> Intents:
    """Delay calls until their line is free; these lines make no other calls.

    Parameters
    ----------
    calls
        Calls of these lines.
    normal
        The world; a call that would come after its end stays where it is.
    pause_s
        Mean pause between two calls, beyond the least [s]: drawn, since a fixed one would mark such calls.
    rng
        Random generator.
    chain
        Shape (n,): ascending number of the call that each began with, whose redials keep their distance from it; None
        without redials.
    """
    if not len(calls.user):
        return calls
    of = np.arange(len(calls.user)) if chain is None else np.unique(chain, return_inverse=True)[1]
    first = np.flatnonzero(np.diff(of, prepend=-1))
    begin = calls.start_ms[first]
    lasts = np.maximum.reduceat(calls.start_ms + normal.lasting(calls), first) - begin
    reach = np.maximum.reduceat(calls.start_ms, first) - begin
    free = in_a_row(calls.phone[first], begin, lasts, pauses(len(first), pause_s, rng))
    start = calls.start_ms + np.where(free + reach < normal.days * DAY_MS, free - begin, 0)[of]
    return calls._replace(start_ms=start, day=start // DAY_MS)


def subscribed(
    user: Any, begin_ms: Any, device: Any, normal: "NormalCalls", rng: np.random.Generator, home: Any = None
) -> Holdings:
    """Return subscriptions for users of the reserve, as old as people's are when an incident begins, in these devices.

    Parameters
    ----------
    user, begin_ms, device
        Shape (n,): user, begin of the incident [ms], and the user whose device each SIM is in.
    normal
        The world; subscriptions of incidents get ages drawn from those of its users.
    rng
        Random generator.
    home
        Shape (n,): the subscriber of the reserve whose home each has; its own when None.
    """
    began = np.sort(normal.life.subscribers.active_from_ms[: normal.num_users])
    older = np.searchsorted(began, begin_ms - DAY_MS)
    like = began[(rng.random(len(user)) * older).astype(np.int64)]
    return Holdings.of(user, opened(np.where(older > 0, like, begin_ms), begin_ms, rng), FOR_EVER, user, device, home)


def opened(day_ms: Any, begin_ms: Any, rng: np.random.Generator) -> Any:
    """Return when shops opened the subscriptions: on the given days or a day earlier, before `begin_ms`."""
    moment = shop_hours(day_ms, rng.random(len(day_ms)))
    return np.where(moment < begin_ms, moment, moment - DAY_MS)
