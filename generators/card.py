"""The data card that travels with exported data."""

from typing import Any

import numpy as np

from bench.dataset import Clock
from bench.schema import (
    CALLS,
    CELLS,
    COMMUNITIES,
    COVERAGE,
    EVENTS,
    INCIDENTS,
    LABELS,
    SUBSCRIPTIONS,
    TOWER_STATUS,
    TRUTH,
    USER_FEATURES,
    USER_STATUS,
    USERS,
    Column,
)

SEPARATOR = "| --- | --- | --- |"
TABLES = {
    "cdr_user_profiles": USERS,
    "cdr_cell_towers": CELLS,
    "cdr_communities": COMMUNITIES,
    "cdr_subscriptions": SUBSCRIPTIONS,
    "cdr_coverage": COVERAGE,
    "cdr_session_events": EVENTS,
    "cdr_tower_status": TOWER_STATUS,
    "cdr_user_status": USER_STATUS,
    "incidents": INCIDENTS,
    "truth": TRUTH,
    "user_features": USER_FEATURES,
}


def data_card(manifest: dict[str, Any], clock: Clock) -> str:
    """Return what a stranger needs to know about the data, as Markdown."""
    counts, settings = manifest["counts"], manifest["recipe"]["settings"]
    incidents = counts["incidents_by_type"]
    rows = [f"| {name} | {calls:,} | {incidents[name]:,} |" for name, calls in counts["calls_by_type"].items()]
    tables = [_table(name, table.meaning, table.columns) for name, table in TABLES.items()]
    return "\n".join(
        [
            "# Simulated call detail records",
            "",
            "Made by a simulator: no person, number, SIM or device in here exists. Numbers are under +999, SIMs under",
            "the test network 001-01, devices under test type codes.",
            "",
            f"- {counts['calls']:,} calls by {settings['num_users']:,} users in {counts['cells']:,} cells",
            f"- {local_span(clock)}; times are stored in UTC",
            f"- anomalous calls: {counts['anomalous_calls']:,}, a share of {counts['anomaly_ratio']:.4f}"
            f" (asked: {settings['anomaly_ratio']:g})",
            f"- innocent calls that incidents changed: {counts['collateral_calls']:,}; calls that they kept from"
            f" happening: {counts['removed_calls']:,}",
            f"- fingerprint {manifest['fingerprint']}, seed {settings['seed']}; `manifest.json` has everything else",
            "",
            "| anomaly type | calls | incidents |",
            SEPARATOR,
            *rows,
            "",
            "What was injected is labelled; what merely looks odd is not. Labels are in `is_anomaly` and",
            "`anomaly_type` of the call records; `truth` says of each changed record which incident changed it.",
            "",
            _table("cdr_call_records", CALLS.meaning, (*CALLS.columns, *LABELS)),
            *tables,
        ]
    )


def local_span(clock: Clock) -> str:
    """Return what span of local time the data cover."""
    first, last = (np.datetime64(ms + clock.utc_offset_s * 1000, "ms") for ms in (clock.start_ms, clock.end_ms))
    return f"{first.astype('datetime64[m]')} to {last.astype('datetime64[m]')} local time ({clock.time_zone})"


def _table(name: str, meaning: str, columns: tuple[Column, ...]) -> str:
    rows = [f"| {c.name} | {_plain(str(c.type))} | {c.meaning.replace('|', '/')} |" for c in columns]
    return "\n".join([f"## {name}", "", meaning, "", "| column | type | meaning |", SEPARATOR, *rows, ""])


def _plain(kind: str) -> str:
    return "text" if kind.startswith(("dictionary", "string")) else kind
