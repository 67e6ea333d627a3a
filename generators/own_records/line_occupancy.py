"""Decides which calls take place after the edits of incidents, since a line carries one call at a time."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from generators.model.records import Edits
from generators.own_records.records_by_user import RecordsByUser

LOOKED_BACK = 50
"""Number of earlier calls of a user that are checked for one that is still running."""


@dataclass(frozen=True)
class Line:
    """Edits that take place, and calls of the file that are removed because of them."""

    made: Any
    """Shape (edits,), bool."""
    lost: Any
    """Shape (n,), int64: positions in `RecordsByUser` of calls that are removed because of an edit."""
    because: Any
    """Shape (n,), int64: the edit that removes each."""


def on_the_line(records: RecordsByUser, edits: Edits, edited: Any, setup_ms: Any, written: Any) -> Line:
    """Apply edits to lines that carry one call at a time: edits yield to running calls, later calls to edits.

    Calls of the file that overlap each other stay as they are, and lines on which many do carry any number of calls.

    Parameters
    ----------
    records
        The records.
    edits
        The edits.
    edited
        Shape (calls,), bool: which calls of `records` an edit has altered or taken away.
    setup_ms
        Shape (edits,): by how much longer than it is talked each of them takes its line.
    written
        Shape (edits,), bool: of which the file would have a record.
    """
    made = ~edits.gone & written
    lost: dict[int, int] = {}
    busy: dict[int, int] = {}
    by_user, start, end = records.by_user, records.start_ms, records.start_ms + records.setup_ms + records.talk_ms
    for i in np.lexsort((edits.start_ms, edits.user)).tolist():
        user, begin = int(edits.user[i]), int(edits.start_ms[i])
        if not made[i] or edits.leg[i] or records.several[user]:
            continue
        own = by_user[records.first_of[user] : records.first_of[user + 1]]
        after = int(np.searchsorted(start[own], begin, side="right"))
        running = [each for each in own[max(after - LOOKED_BACK, 0) : after].tolist() if end[each] > begin]
        if begin < busy.get(user, 0) or any(not edited[each] and each not in lost for each in running):
            made[i] = False
            continue
        busy[user] = over = begin + int(setup_ms[i] + edits.talk_ms[i])
        for each in own[after : int(np.searchsorted(start[own], over))].tolist():
            if not edited[each]:
                lost.setdefault(each, i)
    return Line(made, np.array(list(lost), np.int64), np.array(list(lost.values()), np.int64))
