"""Call records of one's own, without labels: the most suspicious calls, and what would be found if there were fraud."""

import numpy as np

from bench import api

COLUMNS = "{caller_id: A_NUMBER, callee_id: B_NUMBER, call_start_ts: START, call_duration: DURATION, first_cell_id: CELL, outcome: RESULT}"  # noqa: E501
FILE = [
    "generator=cdr_file",
    "generator.path=docs/own-data-sample.csv",
    "generator.delimiter=';'",
    "generator.time_format='%d/%m/%Y %H:%M:%S'",
    f"generator.columns={COLUMNS}",
    "generator.outcomes={answered: [ANS], missed: [NOANS], busy: [BUSY], failed: [FAIL]}",
]

records = api.world(*FILE)
run = api.run("iforest", records, "threshold.alerts_per_day=5")
calls = records.pandas().tail(run.scores.size)  # the scored part is the second half of the days
print(calls.iloc[np.argsort(-run.scores)[:5]][["caller_id", "callee_id", "call_start_ts", "call_duration"]])

injected = api.world(*FILE, "generator.anomaly_ratio=0.1", "anomaly=[short_call,long_call]", "audit=none")
print(api.compare([api.run(name, injected) for name in ("iforest", "rules")]).round(3))
