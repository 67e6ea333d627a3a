"""Kernels: what each call is like against the past of its caller, its callee and its cell.

Calls are visited caller by caller: those of one are gathered, described in a buffer that fits into the processor's
cache, and laid out where they belong, once. Every pass goes through calls in order of time and writes only what was
known before each. They agree with a plain loop over all earlier calls (`tests/detectors/plain_features.py`).
"""

from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np

from detectors.features.compiled import kernel

Array = np.ndarray[Any, Any]
SECOND_MS = 1000
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
WEEK_MS = 7 * DAY_MS
NIGHT_ENDS_MS = 5 * HOUR_MS
THURSDAY = 3
FASTEST_KMH = 10_000.0
C_LOG_C = np.arange(256) * np.log(np.maximum(np.arange(256), 1))

CALL = np.dtype(
    [
        *[
            ("start_ms", "i8"),
            ("caller", "i4"),
            ("callee", "i4"),
            ("duration_s", "i4"),
            ("first", "i4"),
            ("last", "i4"),
        ],
        *[("device", "i4"), ("sim", "i4"), ("handovers", "i2"), ("answered", "?"), ("outside", "?")],
        *[("callee_received", "i4"), ("cell_calls", "i4"), ("cell_surge", "f4")],
    ]
)
"""What of a call features are made from; texts are numbers, and the last three are worked out first."""

GOT = np.dtype([("start_ms", "i8"), ("caller", "i4"), ("row", "i4")])
"""A call as its callee sees it, and its position."""


class Column(IntEnum):
    """Features by number, in the order of `detectors.features.calls.FEATURES`."""

    duration = 0
    log_duration = 1
    duration_ratio = 2
    unanswered = 3
    hour = 4
    hour_sin = 5
    hour_cos = 6
    night = 7
    weekend = 8
    hour_share = 9
    night_share = 10
    gap = 11
    log_gap = 12
    burstiness = 13
    overlap = 14
    unanswered_share = 15
    calls_last_hour = 16
    calls_last_day = 17
    received_last_hour = 18
    received_last_day = 19
    callee_received_last_hour = 20
    new_contact = 21
    contact_share = 22
    contacts_last_hour = 23
    contacts_last_day = 24
    contact_entropy = 25
    reciprocated = 26
    reciprocity = 27
    outside = 28
    new_device = 29
    new_sim = 30
    moved = 31
    handovers = 32
    moved_km = 33
    new_cell = 34
    cell_share = 35
    cells_last_day = 36
    jump_km = 37
    speed = 38
    usual_km = 39
    gyration_km = 40
    cell_calls_last_hour = 41
    cell_surge = 42


class Wanted(NamedTuple):
    """Which columns are wanted, of which calls, and where."""

    columns: Array
    """Shape (columns,): number of the feature in each column of the result."""
    low: int
    """Position of the first call that is described."""
    out: Array
    """Shape (described calls, columns), float32."""


class Room(NamedTuple):
    """Memory that a pass may use; nothing is carried in it from party to party but zeros in `cells`."""

    mine: Array
    """Shape (most calls of a caller,), of `CALL`."""
    told: Array
    """Shape (most calls of a caller, features), float32: what is found out about each."""
    key: Array
    """Shape (a power of 2, more than twice the most contacts of a party,)."""
    slot: Array
    """Shape (most calls of a caller,): contact of each call."""
    contacts: Array
    """Shape (as `key`, 4): of each contact the calls in the last hour, day and ever, and whether it ever called."""
    cells: Array
    """Shape (cells, 2): calls that the caller began in each cell, ever and in the last day."""


@kernel
def grouped(key: Array, begins: Array, order: Array) -> None:
    """Sort rows by group, stably: rows of group g become `order[begins[g] : begins[g + 1]]`.

    Parameters
    ----------
    key
        Shape (rows,): group of each row, from 0.
    begins
        Shape (groups + 1,), zeros; filled in.
    order
        Shape (rows,), int32; filled in.
    """
    for row in range(key.size):
        begins[key[row] + 1] += 1
    for group in range(1, begins.size):
        begins[group] += begins[group - 1]
    for row in range(key.size):
        order[begins[key[row]]] = row
        begins[key[row]] += 1
    for group in range(begins.size - 1, 0, -1):
        begins[group] = begins[group - 1]
    begins[0] = 0


@kernel
def seen_by_callees(calls: Array, begins: Array, got: Array) -> None:
    """Sort calls by callee, as `grouped` does, into `got`, shape (calls,) of `GOT`, in order of time."""
    for row in range(calls.size):
        begins[calls[row].callee + 1] += 1
    for party in range(1, begins.size):
        begins[party] += begins[party - 1]
    for row in range(calls.size):
        at = begins[calls[row].callee]
        got[at].start_ms, got[at].caller, got[at].row = calls[row].start_ms, calls[row].caller, row
        begins[calls[row].callee] += 1
    for party in range(begins.size - 1, 0, -1):
        begins[party] = begins[party - 1]
    begins[0] = 0


@kernel
def first_since(calls: Array, begin: int, since_ms: int) -> int:
    """Return the first place from `begin` on whose call does not start before a moment."""
    while begin < calls.size and calls[begin].start_ms < since_ms:
        begin += 1
    return begin


@kernel
def called(calls: Array, begins: Array, got: Array) -> None:
    """Count what each callee got in the hour before each call that it got."""
    for party in range(begins.size - 1):
        mine, hour = got[begins[party] : begins[party + 1]], 0
        for k in range(mine.size):
            hour = first_since(mine, hour, mine[k].start_ms - HOUR_MS)
            calls[mine[k].row].callee_received = k - hour


@kernel
def crowded(calls: Array, begins: Array, order: Array, begin_ms: int) -> None:
    """Count what began in each cell in the hour before each call, and hold it against the cell's mean till then."""
    for cell in range(begins.size - 1):
        rows, hour = order[begins[cell] : begins[cell + 1]], 0
        for k in range(rows.size):
            now_ms = calls[rows[k]].start_ms
            while calls[rows[hour]].start_ms < now_ms - HOUR_MS:
                hour += 1
            usual = k * HOUR_MS / max(now_ms - begin_ms, HOUR_MS)
            calls[rows[k]].cell_calls = k - hour
            calls[rows[k]].cell_surge = np.log((k - hour + 1) / (usual + 1))


@kernel
def itself(call: Any, local_ms: int, told: Array, k: int) -> None:
    """Describe a call without the past of its caller."""
    angle = local_ms % DAY_MS * (2 * np.pi / DAY_MS)
    told[k, Column.duration] = call.duration_s
    told[k, Column.log_duration] = np.log1p(call.duration_s)
    told[k, Column.unanswered] = not call.answered
    told[k, Column.hour] = local_ms % DAY_MS / HOUR_MS
    told[k, Column.hour_sin] = np.sin(angle)
    told[k, Column.hour_cos] = np.cos(angle)
    told[k, Column.night] = local_ms % DAY_MS < NIGHT_ENDS_MS
    told[k, Column.weekend] = (local_ms // DAY_MS + THURSDAY) % 7 >= 5
    told[k, Column.outside] = call.outside
    told[k, Column.moved] = call.first != call.last
    told[k, Column.handovers] = call.handovers
    told[k, Column.callee_received_last_hour] = call.callee_received
    told[k, Column.cell_calls_last_hour] = call.cell_calls
    told[k, Column.cell_surge] = call.cell_surge


@kernel
def habits(mine: Array, offset_ms: int, hours: Array, told: Array) -> None:
    """Describe calls against when, how long and with what success their caller called before; `hours` are 24 zeros."""
    talked, answered, nights, until_ms = 0, 0, 0, 0
    gaps, squares = 0.0, 0.0
    for k in range(mine.size):
        call = mine[k]
        local_ms = call.start_ms + offset_ms
        hour = local_ms % DAY_MS // HOUR_MS
        gap_s = (call.start_ms - mine[k - 1].start_ms) / SECOND_MS if k > 0 else np.inf
        itself(call, local_ms, told, k)
        against_mean = np.log((1 + call.duration_s) / (1 + talked / max(answered, 1)))
        told[k, Column.duration_ratio] = against_mean if call.answered and answered > 0 else 0.0
        told[k, Column.hour_share] = (hours[hour] + 1) / (k + 24)
        told[k, Column.night_share] = nights / max(k, 1)
        told[k, Column.gap] = min(gap_s, WEEK_MS / SECOND_MS)
        told[k, Column.log_gap] = np.log1p(min(gap_s, WEEK_MS / SECOND_MS))
        told[k, Column.burstiness] = burstiness(gaps, squares, k - 1)
        told[k, Column.overlap] = k > 0 and call.start_ms < until_ms
        told[k, Column.unanswered_share] = (k - answered) / max(k, 1)
        told[k, Column.new_device] = k > 0 and call.device != mine[k - 1].device
        told[k, Column.new_sim] = k > 0 and call.sim != mine[k - 1].sim
        hours[hour] += 1
        talked += call.duration_s
        answered += call.answered
        nights += local_ms % DAY_MS < NIGHT_ENDS_MS
        until_ms = max(until_ms, call.start_ms + call.duration_s * SECOND_MS)
        if k > 0:
            gaps += gap_s
            squares += gap_s * gap_s


@kernel
def burstiness(total: float, squares: float, count: int) -> float:
    """Return (sigma - mu) / (sigma + mu) of gaps from their sums (Goh & Barabasi 2008), 0 for fewer than two."""
    if count < 2 or total <= 0:
        return 0.0
    mean = total / count
    sigma = np.sqrt(max(squares / count - mean * mean, 0.0))
    return float((sigma - mean) / (sigma + mean))


@kernel
def windows(mine: Array, rows: Array, got: Array, told: Array) -> None:
    """Count what a party made and got in the hour and the day before each of its calls."""
    hour, day, known, got_hour, got_day = 0, 0, 0, 0, 0
    for k in range(mine.size):
        now_ms = mine[k].start_ms
        while known < got.size and got[known].row < rows[k]:
            known += 1
        hour = first_since(mine, hour, now_ms - HOUR_MS)
        day = first_since(mine, day, now_ms - DAY_MS)
        got_hour = first_since(got[:known], got_hour, now_ms - HOUR_MS)
        got_day = first_since(got[:known], got_day, now_ms - DAY_MS)
        told[k, Column.calls_last_hour] = k - hour
        told[k, Column.calls_last_day] = k - day
        told[k, Column.received_last_hour] = known - got_hour
        told[k, Column.received_last_day] = known - got_day


@kernel
def found(key: Array, mask: int, party: int) -> int:
    """Return the place of a party in a hash table (open addressing), made when it is new."""
    at = (party * 2_654_435_761 >> 7) & mask
    while key[at] != party:
        if key[at] < 0:
            key[at] = party
        else:
            at = (at + 1) & mask
    return at


@kernel
def c_log_c(count: int) -> float:
    """Return c ln c, 0 for none."""
    return float(C_LOG_C[count]) if count < C_LOG_C.size else count * float(np.log(count))


@kernel
def contacts(mine: Array, rows: Array, got: Array, room: Room) -> None:
    """Describe calls against whom their caller called, and who called it, before."""
    size = 4
    while size < 2 * (mine.size + got.size):
        size *= 2
    room.key[:size] = -1
    room.contacts[:size] = 0
    told, one, hour, day, heard, in_hour, in_day, ever, mutual, bits = (
        room.told,
        room.contacts,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0.0,
    )
    for k in range(mine.size):
        now_ms = mine[k].start_ms
        while heard < got.size and got[heard].row < rows[k]:
            other = found(room.key, size - 1, got[heard].caller)
            mutual += one[other, 3] == 0 and one[other, 2] > 0
            one[other, 3] = 1
            heard += 1
        while mine[hour].start_ms < now_ms - HOUR_MS:
            one[room.slot[hour], 0] -= 1
            in_hour -= one[room.slot[hour], 0] == 0
            hour += 1
        while mine[day].start_ms < now_ms - DAY_MS:
            last = room.slot[day]
            one[last, 1] -= 1
            in_day -= one[last, 1] == 0
            bits += c_log_c(one[last, 1]) - c_log_c(one[last, 1] + 1)
            day += 1
        other = found(room.key, size - 1, mine[k].callee)
        bits = bits if k > day else 0.0
        told[k, Column.new_contact] = one[other, 2] == 0
        told[k, Column.contact_share] = one[other, 2] / max(k, 1)
        told[k, Column.contacts_last_hour] = in_hour
        told[k, Column.contacts_last_day] = in_day
        told[k, Column.contact_entropy] = max(np.log(k - day) - bits / (k - day), 0.0) if k > day else 0.0
        told[k, Column.reciprocated] = one[other, 3]
        told[k, Column.reciprocity] = mutual / max(ever, 1)
        mutual += one[other, 2] == 0 and one[other, 3] == 1
        ever += one[other, 2] == 0
        in_hour += one[other, 0] == 0
        in_day += one[other, 1] == 0
        bits += c_log_c(one[other, 1] + 1) - c_log_c(one[other, 1])
        for each in range(3):
            one[other, each] += 1
        room.slot[k] = other


@kernel
def apart(places: Array, one: int, other: int) -> float:
    """Return the distance of two cells [km], 0 where the place of either is not known."""
    away = np.sqrt((places[one, 0] - places[other, 0]) ** 2 + (places[one, 1] - places[other, 1]) ** 2)
    return 0.0 if np.isnan(away) else float(away)


@kernel
def whereabouts(mine: Array, places: Array, room: Room) -> None:
    """Describe calls against where their caller called before; `places` are the cells' coordinates [km]."""
    told, cells = room.told, room.cells
    day, in_day, known, east, north, squares = 0, 0, 0, 0.0, 0.0, 0.0
    for k in range(mine.size):
        call = mine[k]
        x, y = places[call.first, 0], places[call.first, 1]
        while mine[day].start_ms < call.start_ms - DAY_MS:
            cells[mine[day].first, 1] -= 1
            in_day -= cells[mine[day].first, 1] == 0
            day += 1
        told[k, Column.moved_km] = apart(places, call.first, call.last)
        told[k, Column.new_cell] = cells[call.first, 0] == 0
        told[k, Column.cell_share] = cells[call.first, 0] / max(k, 1)
        told[k, Column.cells_last_day] = in_day
        before = mine[max(k - 1, 0)]
        jump_km = apart(places, before.last, call.first) if k > 0 else 0.0
        since_s = (call.start_ms - before.start_ms) / SECOND_MS - before.duration_s
        told[k, Column.jump_km] = jump_km
        told[k, Column.speed] = min(jump_km * 3600 / max(since_s, 1.0), FASTEST_KMH)
        mean_x, mean_y = east / max(known, 1), north / max(known, 1)
        spread = squares / max(known, 1) - mean_x * mean_x - mean_y * mean_y
        away = np.sqrt((x - mean_x) ** 2 + (y - mean_y) ** 2)
        told[k, Column.usual_km] = 0.0 if known == 0 or np.isnan(away) else away
        told[k, Column.gyration_km] = np.sqrt(max(spread, 0.0))
        in_day += cells[call.first, 1] == 0
        cells[call.first, 0] += 1
        cells[call.first, 1] += 1
        if not np.isnan(x):
            known, east, north, squares = known + 1, east + x, north + y, squares + x * x + y * y
    for k in range(mine.size):
        cells[mine[k].first] = 0


@kernel
def describe(
    calls: Array,
    made: tuple[Array, Array],
    got: tuple[Array, Array],
    world: tuple[int, Array],
    room: Room,
    want: Wanted,
) -> None:
    """Go through callers, and lay out what is wanted of each call.

    Parameters
    ----------
    calls
        Shape (calls,), of `CALL`, in order of time.
    made, got
        What `grouped` made of the callers, and `seen_by_callees`: where each party begins, and its calls.
    world
        What local time is ahead of UTC [ms], and shape (cells, 2): coordinates of cells [km].
    """
    for party in range(made[0].size - 1):
        rows = made[1][made[0][party] : made[0][party + 1]]
        others = got[1][got[0][party] : got[0][party + 1]]
        mine, told = room.mine[: rows.size], room.told[: rows.size]
        for k in range(rows.size):
            mine[k] = calls[rows[k]]
        room.slot[:24] = 0
        habits(mine, world[0], room.slot[:24], told)
        windows(mine, rows, others, told)
        contacts(mine, rows, others, room)
        whereabouts(mine, world[1], room)
        for k in range(rows.size):
            if rows[k] >= want.low:
                for column in range(want.columns.size):
                    want.out[rows[k] - want.low, column] = told[k, want.columns[column]]
