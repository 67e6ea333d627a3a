"""Kernel: features of each call from the earlier calls of its caller, its callee and its cell.

Calls are processed caller by caller: the calls of one caller are copied to a buffer that fits into the processor's
cache, their features are computed there, and then copied to the result. Every pass goes through calls in order of time
and only uses earlier calls. The results equal those of a plain loop over all earlier calls
(`tests/detectors/plain_features.py`).
"""

from bench.arrays import Array
from detectors.features.calls.contact_features import contacts
from detectors.features.calls.kernel_arrays import Room, Wanted
from detectors.features.calls.place_features import whereabouts
from detectors.features.calls.time_features import habits, windows
from detectors.features.kernels import kernel


@kernel
def describe(
    calls: Array,
    made: tuple[Array, Array],
    got: tuple[Array, Array],
    world: tuple[Array, Array],
    room: Room,
    want: Wanted,
) -> None:
    """Compute the requested features of each call, caller by caller.

    Parameters
    ----------
    calls
        Shape (calls,), of `CALL`, in order of time.
    made, got
        Results of `grouped` (by caller) and `seen_by_callees`: first position of each party, and its calls.
    world
        Shape (offsets,), of `OFFSET`: local time; and shape (cells, 2): coordinates of cells [km].
    """
    for party in range(made[0].size - 1):
        rows = made[1][made[0][party] : made[0][party + 1]]
        others = got[1][got[0][party] : got[0][party + 1]]
        mine, features = room.mine[: rows.size], room.features[: rows.size]
        for k in range(rows.size):
            mine[k] = calls[rows[k]]
        room.slot[:24] = 0
        habits(mine, world[0], room.slot[:24], features)
        windows(mine, rows, others, features)
        contacts(mine, rows, others, room)
        whereabouts(mine, world[1], room)
        for k in range(rows.size):
            if rows[k] >= want.low:
                for column in range(want.columns.size):
                    want.out[rows[k] - want.low, column] = features[k, want.columns[column]]
