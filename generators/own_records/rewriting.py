"""Rewrites a file's records with the edits of incidents."""

from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa

from bench.dataset import Clock
from generators.injection.incident_planning import IncidentPlan
from generators.model.changes import ADDED, ALTERED, REMOVED, Changes, joined, talk_seconds
from generators.model.outcome import ANSWERED, OUTCOMES
from generators.model.records import Edits, no_edits
from generators.model.rng import Purpose, generator
from generators.own_records.calls import CALL_DIGITS, IDENTITIES, UNKNOWN, Calls
from generators.own_records.line_occupancy import Line, on_the_line
from generators.own_records.origins import NOWHERE
from generators.own_records.pseudonyms import Naming
from generators.own_records.reading import KINDS as KIND_OF
from generators.own_records.records_by_user import RecordsByUser
from generators.own_records.rounding import FEWEST, LEAST_SHARE, Rounding
from generators.settings.society import EXTERNAL_TYPES
from generators.tables.identities import digits_for, numbered
from generators.truth.incident_figures import RecordedValues

OWN = -1
PACE = 7919
"""A prime step, by which reserve users without calls are assigned to users of all kinds."""
NAMED = {"caller_imsi": "sim", "caller_imei": "device"}


class Rewriter:
    """Rewrites records by a plan; `naming` names new identities."""

    def __init__(self, calls: Calls, records: RecordsByUser, plan: IncidentPlan, naming: Naming, seed: int) -> None:
        self.calls, self.records, self.plan, self.naming, self.seed = calls, records, plan, naming, seed
        self.edits = all_edits(plan)
        self.texts = {kind: texts.to_pylist() for kind, texts in calls.texts.items()}
        self.code = records.code.copy()
        self.names = self._named()

    def _named(self) -> pa.StringArray:
        """Name the reserve; return the names of all users, the reserve among them."""
        reserve = np.arange(self.records.users, self.records.users + self.records.reserve)
        self.code[reserve] = len(self.texts["number"]) + np.arange(len(reserve))
        self.texts["number"] += self.naming.named("number", [f"reserve {i}" for i in reserve]).to_pylist()
        return pa.array(self.texts["number"], pa.string()).take(
            pa.array(self.code[: self.records.users + len(reserve)])
        )

    def rewritten(self) -> tuple[Calls, Changes, RecordedValues]:
        """Return the records with incidents, in order of time and renumbered, their changes, and the changed values."""
        records, edits = self.records, self.edits
        altered = edits.slot >= 0
        place = self._places(altered)
        edited = np.zeros(len(records.row), np.bool_)
        edited[place[altered]] = True
        alike = self._alike(place)
        line = on_the_line(records, edits, edited, records.setup_ms[alike])
        gone = edited.copy()
        gone[line.lost] = True
        kept = np.ones(len(records.row), np.bool_)
        kept[records.row[gone]] = False
        made = np.flatnonzero(line.made)
        columns = self._columns(made, place)
        written_ms = self._written_ms(altered, place)
        start = since_first_day(self.calls.clock, written_ms[made])
        seconds = self._seconds(altered, place, alike)[made]
        starts = np.concatenate([self.calls.start_ms[kept], start])
        setup_s = np.concatenate([self.calls.setup_s[kept], self.calls.setup_s[records.row[alike[made]]]])
        lasts = np.concatenate([self.calls.seconds[kept], seconds]) + setup_s
        order = in_order_of_time(starts, lasts, int(kept.sum()), generator(self.seed, Purpose.PLACE_IN_FILE))
        codes = {name: np.concatenate([own[kept], columns[name]])[order] for name, own in self.calls.codes.items()}
        ids = numbered("call_", np.arange(order.size), digits_for(order.size, CALL_DIGITS))
        position = np.empty(order.size, np.int64)
        position[order] = np.arange(order.size)
        calls = replace(
            self.calls,
            start_ms=starts[order],
            seconds=np.concatenate([self.calls.seconds[kept], seconds])[order],
            setup_s=setup_s[order],
            call_id=pa.chunked_array([ids]),
            codes=codes,
            origins=self.calls.origins.take(np.concatenate([np.flatnonzero(kept), self._altered(place[made])])[order]),
        )
        changes = self._changes(line, place, position[int(kept.sum()) :], calls, written_ms)
        whose = (self.edits.user[made], self.records.user), (self.edits.callee[made], self.records.callee)
        caller, callee = (np.concatenate([self._by_row(own)[kept], new])[order] for new, own in whose)
        calls, changes = self._diverted(calls, (caller, callee), changes)
        texts = {kind: _in_use(kind, texts, calls.codes) for kind, texts in self.texts.items()}
        return replace(calls, texts=texts), changes, self._recorded_values(calls, (caller, callee), changes)

    def _written_ms(self, altered: Any, place: Any) -> Any:
        """Return the start of each edit as its caller's records round starts; shape (edits,) [ms]."""
        records, edits = self.records, self.edits
        rng = generator(self.seed, Purpose.PLACE_IN_FILE, 1)
        lines = records.users + records.reserve
        rounding = Rounding.of(records.start_ms // 1000, records.user, lines, rng)
        step_ms = 1000 * rounding.steps_of(edits.user, rng)
        stays = altered & (edits.start_ms == records.start_ms[place])
        return np.where(stays, edits.start_ms, edits.start_ms // step_ms * step_ms)

    def _seconds(self, altered: Any, place: Any, alike: Any) -> Any:
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
        talk = np.where(altered & (edits.talk_ms == records.talk_ms[place]), edits.talk_ms // 1000, talk)
        unanswered = np.where(records.outcome[alike] == edits.outcome, records.talk_ms[alike] // 1000, 0)
        return np.where(edits.outcome == ANSWERED, talk, unanswered).astype(np.int32)

    def _altered(self, place: Any) -> Any:
        """Return the positions in the file's records of altered calls, `NOWHERE` for added ones."""
        return np.where(place >= 0, self.records.row[np.maximum(place, 0)], NOWHERE)

    def _recorded_values(self, calls: Calls, parties: tuple[Any, Any], changes: Changes) -> RecordedValues:
        """Return the recorded values of the changes; `parties`: callers and callees, numbered by `RecordsByUser`."""
        row = changes.row
        words = np.array([OUTCOMES.index(text) if text in OUTCOMES else 0 for text in self.texts["outcome"]])
        whose = [calls.codes.get(name, parties[0])[row] for name in NAMED]
        return RecordedValues(parties[1][row], calls.seconds[row], words[calls.codes["outcome"][row]], *whose)

    def _by_row(self, values: Any) -> Any:
        """Return values of `RecordsByUser` in the order of the file's records."""
        out = np.empty_like(values)
        out[self.records.row] = values
        return out

    def _diverted(self, calls: Calls, parties: tuple[Any, Any], changes: Changes) -> tuple[Calls, Changes]:
        """Set the SIM of calls that reach a number while an incident has moved it; `parties` call and are called."""
        start_ms = calls.clock.local_ms(calls.start_ms) - calls.clock.local_ms(calls.clock.start_ms)
        row, holding = self.plan.sim_holdings.in_force(parties[1], start_ms)
        if "callee_imsi" not in calls.codes or not len(row):
            return calls, changes
        sim = calls.codes["callee_imsi"].copy()
        sim[row] = self._of_owner("caller_imsi")[self.plan.sim_holdings.holdings.sim[holding]]
        new = (sim[row] != calls.codes["callee_imsi"][row]) & ~np.isin(row, changes.row)
        row, incident = row[new], self.plan.sim_holdings.incident[holding[new]]
        cell = calls.codes["first_cell_id"][row] if "first_cell_id" in calls.codes else np.zeros(len(row), np.int32)
        kind, direct = np.full(len(row), ALTERED, np.int8), np.zeros(len(row), np.bool_)
        no_key = np.zeros(len(row), np.uint64)
        more = Changes(
            row=row,
            key=no_key,
            incident=incident,
            change=kind,
            direct=direct,
            caller=parties[0][row],
            cell=cell,
            start_ms=start_ms[row],
        )
        return replace(calls, codes={**calls.codes, "callee_imsi": sim}), joined([changes, more])

    def _places(self, altered: Any) -> Any:
        """Return the call of the records that each edit changes, -1 for an added one; shape (edits,)."""
        records, edits = self.records, self.edits
        ends = np.cumsum(records.counts.ravel(), dtype=np.int64)
        day = np.repeat(np.arange(len(self.plan.edits)), [len(each.user) for each in self.plan.edits])
        cell = day * records.counts.shape[1] + edits.user
        return np.where(altered, ends[cell] - records.counts.ravel()[cell] + edits.slot, -1)

    def _columns(self, made: Any, place: Any) -> dict[str, Any]:
        """Return the codes of the calls that edits make, shape (made,) each."""
        edits, records = self.edits, self.records
        near = self._near(edits.phone[made], edits.start_ms[made])
        own = self._source(place)[made]
        stays = (place[made] >= 0) & (records.start_ms[place[made]] == edits.start_ms[made])
        where = np.where(stays, own, near)
        changed = (place[made] < 0) | (records.callee[place[made]] != edits.callee[made])
        found = {}
        for name, codes in self.calls.codes.items():
            source = where if name.endswith("_cell_id") else own
            found[name] = codes[records.row[source]]
        found["caller_id"] = self.code[edits.user[made]].astype(np.int32)
        found["callee_id"] = self.code[edits.callee[made]].astype(np.int32)
        found["outcome"] = self._words("outcome", OUTCOMES)[edits.outcome[made]]
        for name in ("callee_imsi", "callee_number", "callee_type"):
            if name in found:
                found[name] = np.where(changed, self._of_party(name)[edits.callee[made]], found[name])
        for name, holder in (("caller_imsi", edits.sim[made]), ("caller_imei", edits.device[made])):
            if name in found:
                shown = np.where((holder == OWN) & (edits.user[made] >= records.users), edits.user[made], holder)
                found[name] = np.where(shown == OWN, found[name], self._of_owner(name)[np.maximum(shown, 0)])
        self._blank_as_usual(found, made, place)
        return found

    def _blank_as_usual(self, found: dict[str, Any], made: Any, place: Any) -> None:
        """Leave blank what records with the same outcome leave blank, and nothing that they never do.

        Files often have no cell, device or called SIM where nobody answered.
        """
        edits, records = self.edits, self.records
        outcome, of_file = edits.outcome[made], place[made]
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

    def _source(self, place: Any) -> Any:
        """Return the call of the records on which each edit is modelled: its own or a nearby one; shape (edits,)."""
        return np.where(place >= 0, place, self._near(self.edits.user, self.edits.start_ms))

    def _alike(self, place: Any) -> Any:
        """Return the call of the records that shows how long the setup of each edit takes; shape (edits,).

        That is the call itself where its outcome stays, else one drawn from the caller's with the same outcome, or from
        another caller's if there are none.
        """
        records, outcome = self.records, self.edits.outcome
        found, rng = self._source(place), generator(self.seed, Purpose.SETUP_IN_FILE)
        other = (place < 0) | (records.outcome[place] != outcome)
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
            found = self._of_owner("caller_imsi", parties)
        order = records.by_user[::-1]
        own = self.calls.codes[name][records.row[order]]
        blank = own == self._words(KIND_OF[name], (UNKNOWN,))[0]
        for rows in (blank, ~blank):  # what is known counts
            found[records.callee[order[rows]]] = own[rows]
        return found

    def _of_owner(self, name: str, parties: int = 0) -> Any:
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

    def _changes(self, line: Line, place: Any, row: Any, calls: Calls, written_ms: Any) -> Changes:
        """Return all changes: calls that edits made or removed, and calls removed because of them."""
        edits, records = self.edits, self.records
        made, taken = np.flatnonzero(line.made), np.flatnonzero(~line.made & (place >= 0))
        differs = (place[made] < 0) | self._differs(made, place, row, calls)
        made, row = made[differs], row[differs]
        gone = np.concatenate([place[taken], line.lost])
        because = np.concatenate([taken, line.because])
        cells = [
            each.codes.get("first_cell_id", np.zeros(each.start_ms.size, np.int32)) for each in (calls, self.calls)
        ]
        return Changes(
            row=np.concatenate([row, np.full(len(gone), -1)]),
            key=np.concatenate([edits.key[made], records.row[gone].astype(np.uint64)]),
            incident=np.concatenate([edits.incident[made], edits.incident[because]]),
            change=np.concatenate([np.where(place[made] < 0, ADDED, ALTERED), np.full(len(gone), REMOVED)]).astype(
                np.int8
            ),
            direct=np.concatenate([~edits.innocent[made], ~edits.innocent[taken], np.zeros(len(line.lost), np.bool_)]),
            caller=np.concatenate([edits.user[made], records.user[gone]]),
            cell=np.concatenate([cells[0][row], cells[1][records.row[gone]]]),
            start_ms=np.concatenate([written_ms[made], records.start_ms[gone]]),
        )

    def _differs(self, made: Any, place: Any, row: Any, calls: Calls) -> Any:
        """Return which altered calls differ from the original in any column; shape (made,)."""
        own = self.records.row[place[made]]
        other = (calls.start_ms[row] != self.calls.start_ms[own]) | (calls.seconds[row] != self.calls.seconds[own])
        for name, codes in self.calls.codes.items():
            other |= calls.codes[name][row] != codes[own]
        return other


def in_order_of_time(starts: Any, lasts: Any, kept: int, rng: np.random.Generator) -> Any:
    """Return the order of records by start, in which those that incidents made or changed do not stand out.

    Files often have whole seconds or minutes. Among records with the same start they get places by their end, if the
    file is written in the order in which calls end; else places drawn at random.

    Parameters
    ----------
    starts
        Shape (n,): first the starts of unchanged records, ascending, which keep their order; then all others.
    lasts
        Shape (n,): length of each with its setup [s].
    kept
        Number of unchanged records.
    rng
        Source of the places.
    """
    steps = np.diff(lasts[:kept])[np.diff(starts[:kept]) == 0]
    by_end = (steps > 0).sum() >= FEWEST and (steps >= 0).mean() >= LEAST_SHARE
    order = np.lexsort((rng.random(starts.size), lasts if by_end else np.zeros(starts.size), starts))
    order[order < kept] = np.arange(kept)
    return order


def since_first_day(clock: Clock, local_ms: Any) -> Any:
    """Return times on the local clock since the start of the first day, as UTC [ms]."""
    return clock.utc_ms(clock.local_ms(clock.start_ms) + local_ms)


def all_edits(plan: IncidentPlan) -> Edits:
    """Return the edits of all days."""
    every = [*plan.edits, no_edits()]
    whole = (np.concatenate(columns) for columns in zip(*every, strict=True))
    return Edits(*(column.astype(np.int64) if column.dtype.kind == "i" else column for column in whole))


def _in_use(kind: str, texts: list[str], codes: dict[str, Any]) -> pa.StringArray:
    """Return the identities that occur in calls, and number the columns of their kind anew."""
    if kind not in IDENTITIES:
        return pa.array(texts, pa.string())
    names = [name for name in codes if KIND_OF[name] == kind]
    used = np.unique(np.concatenate([np.zeros(0, np.int32), *(codes[name] for name in names)]))
    for name in names:
        codes[name] = np.searchsorted(used, codes[name]).astype(np.int32)
    return pa.array(texts, pa.string()).take(pa.array(used))
