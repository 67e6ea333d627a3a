"""A draft whose normal life is a file's records: what injectors ask of it, it looks up instead of working it out."""

from types import SimpleNamespace
from typing import Any

import numpy as np

from generators.injection.editable_plan import Draft
from generators.model.clock import DAY_MS, HOUR_MS, PERSON_S, pauses
from generators.model.plan import Intents
from generators.own_records.records_by_user import Life
from generators.settings.society import EXTERNAL_TYPES
from generators.social.subscriptions import NEVER

WEEK, SATURDAY = 7, 5


class NotHad(Exception):  # noqa: N818 - it says what is wanted, not what is wrong
    """A type asks for something that a file of records does not tell."""


class _Known(SimpleNamespace):
    """What a file tells of people or of the network; asking for more says what is missing."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise NotHad(name.replace("_", " "))


class OwnDraft(Draft):
    """The plan of normal life, read from records; whoever is in them has been there from the start."""

    can_grow = False
    without_network = "leave out what befalls cells: call records do not tell of a network"

    def fresh(self) -> "OwnDraft":
        """Return the same records, of which nothing is claimed."""
        return OwnDraft(self.life)

    def __init__(self, life: Life) -> None:
        lines = life.users + life.reserve
        since = np.zeros(lines, np.int64)
        since[life.users :] = NEVER
        still = np.arange(lines) % 2 == 1
        people = _Known(
            active_from_ms=since,
            active_until_ms=np.full(lines, NEVER),
            passing=since > 0,
            still=still,
            kind=np.zeros(lines, np.int8),
        )
        network = _Known(on=False)
        weekend = (life.first_weekday + np.arange(len(life.counts))) % WEEK >= SATURDAY
        outside = {} if life.external_first[0] == life.external_first[-1] else {"external_first": life.external_first}
        habits: Any = _Known(
            num_users=life.users, people=people, network=network, closed=False, weekend=weekend, **outside
        )
        super().__init__(habits, life.counts)
        self.life = life

    def _fill(self, found: Intents) -> None:
        place, life = self._numbers(found), self.life
        found.start_ms[:], found.talk_ms[:] = life.start_ms[place], life.talk_ms[place]
        found.callee[:], found.outcome[:] = life.callee[place], life.outcome[place]
        found.move[:], found.goal[:], found.key[:] = 0, 0, life.row[place]

    def _unused(self, intents: Intents, rng: np.random.Generator) -> Intents:
        return intents  # a file tells of no calls but its own

    def never_calls(self, users: Any, from_h: int, to_h: int) -> Any:
        """Return who of some users makes no call between two local hours in the whole file; shape (n,), bool."""
        time = self.life.start_ms % DAY_MS
        within = (time >= from_h * HOUR_MS) & (time < to_h * HOUR_MS)
        return (np.bincount(self.life.user[within], minlength=self.counts.shape[1]) == 0)[users]

    def contacts(self, users: Any, start_ms: Any, rng: np.random.Generator) -> Any:
        """Return whom each user calls, as often as it does; anybody for those who call nobody; shape (n,)."""
        first, last = self.life.first_of[users], self.life.first_of[users + 1]
        chosen = first + (rng.random(len(users)) * (last - first)).astype(np.int64)
        chosen = self.life.by_user[np.minimum(chosen, len(self.life.by_user) - 1)]
        return np.where(last > first, self.life.callee[chosen], self.strangers(users, rng))

    def when_free(self, users: Any, incident: Any, start_ms: Any, talk_ms: Any, rng: np.random.Generator) -> Any:
        """Put off new calls until their line is free of the user's own calls, and of their incident's; shape (n,) [ms].

        None is put off past midnight; one that would have to be stays where it is.
        """
        order = np.lexsort((start_ms, users, incident))
        out, pause_ms = start_ms.copy(), pauses(len(users), PERSON_S, rng)
        before, free_ms = (-1, -1), 0
        for i in order.tolist():
            whose = (int(users[i]), int(incident[i]))
            start = int(start_ms[i]) if whose != before else max(int(start_ms[i]), free_ms)
            start = self._free_from(whose[0], start, int(pause_ms[i]))
            if start // DAY_MS == start_ms[i] // DAY_MS:
                out[i] = start
            before, free_ms = whose, int(out[i] + talk_ms[i] + pause_ms[i])
        return out

    def _free_from(self, user: int, start_ms: int, pause_ms: int) -> int:
        """Return the first moment from `start_ms` on that is not in a call of a user's own, nor in the pause after."""
        first, last = self.life.first_of[user : user + 2]
        own = self.life.by_user[first:last]
        begins = self.life.start_ms[own]
        ends = begins + self.life.setup_ms[own] + self.life.talk_ms[own]
        for i in range(max(int(np.searchsorted(begins, start_ms, side="right")) - 1, 0), len(own)):
            if begins[i] > start_ms:
                break
            if ends[i] > start_ms:
                start_ms = int(ends[i]) + pause_ms
        return start_ms

    def _spare(self, still: bool) -> Any:
        if not self.life.reserve:
            raise NotHad("new users, who can be made up under pseudonyms only (generator.pseudonyms=true)")
        return super()._spare(still)

    def suppressed_share(self) -> float:
        """Return 0: what is in the file has taken place."""
        return 0.0

    @property
    def unlisted(self) -> Any:
        """Parties outside the network of whom the records say no more; shape (n,)."""
        return np.arange(*self.life.external_first[EXTERNAL_TYPES.index("unlisted") :][:2])

    def outsiders(self, kind: str, count: int, rng: np.random.Generator) -> Any:
        """Return external parties of a type (unlisted, foreign, premium), all equally likely; shape (count,)."""
        first, end = self.life.external_first[EXTERNAL_TYPES.index(kind) :][:2]
        if first == end:
            raise NotHad(f"{kind} parties: none is in the records")
        return super().outsiders(kind, count, rng)
