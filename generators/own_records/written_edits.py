"""How edits of incidents are written as records: as the file writes the other calls of the same callers."""

from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from generators.model.changes import talk_seconds
from generators.model.outcome import ANSWERED, OUTCOMES
from generators.model.records import Edits
from generators.model.rng import Purpose, generator
from generators.own_records.calls import IDENTITIES, UNKNOWN, Calls
from generators.own_records.pseudonyms import Naming
from generators.own_records.reading import KINDS as KIND_OF
from generators.own_records.records_by_user import RecordsByUser
from generators.own_records.rounding import FEWEST, LEAST_SHARE, Rounding
from generators.settings.society import EXTERNAL_TYPES

OWN = -1
UNWRITTEN = -1
"""Outcome of an edit that the file would not have a record of."""
PACE = 7919
"""A prime step, by which reserve users without calls are assigned to users of all kinds."""
NAMED = {"caller_imsi": "sim", "caller_imei": "device"}


class WrittenEdits:
    """The columns of the records that edits make.

    Parameters
    ----------
    calls, records
        The records of the file.
    edits
        The edits.
    place
        Shape (edits,): position in `records` of the call that each edit changes; -1 for an added one.
    naming
        Names new identities.
    seed
        Of the draws.
    """

    def __init__(
        self, calls: Calls, records: RecordsByUser, edits: Edits, place: Any, naming: Naming, seed: int
    ) -> None:
        self.calls, self.records, self.edits, self.place = calls, records, edits, place
        self.naming, self.seed = naming, seed
        self.altered = edits.slot >= 0
        self.texts = {kind: texts.to_pylist() for kind, texts in calls.texts.items()}
        """The texts of each kind, to which new ones are added."""
        self.code = records.code.copy()
        """Shape (parties,): code of each party among the numbers."""
        self.users = self._named()
        """Names of all users, the reserve among them."""
        self.outcome = self._outcomes()
        """Shape (edits,): outcome with which each is written, or `UNWRITTEN`."""

    def _named(self) -> pa.StringArray:
        """Name the reserve; return the names of all users, the reserve among them."""
        reserve = np.arange(self.records.users, self.records.users + self.records.reserve)
        self.code[reserve] = len(self.texts["number"]) + np.arange(len(reserve))
        self.texts["number"] += self.naming.named("number", [f"reserve {i}" for i in reserve]).to_pylist()
        return pa.array(self.texts["number"], pa.string()).take(
            pa.array(self.code[: self.records.users + len(reserve)])
        )

    def _outcomes(self) -> Any:
        """Return outcomes that the file knows: of calls that are not answered, perhaps only some, or none at all."""
        found, known = self.edits.outcome.copy(), np.bincount(self.records.outcome, minlength=len(OUTCOMES))
        known[ANSWERED] = 0
        strange = (found != ANSWERED) & (known[found] == 0)
        if not known.any():
            found[strange] = UNWRITTEN
        elif strange.any():
            rng = generator(self.seed, Purpose.PLACE_IN_FILE, 3)
            found[strange] = rng.choice(known.size, int(strange.sum()), p=known / known.sum())
        return found

    def starts_ms(self) -> Any:
        """Return the start of each edit as its caller's records round starts; shape (edits,) [ms]."""
        records, edits = self.records, self.edits
        rng = generator(self.seed, Purpose.PLACE_IN_FILE, 1)
        lines = records.users + records.reserve
        rounding = Rounding.of(records.start_ms // 1000, records.user, lines, rng)
        step_ms = 1000 * rounding.steps_of(edits.user, rng)
        stays = self.altered & (edits.start_ms == records.start_ms[self.place])
        return np.where(stays, edits.start_ms, edits.start_ms // step_ms * step_ms)

    def seconds(self) -> Any:
        """Return the length of each edit as its caller's records write lengths; shape (edits,), int32.

        What is charged is rounded up. Where calls that were not answered have a length, such as the time of ringing,
        theirs is that of a call with the same outcome.
        """
        records, edits = self.records, self.edits
        rng = generator(self.seed, Purpose.PLACE_IN_FILE, 2)
        lasts = records.talk_ms > 0
        lines = records.users + records.reserve
        rounding = Rounding.of(records.talk_ms[lasts] // 1000, records.user[lasts], lines, rng)
        step = rounding.steps_of(edits.user, rng)
        talk = -(-talk_seconds(edits.talk_ms) // step) * step
        talk = np.where(self.altered & (edits.talk_ms == records.talk_ms[self.place]), edits.talk_ms // 1000, talk)
        unanswered = np.where(records.outcome[self.alike] == self.outcome, records.talk_ms[self.alike] // 1000, 0)
        return np.where(self.outcome == ANSWERED, talk, unanswered).astype(np.int32)

    def columns(self, made: Any) -> dict[str, Any]:
        """Return the codes of the calls that edits make, shape (made,) each."""
        edits, records = self.edits, self.records
        near = self._near(edits.phone[made], edits.start_ms[made])
        own = self._source()[made]
        stays = (self.place[made] >= 0) & (records.start_ms[self.place[made]] == edits.start_ms[made])
        where = np.where(stays, own, near)
        changed = (self.place[made] < 0) | (records.callee[self.place[made]] != edits.callee[made])
        found = {}
        for name, codes in self.calls.codes.items():
            source = where if name.endswith("_cell_id") else own
            found[name] = codes[records.row[source]]
        found["caller_id"] = self.code[edits.user[made]].astype(np.int32)
        found["callee_id"] = self.code[edits.callee[made]].astype(np.int32)
        found["outcome"] = self._words("outcome", OUTCOMES)[self.outcome[made]]
        for name in ("callee_imsi", "callee_number", "callee_type"):
            if name in found:
                found[name] = np.where(changed, self._of_party(name)[edits.callee[made]], found[name])
        for name, holder in (("caller_imsi", edits.sim[made]), ("caller_imei", edits.device[made])):
            if name in found:
                shown = np.where((holder == OWN) & (edits.user[made] >= records.users), edits.user[made], holder)
                found[name] = np.where(shown == OWN, found[name], self.of_owner(name)[np.maximum(shown, 0)])
        self._blank_as_usual(found, made)
        return found

    def _blank_as_usual(self, found: dict[str, Any], made: Any) -> None:
        """Leave blank what records with the same outcome leave blank, and nothing that they never do.

        Files often have no cell, device or called SIM where nobody answered.
        """
        edits, records = self.edits, self.records
        outcome, of_file = self.outcome[made], self.place[made]
        new = (of_file < 0) | (records.outcome[of_file] != outcome)
        new |= records.start_ms[of_file] != edits.start_ms[made]
        for name in [name for name in found if KIND_OF[name] in ("cell", *IDENTITIES)]:
            own, blank = self.calls.codes[name][records.row], self._words(KIND_OF[name], (UNKNOWN,))[0]
            for code in np.unique(outcome[new]):
                those = records.by_user[records.outcome[records.by_user] == code]
                asked = np.flatnonzero(new & (outcome == code))
                share = (own[those] == blank).mean() if those.size >= FEWEST else 0.5
                if share >= LEAST_SHARE:
                    found[name][asked] = blank
                elif share <= 1 - LEAST_SHARE and not name.startswith("callee"):
                    asked = asked[found[name][asked] == blank]
                    known, phone = those[own[those] != blank], edits.phone[made[asked]]
                    near = records.nearest_of(known, phone, edits.start_ms[made[asked]])
                    if KIND_OF[name] == "cell":
                        near = np.where(near < 0, known[phone * PACE % known.size], near)
                    found[name][asked] = np.where(near < 0, found[name][asked], own[near])

    def _source(self) -> Any:
        """Return the call of the records on which each edit is modelled: its own or a nearby one; shape (edits,)."""
        return np.where(self.place >= 0, self.place, self._near(self.edits.user, self.edits.start_ms))

    @cached_property
    def alike(self) -> Any:
        """The call of the records that shows how long the setup of each edit takes; shape (edits,).

        That is the call itself where its outcome stays, else one drawn from the caller's with the same outcome, or from
        another caller's if there are none.
        """
        records, outcome = self.records, self.outcome
        found, rng = self._source(), generator(self.seed, Purpose.SETUP_IN_FILE)
        other = (self.place < 0) | (records.outcome[self.place] != outcome)
        for code in np.unique(outcome[other]):
            those = records.by_user[records.outcome[records.by_user] == code]
            if those.size:
                asked, callers = np.flatnonzero(other & (outcome == code)), np.unique(records.user[those])
                user = self.edits.user[asked]
                user = np.where(np.isin(user, callers), user, callers[user * PACE % callers.size])
                first, end = (np.searchsorted(records.user[those], user, side) for side in ("left", "right"))
                found[asked] = those[rng.integers(first, end)]
        return found

    def _near(self, users: Any, start_ms: Any) -> Any:
        """Return a call that shows each user's place at a moment; another user's for users without calls."""
        records = self.records
        callers = np.flatnonzero(np.diff(records.first_of))
        found = records.nearest(users, start_ms)
        other = callers[(users * PACE) % len(callers)]
        still = users % 2 == 1
        shadowed = np.where(still, records.by_user[records.first_of[other]], records.nearest(other, start_ms))
        return np.where(found < 0, shadowed, found)

    def _words(self, kind: str, words: tuple[str, ...]) -> Any:
        """Return the codes of some words; new words get codes at the end."""
        texts = self.texts[kind]
        texts += [word for word in words if word not in texts]
        return np.array([texts.index(word) for word in words], np.int32)

    def _of_party(self, name: str) -> Any:
        """Return the first known value of a column for each party as a callee, shape (parties,)."""
        records, parties = self.records, len(self.code)
        if name == "callee_type":
            kinds = np.searchsorted(records.external_first[1:], np.arange(parties), side="right") + 1
            kinds = np.where(np.arange(parties) < records.external_first[0], 0, kinds)
            return self._words(name, ("subscriber", *EXTERNAL_TYPES))[kinds]
        found = self.code.astype(np.int32)  # its own number, where it was never called
        if name == "callee_imsi":
            found = self.of_owner("caller_imsi", parties)
        order = records.by_user[::-1]
        own = self.calls.codes[name][records.row[order]]
        blank = own == self._words(KIND_OF[name], (UNKNOWN,))[0]
        for rows in (blank, ~blank):  # what is known counts
            found[records.callee[order[rows]]] = own[rows]
        return found

    def of_owner(self, name: str, parties: int = 0) -> Any:
        """Return each user's first SIM or device, shape (users and reserve,) or (parties,); new for the reserve."""
        records, kind = self.records, NAMED[name]
        lines = records.users + records.reserve
        found = np.full(max(parties, lines), self._words(kind, (UNKNOWN,))[0], np.int32)
        if name in self.calls.codes:
            order = records.by_user[::-1]
            found[records.user[order]] = self.calls.codes[name][records.row[order]]
            texts, reserve = self.texts[kind], np.arange(records.users, lines)
            names = self.naming.named(kind, [f"reserve {i}" for i in reserve]).to_pylist()
            known = {text: number for number, text in enumerate(texts)}
            texts += [each for each in names if each not in known]
            known = {text: number for number, text in enumerate(texts)}
            found[reserve] = [known[each] for each in names]
        return found
