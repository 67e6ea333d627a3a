"""Features of calls as a plain loop would work them out: the readable definition that the kernels are held to.

A call is a row of the table with `t` [ms], `end` [ms], `hour` (local, 0 to 24), `row` and `place` (km) beside its
columns. `made` are the earlier calls of its caller, `got` the earlier calls to its caller.
"""

import math
from collections import Counter
from itertools import pairwise

import numpy as np

from detectors.features.calls.packed_calls import packed

HOUR, DAY, WEEK = 3_600_000, 86_400_000, 7 * 86_400_000


def rows_of(dataset):
    """Return the calls as dictionaries, with what features refer to."""
    past = packed(dataset, dataset.clock.end_ms)
    place = dict(zip(past.cell_ids.to_pylist(), past.places_km.tolist(), strict=True))
    rows = dataset.table("calls").to_pylist()
    rows = [rows[place] for place in (range(len(rows)) if past.rows is None else past.rows)]
    for number, row in enumerate(rows):
        row["row"], row["t"] = number, round(row["call_start_ts"].timestamp() * 1000)
        row["end"] = row["t"] + 1000 * row["call_duration"]
        local = int(dataset.clock.local_ms(row["t"]))
        row["hour"], row["day"] = local % DAY / HOUR, local // DAY
        row["first"], row["last"] = (place[row[f"{end}_cell_id"]] for end in ("first", "last"))
        row["answered"] = row["outcome"] == "answered"
    return rows


def since(calls, call, span):
    return [each for each in calls if call["t"] - each["t"] <= span]


def share(calls, test):
    return sum(map(test, calls)) / max(len(calls), 1)


def apart(one, other):
    away = math.dist(one, other)
    return 0.0 if math.isnan(away) else away


def burstiness(made):
    gaps = [(b["t"] - a["t"]) / 1000 for a, b in pairwise(made)]
    if len(gaps) < 2 or sum(gaps) == 0:
        return 0.0
    return (np.std(gaps) - np.mean(gaps)) / (np.std(gaps) + np.mean(gaps))


def duration_ratio(call, made):
    before = [each["call_duration"] for each in made if each["answered"]]
    if not call["answered"] or not before:
        return 0.0
    return math.log1p(call["call_duration"]) - math.log1p(sum(each["call_duration"] for each in made) / len(before))


def gap_s(call, made):
    return min(call["t"] - made[-1]["t"], WEEK) / 1000 if made else WEEK / 1000


def entropy(names):
    counts = np.array(list(Counter(names).values()), float)
    return float(-(counts / counts.sum() * np.log(counts / counts.sum())).sum()) if names else 0.0


def reciprocity(made, got):
    called = {each["callee_id"] for each in made}
    return len(called & {each["caller_id"] for each in got}) / max(len(called), 1)


def jump_km(call, made):
    return apart(made[-1]["last"], call["first"]) if made else 0.0


def speed(call, made):
    since_s = (call["t"] - made[-1]["end"]) / 1000 if made else 1
    return min(jump_km(call, made) / max(since_s, 1) * 3600, 10_000)


def known_places(made):
    return np.array([each["first"] for each in made if not math.isnan(each["first"][0])])


def usual_km(call, made):
    known = known_places(made)
    return apart(call["first"], known.mean(axis=0)) if len(known) else 0.0


def gyration_km(made):
    known = known_places(made)
    return math.sqrt(((known - known.mean(axis=0)) ** 2).sum(axis=1).mean()) if len(known) else 0.0


def surge(call, in_cell, begin_ms):
    usual = len(in_cell) / max((call["t"] - begin_ms) / HOUR, 1)
    return math.log((len(since(in_cell, call, HOUR)) + 1) / (usual + 1))


def plain_features(dataset):
    """Return every feature of every call, by name, each a list in the order of the table."""
    rows, found = rows_of(dataset), []
    for call in rows:
        before = rows[: call["row"]]
        made = [each for each in before if each["caller_id"] == call["caller_id"]]
        got = [each for each in before if each["callee_id"] == call["caller_id"]]
        to_callee = [each for each in before if each["callee_id"] == call["callee_id"]]
        in_cell = [each for each in before if each["first_cell_id"] == call["first_cell_id"]]
        angle, day = call["hour"] / 24 * 2 * math.pi, since(made, call, DAY)
        found.append({
            "duration": call["call_duration"],
            "log_duration": math.log1p(call["call_duration"]),
            "duration_ratio": duration_ratio(call, made),
            "unanswered": not call["answered"],
            "hour": call["hour"],
            "hour_sin": math.sin(angle),
            "hour_cos": math.cos(angle),
            "night": call["hour"] < 5,
            "weekend": (call["day"] + 3) % 7 >= 5,
            "hour_share": (sum(int(each["hour"]) == int(call["hour"]) for each in made) + 1) / (len(made) + 24),
            "night_share": share(made, lambda each: each["hour"] < 5),
            "gap": gap_s(call, made),
            "log_gap": math.log1p(gap_s(call, made)),
            "burstiness": burstiness(made),
            "overlap": any(each["end"] > call["t"] for each in made),
            "unanswered_share": share(made, lambda each: not each["answered"]),
            "calls_last_hour": len(since(made, call, HOUR)),
            "calls_last_day": len(day),
            "received_last_hour": len(since(got, call, HOUR)),
            "received_last_day": len(since(got, call, DAY)),
            "callee_received_last_hour": len(since(to_callee, call, HOUR)),
            "new_contact": all(each["callee_id"] != call["callee_id"] for each in made),
            "contact_share": share(made, lambda each, callee=call["callee_id"]: each["callee_id"] == callee),
            "contacts_last_hour": len({each["callee_id"] for each in since(made, call, HOUR)}),
            "contacts_last_day": len({each["callee_id"] for each in day}),
            "contact_entropy": entropy([each["callee_id"] for each in day]),
            "reciprocated": any(each["caller_id"] == call["callee_id"] for each in got),
            "reciprocity": reciprocity(made, got),
            "outside": call["callee_type"] != "subscriber",
            "new_device": bool(made) and made[-1]["caller_imei"] != call["caller_imei"],
            "new_sim": bool(made) and made[-1]["caller_imsi"] != call["caller_imsi"],
            "moved": call["first_cell_id"] != call["last_cell_id"],
            "handovers": call["handovers"],
            "moved_km": apart(call["first"], call["last"]),
            "new_cell": all(each["first_cell_id"] != call["first_cell_id"] for each in made),
            "cell_share": share(made, lambda each, cell=call["first_cell_id"]: each["first_cell_id"] == cell),
            "cells_last_day": len({each["first_cell_id"] for each in day}),
            "jump_km": jump_km(call, made),
            "speed": speed(call, made),
            "usual_km": usual_km(call, made),
            "gyration_km": gyration_km(made),
            "cell_calls_last_hour": len(since(in_cell, call, HOUR)),
            "cell_surge": surge(call, in_cell, dataset.clock.start_ms),
        })  # fmt: skip
    place = {call["call_id"]: number for number, call in enumerate(rows)}
    found = [found[place[call_id]] for call_id in dataset.table("calls")["call_id"].to_pylist()]
    return {name: [row[name] for row in found] for name in (found[0] if found else {})}
