"""Normal life read from a file of call records, for the same injectors as in a simulated world."""

from typing import TYPE_CHECKING, Any, final

import numpy as np

from generators.injection.normal_life import IntentNumbers, Subscribers, steady_users, strangers
from generators.injection.planning_errors import NotInRecords
from generators.model.clock import DAY_MS, HOUR_MS, PERSON_S, pauses
from generators.model.plan import Holdings, Intents
from generators.own_records.records_by_user import RecordsByUser
from generators.settings.society import EXTERNAL_TYPES
from generators.social.subscriptions import NEVER

if TYPE_CHECKING:
    from generators.calls.model_arrays import ModelArrays
    from generators.injection.expected_calls import ExpectedCalls

WEEK, SATURDAY = 7, 5


@final
class RecordedLife:
    """Normal life according to call records; each of their users has a subscription from the start."""

    can_grow = False
    without_network = "leave out types at the level of cells: call records do not describe a network"
    expected_calls: "ExpectedCalls | None" = None
    redialled_within_ms = 0

    def __init__(self, records: RecordsByUser) -> None:
        self.records = records
        self._numbers = IntentNumbers(records.counts)
        lines = records.users + records.reserve
        since = np.zeros(lines, np.int64)
        since[records.users :] = NEVER
        still = np.arange(lines) % 2 == 1
        self.subscribers = Subscribers(since, np.full(lines, NEVER), since > 0, still)
        self.weekend = (records.first_weekday + np.arange(len(records.counts))) % WEEK >= SATURDAY
        self._steady = steady_users(self)

    @property
    def num_users(self) -> int:
        """Number of users, without the reserve."""
        return self.records.users

    @property
    def counts(self) -> Any:
        """Calls of each user and day, shape (days, N), int32; the reserve has none."""
        return self.records.counts

    @property
    def parties(self) -> int:
        """Number of users, of the reserve and of external parties together."""
        return int(self.records.external_first[-1])

    @property
    def model(self) -> "ModelArrays":
        """Raise `NotInRecords`: nothing is simulated."""
        raise NotInRecords("the arrays of a simulation")

    @property
    def calls_ring(self) -> bool:
        """Return that ringing is not known apart from the set-up time."""
        return False

    def fill(self, intents: Intents) -> None:
        """Look up the calls in these slots of users' days."""
        place, records = self._numbers.of(intents), self.records
        intents.start_ms[:], intents.talk_ms[:] = records.start_ms[place], records.talk_ms[place]
        intents.callee[:], intents.outcome[:] = records.callee[place], records.outcome[place]
        intents.move[:], intents.goal[:], intents.key[:] = 0, 0, records.row[place]

    def redrawn(self, intents: Intents, rng: np.random.Generator) -> Intents:
        """Return the intents unchanged: a file has no other calls."""
        return intents

    def connects(self, intents: Intents) -> Any:
        """Return that all take place, as their records show; shape (n,), bool."""
        return np.ones(len(intents.user), np.bool_)

    def contacts(self, users: Any, start_ms: Any, rng: np.random.Generator) -> Any:
        """Return a callee of each user, drawn by its own calls; a random one for users who call nobody; shape (n,)."""
        records = self.records
        first, last = records.first_of[users], records.first_of[users + 1]
        chosen = first + (rng.random(len(users)) * (last - first)).astype(np.int64)
        chosen = records.by_user[np.minimum(chosen, len(records.by_user) - 1)]
        return np.where(last > first, records.callee[chosen], strangers(self._steady, users, rng))

    def rings(self, key: Any, outcome: Any) -> Any:
        """Return 0 for each call: what its file says of ringing is a part of the set-up time; shape (n,)."""
        return np.zeros(len(key), np.int64)

    def never_calls(self, users: Any, from_h: int, to_h: int) -> Any:
        """Return which users make no call between two local hours in the whole file; shape (n,), bool."""
        time = self.records.start_ms % DAY_MS
        within = (time >= from_h * HOUR_MS) & (time < to_h * HOUR_MS)
        return (np.bincount(self.records.user[within], minlength=self.counts.shape[1]) == 0)[users]

    def when_free(self, users: Any, incident: Any, start_ms: Any, talk_ms: Any, rng: np.random.Generator) -> Any:
        """Delay new calls until the line is free of the user's own calls and of the incident's; shape (n,) [ms].

        No call is put off past midnight; one that would have to be stays where it is.
        """
        order = np.lexsort((start_ms, users, incident))
        out, pause_ms = start_ms.copy(), pauses(len(users), PERSON_S, rng)
        before, free_ms = (-1, -1), 0
        for i in order.tolist():
            line = (int(users[i]), int(incident[i]))
            if self.records.several[line[0]]:
                continue
            start = int(start_ms[i]) if line != before else max(int(start_ms[i]), free_ms)
            start = self._free_from(line[0], start, int(pause_ms[i]))
            if start // DAY_MS == start_ms[i] // DAY_MS:
                out[i] = start
            before, free_ms = line, int(out[i] + talk_ms[i] + pause_ms[i])
        return out

    def _free_from(self, user: int, start_ms: int, pause_ms: int) -> int:
        """Return the first moment from `start_ms` on outside the user's own calls and the pauses after them."""
        records = self.records
        first, last = records.first_of[user : user + 2]
        own = records.by_user[first:last]
        begins = records.start_ms[own]
        ends = begins + records.setup_ms[own] + records.talk_ms[own]
        for i in range(max(int(np.searchsorted(begins, start_ms, side="right")) - 1, 0), len(own)):
            if begins[i] > start_ms:
                break
            if ends[i] > start_ms:
                start_ms = int(ends[i]) + pause_ms
        return start_ms

    def suppressed_share(self) -> float:
        """Return 0: what is in the file has taken place."""
        return 0.0

    def external(self, kind: str) -> tuple[int, int]:
        """Return the number of the first external party of a type, and one past the last."""
        first, end = self.records.external_first[EXTERNAL_TYPES.index(kind) :][:2]
        return int(first), int(end)

    def of_kind(self, name: str) -> Any:
        """Return all users: records do not show types of users; shape (N,), bool."""
        return np.ones(self.counts.shape[1], np.bool_)

    def reserve(self, still: bool) -> Any:
        """Return the subscribers of the reserve who stay at one place, or those who move; shape (n,).

        Raises
        ------
        NotInRecords
            Without a reserve, since made-up users need pseudonyms.
        """
        if not self.records.reserve:
            raise NotInRecords("new users, who can be made up under pseudonyms only (generator.pseudonyms=true)")
        reserve = np.arange(self.num_users, self.counts.shape[1])
        return reserve[self.subscribers.still[reserve] == still]

    def enrol(self, new: Holdings) -> None:
        """Give subscribers of the reserve their subscriptions; records do not show where people live."""
        self.subscribers.active_from_ms[new.user] = new.from_ms
