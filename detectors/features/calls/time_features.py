"""Kernels: features of a call by itself, and against the times, lengths and outcomes of its caller's earlier calls."""

from typing import Any

import numpy as np

from bench.arrays import Array
from bench.spans import DAY_MS, HOUR_MS, SECOND_MS
from detectors.features.calls.kernel_arrays import WEEK_MS, FeatureColumn
from detectors.features.calls.received_calls import first_since
from detectors.features.kernels import kernel

NIGHT_ENDS_MS = 5 * HOUR_MS
THURSDAY = 3


@kernel
def itself(call: Any, local_ms: int, features: Array, k: int) -> None:
    """Compute the features of a call that do not depend on its caller's earlier calls."""
    angle = local_ms % DAY_MS * (2 * np.pi / DAY_MS)
    features[k, FeatureColumn.duration] = call.duration_s
    features[k, FeatureColumn.log_duration] = np.log1p(call.duration_s)
    features[k, FeatureColumn.unanswered] = not call.answered
    features[k, FeatureColumn.hour] = local_ms % DAY_MS / HOUR_MS
    features[k, FeatureColumn.hour_sin] = np.sin(angle)
    features[k, FeatureColumn.hour_cos] = np.cos(angle)
    features[k, FeatureColumn.night] = local_ms % DAY_MS < NIGHT_ENDS_MS
    features[k, FeatureColumn.weekend] = (local_ms // DAY_MS + THURSDAY) % 7 >= 5
    features[k, FeatureColumn.outside] = call.outside
    features[k, FeatureColumn.moved] = call.first != call.last
    features[k, FeatureColumn.handovers] = call.handovers
    features[k, FeatureColumn.callee_received_last_hour] = call.callee_received
    features[k, FeatureColumn.cell_calls_last_hour] = call.cell_calls
    features[k, FeatureColumn.cell_surge] = call.cell_surge


@kernel
def habits(mine: Array, zone: Array, hours: Array, features: Array) -> None:
    """Compute features of calls from the times, lengths and outcomes of their caller's earlier calls.

    `zone` has the offsets of local time, and `hours` are 24 zeros.
    """
    talked, answered, nights, until_ms = 0, 0, 0, 0
    gaps, squares, offset = 0.0, 0.0, 0
    for k in range(mine.size):
        call = mine[k]
        while offset + 1 < zone.size and zone[offset + 1].from_ms <= call.start_ms:
            offset += 1
        local_ms = call.start_ms + zone[offset].offset_ms
        hour = local_ms % DAY_MS // HOUR_MS
        gap_s = (call.start_ms - mine[k - 1].start_ms) / SECOND_MS if k > 0 else np.inf
        itself(call, local_ms, features, k)
        against_mean = np.log((1 + call.duration_s) / (1 + talked / max(answered, 1)))
        features[k, FeatureColumn.duration_ratio] = against_mean if call.answered and answered > 0 else 0.0
        features[k, FeatureColumn.hour_share] = (hours[hour] + 1) / (k + 24)
        features[k, FeatureColumn.night_share] = nights / max(k, 1)
        features[k, FeatureColumn.gap] = min(gap_s, WEEK_MS / SECOND_MS)
        features[k, FeatureColumn.log_gap] = np.log1p(min(gap_s, WEEK_MS / SECOND_MS))
        features[k, FeatureColumn.burstiness] = burstiness(gaps, squares, k - 1)
        features[k, FeatureColumn.overlap] = k > 0 and call.start_ms < until_ms
        features[k, FeatureColumn.unanswered_share] = (k - answered) / max(k, 1)
        features[k, FeatureColumn.new_device] = k > 0 and call.device != mine[k - 1].device
        features[k, FeatureColumn.new_sim] = k > 0 and call.sim != mine[k - 1].sim
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
    """Return the burstiness (sigma - mu) / (sigma + mu) of gaps (Goh & Barabasi 2008), 0 for fewer than two."""
    if count < 2 or total <= 0:
        return 0.0
    mean = total / count
    sigma = np.sqrt(max(squares / count - mean * mean, 0.0))
    return float((sigma - mean) / (sigma + mean))


@kernel
def windows(mine: Array, rows: Array, got: Array, features: Array) -> None:
    """Count the calls that a party made and received in the hour and the day before each of its calls."""
    hour, day, known, got_hour, got_day = 0, 0, 0, 0, 0
    for k in range(mine.size):
        now_ms = mine[k].start_ms
        while known < got.size and got[known].row < rows[k]:
            known += 1
        hour = first_since(mine, hour, now_ms - HOUR_MS)
        day = first_since(mine, day, now_ms - DAY_MS)
        got_hour = first_since(got[:known], got_hour, now_ms - HOUR_MS)
        got_day = first_since(got[:known], got_day, now_ms - DAY_MS)
        features[k, FeatureColumn.calls_last_hour] = k - hour
        features[k, FeatureColumn.calls_last_day] = k - day
        features[k, FeatureColumn.received_last_hour] = known - got_hour
        features[k, FeatureColumn.received_last_day] = known - got_day
