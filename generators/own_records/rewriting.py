"""Rewrites a file's records with the edits of incidents."""

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from bench.dataset import Clock
from generators.injection.incident_planning import IncidentPlan
from generators.model.changes import ADDED, ALTERED, REMOVED, Changes, joined
from generators.model.outcome import OUTCOMES
from generators.model.records import Edits, no_edits
from generators.model.rng import Purpose, generator
from generators.own_records.calls import CALL_DIGITS, IDENTITIES, Calls
from generators.own_records.line_occupancy import Line, on_the_line
from generators.own_records.origins import NOWHERE
from generators.own_records.pseudonyms import Naming
from generators.own_records.reading import KINDS as KIND_OF
from generators.own_records.records_by_user import RecordsByUser
from generators.own_records.rounding import FEWEST, LEAST_SHARE, step_of
from generators.own_records.written_edits import NAMED, UNWRITTEN, WrittenEdits
from generators.tables.identities import digits_for, numbered
from generators.truth.incident_figures import RecordedValues


class Shown(NamedTuple):
    """How much the rewritten records show of a type."""

    share: float
    """Share of its edits that do not leave their record as it was, or without one."""
    reason: str
    """Why the others do not show."""


class Rewritten(NamedTuple):
    """The records with incidents."""

    calls: Calls
    """In order of time and renumbered."""
    changes: Changes
    values: RecordedValues
    """Of the changes."""
    shown: dict[str, Shown]
    """For each type how much of it the records show."""


class Rewriter:
    """Rewrites records by a plan; `naming` names new identities."""

    def __init__(self, calls: Calls, records: RecordsByUser, plan: IncidentPlan, naming: Naming, seed: int) -> None:
        self.calls, self.records, self.plan, self.seed = calls, records, plan, seed
        self.edits = all_edits(plan)
        self.written = WrittenEdits(calls, records, self.edits, self._places(), naming, seed)

    def rewritten(self) -> Rewritten:
        """Return the records with incidents, and what changed."""
        records, edits = self.records, self.edits
        written, place = self.written, self.written.place
        edited = np.zeros(len(records.row), np.bool_)
        edited[place[written.altered]] = True
        alike = written.alike
        line = on_the_line(records, edits, edited, records.setup_ms[alike], written.outcome != UNWRITTEN)
        gone = edited.copy()
        gone[line.lost] = True
        kept = np.ones(len(records.row), np.bool_)
        kept[records.row[gone]] = False
        made = np.flatnonzero(line.made)
        columns = written.columns(made)
        written_ms = written.starts_ms()
        start = self._starts(written_ms, made)
        seconds = written.seconds()[made]
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
        changes, unseen = self._changes(line, place, position[int(kept.sum()) :], calls, written_ms)
        whose = (self.edits.user[made], self.records.user), (self.edits.callee[made], self.records.callee)
        caller, callee = (np.concatenate([self._by_row(own)[kept], new])[order] for new, own in whose)
        calls, changes = self._diverted(calls, (caller, callee), changes)
        texts = {kind: _in_use(kind, texts, calls.codes) for kind, texts in self.written.texts.items()}
        values = self._recorded_values(calls, (caller, callee), changes)
        return Rewritten(replace(calls, texts=texts), changes, values, self._shown(unseen))

    def _starts(self, written_ms: Any, made: Any) -> Any:
        """Return when edits begin; shape (made,) [ms], UTC. Whoever keeps a start keeps it in a repeated hour too."""
        place = self.written.place[made]
        stays = (place >= 0) & (written_ms[made] == self.records.start_ms[place])
        own = self.calls.start_ms[self.records.row[place]]
        return np.where(stays, own, since_first_day(self.calls.clock, written_ms[made]))

    def _shown(self, unseen: Any) -> dict[str, Shown]:
        """Return how much of each type shows, without the edits that leave their record as it was."""
        types, kind = self.plan.types, self.plan.kind[self.edits.incident]
        every = np.bincount(kind, minlength=len(types))
        unwritten = np.bincount(kind[self.written.outcome == UNWRITTEN], minlength=len(types))
        same = np.bincount(kind[unseen], minlength=len(types))
        lost = (unwritten + same) / np.maximum(every, 1)
        talks = self.records.talk_ms[self.records.talk_ms > 0] // 1000
        reasons = (
            "{:.0%} of its calls are not answered, and these records have no such calls",
            f"{{:.0%}} of its calls would be written as they were (lengths are in steps of {step_of(talks)} s)",
        )
        return {
            name: Shown(1 - lost[i], reasons[int(same[i] > unwritten[i])].format(lost[i]))
            for i, name in enumerate(types)
        }

    def _recorded_values(self, calls: Calls, parties: tuple[Any, Any], changes: Changes) -> RecordedValues:
        """Return the recorded values of the changes; `parties`: callers and callees, numbered by `RecordsByUser`."""
        row = changes.row
        words = np.array([OUTCOMES.index(text) if text in OUTCOMES else 0 for text in self.written.texts["outcome"]])
        whose = [calls.codes.get(name, parties[0])[row] for name in NAMED]
        seconds, outcome = calls.seconds[row], words[calls.codes["outcome"][row]]
        return RecordedValues(parties[1][row], seconds, seconds + calls.setup_s[row], outcome, *whose)

    def _altered(self, place: Any) -> Any:
        """Return the positions in the file's records of altered calls, `NOWHERE` for added ones."""
        return np.where(place >= 0, self.records.row[np.maximum(place, 0)], NOWHERE)

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
        sim[row] = self.written.of_owner("caller_imsi")[self.plan.sim_holdings.holdings.sim[holding]]
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

    def _places(self) -> Any:
        """Return the call of the records that each edit changes, -1 for an added one; shape (edits,)."""
        records, edits = self.records, self.edits
        ends = np.cumsum(records.counts.ravel(), dtype=np.int64)
        day = np.repeat(np.arange(len(self.plan.edits)), [len(each.user) for each in self.plan.edits])
        cell = day * records.counts.shape[1] + edits.user
        return np.where(edits.slot >= 0, ends[cell] - records.counts.ravel()[cell] + edits.slot, -1)

    def _changes(self, line: Line, place: Any, row: Any, calls: Calls, written_ms: Any) -> tuple[Changes, Any]:
        """Return all changes, calls removed because of edits among them, and the edits that change nothing."""
        edits, records = self.edits, self.records
        made, taken = np.flatnonzero(line.made), np.flatnonzero(~line.made & (place >= 0))
        differs = (place[made] < 0) | self._differs(made, place, row, calls)
        unseen = made[~differs]
        made, row = made[differs], row[differs]
        gone = np.concatenate([place[taken], line.lost])
        because = np.concatenate([taken, line.because])
        cells = [
            each.codes.get("first_cell_id", np.zeros(each.start_ms.size, np.int32)) for each in (calls, self.calls)
        ]
        changes = Changes(
            row=np.concatenate([row, np.full(len(gone), -1)]),
            key=np.concatenate([edits.key[made], records.row[gone].astype(np.uint64)]),
            incident=np.concatenate([edits.incident[made], edits.incident[because]]),
            change=np.concatenate([np.where(place[made] < 0, ADDED, ALTERED), np.full(len(gone), REMOVED)]).astype(
                np.int8
            ),
            direct=np.concatenate(
                [~edits.collateral[made], ~edits.collateral[taken], np.zeros(len(line.lost), np.bool_)]
            ),
            caller=np.concatenate([edits.user[made], records.user[gone]]),
            cell=np.concatenate([cells[0][row], cells[1][records.row[gone]]]),
            start_ms=np.concatenate([written_ms[made], records.start_ms[gone]]),
        )
        return changes, unseen

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
